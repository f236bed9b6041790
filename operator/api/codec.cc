#include "api/codec.h"

#include <algorithm>
#include <array>
#include <utility>

#include "api/protobuf.h"
#include "base/text.h"
#include "object/yaml.h"
#include "schema/validate.h"

namespace patchbay::api {
namespace {

constexpr std::array<std::string_view, 16> kMetadataFields = {
    "name",       "generateName",      "namespace",          "selfLink",
    "uid",        "resourceVersion",   "generation",         "creationTimestamp",
    "labels",     "annotations",       "deletionTimestamp",  "deletionGracePeriodSeconds",
    "finalizers", "ownerReferences",   "managedFields",      "clusterName"};

constexpr std::size_t kMostFindings = 10;  // told in one message

constexpr JsonLimits kTrusted{64 * 1024 * 1024, 256, 10'000'000};

Failure Unreadable(const Kind& kind, const Error& error) {
  if (error.code == Code::kTooLarge) return FromError(error, nullptr, "");
  return BadRequest(StrCat("the object provided is unrecognized (must be of type ", kind.kind,
                           "): couldn't get version/kind; json parse error: ", error.message));
}

Answer<Json> ParseYamlBody(const Kind& kind, std::string_view body) {
  Result<std::vector<YamlDocument>> documents = ParseYaml(body, "body");
  if (!documents.ok()) return Unreadable(kind, documents.error());
  if (documents->size() != 1) return Unreadable(kind, {Code::kInvalid, "exactly one YAML document is expected"});
  return std::move(documents->front().value);
}

Answer<Json> ParseBody(const Kind& kind, std::string_view body, std::string_view content_type, Findings& findings) {
  const BodyType type = BodyTypeOf(content_type);
  if (type == BodyType::kYaml) return ParseYamlBody(kind, body);
  if (type == BodyType::kProtobuf && kind.builtin) return DecodeProtobuf(body);
  if (type != BodyType::kJson) return UnsupportedMedia("application/json, application/yaml");
  std::vector<std::string> duplicates;
  Result<Json> parsed = ParseJson(body, {}, &duplicates);
  if (!parsed.ok()) return Unreadable(kind, parsed.error());
  for (const std::string& path : duplicates) findings.push_back(StrCat("duplicate field ", QuoteJson(path)));
  return *std::move(parsed);
}

Answer<void> CheckTypeMeta(const Kind& kind, const Json& object) {
  const std::string api_version = FindString(object, {"apiVersion"});
  const std::string word = FindString(object, {"kind"});
  if (word.empty()) return CannotHandle(kind, "Object 'Kind' is missing");
  if (api_version.empty()) return CannotHandle(kind, "Object 'apiVersion' is missing");
  if (api_version != kind.ApiVersion()) {
    return BadRequest(StrCat("the API version in the data (", api_version,
                             ") does not match the expected API version (", kind.ApiVersion(), ")"));
  }
  if (word == kind.kind) return {};
  Kind given = kind;
  given.kind = word;
  return Invalid(given, FindString(object, {"metadata", "name"}),
                 {InvalidValue("kind", QuoteJson(word), StrCat("must be ", kind.kind))});
}

// Typed clients leave out what the address says already; Kubernetes takes that of its own kinds.
void NameBuiltin(const Kind& kind, Json& object) {
  if (!kind.builtin) return;
  if (FindString(object, {"kind"}).empty()) object["kind"] = kind.kind;
  if (FindString(object, {"apiVersion"}).empty()) object["apiVersion"] = kind.ApiVersion();
}

bool IsMetadataField(std::string_view key) {
  return std::find(kMetadataFields.begin(), kMetadataFields.end(), key) != kMetadataFields.end();
}

// An absent label map, a null one and an empty one are the same wish.
bool SaysNothing(std::string_view field, const Json& value) {
  return value.is_null() || (value.is_structured() && value.empty() && field != "managedFields");
}

// A text that is null is an empty one, as it is to Kubernetes.
void FillNulls(Json& texts) {
  if (!texts.is_object()) return;
  for (auto& [key, text] : texts.get_ref<Json::object_t&>()) {
    if (text.is_null()) text = "";
  }
}

void PruneMetadata(Json& metadata, Findings& findings) {
  auto& members = metadata.get_ref<Json::object_t&>();
  for (auto& [key, value] : members) {
    if (key == "labels" || key == "annotations") FillNulls(value);
  }
  const auto stays = [](const auto& member) {
    return IsMetadataField(member.first) && !SaysNothing(member.first, member.second);
  };
  if (std::all_of(members.begin(), members.end(), stays)) return;
  Json kept = Json::object();
  for (auto& [key, value] : members) {
    const bool known = IsMetadataField(key);
    if (!known) findings.push_back(StrCat("unknown field ", QuoteJson("metadata." + key)));
    if (known && !SaysNothing(key, value)) kept[key] = std::move(value);
  }
  metadata = std::move(kept);
}

}  // namespace

Failure CannotHandle(const Kind& kind, std::string_view why) {
  return BadRequest(StrCat(kind.kind, " in version ", QuoteJson(kind.version), " cannot be handled as a ", kind.kind,
                           ": ", why));
}

Answer<void> DropUnknown(const Kind& kind, FieldValidation fields, Json& object, Findings& findings) {
  Json& metadata = object["metadata"];
  if (metadata.is_null()) metadata = Json::object();
  if (!metadata.is_object()) return CannotHandle(kind, "metadata must be an object");
  PruneMetadata(metadata, findings);
  for (const std::string& path : Prune(kind, object)) {
    findings.push_back(StrCat("unknown field ", QuoteJson(path)));
  }
  if (fields == FieldValidation::kStrict && !findings.empty()) {
    const std::size_t more = findings.size() - std::min(findings.size(), kMostFindings);
    findings.resize(findings.size() - more);
    return CannotHandle(kind, StrCat("strict decoding error: ", Join(findings, ", "),
                                     more > 0 ? StrCat(" and ", more, " more") : ""));
  }
  if (fields == FieldValidation::kIgnore) findings.clear();
  return {};
}

Answer<Decoded> DecodeObject(const Kind& kind, std::string_view body, std::string_view content_type,
                             FieldValidation fields) {
  Decoded decoded;
  PATCHBAY_TRY(decoded.object, ParseBody(kind, body, content_type, decoded.findings));
  if (!decoded.object.is_object()) return Unreadable(kind, {Code::kInvalid, "an object is expected"});
  NameBuiltin(kind, decoded.object);
  PATCHBAY_CHECK(CheckTypeMeta(kind, decoded.object));
  PATCHBAY_CHECK(DropUnknown(kind, fields, decoded.object, decoded.findings));
  return decoded;
}

Answer<Decoded> DecodePatch(std::string_view body) {
  Decoded decoded;
  std::vector<std::string> duplicates;
  Result<Json> parsed = ParseJson(body, {}, &duplicates);
  if (!parsed.ok()) {
    if (parsed.error().code == Code::kTooLarge) return FromError(parsed.error(), nullptr, "");
    return BadRequest(StrCat("error decoding patch: ", parsed.error().message));
  }
  for (const std::string& path : duplicates) decoded.findings.push_back(StrCat("duplicate field ", QuoteJson(path)));
  decoded.object = *std::move(parsed);
  return decoded;
}

Json ParseStored(std::string_view bytes) {
  Result<Json> parsed = ParseJson(bytes, kTrusted);
  return parsed.ok() ? *std::move(parsed) : Json::object();
}

Json ParseOwned(std::string_view bytes) {
  Result<Json> parsed = ParseOwnedJson(bytes);
  return parsed.ok() ? *std::move(parsed) : Json::object();
}

}  // namespace patchbay::api

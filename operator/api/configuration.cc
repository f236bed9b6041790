#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "api/applying.h"
#include "api/builtin.h"
#include "base/text.h"
#include "object/object.h"
#include "object/yaml.h"
#include "schema/merge.h"

namespace patchbay::api {
namespace {

// What the server alone says, and what has no place in a configuration.
constexpr std::array<std::string_view, 7> kNotApplied = {
    "creationTimestamp",          "generation", "selfLink", "managedFields", "deletionTimestamp",
    "deletionGracePeriodSeconds", "clusterName"};

Failure Unreadable(const Error& error) {
  if (error.code == Code::kTooLarge) return FromError(error, nullptr, "");
  return BadRequest(StrCat("error decoding YAML: ", error.message));
}

Answer<Json> ParseConfiguration(std::string_view body, Findings& findings) {
  if (Trim(body).starts_with('{')) {
    std::vector<std::string> duplicates;
    if (Result<Json> parsed = ParseJson(body, {}, &duplicates); parsed.ok()) {
      for (const std::string& path : duplicates) findings.push_back(StrCat("duplicate field ", QuoteJson(path)));
      return *std::move(parsed);
    }
  }
  Result<std::vector<YamlDocument>> documents = ParseYaml(body, "body", {}, YamlMarks::kNone);
  if (!documents.ok()) return Unreadable(documents.error());
  if (documents->size() != 1) return Unreadable({Code::kInvalid, "exactly one YAML document is expected"});
  return std::move(documents->front().value);
}

Answer<void> CheckTypeMeta(const Kind& kind, const Json& object) {
  const std::string version = FindString(object, {"apiVersion"});
  if (version != kind.ApiVersion()) {
    return BadRequest(StrCat("Incorrect version specified in apply patch. Specified patch version: ", version,
                             ", expected: ", kind.ApiVersion()));
  }
  const std::string word = FindString(object, {"kind"});
  if (word == kind.kind) return {};
  return BadRequest(
      StrCat("failed to create typed patch object: no corresponding type for ", version, ", Kind=", word));
}

Answer<void> CheckTypes(const Kind& kind, const Json& object) {
  std::vector<std::string> faults = CheckApplicable(kind, object);
  if (faults.empty()) return {};
  std::string why = faults.front();
  if (faults.size() > 1) {
    why = "errors:";
    for (const std::string& fault : faults) why += "\n  " + fault;
  }
  return BadRequest(StrCat("failed to create typed patch object (", NamespaceOf(object), "/", NameOf(object), "; ",
                           kind.ApiVersion(), ", Kind=", kind.kind, "): ", why));
}

// Absent and null are one in metadata.
void TidyMetadata(Json& metadata) {
  Json::object_t kept;
  kept.reserve(metadata.size());
  for (auto& [name, value] : metadata.get_ref<Json::object_t&>()) {
    const bool stays = std::find(kNotApplied.begin(), kNotApplied.end(), name) == kNotApplied.end();
    if (stays && !value.is_null()) kept.emplace_back(name, std::move(value));
  }
  metadata = std::move(kept);
}

// A write through /status reaches status alone; one of the object all but that.
void KeepPart(const Kind& kind, Part part, Json& object) {
  if (part == Part::kMain) {
    if (kind.has_status) object.erase("status");
    return;
  }
  Json kept = {{"apiVersion", object["apiVersion"]}, {"kind", object["kind"]}, {"metadata", Json::object()}};
  for (const char* name : {"name", "namespace", "uid", "resourceVersion"}) {
    if (const Json* value = Find(object, {"metadata", name})) kept["metadata"][name] = *value;
  }
  if (const auto status = object.find("status"); status != object.end()) kept["status"] = std::move(*status);
  object = std::move(kept);
}

}  // namespace

Answer<Configuration> DecodeConfiguration(const ConfigurationFor& target, std::string_view body,
                                          FieldValidation fields) {
  Configuration configuration;
  PATCHBAY_TRY(Json sent, ParseConfiguration(body, configuration.findings));
  if (!sent.is_object()) return Unreadable({Code::kInvalid, "an object is expected"});
  PATCHBAY_CHECK(CheckTypeMeta(target.kind, sent));
  const Json* managed = Find(sent, {"metadata", "managedFields"});
  if (managed != nullptr && !managed->is_null()) return BadRequest("metadata.managedFields must be nil");
  PATCHBAY_CHECK(CheckTypes(target.kind, sent));
  PATCHBAY_CHECK(CheckAddress(target.ns, target.name, sent));
  if (fields == FieldValidation::kStrict && !configuration.findings.empty()) {
    return BadRequest(StrCat("error strict decoding YAML: ", Join(configuration.findings, ", ")));
  }
  if (fields == FieldValidation::kIgnore) configuration.findings.clear();
  if (target.keeps_sent) configuration.sent = sent;
  configuration.object = std::move(sent);
  Json& metadata = configuration.object["metadata"];
  if (metadata.is_null()) metadata = Json::object();
  TidyMetadata(metadata);
  KeepPart(target.kind, target.part, configuration.object);
  PATCHBAY_CHECK(FoldStringData(target.kind, configuration.object));
  return configuration;
}

}  // namespace patchbay::api

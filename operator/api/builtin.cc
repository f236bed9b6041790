#include "api/builtin.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <utility>

#include "api/codec.h"
#include "api/content_rules.h"
#include "base/clock.h"
#include "base/text.h"
#include "object/key.h"
#include "object/object.h"

namespace patchbay::api {
namespace {

constexpr std::size_t kMostBytes = 1024 * 1024;  // Kubernetes' limit of a Secret and of a ConfigMap
constexpr std::string_view kLeases = "leases.coordination.k8s.io";
constexpr std::string_view kKeyRule =
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

Answer<void> CheckBase64(const Kind& kind, const Json& object, const char* field) {
  const auto values = object.find(field);
  if (values == object.end() || values->is_null()) return {};
  if (!values->is_object()) return CannotHandle(kind, StrCat(field, " must be an object"));
  for (const auto& [key, value] : values->items()) {
    if (value.is_string() && DecodeBase64(value.get_ref<const std::string&>())) continue;
    return CannotHandle(kind, StrCat(field, ".", key, ": illegal base64 data"));
  }
  return {};
}

void DropNulls(Json& object) {
  for (const char* field : {"data", "binaryData"}) {
    if (const auto found = object.find(field); found != object.end() && found->is_null()) object.erase(field);
  }
}

Answer<void> PrepareSecret(const Kind& kind, const Json* before, Json& object) {
  PATCHBAY_CHECK(FoldStringData(kind, object));
  DropNulls(object);
  PATCHBAY_CHECK(CheckBase64(kind, object, "data"));
  if (FindString(object, {"type"}).empty()) {
    object["type"] = before ? FindString(*before, {"type"}, "Opaque") : "Opaque";
  }
  return {};
}

void PrepareNamespace(const Json* before, Json& object) {
  Json& labels = object["metadata"]["labels"];
  if (labels.is_null()) labels = Json::object();
  if (labels.is_object()) labels["kubernetes.io/metadata.name"] = NameOf(object);
  object["spec"] = before ? before->value("spec", Json::object()) : Json{{"finalizers", {"kubernetes"}}};
  object["status"] = before ? before->value("status", Json::object()) : Json{{"phase", "Active"}};
}

// As metav1.MicroTime is written.
void NormaliseMicroTime(Json& object, const char* field) {
  const auto found = object.is_object() ? object.find(field) : object.end();
  if (found == object.end()) return;
  const auto time = found->is_string() ? ParseTime(found->get_ref<const std::string&>()) : std::nullopt;
  if (time) *found = FormatMicroTime(*time);
}

void PrepareLease(Json& object) {
  Json& spec = object["spec"];
  if (spec.is_null()) spec = Json::object();
  for (const char* field : {"acquireTime", "renewTime"}) {
    NormaliseMicroTime(spec, field);
    if (const auto found = spec.find(field); found != spec.end() && found->is_null()) spec.erase(found);
  }
}

void PrepareEvent(Json& object) {
  NormaliseMicroTime(object, "eventTime");
  if (const auto series = object.find("series"); series != object.end())
    NormaliseMicroTime(*series, "lastObservedTime");
}

std::vector<Cause> ValidateLease(const Json& object) {
  std::vector<Cause> causes;
  const auto check = [&](const char* field, std::int64_t least, const char* rule) {
    const Json* value = Find(object, {"spec", field});
    if (value == nullptr || !value->is_number_integer() || value->get<std::int64_t>() >= least) return;
    causes.push_back(InvalidValue(StrCat("spec.", field), DumpJson(*value), rule));
  };
  check("leaseDurationSeconds", 1, "must be greater than 0");
  check("leaseTransitions", 0, "must be greater than or equal to 0");
  return causes;
}

std::size_t MeasureKeys(const Json& object, const char* field, std::vector<Cause>& causes) {
  const auto values = object.find(field);
  if (values == object.end() || !values->is_object()) return 0;
  std::size_t size = 0;
  for (const auto& [key, value] : values->items()) {
    size += value.is_string() ? value.get_ref<const std::string&>().size() : 0;
    const bool good = !key.empty() && key.size() <= 253 && std::all_of(key.begin(), key.end(), [](unsigned char c) {
      return std::isalnum(c) || c == '-' || c == '_' || c == '.';
    });
    if (!good) causes.push_back(InvalidValue(StrCat(field, "[", key, "]"), QuoteJson(key), kKeyRule));
  }
  return size;
}

void CheckImmutable(const Json& before, const Json& object, std::vector<Cause>& causes) {
  if (!FindBool(before, {"immutable"})) return;
  const auto forbid = [&](const char* field) {
    causes.push_back(ForbiddenField(field, "field is immutable when `immutable` is set"));
  };
  if (!FindBool(object, {"immutable"})) forbid("immutable");
  for (const char* field : {"data", "binaryData"}) {
    if (!EqualJson(before.value(field, Json::object()), object.value(field, Json::object()))) forbid(field);
  }
}

std::vector<Cause> ValidateSettings(const Json* before, const Json& object, bool secret) {
  std::vector<Cause> causes;
  std::size_t size = MeasureKeys(object, "data", causes) + MeasureKeys(object, "binaryData", causes);
  if (secret) size = size / 4 * 3;
  if (size > kMostBytes) {
    causes.push_back({"data", "FieldValueTooLong", StrCat("Too long: may not be more than ", kMostBytes, " bytes")});
  }
  std::vector<Cause> content = secret ? CheckSecretType(object) : CheckTwiceGiven(object);
  causes.insert(causes.end(), content.begin(), content.end());
  if (!before) return causes;
  CheckImmutable(*before, object, causes);
  if (secret && FindString(*before, {"type"}) != FindString(object, {"type"})) {
    causes.push_back(InvalidValue("type", QuoteJson(FindString(object, {"type"})), "field is immutable"));
  }
  return causes;
}

std::vector<Cause> ValidateEvent(const Json& object) {
  const std::string about = FindString(object, {"involvedObject", "namespace"});
  const std::string ns = NamespaceOf(object);
  if (about == ns || (about.empty() && ns == kDefaultNamespace)) return {};
  return {InvalidValue("involvedObject.namespace", QuoteJson(about), "does not match event.namespace")};
}

std::vector<Cause> ValidateNamespaceName(const Json& object) {
  const std::string name = NameOf(object);
  const std::string rule = CheckLabel(name);
  if (name.empty() || rule.empty()) return {};
  return {InvalidValue("metadata.name", QuoteJson(name), rule)};
}

}  // namespace

Answer<void> FoldStringData(const Kind& kind, Json& object) {
  const auto words = object.find("stringData");
  if (words == object.end() || kind.Resource() != kSecrets) return {};
  const auto bytes = object.find("data");
  const bool has_bytes = bytes != object.end() && !bytes->is_null();
  if ((has_bytes && !bytes->is_object()) || !(words->is_object() || words->is_null())) {
    return CannotHandle(kind, "data and stringData must be objects");
  }
  // A map: members of a Json are a list, and a client may send very many.
  std::map<std::string, Json> folded;
  if (has_bytes) {
    for (const auto& [key, value] : bytes->items()) folded[key] = value;
  }
  for (const auto& [key, value] : words->items()) {
    if (!value.is_string()) return CannotHandle(kind, StrCat("stringData.", key, " must be a string"));
    folded[key] = EncodeBase64(value.get_ref<const std::string&>());
  }
  Json merged = Json::object();
  for (auto& [key, value] : folded) merged.get_ref<Json::object_t&>().emplace_back(key, std::move(value));
  object.erase("stringData");
  object["data"] = std::move(merged);
  return {};
}

Answer<void> PrepareBuiltin(const Kind& kind, const Json* before, Json& object) {
  if (!kind.builtin) return {};
  const std::string resource = kind.Resource();
  if (resource == kSecrets) return PrepareSecret(kind, before, object);
  if (resource == kConfigMaps) {
    DropNulls(object);
    return CheckBase64(kind, object, "binaryData");
  }
  if (resource == kNamespaces) PrepareNamespace(before, object);
  if (resource == kLeases) PrepareLease(object);
  if (resource == kEvents) PrepareEvent(object);
  return {};
}

std::vector<Cause> ValidateBuiltin(const Kind& kind, const Json* before, const Json& object) {
  if (!kind.builtin) return {};
  const std::string resource = kind.Resource();
  if (resource == kSecrets || resource == kConfigMaps) return ValidateSettings(before, object, resource == kSecrets);
  if (resource == kEvents && !before) return ValidateEvent(object);
  if (resource == kLeases) return ValidateLease(object);
  if (resource == kNamespaces && !before) return ValidateNamespaceName(object);
  return {};
}

}  // namespace patchbay::api

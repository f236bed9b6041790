#include "api/content_rules.h"

#include <string>
#include <utility>

#include "base/text.h"

namespace patchbay::api {
namespace {

bool HasKey(const Json& object, const char* key) { return Find(object, {"data", key}) != nullptr; }

Cause Missing(std::string_view field) { return {std::string(field), "FieldValueRequired", "Required value"}; }

std::vector<Cause> Want(const Json& secret, std::initializer_list<const char*> keys) {
  std::vector<Cause> causes;
  for (const char* key : keys) {
    if (!HasKey(secret, key)) causes.push_back(Missing(StrCat("data[", key, "]")));
  }
  return causes;
}

std::vector<Cause> WantJson(const Json& secret, const char* key) {
  if (!HasKey(secret, key)) return {Missing(StrCat("data[", key, "]"))};
  const std::optional<std::string> text = DecodeBase64(FindString(secret, {"data", key}));
  if (text && ParseJson(*text).ok()) return {};
  return {InvalidValue(StrCat("data[", key, "]"), "\"<secret contents redacted>\"", "must be JSON")};
}

}  // namespace

std::vector<Cause> CheckSecretType(const Json& secret) {
  const std::string type = FindString(secret, {"type"});
  if (type == "kubernetes.io/tls") return Want(secret, {"tls.crt", "tls.key"});
  if (type == "kubernetes.io/ssh-auth") return Want(secret, {"ssh-privatekey"});
  if (type == "kubernetes.io/dockerconfigjson") return WantJson(secret, ".dockerconfigjson");
  if (type == "kubernetes.io/dockercfg") return WantJson(secret, ".dockercfg");
  if (type == "kubernetes.io/basic-auth" && !HasKey(secret, "username") && !HasKey(secret, "password")) {
    return Want(secret, {"username", "password"});
  }
  constexpr std::string_view kAccount = "kubernetes.io/service-account.name";
  if (type == "kubernetes.io/service-account-token" &&
      FindString(secret, {"metadata", "annotations", kAccount}).empty()) {
    return {Missing(StrCat("metadata.annotations[", kAccount, "]"))};
  }
  return {};
}

std::vector<Cause> CheckTwiceGiven(const Json& config_map) {
  std::vector<Cause> causes;
  const Json* texts = Find(config_map, {"data"});
  const Json* bytes = Find(config_map, {"binaryData"});
  if (!texts || !bytes || !bytes->is_object()) return causes;
  const MemberIndex index(*texts);
  for (const auto& [key, value] : bytes->items()) {
    if (!index.Find(key)) continue;
    causes.push_back(InvalidValue(StrCat("binaryData[", key, "]"), QuoteJson(key), "duplicate of key present in data"));
  }
  return causes;
}

}  // namespace patchbay::api

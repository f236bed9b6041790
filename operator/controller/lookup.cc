#include "controller/lookup.h"

#include "base/log.h"
#include "base/text.h"
#include "cache/entry.h"

namespace patchbay::controller {

std::optional<Json> ReadObject(const cache::Entry& entry) {
  auto object = cache::ParseStored(*entry.bytes);
  if (object.ok()) return *std::move(object);
  LogError("controller", "a stored object cannot be read",
           {{"object", entry.key.ToString()}, {"error", object.error().message}});
  return std::nullopt;
}

std::optional<Json> ReadObject(const cache::Cache& cache, const Key& key) {
  const auto entry = cache.Get(key);
  return entry ? ReadObject(*entry) : std::nullopt;
}

std::optional<std::map<std::string, std::string>> ReadSecret(const cache::Cache& cache, const Key& secret) {
  const auto object = ReadObject(cache, secret);
  if (!object) return std::nullopt;
  std::map<std::string, std::string> values;
  for (const char* member : {"data", "stringData"}) {
    const Json* some = Find(*object, {member});
    if (some == nullptr || !some->is_object()) continue;
    for (const auto& [name, value] : some->items()) {
      if (!value.is_string()) continue;
      const auto& text = value.get_ref<const std::string&>();
      values[name] = member[0] == 'd' ? DecodeBase64(text).value_or("") : text;
    }
  }
  return values;
}

Lookup LookupIn(const cache::Cache& cache) {
  return [&cache](const Key& key, const std::string& name) -> std::optional<std::string> {
    const auto object = ReadObject(cache, key);
    if (!object) return std::nullopt;
    const Json* value = Find(*object, {"data", name});
    if (key.resource != kSecrets) return value && value->is_string() ? std::optional(value->get<std::string>()) : std::nullopt;
    if (value && value->is_string()) return DecodeBase64(value->get_ref<const std::string&>());
    const Json* plain = Find(*object, {"stringData", name});
    return plain && plain->is_string() ? std::optional(plain->get<std::string>()) : std::nullopt;
  };
}

}  // namespace patchbay::controller

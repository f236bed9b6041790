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

// Objects out of the cache, as JSON. Thread-safe as the cache is.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cache/cache.h"
#include "controller/desired.h"
#include "object/json.h"

namespace patchbay::controller {

// Nothing when it is not there.
std::optional<Json> ReadObject(const cache::Cache& cache, const Key& key);
std::optional<Json> ReadObject(const cache::Entry& entry);
// A Secret's data, decoded; nothing when it is not there.
std::optional<std::map<std::string, std::string>> ReadSecret(const cache::Cache& cache, const Key& secret);
// Reads Secrets (decoded) and ConfigMaps; the cache must outlive it.
Lookup LookupIn(const cache::Cache& cache);

}  // namespace patchbay::controller

// Objects out of the cache, as JSON. Thread-safe as the cache is.
#pragma once

#include <optional>
#include <string>

#include "cache/cache.h"
#include "controller/desired.h"
#include "object/json.h"

namespace patchbay::controller {

// Nothing when it is not there.
std::optional<Json> ReadObject(const cache::Cache& cache, const Key& key);
std::optional<Json> ReadObject(const cache::Entry& entry);
// Reads Secrets (decoded) and ConfigMaps; the cache must outlive it.
Lookup LookupIn(const cache::Cache& cache);

}  // namespace patchbay::controller

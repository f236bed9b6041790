// The rail of deletions: what carries patchbay.dev/protected stays, and so does the namespace it is in. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "api/failure.h"
#include "cache/cache.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::api {

// Cheap: false is certain, true asks for IsProtected.
bool MayBeProtected(const cache::Entry& entry);

// 403 that says how to lift it; nothing for an object that is being deleted already.
Answer<void> CheckProtection(const Kind& kind, const Json& object);
// The same for many: the first words name all that are protected.
Answer<void> CheckProtection(const Kind& kind, const std::vector<cache::EntryPtr>& entries);
// Of everything in the namespace.
Answer<void> CheckProtectionIn(const std::string& ns, const Kinds& kinds, const cache::Cache& cache);

}  // namespace patchbay::api

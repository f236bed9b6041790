// Reading what was committed: all objects from one snapshot, and the changes after a revision. Thread-safe.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "store/pool.h"
#include "store/store.h"

namespace patchbay::store {

// Store::Load; memory is bounded by a hundred rows at a time.
Result<Snapshot> LoadObjects(Pool& pool, const std::function<void(Row)>& row);
// Store::Read; an answer holds at most about 32 MB of objects, so it may be shorter than `limit`.
Result<std::pair<Revision, std::vector<Change>>> ReadChanges(Pool& pool, Revision after, int limit);

}  // namespace patchbay::store

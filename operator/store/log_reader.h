// Reading what was committed: all objects from one snapshot, and the changes after a revision. Sealed Secrets are
// opened with `keys`, which may be null: kForbidden when that cannot be done. Thread-safe.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "store/key_ring.h"
#include "store/pool.h"
#include "store/store.h"

namespace patchbay::store {

// Store::Load; memory is bounded by a hundred rows at a time.
Result<Snapshot> LoadObjects(Pool& pool, const KeyRing* keys, const std::function<void(Row)>& row);
// Store::Read; an answer holds at most about 32 MB of objects, so it may be shorter than `limit`.
Result<std::pair<Revision, std::vector<Change>>> ReadChanges(Pool& pool, const KeyRing* keys, Revision after,
                                                             int limit);

}  // namespace patchbay::store

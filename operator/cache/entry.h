// From the store's rows to entries. Pure; thread-safe.
#pragma once

#include <string_view>

#include "cache/cache.h"

namespace patchbay::cache {

EntryPtr MakeEntry(const store::Row& row);
EntryPtr MakeEntry(const store::Change& change);  // for a deletion: the last state at the deletion's revision

// A stored object as a value. What passed the limits on its way in may have grown since (status, managedFields) and is
// never refused. kInvalid for what is no JSON at all.
Result<Json> ParseStored(std::string_view bytes);

// metadata.labels of an object's bytes. Reads only as far as they stand (about 1 us), builds no value.
Labels ScanLabels(std::string_view bytes);

// The same bytes with another resourceVersion.
// REQUIRES: bytes came from SpliceRevision.
Bytes WithRevision(std::string_view bytes, Revision revision);

}  // namespace patchbay::cache

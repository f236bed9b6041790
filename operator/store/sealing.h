// Which bodies the database holds encrypted, and what binds them to their rows. Without a key ring nothing is encrypted
// and what is encrypted cannot be read. Thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "object/key.h"
#include "store/key_ring.h"

namespace patchbay::store {

class Session;

// Secrets, the whole body: Helm keeps its releases in them, and client-side apply a copy of the data in an annotation.
inline bool IsKeptSealed(const Key& key) { return key.resource == kSecrets; }

// The body as the row holds it.
// REQUIRES: IsKeptSealed(key).
std::string SealBody(const KeyRing& keys, const Key& key, std::string_view uid, std::string_view body);
// The body of a sealed row. kForbidden, naming the object, the key that is needed and what to do.
Result<std::string> OpenBody(const KeyRing* keys, const Key& key, std::string_view uid, std::string_view sealed);

// Whether what the database holds can be read with these keys: one Secret per key is tried. kForbidden when not.
Result<void> CheckKeys(Session& session, const KeyRing* keys);

struct SealCounts {
  std::int64_t sealed = 0;     // now under the first key
  std::int64_t unchanged = 0;  // were already
};
// Every Secret, its past states included, under the first key. Revisions stay, so watchers see nothing; a running
// operator that has the key reads on. What cannot be opened ends it: the rows done so far stay done.
Result<SealCounts> SealAll(Session& session, const KeyRing& keys);

}  // namespace patchbay::store

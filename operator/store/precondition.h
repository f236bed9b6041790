// The rules of a commit that do not depend on who keeps the rows. Pure; thread-safe.
#pragma once

#include <optional>

#include "base/result.h"
#include "store/store.h"

namespace patchbay::store {

// kInvalid for a unit that no store takes: no writes, two writes of one key, an incomplete key, a body that is empty,
// not UTF-8 or holds U+0000 (the same for the texts of its deliveries); kTooLarge above kMostUnitBytes.
inline constexpr std::size_t kMostUnitBytes = 16 * 1024 * 1024;
std::optional<Error> CheckUnitForm(const Unit& unit);

// The write's precondition against the row's revision, 0 when there is no row.
std::optional<Error> CheckPrecondition(const Write& write, Revision present);

// kExpired when a reader at `after` can not go on: it is older than what is kept, or newer than the counter (another
// database, or an older copy of it).
std::optional<Error> CheckPosition(Revision after, Revision oldest_kept, Revision counter);

}  // namespace patchbay::store

// A wish that was admitted, as an intent to commit: with the Events and topics that belong to it. Pure.
#pragma once

#include "cache/cache.h"
#include "cache/committer.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::api {

cache::Intent MakeCreate(const Kind& kind, Json object);
// From `current` (parsed: `before`) to `object`; the row must still be at current's revision.
cache::Intent MakeUpdate(const Kind& kind, const cache::Entry& current, const Json& before, Json object);
// Deletion begins: deletionTimestamp is set and finalizers are left. `object` is the last state.
cache::Intent MakeDoomed(const Kind& kind, const cache::Entry& current, Json object, std::string_view now);
// The row goes.
cache::Intent MakeDelete(const Kind& kind, const cache::Entry& current, Json object);

}  // namespace patchbay::api

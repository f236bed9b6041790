// Client-side apply as kubectl does it on custom kinds: a three-way JSON merge patch, with the last applied manifest
// kept in an annotation that kubectl reads and writes too. Pure.
#pragma once

#include "object/json.h"

namespace patchbay::cli {

inline constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

// The manifest with the annotation that remembers it; this is what is created.
Json WithLastApplied(const Json& manifest);
// What to send so that `live` becomes what the manifest says: fields the last manifest had and this one has not are
// nulled, lists are replaced whole, everything else of `live` stays. An empty object: nothing to send.
Json ThreeWayPatch(const Json& manifest, const Json& live);

}  // namespace patchbay::cli

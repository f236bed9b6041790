// Patches onto objects, and the way from an old object to a new one. Pure.
#pragma once

#include <optional>

#include "api/admission.h"
#include "api/failure.h"
#include "api/media.h"
#include "api/tracking.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::api {

struct Replacement {
  const Kind& kind;
  const cache::Entry& current;
  const Json& before;  // current, parsed
  Part part;
  bool patched;  // the client sent a patch
  Author author;
};
// `object` in the place of `current`, admitted; no intent when nothing would change. 409 when `object` names another
// resourceVersion. A deletion that waits for no finalizer any more is carried out.
Answer<std::optional<cache::Intent>> Replace(const Replacement& replacement, Json object);
// The same when it is known already who owns what then (null: nobody). New times alone are no change.
Answer<std::optional<cache::Intent>> ReplaceOwned(const Replacement& replacement, Json object, Json managed_fields);

// 415, naming what the kind takes, for a patch of another type.
Answer<void> CheckPatchType(const Kind& kind, BodyType type);
// A patch document of this type put on `before`.
Answer<Json> ApplyPatch(BodyType type, Json before, const Json& patch);

}  // namespace patchbay::api

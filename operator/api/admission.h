// What becomes of an object between the client's words and the commit: identity, defaults, system fields, rules. Pure
// but for the names and uids that Random hands out; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "api/failure.h"
#include "base/random.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::api {

// What the operator asks of a Plugin or Route before its row may go.
inline constexpr std::string_view kCleanup = "patchbay.dev/cleanup";

// 400 when the object names itself otherwise than its address does; a name or namespace left out is no mistake.
Answer<void> CheckAddress(std::string_view ns, std::string_view name, const Json& object);

// A new object for `ns` ("" for cluster-scoped kinds): named, with uid, creationTimestamp and first status.
// `now` is RFC 3339. 400 and 422 as Kubernetes has it.
Answer<void> AdmitCreate(const Kind& kind, std::string_view ns, std::string_view now, Random& random, Json& object);

enum class Part { kMain, kStatus };

// `object` in the place of `current`: system fields are kept, the other part (status, or all but status) too, and the
// generation moves when the wish did. `patched`: the client sent a patch, so a changed uid is 422 and not 409.
Answer<void> AdmitUpdate(const Kind& kind, const Json& current, Part part, bool patched, Json& object);

}  // namespace patchbay::api

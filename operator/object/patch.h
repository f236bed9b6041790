// RFC 7396 merge patch and RFC 6902 JSON patch. Pure.
#pragma once

#include "object/json.h"

namespace patchbay {

// kInvalid when the patch is not an object.
Result<Json> MergePatch(Json target, const Json& patch);
// At most 10,000 operations (kTooLarge). kInvalid says which operation and why; a failed "test" too.
Result<Json> JsonPatch(Json target, const Json& operations);
// The merge patch that turns `from` into `to`; an empty object when equal.
Json MergeDiff(const Json& from, const Json& to);

}  // namespace patchbay

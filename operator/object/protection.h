// The annotation that keeps an object from being deleted, and the one that lets a deletion end without the outer world.
// Pure.
#pragma once

#include "object/json.h"

namespace patchbay {

// "true": the object cannot be deleted, and nothing is removed because it is missing, until the annotation is gone.
inline constexpr const char* kProtected = "patchbay.dev/protected";
bool IsProtected(const Json& object);

// "true" on an object that is being deleted: it goes even if what belongs to it cannot be removed now. A delete with a
// grace period of 0 (`kubectl delete --force`) sets it.
inline constexpr const char* kForceDelete = "patchbay.dev/forceDelete";
bool IsForceDeleted(const Json& object);  // and is being deleted

}  // namespace patchbay

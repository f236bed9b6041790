#include "object/protection.h"

#include "object/object.h"

namespace patchbay {

bool IsProtected(const Json& object) { return FindString(object, {"metadata", "annotations", kProtected}) == "true"; }

bool IsForceDeleted(const Json& object) {
  return IsDeleting(object) && FindString(object, {"metadata", "annotations", kForceDelete}) == "true";
}

}  // namespace patchbay

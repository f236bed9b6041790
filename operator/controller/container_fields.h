// From the fields of spec to those of a container. Part of desired.h.
#pragma once

#include "controller/desired.h"

namespace patchbay::controller {

// Fills desired.container, .exclusive and .refers; what cannot be filled becomes a problem that names the field.
void FillContainer(const Json& spec, const Lookup& lookup, Desired& desired);

}  // namespace patchbay::controller

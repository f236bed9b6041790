// Whether a port of this host is in use, found out by binding it for a moment.
#pragma once

#include "driver/runtime/runtime.h"

namespace patchbay::driver {

// False also when it cannot be told: SCTP, an address that is not this host's, a port that only root may bind.
bool IsPortBound(const PortMapping& port);

}  // namespace patchbay::driver

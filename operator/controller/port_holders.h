// Who has the host ports that a plugin wants. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "controller/desired.h"
#include "driver/runtime/runtime.h"

namespace patchbay::controller {

// "host port 8080 is held by container NAME (plugin other/shop)", each that is in the way; "" when none is. The plugin's
// own containers are not. `publishing`: Runtime::ListPublishing; `is_taken`: Runtime::IsHostPortTaken, asked for what no
// container has.
std::string DescribeHolders(const Desired& desired, const std::vector<driver::Container>& publishing,
                            const std::function<bool(const driver::PortMapping&)>& is_taken);

}  // namespace patchbay::controller

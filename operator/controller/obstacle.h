// Why a plugin does not go on, in words for programs and people. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "controller/plugin_status.h"
#include "driver/runtime/runtime.h"

namespace patchbay::controller {

Obstacle Explain(const Error& error);                        // of an engine's call
bool IsPortConflict(const Error& error);                     // of a start: a host port is taken
inline constexpr const char* kDependencyNotReady = "DependencyNotReady";  // a cause's reason
Obstacle Explain(const std::vector<Cause>& problems);        // of the spec
std::string DescribeEnd(const driver::Container& container);  // "patchbay-... ended with exit code 1"

}  // namespace patchbay::controller

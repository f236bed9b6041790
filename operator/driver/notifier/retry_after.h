// The Retry-After header (RFC 9110, 10.2.3): seconds or an HTTP date. Pure; thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace patchbay::driver {

// Time to wait from `now`; 0 for a date that has passed, a year at most. Nothing when absent or malformed.
std::optional<std::chrono::milliseconds> ParseRetryAfter(std::string_view value, WallTime now);

}  // namespace patchbay::driver

// Dates as HTTP writes them. Pure.
#pragma once

#include <string>

#include "base/clock.h"

namespace patchbay::http {

// RFC 9110's IMF-fixdate: "Sat, 21 Nov 2026 08:32:00 GMT".
std::string FormatDate(WallTime time);

}  // namespace patchbay::http

// Kubernetes' resource quantities and int-or-percent values. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "object/json.h"

namespace patchbay::controller {

// "500m", "1.5", "128Mi", "1e3", 2: the amount in units of `unit` (1: bytes; 1e-9: billionths of a core), rounded up.
// Nothing when malformed, negative or out of range.
std::optional<std::int64_t> ParseQuantity(const Json& value, double unit);

// 2, "2" or "25%" of `whole`, rounded up or down. Nothing when malformed.
std::optional<int> ParseIntOrPercent(const Json& value, int whole, bool round_up);

}  // namespace patchbay::controller

// The order and the one spelling of steps. Inside the object room only.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay {

// Members, items by key, items by value, items by place; numbers by size, everything else by bytes.
bool StepLess(std::string_view a, std::string_view b);
// kInvalid for what is no step.
Result<std::string> NormalizeStep(std::string_view text);

}  // namespace patchbay

// The one spelling of steps. Inside the object room only.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace patchbay {

// kInvalid for what is no step.
Result<std::string> NormalizeStep(std::string_view text);

}  // namespace patchbay

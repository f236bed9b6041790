// What a plain scalar means. Inside the object room only.
#pragma once

#include <string>

#include "object/json.h"

namespace patchbay {

// By the core schema of YAML 1.2, section 10.3.2. kInvalid for a number that JSON cannot hold.
Result<Json> ResolvePlainScalar(const std::string& text);

}  // namespace patchbay

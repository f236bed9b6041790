// OpenAPI from kinds. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "object/json.h"
#include "schema/kind.h"

namespace patchbay {

// The /openapi/v3/... document of one group version ("" and "v1" for core).
Json OpenApiV3(const Kinds& kinds, std::string_view group, std::string_view version);
// The /openapi/v2 document (Swagger 2.0 definitions and paths).
Json OpenApiV2(const Kinds& kinds);

}  // namespace patchbay

// The schemas of metadata and of the requests every kind takes (metav1), in OpenAPI v3 form. Inside the schema room
// only.
#pragma once

#include <string_view>

#include "object/json.h"

namespace patchbay {

inline constexpr std::string_view kMetaPrefix = "io.k8s.apimachinery.pkg.apis.meta.v1.";

// Schemas by full name; references read "#/components/schemas/NAME".
const Json& MetaSchemas();

}  // namespace patchbay

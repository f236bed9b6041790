// kubectl's annotation with the configuration it applied last, client-side; how objects move from there to server-side
// apply. As Kubernetes does, only for the field manager "kubectl". Pure.
#pragma once

#include <string>
#include <string_view>

#include "object/fields.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::api {

inline constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
inline constexpr std::string_view kKubectl = "kubectl";

// The fields of `live` that stand as the annotation has them: kubectl may take them over from itself.
FieldSet FieldsOfLastApplied(const Kind& kind, const Json& live);
// Keeps an annotation that `object` has true: it becomes the configuration that was applied now.
void RefreshLastApplied(const Json& config, Json& object);

}  // namespace patchbay::api

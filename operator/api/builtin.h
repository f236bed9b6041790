// The particulars of core/v1 Namespace, Secret, ConfigMap and Event and of coordination.k8s.io/v1 Lease that no schema
// says. Pure; other kinds pass untouched.
#pragma once

#include <string_view>
#include <vector>

#include "api/failure.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::api {

inline constexpr std::string_view kDefaultNamespace = "default";
inline constexpr std::string_view kSystemNamespace = "patchbay-system";

// Rewrites as those kinds are rewritten: stringData into data, the Secret's type, a namespace's phase and label, times
// to the microsecond. `before` is nullptr on create. 400 when a value does not decode.
Answer<void> PrepareBuiltin(const Kind& kind, const Json* before, Json& object);

// A Secret's stringData, written into its data. Other kinds pass untouched.
Answer<void> FoldStringData(const Kind& kind, Json& object);

// Their rules beyond the schema: keys, sizes, immutability.
std::vector<Cause> ValidateBuiltin(const Kind& kind, const Json* before, const Json& object);

}  // namespace patchbay::api

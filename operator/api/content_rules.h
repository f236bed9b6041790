// What Kubernetes asks of the content of Secrets and ConfigMaps beyond keys and sizes. Pure.
#pragma once

#include <vector>

#include "api/failure.h"

namespace patchbay::api {

// The keys that a Secret of its type must have: kubernetes.io/tls needs tls.crt and tls.key, and so on.
std::vector<Cause> CheckSecretType(const Json& secret);
// No key in both data and binaryData.
std::vector<Cause> CheckTwiceGiven(const Json& config_map);

}  // namespace patchbay::api

// The plugins of a route's service in Kong's words. Pure; thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "driver/gateway/gateway.h"
#include "object/json.h"

namespace patchbay::driver {

// Plugin's name -> its config. `group`: callers of it are let in. `has_targets`: false puts 503 with Retry-After before
// all. kInvalid, a sentence for the user, for what Kong would take but not do.
Result<Json> MapKongPlugins(const GatewayRoute& route, const std::string& group, bool has_targets);

}  // namespace patchbay::driver

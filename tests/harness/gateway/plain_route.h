// A route with nothing special about it: /ID leads to these upstreams.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "driver/gateway/gateway.h"

namespace patchbay::driver {

inline GatewayRoute Route(const std::string& id, std::vector<Upstream> upstreams = {{"10.0.0.1:80"}}) {
  GatewayRoute route;
  route.id = id;
  route.name = "default/" + id;
  route.paths = {{PathMatch::Type::kPrefix, "/" + id}};
  route.upstreams = std::move(upstreams);
  return route;
}

}  // namespace patchbay::driver

// In what a gateway serves a route otherwise than it was told, in the gateway's own words.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace patchbay::driver {

struct GatewayRoute;

struct RouteDifference {
  std::string field;   // "handle[0].upstreams[0].dial"
  std::string wanted;  // JSON, cut short; or "there", "none"
  std::string served;  // likewise; or "missing"
  friend bool operator==(const RouteDifference&, const RouteDifference&) = default;
};
using RouteDifferences = std::vector<RouteDifference>;

// Compares two JSON texts. Of a route that asks who calls no value is told, for it may be a secret. `place` stands before
// each field. Texts that cannot be read are one difference.
void AddDifferences(const GatewayRoute& route, const std::string& place, const std::string& wanted, const std::string& served,
                    RouteDifferences& found);

}  // namespace patchbay::driver

// Routes that somebody changed in the gateway behind our back and that stay so, because their spec.reconcile.mode is Warn
// or Observe. They stay until the Route or the containers behind it change, or somebody asks for a reconcile
// (patchbay.dev/reconcileAt). For one thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controller/drift.h"
#include "controller/resolve.h"
#include "driver/gateway/gateway.h"

namespace patchbay::controller {

class LeftRoutes {
 public:
  // `route` is what the gateway was told, `digest` that of what it serves instead (nothing: it has lost it).
  void Add(const RouteWish& wish, const driver::GatewayRoute& route, std::optional<std::string> digest,
           const driver::RouteDifferences& differences);
  void Erase(const std::string& uid) { left_.erase(uid); }
  void Clear() { left_.clear(); }
  bool Has(const std::string& uid) const { return left_.contains(uid); }
  // Tells the gateway to leave it, when it is (still) to be left; says in what it differs then.
  std::vector<Deviation> Apply(const RouteWish& wish, driver::GatewayRoute& route);
  // Sets, or takes out, what the gateway is expected to say of those that are left.
  void Expect(std::map<std::string, std::string>& digests) const;

 private:
  struct Left {
    driver::GatewayRoute route;
    std::string requested_at;  // by then
    std::optional<std::string> digest;
    std::vector<Deviation> drift;
  };
  std::map<std::string, Left> left_;  // by uid
};

std::vector<Deviation> DeviationsOf(const driver::RouteDifferences& differences);

}  // namespace patchbay::controller

#include "controller/left_routes.h"

#include <utility>

#include "base/text.h"

namespace patchbay::controller {
namespace {

// Without what changes while requests end.
driver::GatewayRoute LastingPartOf(driver::GatewayRoute route) {
  route.leaving.clear();
  route.measured = false;
  route.as_found = false;
  return route;
}

}  // namespace

void LeftRoutes::Add(const RouteWish& wish, const driver::GatewayRoute& route, std::optional<std::string> digest,
                     const driver::RouteDifferences& differences) {
  left_[wish.uid] = {LastingPartOf(route), wish.reconcile.requested_at, std::move(digest), DeviationsOf(differences)};
}

std::vector<Deviation> LeftRoutes::Apply(const RouteWish& wish, driver::GatewayRoute& route) {
  const auto found = left_.find(wish.uid);
  if (found == left_.end()) return {};
  const Left& left = found->second;
  const bool stays = wish.wanted() && wish.reconcile.mode != ReconcileMode::kCorrect &&
                     wish.reconcile.requested_at == left.requested_at && LastingPartOf(route) == left.route;
  if (!stays) {
    left_.erase(found);
    return {};
  }
  route.as_found = true;
  return left.drift;
}

void LeftRoutes::Expect(std::map<std::string, std::string>& digests) const {
  for (const auto& [uid, left] : left_) {
    if (left.digest) digests[uid] = *left.digest;
    else digests.erase(uid);
  }
}

std::vector<Deviation> DeviationsOf(const driver::RouteDifferences& differences) {
  std::vector<Deviation> deviations;
  for (const auto& each : differences)
    deviations.push_back({StrCat("gateway", each.field.empty() ? "" : ".", each.field), each.wanted, each.served});
  return deviations;
}

}  // namespace patchbay::controller

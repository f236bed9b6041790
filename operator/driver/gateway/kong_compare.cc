#include <algorithm>
#include <set>

#include "base/text.h"
#include "driver/gateway/entries.h"
#include "driver/gateway/kong_gateway.h"
#include "driver/gateway/kong_state.h"

namespace patchbay::driver {
namespace {

// "routes shop-0", "targets 172.17.0.2:80".
std::string NameIt(const KongEntity& entity) {
  const std::string name = FindString(entity.body, {entity.kind == KongKind::kTarget ? "target" : "name"});
  return StrCat(KongCollection(entity.kind), " ", name.empty() ? entity.id : name);
}

// A target is known by its address too: ids of those made by others are not ours.
const KongEntity* FindReal(const KongState& state, const KongEntity& wished) {
  const auto& kind = state.Of(wished.kind);
  if (const auto found = kind.find(wished.id); found != kind.end()) return &found->second;
  if (wished.kind != KongKind::kTarget) return nullptr;
  for (const auto& [id, target] : kind)
    if (target.parent == wished.parent && FindString(target.body, {"target"}) == FindString(wished.body, {"target"})) return &target;
  return nullptr;
}

RouteDifferences CompareWith(const KongState& state, const GatewayRoute& route, const std::vector<KongEntity>& wish) {
  RouteDifferences found;
  std::set<const KongEntity*> known;
  for (const KongEntity& wished : wish) {
    const KongEntity* const real = FindReal(state, wished);
    known.insert(real);
    if (real == nullptr) found.push_back({NameIt(wished), "there", "missing"});
    else AddDifferences(route, NameIt(wished), wished.text, real->text, found);
  }
  for (const auto& kind : state.entities)
    for (const auto& [id, real] : kind)
      if (real.route == route.id && !known.contains(&real)) found.push_back({NameIt(real), "none", "there"});
  return found;
}

}  // namespace

Result<std::map<std::string, RouteDifferences>> KongGateway::Compare(const std::vector<GatewayRoute>& routes) {
  PATCHBAY_TRY(const auto node, AskNode());
  PATCHBAY_TRY(const auto state, ReadKong(admin_, mark_, targets_));
  const bool some_adopted = std::any_of(routes.begin(), routes.end(), [&](const auto& route) { return !ServingEntries(route, name()).empty(); });
  std::set<std::string> present;
  if (some_adopted) {
    PATCHBAY_TRY(present, NameRoutes());
  }
  std::map<std::string, RouteDifferences> differences;
  for (const GatewayRoute& route : routes) {
    if (const auto entries = ServingEntries(route, name()); !entries.empty()) {
      if (auto missing = CompareEntries(entries, present); !missing.empty()) differences[route.id] = std::move(missing);
      continue;
    }
    const auto wish = MapToKong(route, mark_, node.version);
    if (!wish.ok()) continue;
    auto found = CompareWith(state, route, *wish);
    if (!found.empty()) differences[route.id] = std::move(found);
  }
  return differences;
}

}  // namespace patchbay::driver

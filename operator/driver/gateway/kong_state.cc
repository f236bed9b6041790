#include "driver/gateway/kong_state.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace patchbay::driver {
namespace {

constexpr std::array<KongKind, 3> kAlone = {KongKind::kUpstream, KongKind::kService, KongKind::kPlugin};

}  // namespace

Result<KongState> ReadKong(const KongAdmin& admin, const std::string& mark) {
  KongState state;
  const auto take = [&](KongKind kind, const std::string& path, const std::string& parent, const std::string& route) {
    return admin.List(path, parent.empty() ? mark : "", [&](Json entity) {
      std::string id = FindString(entity, {"id"});
      std::string of = route.empty() ? RouteOfTags(entity, mark) : route;
      state.Add(NewKongEntity(kind, std::move(id), std::move(of), std::move(entity), parent));
    });
  };
  for (const auto kind : kAlone) PATCHBAY_CHECK(take(kind, StrCat("/", KongCollection(kind)), "", ""));
  PATCHBAY_CHECK(take(KongKind::kRoute, "/routes", "", ""));
  for (const auto& [id, upstream] : state.Of(KongKind::kUpstream)) {
    const auto targets = take(KongKind::kTarget, KongChildrenPath(KongKind::kTarget, id), id, upstream.route);
    if (!targets.ok() && targets.error().code != Code::kNotFound) return targets.error();
  }
  return state;
}

std::map<std::string, std::string> DigestKong(const KongState& state) {
  std::map<std::string, std::vector<const KongEntity*>> by_route;
  for (const auto& [id, route] : state.Of(KongKind::kRoute)) by_route[route.route];
  for (const auto& kind : state.entities)
    for (const auto& [id, entity] : kind)
      if (const auto found = by_route.find(entity.route); found != by_route.end()) found->second.push_back(&entity);
  std::map<std::string, std::string> digests;
  for (auto& [route, entities] : by_route)
    if (!route.empty()) digests[route] = DigestKongEntities(std::move(entities));
  return digests;
}

}  // namespace patchbay::driver

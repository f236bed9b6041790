#include "driver/gateway/kong_state.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace patchbay::driver {
namespace {

// Collection of all of a kind -> the field that names an entity's parent.
struct Listing {
  KongKind kind;
  const char* path;
  const char* parent = "";
  bool optional = false;  // of a plugin that need not be there
};
constexpr std::array<Listing, 9> kListings = {{{KongKind::kUpstream, "/upstreams"},
                                               {KongKind::kConsumer, "/consumers"},
                                               {KongKind::kKeyAuth, "/key-auths", "consumer", true},
                                               {KongKind::kBasicAuth, "/basic-auths", "consumer", true},
                                               {KongKind::kJwt, "/jwts", "consumer", true},
                                               {KongKind::kAcl, "/acls", "consumer", true},
                                               {KongKind::kService, "/services"},
                                               {KongKind::kPlugin, "/plugins"},
                                               {KongKind::kRoute, "/routes"}}};

// Consumer's id -> itself and what it knows: as far as a route is concerned that is part of it.
std::map<std::string_view, std::vector<const KongEntity*>> GroupCallers(const KongState& state) {
  std::map<std::string_view, std::vector<const KongEntity*>> callers;
  for (const auto& [id, consumer] : state.Of(KongKind::kConsumer)) callers[id].push_back(&consumer);
  for (const auto kind : {KongKind::kKeyAuth, KongKind::kBasicAuth, KongKind::kJwt})
    for (const auto& [id, credential] : state.Of(kind)) callers[credential.parent].push_back(&credential);
  return callers;
}

}  // namespace

Result<KongState> ReadKong(const KongAdmin& admin, const std::string& mark, KongTargets& targets) {
  KongState state;
  for (const auto& listing : kListings) {
    const auto listed = admin.List(listing.path, mark, [&](Json entity) {
      std::string id = FindString(entity, {"id"});
      std::string route = RouteOfTags(entity, mark);
      std::string parent = FindString(entity, {listing.parent, "id"});
      state.Add(NewKongEntity(listing.kind, std::move(id), std::move(route), std::move(entity), std::move(parent)));
    });
    if (!listed.ok() && !(listing.optional && listed.error().code == Code::kNotFound)) return listed.error();
  }
  PATCHBAY_TRY(const auto read, targets.Read(admin, mark, state.Of(KongKind::kUpstream)));
  for (const auto& [upstream, some] : read)
    for (const auto& target : *some) state.Add(target);
  return state;
}

std::map<std::string, std::string> DigestKong(const KongState& state) {
  std::map<std::string, std::vector<const KongEntity*>> by_route;
  for (const auto& [id, route] : state.Of(KongKind::kRoute)) by_route[route.route];
  for (const auto& kind : state.entities)
    for (const auto& [id, entity] : kind)
      if (const auto found = by_route.find(entity.route); found != by_route.end()) found->second.push_back(&entity);
  const auto callers = GroupCallers(state);
  for (const auto& [id, acl] : state.Of(KongKind::kAcl)) {
    const auto route = by_route.find(acl.route);
    const auto caller = callers.find(acl.parent);
    if (route != by_route.end() && caller != callers.end())
      route->second.insert(route->second.end(), caller->second.begin(), caller->second.end());
  }
  std::map<std::string, std::string> digests;
  for (auto& [route, entities] : by_route)
    if (!route.empty()) digests[route] = DigestKongEntities(std::move(entities));
  return digests;
}

}  // namespace patchbay::driver

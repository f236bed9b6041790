// What is ours in a Kong, and what brings it to what is wished. State and plan are values; the planner is pure.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "driver/gateway/kong_admin.h"
#include "driver/gateway/kong_entities.h"
#include "driver/gateway/kong_targets.h"

namespace patchbay::driver {

// All entities with our mark, and every target of our upstreams, whoever made it: it gets requests of ours.
struct KongState {
  std::array<std::map<std::string, KongEntity>, kKongKinds> entities;  // by kind and id

  void Add(KongEntity entity) { entities[static_cast<std::size_t>(entity.kind)][entity.id] = std::move(entity); }
  const std::map<std::string, KongEntity>& Of(KongKind kind) const { return entities[static_cast<std::size_t>(kind)]; }
};

Result<KongState> ReadKong(const KongAdmin& admin, const std::string& mark, KongTargets& targets);

// Route id -> digest of what is served for it; without what has no route in Kong yet.
std::map<std::string, std::string> DigestKong(const KongState& state);

struct KongStep {
  std::string method;  // POST, PUT, PATCH, DELETE
  std::string path;
  Json body;
  std::string route;     // whose entity it is; "" for what routes share
  std::string upstream;  // whose targets it changes; "" for none
  std::string consumer;  // the shared consumer that it is about; "" for what is a route's own
};

// Empty when all is as wished. What requests need comes before what leads requests to it, route by route; what is not
// wished goes last, the other way round. So no upstream that gets requests is ever without a target. A plan cut short
// anywhere is finished by the next one.
std::vector<KongStep> PlanKong(const KongState& state, const std::vector<KongEntity>& wish);

// The whole of `wish` as declarative configuration, for POST /config.
Json DeclareKong(const std::vector<KongEntity>& wish, const KongVersion& version);

// "services shop": the first thing in this Kong that has not our mark; "" when there is none.
Result<std::string> FindForeign(const KongAdmin& admin, const std::string& mark);

}  // namespace patchbay::driver

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "driver/gateway/kong_state.h"

namespace patchbay::driver {
namespace {

using Entities = std::vector<const KongEntity*>;

std::string UpstreamOf(const KongEntity& entity) {
  if (entity.kind == KongKind::kUpstream) return entity.id;
  return entity.kind == KongKind::kTarget ? entity.parent : "";
}

std::string ConsumerOf(const KongEntity& entity) {
  if (!entity.route.empty()) return "";
  return entity.kind == KongKind::kConsumer ? entity.id : entity.parent;
}

KongStep NewStep(std::string method, std::string path, Json body, const KongEntity& entity) {
  return {std::move(method), std::move(path), std::move(body), entity.route, UpstreamOf(entity), ConsumerOf(entity)};
}

KongStep Create(const KongEntity& entity) {
  if (entity.kind != KongKind::kTarget) return NewStep("PUT", KongPath(entity), entity.body, entity);
  // Kong takes PUT and PATCH only for targets that are there, POST (since 3.0) only for one that is not.
  Json body = entity.body;
  body["id"] = entity.id;
  return NewStep("POST", KongChildrenPath(entity.kind, entity.parent), std::move(body), entity);
}

KongStep Replace(const KongEntity& real, const KongEntity& wished) {
  if (wished.kind != KongKind::kTarget) return Create(wished);
  Json body{{"weight", wished.body["weight"]}, {"tags", wished.body["tags"]}};
  return NewStep("PATCH", KongPath(real), std::move(body), wished);
}

class Planning {
 public:
  Planning(const KongState& state, const std::vector<KongEntity>& wish) : state_(state) {
    for (const auto& entity : wish) wish_[entity.route].push_back(&entity);
    for (const auto& kind : state.entities)
      for (const auto& [id, entity] : kind) real_[entity.route].push_back(&entity);
    for (const auto& [id, target] : state.Of(KongKind::kTarget))
      addresses_[{target.parent, FindString(target.body, {"target"})}] = &target;
  }

  std::vector<KongStep> Run() {
    PlanCreations("");
    for (const auto& [route, entities] : wish_) {
      if (route.empty()) continue;
      PlanCreations(route);
      PlanRemovals(route);
    }
    for (const auto& [route, entities] : real_)
      if (!route.empty() && !wish_.contains(route)) PlanRemovals(route);
    PlanRemovals("");
    return std::move(steps_);
  }

 private:
  // A target is known by its address too: ids of those made by others are not ours.
  const KongEntity* FindReal(const KongEntity& wished) const {
    const auto& kind = state_.Of(wished.kind);
    if (const auto found = kind.find(wished.id); found != kind.end()) return &found->second;
    if (wished.kind != KongKind::kTarget) return nullptr;
    const auto found = addresses_.find({wished.parent, FindString(wished.body, {"target"})});
    return found == addresses_.end() ? nullptr : found->second;
  }

  void PlanCreations(const std::string& route) {
    const auto found = wish_.find(route);
    if (found == wish_.end()) return;
    std::stable_sort(found->second.begin(), found->second.end(), [](auto* a, auto* b) { return a->kind < b->kind; });
    for (const auto* wished : found->second) {
      const auto* real = FindReal(*wished);
      if (real != nullptr) kept_.insert(real);
      if (real == nullptr)
        steps_.push_back(Create(*wished));
      else if (real->text != wished->text)
        steps_.push_back(Replace(*real, *wished));
    }
  }

  void PlanRemovals(const std::string& route) {
    const auto found = real_.find(route);
    if (found == real_.end()) return;
    std::set<std::string> gone;
    std::stable_sort(found->second.begin(), found->second.end(), [](auto* x, auto* y) { return x->kind < y->kind; });
    for (const auto* real : found->second)
      if (!kept_.contains(real)) gone.insert(real->id);
    for (auto real = found->second.rbegin(); real != found->second.rend(); ++real)
      if (gone.contains((*real)->id) && !GoesWithOwner(**real, gone))
        steps_.push_back(NewStep("DELETE", KongPath(**real), Json(), **real));
  }

  // Kong removes targets with their upstream, plugins with their service, credentials with their consumer.
  static bool GoesWithOwner(const KongEntity& entity, const std::set<std::string>& gone) {
    if (!entity.parent.empty()) return gone.contains(entity.parent);
    return entity.kind == KongKind::kPlugin && gone.contains(FindString(entity.body, {"service", "id"}));
  }

  const KongState& state_;
  std::map<std::string, Entities> wish_;
  std::map<std::string, Entities> real_;                                        // each in the order of kinds
  std::map<std::pair<std::string, std::string>, const KongEntity*> addresses_;  // by upstream and address
  std::set<const KongEntity*> kept_;
  std::vector<KongStep> steps_;
};

}  // namespace

std::vector<KongStep> PlanKong(const KongState& state, const std::vector<KongEntity>& wish) {
  return Planning(state, wish).Run();
}

Json DeclareKong(const std::vector<KongEntity>& wish, const KongVersion& version) {
  // 2.8 knows no 3.0; 3.x takes paths of older formats for what they meant then.
  Json config{{"_format_version", version.major >= 3 ? "3.0" : "1.1"}};
  std::map<std::string, Json> owned;  // by owner's id, children by name
  const auto print = [](const KongEntity& entity) {
    Json body = entity.body;
    body["id"] = entity.id;
    body.erase("service");
    return body;
  };
  for (const auto& entity : wish) {
    std::string owner = entity.parent;
    if (entity.kind == KongKind::kPlugin || entity.kind == KongKind::kRoute)
      owner = FindString(entity.body, {"service", "id"});
    if (!owner.empty()) owned[owner][KongEntityName(entity.kind)].push_back(print(entity));
  }
  for (const auto& entity : wish) {
    if (entity.kind != KongKind::kUpstream && entity.kind != KongKind::kService && entity.kind != KongKind::kConsumer)
      continue;
    Json body = print(entity);
    if (const auto found = owned.find(entity.id); found != owned.end())
      for (auto& [name, children] : found->second.items()) body[name] = std::move(children);
    config[KongCollection(entity.kind)].push_back(std::move(body));
  }
  return config;
}

Result<std::string> FindForeign(const KongAdmin& admin, const std::string& mark) {
  std::string foreign;
  for (const char* collection : {"services", "routes", "plugins", "upstreams", "consumers", "certificates",
                                 "ca_certificates", "snis", "vaults", "key-sets", "keys", "consumer_groups"}) {
    const auto listed = admin.List(StrCat("/", collection), "", [&](const Json& entity) {
      if (!foreign.empty() || HasTag(entity, mark)) return;
      std::string name = FindString(entity, {"name"}, FindString(entity, {"username"}));
      foreign = StrCat(collection, " ", name.empty() ? FindString(entity, {"id"}) : name);
    });
    // Not every version has all of these.
    if (!listed.ok() && listed.error().code != Code::kNotFound) return listed.error();
    if (!foreign.empty()) return foreign;
  }
  return foreign;
}

}  // namespace patchbay::driver

#include "driver/gateway/kong_publish.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace patchbay::driver {
namespace {

// Beyond these somebody fights us over the same entities, or the gateway is not well.
constexpr int kMostRounds = 10;
constexpr int kMostDoubts = 3;
constexpr int kMostWrites = 3;  // of one entity
constexpr std::chrono::minutes kRefusalHolds{1};

std::string DigestOf(const std::vector<KongEntity>& entities) {
  std::vector<const KongEntity*> all;
  for (const auto& entity : entities) all.push_back(&entity);
  return DigestKongEntities(std::move(all));
}

}  // namespace

KongPublish::KongPublish(KongGateway& gateway) : gateway_(gateway), entry_plan_(gateway.name()) { ++gateway_.seen_.Lock()->writing; }
KongPublish::~KongPublish() { --gateway_.seen_.Lock()->writing; }

Result<Published> KongPublish::Run(const std::vector<GatewayRoute>& routes) {
  const auto deadline = gateway_.clock_.Mono() + gateway_.options_.publish_deadline;
  PATCHBAY_TRY(node_, gateway_.AskNode());
  Map(routes);
  PATCHBAY_CHECK(FindMissing());
  for (int round = 0; round < kMostRounds; ++round) {
    PATCHBAY_TRY(const auto state, ReadKong(gateway_.admin_, gateway_.mark_, gateway_.targets_));
    const auto wish = NewWish(state);
    auto steps = PlanKong(state, wish);
    std::erase_if(steps, [&](const auto& step) { return step.method == "DELETE" && held_.contains(step.route); });
    gateway_.Notice(DigestKong(state));
    if (steps.empty()) {
      PATCHBAY_CHECK(RemoveEntries());
      return std::move(published_);
    }
    PATCHBAY_CHECK(node_.has_database ? Make(steps, deadline) : Replace(wish));
  }
  return Error{Code::kConflict, "somebody keeps changing our entities in Kong"};
}

void KongPublish::Map(const std::vector<GatewayRoute>& routes) {
  const auto known = [&] {
    auto seen = gateway_.seen_.Lock();
    std::erase_if(seen->refused, [&](const auto& entry) { return entry.second.until < gateway_.clock_.Mono(); });
    return seen->refused;
  }();
  for (const auto& route : routes) {
    if (entry_plan_.Take(route)) continue;
    if (route.as_found && node_.has_database) as_found_.insert(route.id);
    auto entities = MapToKong(route, gateway_.mark_, node_.version);
    if (!entities.ok()) {
      published_.refused[route.id] = entities.error().message;
      continue;
    }
    const std::string& digest = digests_[route.id] = DigestOf(*entities);
    const auto refusal = known.find(digest);
    std::string message = refusal == known.end() ? FindQuarrel(*entities) : refusal->second.message;
    if (!message.empty()) {
      published_.refused[route.id] = std::move(message);
      continue;
    }
    for (auto& entity : *entities) {
      if (entity.kind == KongKind::kAcl) callers_[entity.parent].insert(route.id);
      if (!entity.route.empty())
        entities_.push_back(std::move(entity));
      else
        shared_.emplace(entity.id, std::move(entity));
    }
  }
}

Result<void> KongPublish::FindMissing() {
  if (entry_plan_.empty()) return {};
  if (!node_.has_database) {
    for (const auto& [id, entries] : entry_plan_.serving())
      published_.missing[id] = "this Kong runs without a database: its configuration can only be replaced as a whole, no single entry";
    return {};
  }
  PATCHBAY_TRY(present_, gateway_.NameRoutes());
  for (const auto& [id, entry] : entry_plan_.FindMissing(present_)) {
    published_.missing[id] = StrCat("Kong has no route ", entry, ": it was changed or removed since it was imported");
    as_found_.insert(id);
  }
  return {};
}

Result<void> KongPublish::RemoveEntries() {
  *gateway_.serving_.Lock() = entry_plan_.serving();
  for (const std::string& entry : entry_plan_.ToRemove(published_.refused)) {
    if (!present_.contains(entry)) continue;
    PATCHBAY_CHECK(gateway_.admin_.Delete(StrCat("/routes/", entry.substr(0, entry.find('@')))));
    gateway_.changes_made_.Add();
    published_.changed = true;
  }
  return {};
}

std::string KongPublish::FindQuarrel(const std::vector<KongEntity>& entities) const {
  for (const auto& entity : entities) {
    const auto same = entity.route.empty() ? shared_.find(entity.id) : shared_.end();
    if (same != shared_.end() && same->second.text != entity.text)
      return StrCat("another route has another secret for ",
                    QuoteJson(FindString(entity.body, {"username"}, FindString(entity.body, {"key"}))),
                    ", and Kong knows each user and issuer once");
  }
  return "";
}

std::set<std::string> KongPublish::RoutesOf(const std::string& route, const std::string& consumer) const {
  if (!route.empty()) return {route};
  const auto found = callers_.find(consumer);
  return found == callers_.end() ? std::set<std::string>() : found->second;
}

std::vector<KongEntity> KongPublish::NewWish(const KongState& state) const {
  std::vector<KongEntity> wish;
  for (const auto& [id, entity] : shared_) {
    const auto routes = RoutesOf("", entity.kind == KongKind::kConsumer ? id : entity.parent);
    if (std::any_of(routes.begin(), routes.end(),
                    [&](const auto& route) { return !published_.refused.contains(route); }))
      wish.push_back(entity);
  }
  std::copy_if(entities_.begin(), entities_.end(), std::back_inserter(wish),
               [&](const auto& entity) { return !published_.refused.contains(entity.route) && !as_found_.contains(entity.route); });
  for (const auto& kind : state.entities)
    for (const auto& [id, entity] : kind)
      if (as_found_.contains(entity.route)) wish.push_back(entity);
  return wish;
}

Result<void> KongPublish::Make(const std::vector<KongStep>& steps, MonoTime deadline) {
  for (const auto& step : steps) {
    if (step.method == "DELETE" ? held_.contains(step.route) : published_.refused.contains(step.route)) continue;
    if (gateway_.clock_.Mono() > deadline)
      return Error{Code::kTimeout, "Kong did not take the routes in time; what it took stays, and the rest follows"};
    if (!step.upstream.empty()) gateway_.targets_.Forget(step.upstream);
    auto made = Send(step);
    // A conflict may be with what is gone by now: it is believed when it comes twice.
    if (!made.ok() && made.error().code == Code::kConflict) made = Send(step);
    if (made.ok()) {
      gateway_.changes_made_.Add();
      published_.changed = true;
      // One entity that does not stay as it was sent costs its own route, not all of them.
      if (step.method != "DELETE" && !step.route.empty() &&
          ++written_[step.path + FindString(step.body, {"id"})] > kMostWrites)
        Refuse(step.route,
               StrCat("Kong does not keep ", step.path, " as it was sent, or somebody else keeps changing it"));
      continue;
    }
    const int doubts = doubts_;
    PATCHBAY_CHECK(Judge(step, made.error()));
    // What is there now tells whether it happened.
    if (doubts_ != doubts) return {};
  }
  return {};
}

Result<void> KongPublish::Send(const KongStep& step) const {
  return step.method == "DELETE" ? gateway_.admin_.Delete(step.path)
                                 : gateway_.admin_.Write(step.method, step.path, step.body);
}

Result<void> KongPublish::Judge(const KongStep& step, const Error& error) {
  const bool refused = error.code == Code::kInvalid || error.code == Code::kConflict;
  if (refused && step.method == "DELETE") {
    gateway_.changes_refused_.Add();
    LogWarn("gateway", "Kong keeps an entity of ours", {{"path", step.path}, {"error", error.message}});
    held_.insert(step.route);
    return {};
  }
  if (const auto routes = RoutesOf(step.route, step.consumer); refused && !routes.empty()) {
    gateway_.changes_refused_.Add();
    for (const auto& route : routes) Refuse(route, error.message);
    return {};
  }
  gateway_.changes_failed_.Add();
  if (error.code == Code::kInDoubt) published_.changed = true;
  if ((error.code == Code::kInDoubt || error.code == Code::kNotFound) && ++doubts_ <= kMostDoubts) return {};
  return error;
}

Result<void> KongPublish::Replace(const std::vector<KongEntity>& wish) {
  PATCHBAY_TRY(const auto foreign, FindForeign(gateway_.admin_, gateway_.mark_));
  if (!foreign.empty())
    return Error{Code::kInvalid, StrCat("this Kong runs without a database and holds what is not Patchbay's (", foreign,
                                        "): its configuration can only be replaced as a whole, so nothing is changed. "
                                        "Remove it, or give Kong a database")};
  for (const auto& entity : wish)
    if (entity.kind == KongKind::kUpstream) gateway_.targets_.Forget(entity.id);
  const auto made = gateway_.admin_.Write("POST", "/config", DeclareKong(wish, node_.version));
  if (made.ok()) {
    gateway_.changes_made_.Add();
    published_.changed = true;
    return {};
  }
  if (made.error().code == Code::kInvalid) {
    gateway_.changes_refused_.Add();
    return Blame(made.error(), wish);
  }
  gateway_.changes_failed_.Add();
  if (made.error().code == Code::kInDoubt) published_.changed = true;
  if (made.error().code == Code::kInDoubt && ++doubts_ <= kMostDoubts) return {};
  return made.error();
}

Result<void> KongPublish::Blame(const Error& refusal, const std::vector<KongEntity>& wish) {
  bool found = false;
  for (const auto& entity : wish) {
    if (!entity.route.empty() && published_.refused.contains(entity.route)) continue;
    Json body = entity.body;
    body["id"] = entity.id;
    if (!entity.parent.empty())
      body[entity.kind == KongKind::kTarget ? "upstream" : "consumer"] = {{"id", entity.parent}};
    const auto valid =
        gateway_.admin_.Write("POST", StrCat("/schemas/", KongEntityName(entity.kind), "/validate"), body);
    if (valid.ok()) continue;
    if (valid.error().code != Code::kInvalid) return valid.error();
    for (const auto& route : RoutesOf(entity.route, entity.kind == KongKind::kConsumer ? entity.id : entity.parent))
      Refuse(route, valid.error().message);
    found = true;
  }
  if (!found) return refusal;
  return {};
}

void KongPublish::Refuse(const std::string& route, const std::string& message) {
  constexpr std::size_t kMostRemembered = 10'000;
  published_.refused[route] = message;
  auto seen = gateway_.seen_.Lock();
  if (seen->refused.size() >= kMostRemembered) seen->refused.clear();
  seen->refused[digests_[route]] = {message, gateway_.clock_.Mono() + kRefusalHolds};
}

}  // namespace patchbay::driver

// What the gateway was found to serve, and what is done where others changed it.
#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "controller/drift_status.h"
#include "controller/lookup.h"
#include "controller/route.h"

namespace patchbay::controller {
namespace {

// The gateway served just this, by what the status says.
bool WasServed(const Json& route, const Verdict& verdict) {
  const auto programmed = FindCondition(route, "Programmed");
  if (!programmed || (programmed->status != "True" && Find(route, {"status", "drift"}) == nullptr)) return false;
  if (FindInt(route, {"status", "observedGeneration"}) != verdict.generation) return false;
  if (FindString(route, {"status", "lastHandledReconcileAt"}) != verdict.handled_request) return false;
  const Json* backends = Find(route, {"status", "backends"});
  return backends != nullptr && EqualJson(*backends, ToJson(verdict.backends));
}

using Digests = std::map<std::string, std::string>;  // by route id

std::optional<std::string> FindDigest(const Digests& digests, const std::string& id) {
  const auto found = digests.find(id);
  return found == digests.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

// True when the gateway is not what we made it.
bool RouteController::Check() {
  if (!parts_.gateway || !published_) return false;
  const auto state = parts_.gateway->Read();
  if (!state.ok()) {
    SetProblem(state.error().message);
    return true;
  }
  const bool same = state->routes == digests_ && (epoch_.empty() || state->epoch == epoch_);
  if (!same) {
    LeaveChanged(*state);
    TellDrift(*state);
  }
  epoch_ = state->epoch;
  if (same) SetProblem("");
  return !same;
}

// A gateway that has nothing of ours was started anew: nobody wanted that.
void RouteController::LeaveChanged(const driver::GatewayState& state) {
  if (state.routes.empty()) return left_.Clear();
  WishesByUid wishes;
  for (const auto& [key, known] : routes_)
    if (known.wish.reconcile.mode != ReconcileMode::kCorrect) wishes[known.wish.uid] = &known.wish;
  std::vector<driver::GatewayRoute> changed;
  for (const auto& route : *published_)
    if (wishes.contains(route.id) && route.entries.empty() && FindDigest(digests_, route.id) != FindDigest(state.routes, route.id)) changed.push_back(route);
  if (changed.empty()) return;
  Leave(changed, wishes, state);
  left_.Expect(digests_);
}

// Those that are as they should be after all are not left.
void RouteController::Leave(const std::vector<driver::GatewayRoute>& changed, const WishesByUid& wishes, const driver::GatewayState& state) {
  const auto differences = parts_.gateway->Compare(changed);
  if (!differences.ok()) return;
  for (const auto& route : changed) {
    const auto found = differences->find(route.id);
    if (found == differences->end()) {
      left_.Erase(route.id);
      continue;
    }
    left_.Add(*wishes.at(route.id), route, FindDigest(state.routes, route.id), found->second);
    parts_.metrics.CountGatewayDrift(1);
  }
}

void RouteController::LeaveFound(const std::vector<RouteWish>& wishes, const std::vector<driver::GatewayRoute>& routes,
                                 const std::map<Key, Judged>& judged) {
  WishesByUid candidates;
  for (const RouteWish& wish : wishes) {
    if (wish.reconcile.mode == ReconcileMode::kCorrect || !wish.wanted()) continue;
    const auto object = ReadObject(parts_.cache, wish.key);
    if (object && WasServed(*object, judged.at(wish.key).verdict)) candidates[wish.uid] = &wish;
  }
  std::vector<driver::GatewayRoute> asked;
  std::copy_if(routes.begin(), routes.end(), std::back_inserter(asked), [&](const auto& route) { return route.entries.empty() && candidates.contains(route.id); });
  looked_for_found_ = asked.empty();
  if (asked.empty()) return;
  const auto state = parts_.gateway->Read();
  if (!state.ok()) return;
  looked_for_found_ = true;
  if (!state->routes.empty()) Leave(asked, candidates, *state);
}

// A gateway that was started anew has lost what it had: that is no news of each route.
void RouteController::TellDrift(const driver::GatewayState& state) {
  constexpr std::size_t kMostTold = 10;
  std::map<std::string, std::string> found;  // by uid
  for (const auto& [uid, digest] : digests_) {
    const auto served = state.routes.find(uid);
    if (served == state.routes.end()) found[uid] = "had lost it";
    else if (served->second != digest) found[uid] = "had it otherwise: somebody changed it there";
  }
  std::size_t foreign = 0;
  for (const auto& [uid, digest] : state.routes) foreign += digests_.contains(uid) ? 0 : 1;
  if (found.empty() && foreign == 0) return;
  parts_.metrics.CountGatewayDrift(static_cast<int>(found.size() + foreign));
  LogWarn("controller", "the gateway is not what it was made: publishing again",
          {{"routes", std::to_string(found.size())}, {"unknown", std::to_string(foreign)}});
  const bool restarted = state.routes.empty() && !epoch_.empty() && state.epoch != epoch_;
  if (restarted || found.empty() || found.size() > kMostTold) return;
  std::vector<driver::GatewayRoute> changed;
  std::copy_if(published_->begin(), published_->end(), std::back_inserter(changed), [&](const auto& route) { return found.contains(route.id); });
  const auto differences = parts_.gateway->Compare(changed);
  for (const auto& [key, known] : routes_) {
    const auto what = found.find(known.wish.uid);
    if (what == found.end()) continue;
    std::string details;
    if (differences.ok())
      if (const auto each = differences->find(known.wish.uid); each != differences->end())
        details = StrCat(" (", Summarize(DeviationsOf(each->second)), ")");
    if (const auto route = ReadObject(parts_.cache, key))
      static_cast<void>(parts_.committer.Record(*route, {true, "Drifted", StrCat("the gateway ", what->second, details, "; it is published again")}));
  }
}

}  // namespace patchbay::controller

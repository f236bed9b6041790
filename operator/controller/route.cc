#include "controller/route.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "controller/adoption.h"
#include "controller/drift_status.h"
#include "controller/lookup.h"
#include "object/protection.h"

namespace patchbay::controller {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetry{500};
constexpr milliseconds kTidy{3'000};  // between two looks whether what was postponed can be done
// A gateway that is only being restarted is not worth a thousand status writes.
constexpr milliseconds kPatience{3'000};

}  // namespace

RouteController::RouteController(Parts parts, Times times, std::function<void(const Key&)> wake,
                                 std::function<void()> rouse)
    : parts_(parts),
      times_(times),
      unsupported_(parts.gateway ? parts.gateway->Unsupported() : std::vector<driver::FieldNotDone>()),
      wake_(std::move(wake)),
      rouse_(std::move(rouse)),
      adopted_(parts.gateway ? parts.gateway->name() : "") {
  if (parts_.gateway) state_.Lock()->problem = "the gateway was not asked yet";
}

void RouteController::MarkDirty() {
  {
    auto state = state_.Lock();
    state->last_dirty = parts_.clock.Mono();
    if (!state->first_dirty) state->first_dirty = state->last_dirty;
  }
  rouse_();
}

MonoTime RouteController::next_due() const {
  auto state = state_.Lock();
  MonoTime next = state->next_check;
  if (state->first_dirty) {
    const MonoTime due = std::min(state->last_dirty + times_.debounce, *state->first_dirty + times_.debounce_most);
    next = std::min(next, std::max(due, state->not_before));
  }
  return next;
}

bool RouteController::Step() {
  const MonoTime now = parts_.clock.Mono();
  if (now < next_due()) return false;
  bool dirty = false;
  bool check = false;
  {
    auto state = state_.Lock();
    check = now >= state->next_check;
    if (check) state->next_check = now + times_.check;
    dirty = state->first_dirty.has_value() && now >= state->not_before;
    if (dirty) state->first_dirty.reset();
  }
  const bool lost = check && Check();
  const bool tidy = check && postponed_ && now >= next_tidy_;
  if (tidy) next_tidy_ = now + kTidy;
  if (dirty || lost || tidy) Publish(lost || tidy);
  return true;
}

std::string RouteController::SpecThatHolds(const Known& known) {
  if (!known.wish.paused_spec.empty()) return known.wish.paused_spec;
  const auto object = ReadObject(*known.entry);
  const Json* spec = object ? Find(*object, {"spec"}) : nullptr;
  return spec == nullptr ? "" : DumpJson(*spec);
}

std::vector<RouteWish> RouteController::ReadRoutes() {
  std::vector<RouteWish> wishes;
  std::map<Key, Known> known;
  for (const auto& entry : parts_.cache.All(kRoutes)) {
    auto old = routes_.find(entry->key);
    if (old != routes_.end() && old->second.entry->revision == entry->revision) {
      wishes.push_back(old->second.wish);
      known.emplace(entry->key, std::move(old->second));
      continue;
    }
    auto object = ReadObject(*entry);
    if (!object) continue;
    std::string before;
    if (IsPaused(*object) && old != routes_.end() && old->second.wish.uid == UidOf(*object)) before = SpecThatHolds(old->second);
    wishes.push_back(ReadRouteOrPause(*std::move(object), before, unsupported_));
    known.emplace(entry->key, Known{entry, wishes.back()});
  }
  routes_ = std::move(known);
  return wishes;
}

// Before the plugin's containers were looked at, the stored status says who was ready: a start of the operator takes
// nothing out of the gateway.
std::optional<Target> RouteController::FindPlugin(const Key& key, const EndpointsView& view) {
  const auto entry = parts_.cache.Get(key);
  if (!entry) return std::nullopt;
  KnownPlugin& known = plugins_[key];
  if (known.revision != entry->revision) {
    const auto object = ReadObject(*entry);
    if (!object) return std::nullopt;
    known = {entry->revision, ReadTarget(*object)};
  }
  const auto set = view.sets.find(key);
  if (set == view.sets.end()) return known.stored;
  Target target = known.stored;
  target.endpoints = set->second;
  return target;
}

void RouteController::Publish(bool forced) {
  const std::vector<RouteWish> wishes = ReadRoutes();
  std::set<Key> referenced;
  for (const RouteWish& wish : wishes)
    for (const Backend& backend : wish.backends)
      if (backend.plugin && (wish.wanted() || adopted_.IsServedByEntries(wish))) referenced.insert(*backend.plugin);
  std::erase_if(plugins_, [&](const auto& entry) { return !referenced.contains(entry.first); });
  parts_.endpoints.SetReferenced(referenced);
  const EndpointsView view = parts_.endpoints.View();
  std::vector<driver::GatewayRoute> routes;
  std::map<Key, Judged> judged;
  std::set<std::string> uids;
  for (const RouteWish& wish : wishes) {
    uids.insert(wish.uid);
    ResolvedRoute resolved = Resolve(wish, [&](const Key& key) { return FindPlugin(key, view); });
    ResolveCallers(wish, [&](const Key& secret) { return ReadSecret(parts_.cache, secret); }, resolved);
    judged[wish.key] = {Judge(wish, resolved), wish.wanted()};
    if (adopted_.Decide(wish, resolved)) routes.push_back(std::move(resolved.route));
  }
  adopted_.Keep(uids);
  adopted_.ReplaceTogether(routes);
  if (parts_.gateway && !looked_for_found_) LeaveFound(wishes, routes, judged);
  for (const RouteWish& wish : wishes) {
    if (!left_.Has(wish.uid)) continue;
    const auto route = std::find_if(routes.begin(), routes.end(), [&](const auto& each) { return each.id == wish.uid; });
    if (route != routes.end()) judged[wish.key].verdict.drift = left_.Apply(wish, *route);
    else left_.Erase(wish.uid);
  }
  std::sort(routes.begin(), routes.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  const bool sent = Send(routes, forced);
  if (sent) parts_.endpoints.Confirm(view.version);
  if (sent && adopted_.publish_again()) MarkDirty();
  Settle(std::move(judged), sent);
}

// True when the gateway serves exactly these, read back.
bool RouteController::Send(const std::vector<driver::GatewayRoute>& routes, bool forced) {
  if (!parts_.gateway) return true;
  if (!forced && published_ == routes) return true;
  const MonoTime began = parts_.clock.Mono();
  const auto published = parts_.gateway->Publish(routes);
  const MonoTime ended = parts_.clock.Mono();
  parts_.metrics.CountPublish(published.ok(), std::chrono::duration<double>(ended - began).count());
  if (!published.ok()) {
    if (problem() != published.error().message)  // once, however often it is tried
      LogWarn("controller", "the routes could not be published", {{"error", published.error().message}});
    SetProblem(published.error().message);
    published_.reset();
    auto state = state_.Lock();
    state->not_before = ended + std::max(kRetry, published.error().retry_after.value_or(kRetry));
    state->last_dirty = ended;
    if (!state->first_dirty) state->first_dirty = ended;
    return false;
  }
  SetProblem("");
  published_ = routes;
  refused_ = published->refused;
  SettleAdopted(routes, *published);
  postponed_ = published->postponed || adopted_.waits();
  digests_.clear();
  epoch_.clear();  // our own publish may have moved it: the next check takes it
  for (const auto& route : routes) {
    const bool none = refused_.contains(route.id) || published->missing.contains(route.id) || published->elsewhere.contains(route.id) ||
                      (!route.entries.empty() && route.entry_use == driver::EntryUse::kRemove);
    if (!none) digests_[route.id] = parts_.gateway->Digest(route);
  }
  left_.Expect(digests_);
  return true;
}

void RouteController::SettleAdopted(const std::vector<driver::GatewayRoute>& routes, const driver::Published& published) {
  const auto& missing = published.missing;
  driver::GatewayState served;
  if (!missing.empty())
    if (auto state = parts_.gateway->Read(); state.ok()) served = *std::move(state);
  for (const auto& route : routes) {
    if (route.entries.empty()) continue;
    const auto elsewhere = published.elsewhere.find(route.id);
    const auto words = missing.find(route.id);
    if (elsewhere != published.elsewhere.end()) adopted_.SettleElsewhere(route.id, elsewhere->second);
    // What was replaced before, and forgotten in a crash.
    else if (words != missing.end() && served.routes.contains(route.id)) adopted_.SettleOurs(route.id);
    else adopted_.Settle(route, words == missing.end() ? "" : words->second, refused_.contains(route.id));
  }
}

void RouteController::Settle(std::map<Key, Judged> judged, bool sent) {
  using Programmed = Verdict::Programmed;
  std::vector<Key> news;
  {
    auto state = state_.Lock();
    const bool away = state->away_since && parts_.clock.Mono() - *state->away_since >= kPatience;
    if (!sent && !away) return;
    for (auto& [key, entry] : judged) {
      Verdict& verdict = entry.verdict;
      const auto refusal = refused_.find(verdict.uid);
      const std::string problem = adopted_.ProblemOf(verdict.uid);
      verdict.adoption = adopted_.RecordOf(verdict.uid);
      if (!parts_.gateway) {
        verdict.programmed = Programmed::kNo;
        verdict.withdrawn = true;
        if (verdict.reason.empty()) verdict.reason = "NoGateway", verdict.message = "no gateway is configured";
      } else if (!sent) {
        verdict.programmed = Programmed::kUnknown;
        if (verdict.reason.empty()) verdict.reason = "GatewayUnavailable", verdict.message = state->problem;
      } else if (!entry.wanted) {
        verdict.programmed = Programmed::kNo;
        verdict.withdrawn = true;
      } else if (!problem.empty()) {
        verdict.programmed = Programmed::kNo;
        verdict.reason = kAdoptionNotFound;
        verdict.message = StrCat(problem, "; import it again, or remove the annotation ", kAdopt);
      } else if (adopted_.ServesOursNext(verdict.uid)) {
        verdict.programmed = Programmed::kUnknown;
      } else if (refusal != refused_.end()) {
        verdict.programmed = Programmed::kNo;
        verdict.reason = "RefusedByGateway";
        verdict.message = refusal->second;
      } else if (!verdict.drift.empty()) {
        verdict.programmed = Programmed::kNo;
        verdict.reason = "Drifted";
        verdict.message = StrCat("somebody changed it in the gateway: ", Summarize(verdict.drift), "; ",
                                 !verdict.paused_spec.empty() ? "spec.reconcile.paused is true"
                                 : verdict.mode == ReconcileMode::kWarn ? "spec.reconcile.mode is Warn"
                                                                        : "spec.reconcile.mode is Observe");
      } else {
        verdict.programmed = Programmed::kYes;
      }
      Verdict& before = state->verdicts[key];
      if (before == verdict) continue;
      before = verdict;
      news.push_back(key);
    }
    std::erase_if(state->verdicts, [&](const auto& entry) { return !judged.contains(entry.first); });
    std::erase_if(state->written, [&](const auto& entry) { return !judged.contains(entry.first); });
  }
  for (const Key& key : news) wake_(key);
}

Outcome RouteController::Visit(const Key& key) {
  std::optional<Verdict> verdict;
  {
    auto state = state_.Lock();
    if (const auto found = state->verdicts.find(key); found != state->verdicts.end()) verdict = found->second;
  }
  if (!verdict) return Converged{};  // the next publish judges it and wakes us
  if (const auto entry = parts_.cache.Get(key)) {
    auto state = state_.Lock();
    const auto last = state->written.find(key);
    if (last != state->written.end() && last->second.revision == entry->revision && last->second.verdict == *verdict) return Converged{};
  }
  const std::string now = FormatTime(parts_.clock.Wall());
  const auto written =
      parts_.committer.Update(key, verdict->uid, [&](Json& route, cache::Committer::Notes& notes) {
        if (GenerationOf(route) != verdict->generation || IsDeleting(route) != verdict->deleting) return;
        if (!verdict->deleting && verdict->enabled) AddFinalizer(route, kCleanupFinalizer);
        const bool away = verdict->programmed == Verdict::Programmed::kUnknown;
        const bool given_up = away && IsForceDeleted(route);
        if (verdict->deleting && (verdict->withdrawn || given_up)) DropFinalizer(route, kCleanupFinalizer);
        WriteVerdict(route, *verdict, now, notes);
        if (given_up)
          notes.events.push_back({true, "LeftBehind", StrCat("deleted by force although ", verdict->message,
                                                             "; the gateway may serve it until it is reached again")});
      });
  if (!written.ok() && written.error().code != Code::kNotFound) return Failed{written.error()};
  if (written.ok()) state_.Lock()->written[key] = {(*written)->revision, std::move(*verdict)};
  return Converged{};
}

void RouteController::SetProblem(std::string problem) {
  auto state = state_.Lock();
  if (problem.empty()) state->away_since.reset();
  else if (!state->away_since) state->away_since = parts_.clock.Mono();
  state->problem = std::move(problem);
}

std::string RouteController::problem() const { return state_.Lock()->problem; }

}  // namespace patchbay::controller

#include "controller/survey.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"

namespace patchbay::controller {
namespace {

using driver::Container;
using driver::ContainerState;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kLookAtGateway{2};  // while it does not confirm
constexpr seconds kMostAtOnce{4};     // of such a pause that counts
constexpr seconds kBlindDrain{5};  // where the gateway cannot count
constexpr seconds kFirstRestart{10};  // as the kubelet: at once, 10 s, 20 s ... 5 min
constexpr seconds kMostRestart{300};
constexpr auto kGoodRun = std::chrono::minutes(10);  // after that an end counts as the first again

std::string LabelOf(const Container& container, const char* label) {
  const auto found = container.labels.find(label);
  return found == container.labels.end() ? "" : found->second;
}

std::string StartedOf(const Container& container) { return container.started ? FormatTime(*container.started) : ""; }

std::string IncarnationOf(const Container& container) {
  return StrCat(container.started ? FormatMicroTime(*container.started) : "", " ", container.ip);
}

}  // namespace

int OrdinalOf(const Container& container) {
  const auto ordinal = ParseInt(LabelOf(container, driver::kLabelOrdinal));
  return ordinal ? static_cast<int>(*ordinal) : -1;
}

std::string RevisionOf(const Container& container) { return LabelOf(container, driver::kLabelSpecHash); }

bool HoldsPort(const Desired& desired, const Container& container) {
  const auto& wanted = desired.container.ports;
  return std::any_of(container.ports.begin(), container.ports.end(), [&](const driver::PortMapping& held) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const driver::PortMapping& port) { return Overlap(held, port); });
  });
}

bool IsCompleted(const Desired& desired, const Container& container) {
  if (container.state != ContainerState::kExited || desired.restart == RestartPolicy::kAlways) return false;
  return desired.restart == RestartPolicy::kNever || container.exit_code == 0;
}

void Survey::Watch(const Desired& desired, const std::vector<Container>& containers, PluginMemory& memory) {
  std::vector<Prober::Target> targets;
  for (const Container& container : containers) {
    if (container.state != ContainerState::kRunning) continue;
    const auto known = memory.known_ready.find(container.id);
    const bool ready = known != memory.known_ready.end() && known->second == StartedOf(container);
    if (ready) {
      memory.members.insert(container.id);
      // Since when is not known: in the middle of a rollout it begins anew.
      memory.ready_since[container.id] = clock_.Mono() - (memory.was_complete ? desired.strategy.min_ready : seconds(0));
    }
    if (!desired.probes.empty())
      targets.push_back({container.id, container.ip, IncarnationOf(container), desired.probes, ready});
  }
  memory.known_ready.clear();
  prober_.Set(desired.key, std::move(targets));
}

// An end is counted once, however often it is seen.
void Survey::Count(const Desired& desired, const Container& container, bool condemned, PluginMemory& memory) {
  const bool ended = container.state == ContainerState::kExited && container.finished;
  if (!ended && !condemned) return;
  const std::string end = StrCat(container.id, condemned ? " condemned " : " ended ",
                                 condemned ? IncarnationOf(container) : FormatMicroTime(*container.finished));
  RestartBackoff& backoff = memory.backoffs[{RevisionOf(container), OrdinalOf(container)}];
  if (backoff.last_end == end || desired.replicas == 0) return;
  backoff.last_end = end;
  const WallTime until = container.finished && !condemned ? *container.finished : clock_.Wall();
  if (container.started && until - *container.started >= kGoodRun) backoff.ends = 0;
  const int doublings = std::min(backoff.ends - 1, 10);
  const seconds wait = backoff.ends == 0 ? seconds(0) : std::min(kFirstRestart * (1 << doublings), kMostRestart);
  ++backoff.ends;
  backoff.next = clock_.Mono() + wait;
  backoff.next_wall = wait > seconds(0) ? std::optional(clock_.Wall() + wait) : std::nullopt;
}

void Survey::ForgetBackoff(const Container& evicted, PluginMemory& memory) {
  if (memory.evicted.insert(evicted.id).second) memory.backoffs.erase({RevisionOf(evicted), OrdinalOf(evicted)});
}

bool Survey::GatewaySettled(const Desired& desired, PluginMemory& memory) const {
  if (endpoints_.Settled(desired.key)) {
    memory.unsettled_seen.reset();
    memory.unsettled_for = {};
    return true;
  }
  // Time in which this program stood still is no time in which the gateway did not answer.
  const MonoTime now = clock_.Mono();
  if (memory.unsettled_seen) memory.unsettled_for += std::min<MonoTime::duration>(now - *memory.unsettled_seen, kMostAtOnce);
  memory.unsettled_seen = now;
  // A gateway that does not answer must not keep a deletion waiting for ever; while nothing is leaving there is time.
  if (memory.leaving.empty() || memory.unsettled_for < desired.strategy.drain) return false;
  const auto told = [](const cache::EventNote& note) { return note.reason == "GatewayUnconfirmed"; };
  if (std::none_of(memory.notes.begin(), memory.notes.end(), told))
    memory.notes.push_back({true, "GatewayUnconfirmed",
                            StrCat("the gateway did not confirm within ", desired.strategy.drain.count(),
                                   " s that no request is sent here any more: stopping nevertheless")});
  return true;
}

// REQUIRES: the gateway is settled.
bool Survey::IsBusy(const Desired& desired, const Container& container, PluginMemory& memory) const {
  if (!memory.leaving.contains(container.id) || container.state != ContainerState::kRunning || !traffic_.any())
    return false;
  const auto [place, fresh] = memory.drains.try_emplace(container.id);
  Drain& drain = place->second;
  const MonoTime now = clock_.Mono();
  if (fresh) drain.since = now;
  const std::optional<int> requests = traffic_.To(container.ip);
  const bool blind = !requests && endpoints_.IsReferenced(desired.key);
  if (!blind && requests.value_or(0) == 0) return false;
  const seconds most = blind ? std::min(desired.strategy.drain, kBlindDrain) : desired.strategy.drain;
  if (now - drain.since < most) return true;
  if (std::exchange(drain.told, true)) return false;
  if (blind) {
    memory.rollout.timed = true;
    return false;
  }
  memory.rollout.in_flight += *requests;
  memory.rollout.dropped += *requests;
  memory.notes.push_back({true, "RequestsCut",
                          StrCat(*requests, *requests == 1 ? " request to " : " requests to ", container.name,
                                 *requests == 1 ? " was" : " were", " still under way after ", most.count(),
                                 " s (spec.strategy.drainTimeoutSeconds): stopping it nevertheless")});
  return false;
}

bool Survey::IsSeasoned(const Desired& desired, const Replica& replica, PluginMemory& memory) const {
  if (replica.readiness != Readiness::kReady) {
    memory.ready_since.erase(replica.id);
    return false;
  }
  const auto [since, fresh] = memory.ready_since.try_emplace(replica.id, clock_.Mono());
  return clock_.Mono() - since->second >= desired.strategy.min_ready;
}

// An engine that never tells what it was asked for must not cost container after container.
bool Survey::IsAltered(const Desired& desired, const Container& container, PluginMemory& memory) const {
  constexpr std::size_t kMost = 20;
  if (RevisionOf(container) != desired.hash || FindAlterations(desired, container).empty()) return false;
  return memory.altered.contains(container.id) ||
         (memory.altered.size() < kMost && memory.altered.insert(container.id).second);
}

Observed Survey::Take(const Desired& desired, const std::vector<Container>& containers, PluginMemory& memory) {
  Watch(desired, containers, memory);
  Observed world;
  std::set<std::string> present;
  const MonoTime now = clock_.Mono();
  for (const Container& container : containers) {
    present.insert(container.id);
    const auto seen = desired.probes.empty() ? Prober::Seen{Readiness::kReady, false, ""} : prober_.Get(container.id);
    const bool running = container.state == ContainerState::kRunning;
    // Another one in the place of one that is replaced begins anew.
    if (desired.evicted.contains(container.id)) ForgetBackoff(container, memory);
    else Count(desired, container, running && seen.condemned, memory);
    Replica replica{.id = container.id, .name = container.name, .hash = RevisionOf(container),
                    .ordinal = OrdinalOf(container), .state = container.state};
    replica.readiness = running ? seen.readiness : Readiness::kNotReady;
    replica.condemned = running && seen.condemned;
    replica.member = memory.members.contains(container.id);
    replica.leaving = memory.leaving.contains(container.id);
    replica.completed = IsCompleted(desired, container);
    replica.holds_port = HoldsPort(desired, container);
    replica.seasoned = IsSeasoned(desired, replica, memory);
    replica.altered = IsAltered(desired, container, memory);
    const auto backoff = memory.backoffs.find({replica.hash, replica.ordinal});
    replica.held = container.state == ContainerState::kExited && backoff != memory.backoffs.end() &&
                   now < backoff->second.next;
    world.replicas.push_back(std::move(replica));
  }
  for (const auto& [place, backoff] : memory.backoffs)
    if (place.first == desired.hash && now < backoff.next) world.held.insert(place.second);
  const auto absent = [&](const auto& id) { return !present.contains(id); };
  std::erase_if(memory.members, absent);
  std::erase_if(memory.leaving, absent);
  std::erase_if(memory.evicted, absent);
  std::erase_if(memory.ready_since, [&](const auto& entry) { return absent(entry.first); });
  std::erase_if(memory.restarts, [&](const auto& entry) { return absent(entry.first); });
  std::erase_if(memory.drains, [&](const auto& entry) { return !memory.leaving.contains(entry.first); });
  // An engine that was restarted may have given its addresses anew: who gets requests now is told before it is asked
  // whether the gateway knows.
  world.known = endpoints_.Known(desired.key);
  if (world.known) Share(desired, containers, memory);
  world.settled = GatewaySettled(desired, memory);
  if (!world.settled || !world.known) return world;
  for (std::size_t i = 0; i < containers.size(); ++i) world.replicas[i].busy = IsBusy(desired, containers[i], memory);
  return world;
}

void Survey::Share(const Desired& desired, const std::vector<Container>& containers, const PluginMemory& memory) {
  EndpointSet set;
  for (const Container& container : containers) {
    if (container.state != ContainerState::kRunning) continue;
    const bool canary = memory.canary.weight && RevisionOf(container) == desired.hash;
    const Endpoint endpoint{container.id, container.ip, OwnPortsOf(container), canary};
    if (memory.members.contains(container.id)) set.members.push_back(endpoint);
    else if (memory.leaving.contains(container.id)) set.leaving.push_back(endpoint);
  }
  set.canary_weight = memory.canary.weight;
  endpoints_.Set(desired.key, std::move(set));
}

PluginReport Survey::Report(const Desired& desired, const std::vector<Container>& containers,
                            const PluginMemory& memory, const Observed& world, const std::vector<Step>& steps) const {
  PluginReport report;
  std::set<int> updated;
  std::set<int> ready;
  for (const Container& container : containers) {
    const bool running = container.state == ContainerState::kRunning;
    InstanceReport instance{container.id, container.name, container.ip, container.image, container.image_id,
                            RevisionOf(container), driver::ContainerStateName(container.state), OrdinalOf(container)};
    const auto restarts = memory.restarts.find(container.id);
    instance.restarts = std::max(container.restarts, restarts == memory.restarts.end() ? 0 : restarts->second);
    instance.started = StartedOf(container);
    for (const Replica& replica : world.replicas)
      if (replica.id == container.id) instance.ready = running && replica.readiness == Readiness::kReady && replica.member;
    if (!running && container.finished) instance.exit_code = container.exit_code;
    if (container.oom_killed) instance.message = "killed: out of memory";
    else if (!container.error.empty()) instance.message = container.error;
    else if (running && !instance.ready) instance.message = prober_.Get(container.id).message;
    const bool current = instance.revision == desired.hash && instance.ordinal < desired.replicas;
    if (current) updated.insert(instance.ordinal);
    if (current && instance.ready) ready.insert(instance.ordinal);
    report.instances.push_back(std::move(instance));
  }
  std::sort(report.instances.begin(), report.instances.end(), [](const auto& a, const auto& b) {
    return std::tie(a.ordinal, a.name) < std::tie(b.ordinal, b.name);
  });
  report.drift = FindDrift(desired, containers);
  report.rollout = memory.rollout;
  report.updated = static_cast<int>(updated.size());
  report.ready = static_cast<int>(ready.size());
  const int all = static_cast<int>(report.instances.size());
  const bool replacing = std::any_of(containers.begin(), containers.end(), [&](const Container& container) {
    return desired.evicted.contains(container.id);
  });
  report.complete = steps.empty() && !replacing && all == desired.replicas && report.ready == desired.replicas;
  for (const Step& step : steps)
    if (IsWait(step.action) && report.waiting_for.empty())
      report.waiting_for = StrCat(ActionName(step.action), " ", step.target, ": ", step.reason);
  return report;
}

std::optional<MonoTime> Survey::NextMoment(const Desired& desired, const PluginMemory& memory) const {
  std::optional<MonoTime> next;
  const auto offer = [&](MonoTime at) {
    if (at > clock_.Mono() && (!next || at < *next)) next = at;
  };
  for (const auto& [place, backoff] : memory.backoffs) offer(backoff.next);
  if (memory.unsettled_seen && !memory.leaving.empty()) offer(*memory.unsettled_seen + kLookAtGateway);
  for (const auto& [id, since] : memory.ready_since) offer(since + desired.strategy.min_ready);
  for (const auto& [id, drain] : memory.drains) {
    const auto waited = std::chrono::duration_cast<milliseconds>(clock_.Mono() - drain.since);
    if (!drain.told) offer(clock_.Mono() + std::clamp(waited / 8, milliseconds(50), milliseconds(1'000)));
  }
  offer(memory.progress_at + desired.strategy.progress);
  return next;
}

}  // namespace patchbay::controller

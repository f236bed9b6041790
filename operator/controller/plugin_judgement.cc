// How a plugin's rollout stands: whether it goes on, what is in its way, and when it is given up.
#include <algorithm>

#include "base/text.h"
#include "controller/lookup.h"
#include "controller/obstacle.h"
#include "controller/plugin_turn.h"

namespace patchbay::controller {

namespace {

// What the engine refuses for good is the revision's own fault; that it does not answer is not.
bool HasToWait(const std::vector<Error>& errors) {
  return std::any_of(errors.begin(), errors.end(),
                     [](const Error& error) { return error.code != Code::kInvalid && !IsPortConflict(error); });
}

}  // namespace

// What failed is not tried again: the revision that was ready last stands in for it until the spec says something else.
std::optional<Desired> PluginController::FallBack(const Json& plugin, const Desired& desired, const PluginMemory& memory) const {
  if (memory.failed.empty() || memory.failed != desired.hash || desired.replicas == 0) return std::nullopt;
  const auto revision = ReadObject(parts_.cache, {std::string(kRevisions), desired.key.ns, memory.stable});
  if (!revision) return std::nullopt;
  Desired former = BuildDesired(WithRevision(plugin, *revision), LookupIn(parts_.cache), parts_.installation);
  if (former.hash == desired.hash || !former.problems.empty()) return std::nullopt;
  former.rolled_back = memory.failure;
  former.strategy.steps.clear();
  return former;
}

bool PluginController::MayAct(const Desired& desired, const PluginMemory& memory) {
  if (desired.deleting) return true;
  if (desired.reconcile.paused) return false;
  const std::string& request = desired.reconcile.requested_at;
  return desired.reconcile.mode == ReconcileMode::kCorrect || (!request.empty() && request != memory.handled_request);
}

// Whether the rollout is done, or is to be given up.
void PluginController::Judge(Turn& turn) {
  PluginMemory& memory = turn.memory;
  const Desired& desired = turn.desired;
  if (turn.report.complete) {
    memory.handled_request = desired.reconcile.requested_at;
    if (desired.rolled_back.empty() && desired.replicas > 0) {
      memory.stable = RevisionName(turn.object, RevisionData(turn.object));
      memory.failed.clear();
    }
  } else if (IsToBeGivenUp(turn)) {
    memory.failed = desired.hash;
    memory.failure = turn.report.obstacle ? StrCat(turn.report.obstacle->reason, ": ", turn.report.obstacle->message)
                                          : StrCat("no progress for ", desired.strategy.progress.count(), " s");
    turn.gives_up = FallBack(turn.object, desired, memory).has_value();
    if (turn.gives_up)
      memory.notes.push_back({true, "RolledBack", StrCat("revision ", desired.hash, " is given up: ", memory.failure)});
    else memory.failed.clear();
  }
  turn.report.acting = turn.acts;
  turn.report.handled_request = memory.handled_request;
  turn.report.stable = memory.stable;
  turn.report.failed = memory.failed;
  turn.report.failure = memory.failure;
}

// It runs and does not become ready, or does not answer well, or never will run. What waits for a registry, the engine or
// a Secret goes on by itself.
bool PluginController::IsToBeGivenUp(const Turn& turn) const {
  const Desired& desired = turn.desired;
  if (!desired.strategy.auto_rollback || !desired.rolled_back.empty() || !turn.acts || turn.memory.failed == desired.hash)
    return false;
  if (!turn.canary.rejected.empty()) return true;
  const bool tried = turn.report.updated > 0 || !turn.errors.empty();
  return IsOverdue(turn) && tried && !turn.image && !HasToWait(turn.errors) && turn.world.ports_free;
}

// What the new containers answered since this step was first looked at.
void PluginController::CountAnswers(Turn& turn) {
  using What = Finding::What;
  const auto& wish = turn.desired.strategy.analysis;
  CanaryState& canary = turn.memory.canary;
  turn.finding = {};
  if (!wish) return;
  turn.finding.what = What::kWaits;
  if (canary.revision != turn.desired.hash || !canary.since) return;
  if (canary.counted_step != canary.step) canary.before.clear();
  driver::AnswerCount sum;
  for (const driver::Container& container : turn.containers) {
    if (RevisionOf(container) != turn.desired.hash || container.ip.empty()) continue;
    const auto count = parts_.traffic.From(container.ip);
    if (!count.ok()) {
      turn.finding.message = StrCat("cannot be judged: ", count.error().message, "; waits to be promoted (patchbay rollout promote)");
      return;
    }
    // Before it came another container may have had its address.
    sum += *count;
    sum -= canary.before.try_emplace(container.id, *count).first->second;
  }
  canary.counted_step = canary.step;
  turn.finding = Analyse(*wish, sum);
}

bool PluginController::IsOverdue(const Turn& turn) const {
  return !turn.report.complete && !turn.desired.deleting && !turn.report.pulling && turn.desired.replicas > 0 &&
         parts_.clock.Mono() - turn.memory.progress_at >= turn.desired.strategy.progress;
}

void PluginController::CheckProgress(Turn& turn) {
  // What gets ready and ends again gets nowhere: only what was never reached before is progress.
  Furthest& furthest = turn.memory.furthest;
  const bool anew = turn.report.complete || furthest.generation != turn.desired.generation;
  if (anew) furthest = {.generation = turn.desired.generation};
  const auto is_other = [&](const auto& container) { return RevisionOf(container) != turn.desired.hash; };
  const int others = static_cast<int>(std::count_if(turn.containers.begin(), turn.containers.end(), is_other));
  furthest.updated = std::max(furthest.updated, turn.report.updated);
  furthest.ready = std::max(furthest.ready, turn.report.ready);
  furthest.others = std::min(furthest.others, others);
  const std::string progress =
      StrCat(turn.desired.generation, " ", furthest.updated, " ", furthest.ready, " ", furthest.others);
  // The time in which it waits for others is not its own.
  const bool waits = (turn.canary.replicas && turn.canary.arrived) || turn.image || HasToWait(turn.errors) || !turn.world.ports_free;
  if (progress == turn.memory.progress && !turn.report.complete && !waits) return;
  turn.memory.progress = progress;
  turn.memory.progress_at = parts_.clock.Mono();
}

// Only shown: a restart takes the other image up.
void PluginController::NoteOtherImage(Turn& turn) const {
  if (turn.desired.replicas == 0) return;
  constexpr std::string_view kAlgorithm = "sha256:";
  const auto brief = [&](std::string id) {
    if (id.starts_with(kAlgorithm)) id.erase(0, kAlgorithm.size());
    return id.substr(0, 12);
  };
  for (const driver::Container& container : turn.containers) {
    if (RevisionOf(container) != turn.desired.hash || container.image_id.empty()) continue;
    const std::string now = parts_.image_ids.Of(turn.desired.container.image, turn.desired.key);
    if (now.empty() || now == container.image_id) continue;
    turn.report.drift.push_back({StrCat("replicas[", OrdinalOf(container), "].imageID"), brief(now), brief(container.image_id)});
  }
}

std::optional<Obstacle> PluginController::FindObstacle(const Turn& turn) const {
  if (turn.report.complete || turn.desired.deleting) {
    if (turn.errors.empty()) return std::nullopt;
    return Explain(turn.errors.front());
  }
  if (turn.desired.replicas > 0 && !turn.desired.problems.empty()) return Explain(turn.desired.problems);
  const bool backing_off = turn.image && turn.image->what == Images::State::What::kBackoff;
  // A further try does not make it better yet: nobody is told twice.
  const bool trying = turn.image && turn.image->what == Images::State::What::kPulling && turn.image->error;
  if (backing_off && !turn.image->next && turn.desired.pull != PullPolicy::kNever && !turn.desired.pull_problems.empty())
    return Explain(turn.desired.pull_problems);
  if (backing_off || trying)
    return Obstacle{turn.image->next || trying ? "ImagePullBackOff" : "ImageNeverPulled", turn.image->error->message, true,
                    turn.image->next};
  if (!turn.world.ports_free && turn.memory.ports)
    return Obstacle{"PortConflict", turn.memory.ports->message, true, turn.memory.ports->next_wall};
  if (!turn.errors.empty()) return Explain(turn.errors.front());
  if (!turn.canary.rejected.empty()) return Obstacle{"AnalysisFailed", turn.canary.rejected, true, {}};
  if (auto crash = FindCrash(turn)) return crash;
  if (turn.acts && IsOverdue(turn))
    return Obstacle{"ProgressDeadlineExceeded",
                    StrCat("no progress for ", turn.desired.strategy.progress.count(), " s; ", turn.report.waiting_for),
                    true, {}};
  return std::nullopt;
}

std::optional<Obstacle> PluginController::FindCrash(const Turn& turn) const {
  for (const driver::Container& container : turn.containers) {
    if (RevisionOf(container) != turn.desired.hash || OrdinalOf(container) >= turn.desired.replicas) continue;
    if (turn.desired.evicted.contains(container.id)) continue;
    if (IsCompleted(turn.desired, container)) return Obstacle{"Completed", DescribeEnd(container), true, {}};
    if (container.state == driver::ContainerState::kRestarting)
      return Obstacle{"CrashLoopBackOff", StrCat(DescribeEnd(container), "; the engine starts it again"), true, {}};
    const auto backoff = turn.memory.backoffs.find({turn.desired.hash, OrdinalOf(container)});
    if (backoff == turn.memory.backoffs.end()) continue;
    const auto ready = [&](const Replica& replica) {
      return replica.id == container.id && replica.readiness == Readiness::kReady;
    };
    if (container.state == driver::ContainerState::kRunning && backoff->second.ends > 1 &&
        std::none_of(turn.world.replicas.begin(), turn.world.replicas.end(), ready))
      return Obstacle{"CrashLoopBackOff", StrCat(container.name, " ended again and again; started once more"), true, {}};
    if (container.state == driver::ContainerState::kExited && backoff->second.next > parts_.clock.Mono())
      return Obstacle{"CrashLoopBackOff", DescribeEnd(container), true, backoff->second.next_wall};
  }
  return std::nullopt;
}

}  // namespace patchbay::controller

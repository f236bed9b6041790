// What a visit tells: Pods, status, Events, and when to come again.
#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "controller/conditions.h"
#include "controller/lookup.h"
#include "controller/obstacle.h"
#include "controller/plugin_pods.h"
#include "controller/plugin_turn.h"

namespace patchbay::controller {

using std::chrono::milliseconds;

namespace {
constexpr milliseconds kLookAgain{10'000};
constexpr milliseconds kJudgeAgain{1'000};
}  // namespace

Result<void> PluginController::Report(Turn& turn) {
  if (turn.report.known) {
    turn.report = survey_.Report(turn.desired, turn.containers, turn.memory, turn.world, turn.steps);
    NoteOtherImage(turn);
    turn.report.pulling = turn.image && turn.image->what == Images::State::What::kPulling;
    CheckProgress(turn);
    if (turn.canary.arrived) turn.report.waiting_for = turn.canary.message;
    turn.report.step = turn.memory.canary.revision == turn.desired.hash ? turn.memory.canary.step : 0;
    turn.report.step_started = turn.memory.canary.since;
    turn.report.obstacle = FindObstacle(turn);
    if (turn.report.obstacle && turn.report.obstacle->reason == "NameConflict") NameTheHolder(turn);
    Judge(turn);
    ShowPods(turn, true);
    parts_.adoption.Settle(turn.desired, turn.containers, turn.memory);
  } else {
    turn.memory.progress_at = parts_.clock.Mono();
    turn.report.obstacle = Explain(turn.errors.front());
  }
  const bool done = turn.report.known && turn.containers.empty();
  const bool given_up = turn.desired.forced && !done && !turn.errors.empty();
  if (given_up) NoteLeftBehind(turn);
  return WriteStatus(turn, turn.desired.deleting && (done || given_up));
}

// A place that is empty because a foreigner has its name.
void PluginController::NameTheHolder(Turn& turn) {
  for (Deviation& deviation : turn.report.drift)
    if (deviation.actual == "missing" && deviation.desired == "running") deviation.actual = turn.report.obstacle->message;
}

// The plugin goes; the sweep looks after its containers when the engine can be reached again.
void PluginController::NoteLeftBehind(Turn& turn) const {
  std::vector<std::string> names;
  for (const driver::Container& container : turn.containers) names.push_back(container.name);
  const Json* instances = Find(turn.object, {"status", "instances"});
  if (names.empty() && instances != nullptr && instances->is_array())
    for (const Json& instance : *instances) names.push_back(FindString(instance, {"name"}));
  const std::string left = names.empty() ? "no container is known" : StrCat("left behind: ", Join(names, ", "));
  const std::string message = StrCat("deleted by force although ", turn.errors.front().message, "; ", left);
  LogWarn("controller", message, {{"object", turn.desired.key.ToString()}});
  turn.memory.notes.push_back({true, "LeftBehind", message});
}

void PluginController::ShowPods(Turn& turn, bool all) {
  if (!parts_.pods.shown()) return;
  const std::string now = FormatTime(parts_.clock.Wall());
  auto pods = PodsOf(turn.object, turn.desired, turn.containers, turn.world, turn.memory, parts_.pods.node(), now);
  if (all)
    AddPodsToCome(turn.object, turn.desired, turn.steps, turn.report, turn.memory, parts_.pods.node(), now, pods);
  parts_.pods.Show(turn.desired.key, pods, all);
}

Result<void> PluginController::WriteStatus(const Turn& turn, bool release) {
  PluginMemory& memory = turn.memory;
  const std::string now = FormatTime(parts_.clock.Wall());
  if (!release && memory.notes.empty() && memory.topics.empty()) {
    Json same = turn.object;
    cache::Committer::Notes none;
    WriteReport(same, turn.desired, turn.report, now, none);
    if (same == turn.object) return {};
  }
  bool changed = false;
  const auto written = parts_.committer.Update(
      turn.desired.key, turn.desired.uid, [&](Json& plugin, cache::Committer::Notes& notes) {
        const Json before = plugin;
        notes.events = memory.notes;
        notes.topics = memory.topics;
        WriteReport(plugin, turn.desired, turn.report, now, notes);
        if (release) DropFinalizer(plugin, kCleanupFinalizer);
        changed = plugin != before;
      });
  if (!written.ok()) return written.error();
  if (!changed)
    for (const cache::EventNote& note : memory.notes)
      static_cast<void>(parts_.committer.Record(turn.object, note));
  memory.notes.clear();
  memory.topics.clear();
  return {};
}

Outcome PluginController::Conclude(const Turn& turn) const {
  if (!turn.errors.empty()) return Failed{turn.errors.front()};
  if (turn.gives_up) return CheckAgain{milliseconds(1)};
  const bool problems = turn.desired.replicas > 0 && !turn.desired.problems.empty();
  const auto& interval = turn.desired.reconcile.interval;
  // A rival may let go of a container without a word to us.
  if (problems && turn.desired.problems.front().reason == kAdoptionConflict) return CheckAgain{kLookAgain};
  if (turn.report.complete || problems || !turn.acts) {
    if (interval) return CheckAgain{*interval};
    return Converged{};
  }
  milliseconds after = kLookAgain;
  if (turn.canary.next) {
    const auto left = std::chrono::ceil<milliseconds>(*turn.canary.next - parts_.clock.Wall());
    after = std::clamp(left, milliseconds(1), after);
  }
  if (turn.canary.replicas && turn.desired.strategy.analysis) after = std::min(after, kJudgeAgain);
  if (turn.image && turn.image->what == Images::State::What::kBackoff && turn.image->next)
    after = std::min(after, turn.image->wait);
  if (!turn.world.ports_free && turn.memory.ports)
    after = std::chrono::ceil<milliseconds>(turn.memory.ports->next - parts_.clock.Mono());
  if (const auto next = survey_.NextMoment(turn.desired, turn.memory))
    after = std::min(after, std::chrono::ceil<milliseconds>(*next - parts_.clock.Mono()));
  return CheckAgain{std::max(after, milliseconds(1))};
}

}  // namespace patchbay::controller

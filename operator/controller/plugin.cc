#include "controller/plugin.h"

#include <algorithm>

#include "base/text.h"
#include "controller/conditions.h"
#include "controller/lookup.h"
#include "controller/obstacle.h"
#include "controller/plugin_turn.h"

namespace patchbay::controller {

namespace {
constexpr int kMostRounds = 20;  // of one visit; what is then still to do comes with the next
}  // namespace

std::shared_ptr<PluginMemory> PluginController::MemoryOf(const Key& key, const Json& plugin) {
  auto state = state_.Lock();
  auto& memory = state->memories[key];
  if (!memory || memory->uid != UidOf(plugin)) {
    if (memory) state->owners.erase(memory->uid);
    memory = std::make_shared<PluginMemory>();
    memory->uid = UidOf(plugin);
    state->owners[memory->uid] = key;
  }
  return memory;
}

void PluginController::Forget(const Key& key) {
  std::string gone;
  {
    auto state = state_.Lock();
    if (const auto memory = state->memories.find(key); memory != state->memories.end()) {
      gone = memory->second->uid;
      state->owners.erase(gone);
      state->memories.erase(memory);
    }
    for (const Key& object : state->refers[key]) state->users[object].erase(key);
    state->refers.erase(key);
    state->port_waiters.erase(key);
  }
  if (!gone.empty()) parts_.adoption.Release(gone);
  parts_.prober.Set(key, {});
  parts_.endpoints.Forget(key);
  parts_.pods.Forget(key);
}

std::optional<Key> PluginController::KeyOf(const std::string& uid) const {
  auto state = state_.Lock();
  const auto found = state->owners.find(uid);
  return found == state->owners.end() ? std::nullopt : std::optional(found->second);
}

std::vector<Key> PluginController::UsersOf(const Key& object) const {
  auto state = state_.Lock();
  const auto found = state->users.find(object);
  if (found == state->users.end()) return {};
  return {found->second.begin(), found->second.end()};
}

void PluginController::Remember(const Desired& desired, PluginMemory& memory) {
  {
    auto state = state_.Lock();
    std::set<Key>& refers = state->refers[desired.key];
    for (const Key& object : refers) state->users[object].erase(desired.key);
    refers = desired.refers;
    for (const Key& object : refers) state->users[object].insert(desired.key);
  }
  const MonoTime now = parts_.clock.Mono();
  if (memory.hash != desired.hash) {
    memory.hash = desired.hash;
    memory.pull_since = desired.pull == PullPolicy::kAlways ? std::optional(now) : std::nullopt;
    memory.progress_at = now;
    memory.furthest = {};
    memory.altered.clear();
    if (memory.rollout.revision != desired.hash)
      memory.rollout = {.revision = desired.hash, .started = FormatTime(parts_.clock.Wall())};
    std::erase_if(memory.backoffs, [&](const auto& entry) { return entry.first.first == desired.hash; });
  }
  if (memory.asked && *memory.asked != desired.asked && desired.enabled) {
    memory.topics.push_back("plugin.scaled");
    memory.notes.push_back({false, "Scaled", StrCat("scaled from ", *memory.asked, " to ", desired.asked)});
  }
  memory.asked = desired.asked;
}

Outcome PluginController::Visit(const Key& key) {
  auto object = ReadObject(parts_.cache, key);
  if (!object) {
    Forget(key);
    return Converged{};
  }
  const auto memory = MemoryOf(key, *object);
  if (!memory->adopted) Adopt(*memory, *object);
  Desired desired = BuildDesired(*object, LookupIn(parts_.cache), parts_.installation);
  if (auto former = FallBack(*object, desired, *memory)) desired = *std::move(former);
  Turn turn{std::move(*object), std::move(desired), *memory};
  Remember(turn.desired, *memory);
  if (const auto told = Announce(turn); !told.ok()) return Failed{told.error()};
  turn.acts = MayAct(turn.desired, *memory);
  const Result<void> recorded = Record(turn);
  Result<void> seen = parts_.adoption.Keep(turn.object, turn.desired, *memory);
  if (seen.ok()) seen = Converge(turn);
  if (!seen.ok()) {
    turn.report.known = false;
    turn.errors.push_back(seen.error());
  }
  if (const auto written = Report(turn); !written.ok() && written.error().code != Code::kNotFound)
    return Failed{written.error()};
  if (!recorded.ok()) return Failed{recorded.error()};
  return Conclude(turn);
}

// The intent is written before the first container is made: who deletes the plugin then waits for us.
Result<void> PluginController::Announce(const Turn& turn) {
  const auto finalizers = FinalizersOf(turn.object);
  const bool there = std::find(finalizers.begin(), finalizers.end(), kCleanupFinalizer) != finalizers.end();
  if (there || turn.desired.deleting || turn.desired.replicas == 0) return {};
  const auto written = parts_.committer.Update(
      turn.desired.key, turn.desired.uid, [](Json& plugin, cache::Committer::Notes&) {
        if (!IsDeleting(plugin)) AddFinalizer(plugin, kCleanupFinalizer);
      });
  if (!written.ok()) return written.error();
  return {};
}

// The history is for later: without it the containers are looked after all the same.
Result<void> PluginController::Record(const Turn& turn) {
  if (turn.desired.deleting || turn.memory.recorded == turn.desired.generation) return {};
  PATCHBAY_CHECK(parts_.revisions.Keep(turn.object));
  turn.memory.recorded = turn.desired.generation;
  return {};
}

Result<void> PluginController::Look(Turn& turn) {
  PATCHBAY_TRY(turn.containers, parts_.observer.Of(turn.desired.uid));
  turn.world = survey_.Take(turn.desired, turn.containers, turn.memory);
  CheckDependencies(turn);
  CheckImage(turn);
  CountAnswers(turn);
  turn.canary = Conduct(turn.desired, turn.world, parts_.clock.Wall(), turn.finding, turn.memory);
  turn.world.canaries = turn.canary.replicas;
  turn.steps = Diff(turn.desired, turn.world);
  PATCHBAY_CHECK(CheckPorts(turn));
  ShowPods(turn, false);
  return {};
}

// Every round looks again: nothing of what was done is assumed.
Result<void> PluginController::Converge(Turn& turn) {
  for (int round = 0; round < kMostRounds; ++round) {
    PATCHBAY_CHECK(Look(turn));
    std::vector<Step> now = turn.steps;
    const bool create = turn.acts && MayCreate(turn, now);
    std::set<std::string> made;
    for (const Step& step : now)
      if (step.action == Action::kCreate) made.insert(step.target);
    std::erase_if(now, [&](const Step& step) {
      const bool of_gateway = step.action == Action::kJoin || step.action == Action::kLeave;
      return IsWait(step.action) || (!create && made.contains(step.target)) || (!turn.acts && !of_gateway);
    });
    if (now.empty()) break;
    const Executed executed = parts_.executor.Do(turn.desired, turn.memory, now);
    survey_.Share(turn.desired, turn.containers, turn.memory);
    if (executed.image_missing) {
      turn.memory.pull_since = parts_.clock.Mono();
      continue;
    }
    turn.errors = executed.errors;
    if (!turn.errors.empty()) break;
  }
  if (!turn.errors.empty()) PATCHBAY_CHECK(Look(turn));
  survey_.Share(turn.desired, turn.containers, turn.memory);
  return {};
}

// False while the image has to be pulled first.
bool PluginController::MayCreate(Turn& turn, const std::vector<Step>& steps) {
  turn.image.reset();
  const bool wanted = std::any_of(steps.begin(), steps.end(), [](const Step& s) { return s.action == Action::kCreate; });
  if (!turn.memory.pull_since || (!wanted && turn.world.image_here)) return true;
  if (turn.desired.pull == PullPolicy::kNever) {
    turn.image = Images::State{Images::State::What::kBackoff,
                               Error{Code::kNotFound, StrCat("image \"", turn.desired.container.image,
                                                             "\" is not here and imagePullPolicy is Never")},
                               {}};
    turn.memory.pull_since.reset();
    return false;
  }
  if (!turn.desired.pull_problems.empty()) {
    const Cause& first = turn.desired.pull_problems.front();
    turn.image = Images::State{Images::State::What::kBackoff, Error{Code::kNotFound, StrCat(first.field, ": ", first.message)}, {}};
    return false;
  }
  turn.image = parts_.images.Want(turn.desired.container.image, turn.desired.logins, *turn.memory.pull_since, turn.desired.key);
  if (turn.image->what != Images::State::What::kPulled) return false;
  turn.memory.pull_since.reset();  // who finds it missing later asks again
  return true;
}

// For the first start alone: what runs is not taken down, nor left unhealed, because another one fails.
void PluginController::CheckDependencies(Turn& turn) const {
  std::erase_if(turn.desired.problems, [](const Cause& cause) { return cause.reason == kDependencyNotReady; });
  if (turn.desired.replicas == 0 || !turn.containers.empty()) return;
  for (std::size_t i = 0; i < turn.desired.depends_on.size(); ++i) {
    const Key& key = turn.desired.depends_on[i];
    const auto other = ReadObject(parts_.cache, key);
    const auto ready = other ? FindCondition(*other, "Ready") : std::nullopt;
    if (ready && ready->status == "True" && FindInt(*other, {"status", "observedGeneration"}) == GenerationOf(*other)) continue;
    const std::string why = !other ? "does not exist" : StrCat("is not ready", ready ? StrCat(": ", ready->message) : "");
    turn.desired.problems.push_back(
        {StrCat("spec.dependsOn[", i, "]"), kDependencyNotReady, StrCat("plugin \"", key.name, "\" ", why)});
  }
}

// Where old ones have to go before new ones can come, they stay until the image is here.
void PluginController::CheckImage(Turn& turn) {
  if (!turn.desired.exclusive && !turn.desired.strategy.recreate) return;
  const bool replacing = std::any_of(turn.containers.begin(), turn.containers.end(),
                                     [&](const auto& container) { return RevisionOf(container) != turn.desired.hash; });
  if (!replacing || turn.desired.replicas == 0) return;
  if (!turn.memory.pull_since) {
    const auto here = parts_.runtime.HasImage(turn.desired.container.image);
    if (here.ok() && *here) return;
    turn.memory.pull_since = parts_.clock.Mono();
  }
  turn.world.image_here = false;
  turn.world.image_here = MayCreate(turn, {});
}

}  // namespace patchbay::controller

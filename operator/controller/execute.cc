#include "controller/execute.h"

#include <functional>
#include <map>

#include "base/log.h"
#include "base/text.h"
#include "controller/pods.h"

namespace patchbay::controller {
namespace {

// In memory alone: who gets requests.
bool DoInMemory(PluginMemory& memory, const Step& step) {
  switch (step.action) {
    case Action::kJoin:
      memory.members.insert(step.id);
      memory.leaving.erase(step.id);
      return true;
    case Action::kLeave:
      memory.members.erase(step.id);
      return true;
    case Action::kDrain:
      memory.members.erase(step.id);
      memory.leaving.insert(step.id);
      return true;
    default:
      return false;
  }
}

}  // namespace

Executed Executor::Do(const Desired& desired, PluginMemory& memory, const std::vector<Step>& steps) {
  Guarded<Progress> progress;
  std::map<std::string, Chain> chains;
  for (const Step& step : steps) {
    if (IsWait(step.action)) continue;
    if (DoInMemory(memory, step)) {
      ++progress.Lock()->executed.done;
      continue;
    }
    Chain& chain = chains[step.target];
    if (chain.id.empty()) chain.id = step.id;
    chain.steps.push_back(step);
  }
  std::vector<std::function<void()>> tasks;
  for (auto& [target, chain] : chains)
    tasks.push_back([this, &desired, &chain = chain, &progress] { DoChain(desired, chain, progress); });
  crew_.Run(std::move(tasks));
  auto done = progress.Lock();
  for (const std::string& id : done->started) memory.leaving.erase(id);
  for (const std::string& id : done->restarted) ++memory.restarts[id];
  for (cache::EventNote& note : done->notes) memory.notes.push_back(std::move(note));
  return std::move(done->executed);
}

void Executor::DoChain(const Desired& desired, Chain& chain, Guarded<Progress>& progress) {
  for (const Step& step : chain.steps) {
    const auto result = DoStep(desired, step, chain.id, progress);
    if (result.ok()) {
      ++progress.Lock()->executed.done;
      continue;
    }
    // Whatever went wrong, what is there now is not assumed.
    observer_.Doubt(desired.uid);
    LogWarn("controller", "a step failed",
            {{"action", ActionName(step.action)}, {"container", step.target}, {"error", result.error().message}});
    progress.Lock()->executed.errors.push_back(result.error().Within(StrCat(ActionName(step.action), " ", step.target)));
    return;
  }
}

// Told of the plugin, and of the pod.
void Executor::Note(Guarded<Progress>& progress, const std::string& name, const std::string& id,
                    cache::EventNote note) {
  auto done = progress.Lock();
  done->notes.push_back(note);
  note.about = PodReference(name, id);
  done->notes.push_back(std::move(note));
}

Result<void> Executor::DoStep(const Desired& desired, const Step& step, std::string& id,
                              Guarded<Progress>& progress) {
  LogInfo("controller", ActionName(step.action), {{"container", step.target}, {"reason", step.reason}});
  switch (step.action) {
    case Action::kCreate:
      return Create(desired, step, id, progress);
    case Action::kStart:
      return Start(desired, step, id, progress);
    case Action::kStop: {
      observer_.Expect(id, {"die", "destroy"});
      Note(progress, step.target, id, {false, "Killing", StrCat("stopping ", step.target, ": ", step.reason)});
      const auto stopped = runtime_.Stop(id, std::chrono::seconds(desired.container.stop_timeout_seconds));
      metrics_.CountAct(Metrics::Act::kStop, stopped.ok());
      if (stopped.ok()) static_cast<void>(observer_.Look(id));
      return stopped;
    }
    case Action::kRemove: {
      observer_.Expect(id, {"die", "destroy"});
      const auto removed = runtime_.Remove(id);
      metrics_.CountAct(Metrics::Act::kRemove, removed.ok());
      if (removed.ok()) observer_.Drop(id);
      return removed;
    }
    default:
      return {};
  }
}

Result<void> Executor::Create(const Desired& desired, const Step& step, std::string& id,
                              Guarded<Progress>& progress) {
  auto made = runtime_.Create(SpecFor(desired, step.ordinal, step.target));
  metrics_.CountAct(Metrics::Act::kCreate, made.ok());
  if (made.ok()) {
    id = *made;
    if (step.id.empty())
      Note(progress, step.target, id, {false, "Created", StrCat("created container ", step.target)});
    return {};
  }
  if (made.error().code == Code::kNotFound) progress.Lock()->executed.image_missing = true;
  return made.error();
}

Result<void> Executor::Start(const Desired& desired, const Step& step, const std::string& id,
                             Guarded<Progress>& progress) {
  observer_.Expect(id, {"start"});
  const auto started = runtime_.Start(id);
  metrics_.CountAct(Metrics::Act::kStart, started.ok());
  if (!started.ok()) return started;
  if (!observer_.Look(id).ok()) observer_.Doubt(desired.uid);
  Note(progress, step.target, id, {false, "Started", StrCat("started container ", step.target)});
  auto done = progress.Lock();
  done->started.push_back(id);
  if (step.again) done->restarted.push_back(id);
  return {};
}

}  // namespace patchbay::controller

#include "controller/pod_show.h"

namespace patchbay::controller {
namespace {

Key PodKey(const Key& plugin, const std::string& name) { return {std::string(kPods), plugin.ns, name}; }

bool HasContainer(const Json& pod) {
  const Json* statuses = Find(pod, {"status", "containerStatuses"});
  return statuses != nullptr && !statuses->empty() && !FindString(statuses->front(), {"containerID"}).empty();
}

}  // namespace

void PodShow::Await(std::set<Key> plugins) {
  if (mirror_ == nullptr) return;
  bool none = false;
  {
    auto state = state_.Lock();
    state->awaited = std::move(plugins);
    state->waiting = true;
    none = state->awaited.empty();
  }
  if (none) mirror_->Open();
}

void PodShow::Arrived(const Key& plugin) {
  {
    auto state = state_.Lock();
    state->awaited.erase(plugin);
    if (!state->waiting || !state->awaited.empty()) return;
    state->waiting = false;
  }
  mirror_->Open();
}

void PodShow::Show(const Key& plugin, const std::map<std::string, PodPtr>& pods, bool all) {
  if (mirror_ == nullptr) return;
  std::set<std::string> gone;
  std::map<std::string, PodPtr> changed;
  {
    auto state = state_.Lock();
    auto& shown = state->shown[plugin];
    for (const auto& [name, pod] : shown)
      if (!pods.contains(name) && (all || HasContainer(*pod))) gone.insert(name);
    for (const std::string& name : gone) shown.erase(name);
    for (const auto& [name, pod] : pods)
      if (PodPtr& known = shown[name]; known != pod) changed[name] = known = pod;
  }
  for (const std::string& name : gone) mirror_->Drop(PodKey(plugin, name));
  for (const auto& [name, pod] : changed) mirror_->Put(PodKey(plugin, name), *pod);
  Arrived(plugin);
}

void PodShow::Forget(const Key& plugin) {
  if (mirror_ == nullptr) return;
  std::map<std::string, PodPtr> pods;
  {
    auto state = state_.Lock();
    if (const auto found = state->shown.find(plugin); found != state->shown.end()) {
      pods = std::move(found->second);
      state->shown.erase(found);
    }
  }
  for (const auto& [name, pod] : pods) mirror_->Drop(PodKey(plugin, name));
  Arrived(plugin);
}

}  // namespace patchbay::controller

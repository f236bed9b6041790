#include "controller/plugin_pods.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "controller/pods.h"

namespace patchbay::controller {

std::map<std::string, PodPtr> PodsOf(const Json& plugin, const Desired& desired,
                                     const std::vector<driver::Container>& containers, const Observed& world,
                                     PluginMemory& memory, const std::string& node, const std::string& now) {
  std::map<std::string, PodPtr> pods;
  std::set<std::string> present;
  for (const driver::Container& container : containers) {
    present.insert(container.id);
    const auto replica = std::find_if(world.replicas.begin(), world.replicas.end(),
                                      [&](const Replica& each) { return each.id == container.id; });
    if (replica == world.replicas.end()) continue;
    auto& [known, picture] = memory.pods[container.id];
    Remember(known, desired, container, *replica, now);
    const auto restarts = memory.restarts.find(container.id);
    const int count = std::max(container.restarts, restarts == memory.restarts.end() ? 0 : restarts->second);
    pods[container.name] = picture.Show({plugin, desired, container, *replica, known, count, node});
  }
  std::erase_if(memory.pods, [&](const auto& entry) { return !present.contains(entry.first); });
  return pods;
}

void AddPodsToCome(const Json& plugin, const Desired& desired, const std::vector<Step>& steps,
                   const PluginReport& report, PluginMemory& memory, const std::string& node, const std::string& now,
                   std::map<std::string, PodPtr>& pods) {
  std::map<std::string, std::string> since;
  for (const Step& step : steps) {
    if (step.action != Action::kCreate || pods.contains(step.target)) continue;
    PodToCome coming{step.target, now, "ContainerCreating", ""};
    if (report.pulling) coming.message = StrCat("pulling ", desired.container.image);
    if (report.obstacle) {
      const bool image = report.obstacle->reason.starts_with("Image");
      if (image || !report.pulling) coming.reason = image ? report.obstacle->reason : "CreateContainerError";
      coming.message = report.obstacle->message;
    }
    if (const auto known = memory.pods_to_come.find(step.target); known != memory.pods_to_come.end())
      coming.since = known->second;
    since[step.target] = coming.since;
    pods[step.target] = std::make_shared<const Json>(BuildPod(plugin, desired, coming, node));
  }
  memory.pods_to_come = std::move(since);
}

}  // namespace patchbay::controller

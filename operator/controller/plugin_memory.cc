#include "controller/plugin_memory.h"

#include "object/object.h"

namespace patchbay::controller {

void Adopt(PluginMemory& memory, const Json& plugin) {
  memory.adopted = true;
  if (FindString(plugin, {"status", "phase"}) == "Running") memory.asked = static_cast<int>(FindInt(plugin, {"status", "replicas"}));
  memory.rollout = {FindString(plugin, {"status", "rollout", "revision"}),
                    FindInt(plugin, {"status", "rollout", "inFlightAtStop"}),
                    FindInt(plugin, {"status", "rollout", "droppedRequests"}),
                    FindString(plugin, {"status", "rollout", "drain"}) == "Timed",
                    FindString(plugin, {"status", "rollout", "started"})};
  memory.canary = {memory.rollout.revision, static_cast<int>(FindInt(plugin, {"status", "rollout", "step"})),
                   ParseTime(FindString(plugin, {"status", "rollout", "stepStarted"})), std::nullopt};
  memory.stable = FindString(plugin, {"status", "stableRevision"});
  memory.failed = FindString(plugin, {"status", "rollout", "failedRevision"});
  memory.failure = FindString(plugin, {"status", "rollout", "failure"});
  const auto ready = FindCondition(plugin, "Ready");
  memory.was_complete = ready && ready->status == "True";
  memory.handled_request = FindString(plugin, {"status", "lastHandledReconcileAt"});
  const Json* instances = Find(plugin, {"status", "instances"});
  if (instances == nullptr || !instances->is_array()) return;
  for (const Json& instance : *instances) {
    const std::string id = FindString(instance, {"id"});
    memory.restarts[id] = static_cast<int>(FindInt(instance, {"restarts"}));
    if (FindBool(instance, {"ready"})) memory.known_ready[id] = FindString(instance, {"started"});
  }
}

}  // namespace patchbay::controller

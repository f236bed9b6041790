#include "controller/plugin_memory.h"

#include "object/object.h"

namespace patchbay::controller {

void Adopt(PluginMemory& memory, const Json& plugin) {
  memory.adopted = true;
  if (FindString(plugin, {"status", "phase"}) == "Running") memory.asked = static_cast<int>(FindInt(plugin, {"status", "replicas"}));
  const Json* instances = Find(plugin, {"status", "instances"});
  if (instances == nullptr || !instances->is_array()) return;
  for (const Json& instance : *instances) {
    const std::string id = FindString(instance, {"id"});
    memory.restarts[id] = static_cast<int>(FindInt(instance, {"restarts"}));
    if (FindBool(instance, {"ready"})) memory.known_ready[id] = FindString(instance, {"started"});
  }
}

}  // namespace patchbay::controller

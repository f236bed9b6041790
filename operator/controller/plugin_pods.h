// All the Pods of one plugin, as a visit sees it. Pure but for the memory.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "controller/desired.h"
#include "controller/diff.h"
#include "controller/plugin_memory.h"
#include "controller/plugin_status.h"
#include "controller/pods.h"
#include "object/json.h"

namespace patchbay::controller {

// Those that have a container, by name.
std::map<std::string, PodPtr> PodsOf(const Json& plugin, const Desired& desired,
                                     const std::vector<driver::Container>& containers, const Observed& world,
                                     PluginMemory& memory, const std::string& node, const std::string& now);

// Those that `steps` still want to make, when something keeps them from it: an image that is being pulled, or the
// obstacle.
void AddPodsToCome(const Json& plugin, const Desired& desired, const std::vector<Step>& steps,
                   const PluginReport& report, PluginMemory& memory, const std::string& node, const std::string& now,
                   std::map<std::string, PodPtr>& pods);

}  // namespace patchbay::controller

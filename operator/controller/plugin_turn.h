// What one visit of a plugin knows. Part of plugin.h's bodies.
#pragma once

#include <optional>
#include <vector>

#include "controller/plugin.h"

namespace patchbay::controller {

struct PluginController::Turn {
  Json object;
  Desired desired;
  PluginMemory& memory;
  std::vector<driver::Container> containers = {};
  Observed world = {};
  std::vector<Step> steps = {};  // what the diff wanted last
  Finding finding = {};  // of the canary's step
  CanaryStand canary = {};
  bool gives_up = false;  // what the spec says, for a former revision
  bool acts = true;  // false: what deviates is only shown
  std::vector<Error> errors = {};
  std::optional<Images::State> image = {};
  PluginReport report = {};
};

}  // namespace patchbay::controller

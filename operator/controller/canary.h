// The steps of a Canary: how many of the new revision, how much of the requests, and when the next one comes. Pure but
// for the memory it moves on.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "controller/analysis.h"
#include "controller/desired.h"
#include "controller/diff.h"
#include "controller/plugin_memory.h"

namespace patchbay::controller {

struct CanaryStand {
  std::optional<int> replicas;        // nothing: no canary is under way (any more)
  bool arrived = false;               // they serve
  std::optional<WallTime> next;       // when the pause is over
  std::string message;                // for a person
  std::string rejected;               // why it is to be given up; "" when it is not
};

// Moves `memory.canary` on as far as `world` and `now` allow. A step is passed when as many as it wishes serve, confirmed,
// its pause is over and `finding` is not against it, or it was promoted. Without an old revision that runs there is
// nothing to be careful about.
CanaryStand Conduct(const Desired& desired, const Observed& world, WallTime now, const Finding& finding, PluginMemory& memory);

}  // namespace patchbay::controller

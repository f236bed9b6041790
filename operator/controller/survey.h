// From containers, probes and memory to what the diff compares, and to what is reported. No engine is asked here.
#pragma once

#include <vector>

#include "base/clock.h"
#include "controller/desired.h"
#include "controller/diff.h"
#include "controller/drift.h"
#include "controller/endpoints.h"
#include "controller/plugin_memory.h"
#include "controller/plugin_status.h"
#include "controller/prober.h"
#include "controller/traffic.h"

namespace patchbay::controller {

// Stateless; works on what it is given.
class Survey {
 public:
  Survey(Clock& clock, Prober& prober, Endpoints& endpoints, Traffic& traffic)
      : clock_(clock), prober_(prober), endpoints_(endpoints), traffic_(traffic) {}

  // Tells the prober whom to look at, settles the memory with what is there, and says how the world is.
  Observed Take(const Desired& desired, const std::vector<driver::Container>& containers, PluginMemory& memory);
  // Tells the route controller who may get requests.
  void Share(const Desired& desired, const std::vector<driver::Container>& containers, const PluginMemory& memory);
  // What is seen, without an obstacle. `steps`: what the diff still wants.
  PluginReport Report(const Desired& desired, const std::vector<driver::Container>& containers,
                      const PluginMemory& memory, const Observed& world, const std::vector<Step>& steps) const;
  // The soonest moment at which time alone changes something; nothing when none does.
  std::optional<MonoTime> NextMoment(const Desired& desired, const PluginMemory& memory) const;

 private:
  void Watch(const Desired& desired, const std::vector<driver::Container>& containers, PluginMemory& memory);
  void Count(const Desired& desired, const driver::Container& container, bool condemned, PluginMemory& memory);
  static void ForgetBackoff(const driver::Container& evicted, PluginMemory& memory);
  bool IsSeasoned(const Desired& desired, const Replica& replica, PluginMemory& memory) const;
  bool IsAltered(const Desired& desired, const driver::Container& container, PluginMemory& memory) const;
  bool IsBusy(const Desired& desired, const driver::Container& container, PluginMemory& memory) const;
  bool GatewaySettled(const Desired& desired, PluginMemory& memory) const;

  Clock& clock_;
  Prober& prober_;
  Endpoints& endpoints_;
  Traffic& traffic_;
};

int OrdinalOf(const driver::Container& container);
std::string RevisionOf(const driver::Container& container);
// One of the host ports that the plugin wants.
bool HoldsPort(const Desired& desired, const driver::Container& container);
// Ended, and the policy says that this is fine or final.
bool IsCompleted(const Desired& desired, const driver::Container& container);

}  // namespace patchbay::controller

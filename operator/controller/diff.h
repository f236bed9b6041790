// Desired against observed: what is to be done now, as data. Pure: no clock, no I/O, no log.
// Two laws, property-tested: once what a plan names was done, the next plan is empty; a plan names nothing that is not
// among `replicas` (and those are ours) or one of the desired names.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/desired.h"
#include "driver/runtime/runtime.h"
#include "object/json.h"

namespace patchbay::controller {

enum class Readiness { kUnknown, kReady, kNotReady };

// A container of the plugin, with what the loop knows of it.
struct Replica {
  std::string id;
  std::string name;
  std::string hash;
  int ordinal = 0;
  driver::ContainerState state = driver::ContainerState::kCreated;
  Readiness readiness = Readiness::kUnknown;
  bool member = false;     // in the set that gets requests
  bool leaving = false;    // on its way out: taken out to be stopped
  bool busy = false;       // and requests to it are under way: it is to be waited for
  bool altered = false;    // by others, beyond what can be put right in place: to be replaced
  bool seasoned = true;    // has been ready for long enough to count
  bool condemned = false;  // its liveness probe failed: to be replaced, if it serves only while enough others do
  bool held = false;       // ended; its backoff says: not yet
  bool completed = false;  // ended, and its restart policy says: let it be
  bool holds_port = true;  // one of the host ports that the plugin wants; false: another one can run beside it
};

struct Observed {
  std::vector<Replica> replicas;
  bool settled = true;  // the gateway is known to serve exactly the present members
  bool known = true;    // what the gateway serves is known; false: it may lead to anybody
  bool image_here = true;  // false: not yet, so nothing healthy may be stopped for it
  bool ports_free = true;  // false: somebody else has a host port that is wanted, so nothing healthy may be stopped for it
  std::optional<int> canaries = std::nullopt;  // so many new ones for now, and all old ones stay
  std::set<int> held = {};      // ordinals whose backoff says: not to be made yet
};

enum class Action {
  kCreate,      // and copy its files in
  kStart,
  kWaitReady,   // until its probe says so
  kJoin,        // add to the gateway
  kWaitServed,  // until the gateway is read back with it
  kLeave,       // not ready: out of the gateway, nothing else
  kDrain,       // out of the gateway, to be stopped
  kWaitGone,    // until the gateway is read back without it
  kWaitIdle,    // until no request to it is under way
  kStop,
  kRemove,
};
const char* ActionName(Action action);
bool IsWait(Action action);

struct Step {
  Action action;
  std::string target;  // the container's name
  std::string id;      // "" while there is none
  int ordinal = 0;
  std::string reason;  // for a person
  bool again = false;  // a start of what has run before
  friend bool operator==(const Step&, const Step&) = default;
};

// Steps of one target are in order; those of several targets may be done at once. Waits say what is waited for.
std::vector<Step> Diff(const Desired& desired, const Observed& world);

// The same to the end: as if every step were done and every wait came true, repeated until nothing is left.
std::vector<Step> Foresee(const Desired& desired, Observed world);
// The world after these steps, as if all went well.
Observed Imagine(const Desired& desired, Observed world, const std::vector<Step>& steps);

// {"action","target","reason"}
Json ToJson(const Step& step);

}  // namespace patchbay::controller

// What the loop remembers of one plugin between visits. All of it can be lost: it is rebuilt from the stored status and
// the containers. Touched by one worker at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "cache/committer.h"
#include "controller/pods.h"
#include "driver/gateway/answer_count.h"
#include "object/json.h"

namespace patchbay::controller {

struct RestartBackoff {
  std::string last_end;  // of which end it knows already
  int ends = 0;          // in quick succession
  MonoTime next{};       // not before
  std::optional<WallTime> next_wall;
};

// A container that was taken out of the gateway to be stopped.
struct Drain {
  MonoTime since{};  // confirmed
  bool told = false;   // what it came to
};

// status.rollout
struct RolloutCount {
  std::string revision;
  std::int64_t in_flight = 0;  // requests under way at stops
  std::int64_t dropped = 0;    // of these, cut
  bool timed = false;          // the gateway could not count: a while was waited instead
  std::string started;         // RFC 3339
};

// Where a Canary stands; step 0 is the first.
struct CanaryState {
  std::string revision;             // its hash
  int step = 0;
  std::optional<WallTime> since = {};  // as many as wished serve since then
  std::optional<int> weight = {};      // of the requests, while it is under way
  // What each new container (id) had answered when this step was first looked at; lost with the operator.
  std::optional<int> counted_step = {};
  std::map<std::string, driver::AnswerCount> before = {};
};

// status.adopted: a container that somebody else made (adoption.h).
struct AdoptedContainer {
  std::string id;
  std::string name;
  std::string revision;  // the hash it counts for
  int ordinal = 0;
  std::string ports;  // as kLabelPorts has them
};

// Another container has a host port that a revision asks for.
struct PortTrouble {
  std::string revision;  // its hash
  std::string message;
  int looks = 0;
  MonoTime next{};  // when it is looked at again, unless a container ends before
  WallTime next_wall{};
};

// How far a rollout has ever come.
struct Furthest {
  std::int64_t generation = 0;
  int updated = 0;        // as PluginReport
  int ready = 0;
  int others = 1'000'000;  // containers of other revisions, at least
};

struct PluginMemory {
  std::string uid;
  bool adopted = false;              // the stored status has been read
  bool claimed = false;              // what it says of adopted containers was told to the engine's driver
  std::vector<AdoptedContainer> adoptions;
  std::set<std::string> members;     // containers in the set that gets requests
  std::set<std::string> leaving;     // taken out to be stopped
  std::set<std::string> evicted;     // to be replaced, and seen as such
  std::optional<PortTrouble> ports;
  std::map<std::string, std::string> known_ready;  // container: startedAt, as the stored status says
  bool was_complete = false;                       // and that nothing was left to do
  std::map<std::string, int> restarts;             // by us, per container
  std::map<std::pair<std::string, int>, RestartBackoff> backoffs;  // per revision and ordinal
  std::map<std::string, Drain> drains;             // by container
  RolloutCount rollout;
  CanaryState canary;
  std::map<std::string, MonoTime> ready_since;     // by container
  std::set<std::string> altered;                   // containers replaced because others changed them, of this revision
  std::string stable;                              // ControllerRevision that was ready last
  std::string failed;                              // the hash that was given up for it
  std::string failure;                             // why
  std::string handled_request;                     // status.lastHandledReconcileAt
  std::optional<MonoTime> unsettled_seen;          // the gateway is being waited for: when that was last looked at
  MonoTime::duration unsettled_for{0};             // and for how long it has been
  std::map<std::string, std::pair<PodMemory, PodPicture>> pods;  // by container
  std::map<std::string, std::string> pods_to_come;  // container name: since when (RFC 3339)
  std::string hash;                        // the revision last wanted
  std::int64_t recorded = -1;              // the generation that the history is known to have
  std::optional<MonoTime> pull_since;      // nothing is made before a pull later than this
  std::optional<int> asked;                // replicas last wanted
  std::string progress;                    // changes whenever something got further
  MonoTime progress_at{};
  Furthest furthest;
  std::vector<cache::EventNote> notes;     // to be written with the next status
  std::vector<std::string> topics;
};

// Reads what the stored status says: members are served until something else is seen.
void Adopt(PluginMemory& memory, const Json& plugin);

}  // namespace patchbay::controller

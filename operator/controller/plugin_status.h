// What is written about a plugin: from facts to status. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/committer.h"
#include "controller/conditions.h"
#include "controller/desired.h"
#include "controller/diff.h"
#include "controller/drift.h"
#include "controller/plugin_memory.h"

namespace patchbay::controller {

struct InstanceReport {
  std::string id;
  std::string name;
  std::string ip;
  std::string image;
  std::string image_digest;
  std::string revision;
  std::string state;
  int ordinal = 0;
  bool ready = false;
  int restarts = 0;
  std::string started = {};
  std::optional<int> exit_code = std::nullopt;
  std::string message = {};  // what is wrong with it
};

// Why it does not go on by itself right now.
struct Obstacle {
  std::string reason;
  std::string message;
  bool stalled = true;  // false: it is being waited for
  std::optional<WallTime> next;
};

struct PluginReport {
  bool known = true;  // false: the engine did not answer; what was written about containers stays
  std::vector<InstanceReport> instances;
  int updated = 0;  // places (ordinals) that one of the wanted revision has
  int ready = 0;    // of those, where it gets requests
  bool complete = false;
  bool pulling = false;
  std::vector<Deviation> drift;
  bool acting = true;        // what deviates is put right
  std::string handled_request;
  std::string stable;
  std::string failed;
  std::string failure;
  int step = 0;  // of a Canary
  std::optional<WallTime> step_started;
  RolloutCount rollout;
  std::string waiting_for;  // for a person; "" when nothing
  std::optional<Obstacle> obstacle;
};

std::string PhaseOf(const Desired& desired, const PluginReport& report);
Standing StandingOf(const Desired& desired, const PluginReport& report);
// Alters `plugin`'s status when it says something else, and notes what others want to hear of.
void WriteReport(Json& plugin, const Desired& desired, const PluginReport& report, const std::string& now,
                 cache::Committer::Notes& notes);

}  // namespace patchbay::controller

// What came of a Route, and how that is written into its status. Pure.
#pragma once

#include <string>
#include <vector>

#include "cache/committer.h"
#include "controller/conditions.h"
#include "controller/drift.h"
#include "controller/resolve.h"

namespace patchbay::controller {

struct Verdict {
  std::string uid;
  std::int64_t generation = 0;
  bool deleting = false;
  bool enabled = true;
  bool accepted = true;
  bool resolved = true;
  enum class Programmed { kYes, kNo, kUnknown } programmed = Programmed::kUnknown;
  bool withdrawn = false;  // read back: the gateway has nothing of it
  std::string reason = {};  // of the first thing that is not right, CamelCase
  std::string message = {};
  std::vector<ServedBackend> backends = {};
  std::vector<Deviation> drift = {};  // what others made of it in the gateway, and stays
  ReconcileMode mode = ReconcileMode::kCorrect;
  std::string handled_request = {};  // patchbay.dev/reconcileAt
  AdoptionRecord adoption = {};
  std::string paused_spec = {};
  bool waits = false;  // for the pause to end
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

// Before the gateway was asked: what the spec and the names say.
Verdict Judge(const RouteWish& wish, const ResolvedRoute& resolved);

// As status.backends has it.
Json ToJson(const std::vector<ServedBackend>& backends);

Standing StandingOf(const Verdict& verdict);
void WriteVerdict(Json& route, const Verdict& verdict, const std::string& now, cache::Committer::Notes& notes);

}  // namespace patchbay::controller

// Looks at containers on schedule and remembers what it saw. A container that just started is looked at at once and then
// in quick succession until it first answers; after that every periodSeconds. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "controller/crew.h"
#include "controller/diff.h"
#include "controller/probe.h"

namespace patchbay::controller {

class Prober {
 public:
  struct Target {
    std::string container;
    std::string ip;
    std::string incarnation;   // another one (start time, address): forget what was seen
    Probes probes;
    bool known_ready = false;  // as the stored status says of this incarnation
  };
  struct Seen {
    Readiness readiness = Readiness::kUnknown;
    bool condemned = false;  // startup failed for good; or liveness did, and has not succeeded since
    std::string message;     // of the last failure
  };

  // `wake`: what is seen of this owner's container has changed.
  Prober(ProbeRunner runner, Clock& clock, std::function<void(const Key&)> wake);

  void Start(int threads);
  void Stop();
  // Looks wherever it is due, on the caller's thread. True when something was due.
  bool Step();
  std::optional<MonoTime> next_due() const;

  // These, and no other, containers of this plugin are looked at.
  void Set(const Key& plugin, std::vector<Target> targets);
  Seen Get(const std::string& container) const;

 private:
  enum class Sort { kStartup, kReadiness, kLiveness };
  struct Watch {
    Key plugin;
    Target target;
    std::uint64_t serial = 0;  // a look begun under another serial is void
    Seen seen;
    bool started = false;      // the startup probe succeeded, or there is none
    MonoTime since{};
    int quick = 0;             // looks in quick succession so far
    struct Line {
      MonoTime due{};
      bool under_way = false;
      int successes = 0;
      int failures = 0;
    };
    std::map<Sort, Line> lines;
  };
  struct State {
    std::map<std::string, Watch> watches;  // by container
    // When to look where; an entry whose time is not its line's (any more) is void.
    std::multimap<MonoTime, std::pair<std::string, Sort>> schedule;
    std::uint64_t serial = 0;
    bool roused = false;  // something is due earlier than it was
  };
  struct Look {
    std::string container;
    std::string ip;
    std::uint64_t serial = 0;
    Sort sort = Sort::kReadiness;
    Probe probe;
  };
  static const std::optional<Probe>& ProbeOf(const Watch& watch, Sort sort);
  static bool Runs(const Watch& watch, Sort sort);
  Watch Begin(const Key& plugin, Target target, std::uint64_t serial) const;
  static void Plan(State& state, const std::string& container, Sort sort, MonoTime due);
  std::vector<Look> TakeDue();
  void Do(const Look& look);
  bool Learn(State& state, Watch& watch, const Look& look, const Result<void>& result) const;
  void Judge(Watch& watch, const Look& look, const Result<void>& result) const;
  std::chrono::nanoseconds NextIn(Watch& watch, const Look& look) const;

  const ProbeRunner runner_;
  Clock& clock_;
  const std::function<void(const Key&)> wake_;
  mutable Guarded<State> state_;
  std::condition_variable_any changed_;
  Crew crew_;
  std::jthread scheduler_;
};

}  // namespace patchbay::controller

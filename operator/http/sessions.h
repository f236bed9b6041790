// Who is in the house: the open sessions, counted by address, with their deadlines. Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/guarded.h"
#include "http/counters.h"
#include "http/server.h"

namespace patchbay::http {

class Session;

class Sessions {
 public:
  Sessions(const ServerOptions& options, Counters& counters);

  // False when the house is full, the address has its share, or Stop() has begun; the reason is counted.
  bool Admit(const std::string& address);     // "unix" has no share of its own
  void TurnAway(const std::string& address);  // after all
  // Keeps an admitted session until Leave(). False when Stop() has begun in between.
  bool Enter(const std::string& address, std::shared_ptr<Session> session);
  void Leave(const std::string& address, Session* session);
  // Wakes those whose deadline has passed.
  void Sweep(MonoTime now);

  // No one is admitted any more; those within finish what they are at. True when all have left by `deadline`.
  bool Stop(MonoTime deadline);
  // Ends those that are left, at once, and waits until they have.
  void Abort();

 private:
  struct State {
    std::unordered_map<Session*, std::shared_ptr<Session>> open;
    std::unordered_map<std::string, std::size_t> per_address;
    std::size_t admitted = 0;
    bool stopping = false;
  };
  void Forget(State& state, const std::string& address);

  const std::size_t most_;
  const std::size_t most_per_address_;
  Counters& counters_;
  Guarded<State> state_;
  std::condition_variable left_;
};

}  // namespace patchbay::http

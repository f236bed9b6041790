// Things to be done later, on one thread that waits through Clock. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <stop_token>
#include <thread>

#include "base/clock.h"
#include "base/guarded.h"

namespace patchbay::api {

class Timers {
 public:
  explicit Timers(Clock& clock);
  ~Timers();  // Stop()

  // `work` runs on the timer thread, not before `delay`; it must be short. Dropped when stopped.
  void After(std::chrono::milliseconds delay, std::function<void()> work);
  // Ends the thread; what is due later is dropped. Idempotent.
  void Stop();

 private:
  struct State {
    std::multimap<MonoTime, std::function<void()>> due;
    std::stop_source sleep;  // of the sleep under way
    bool stopped = false;
  };
  void Run(const std::stop_token& stop);
  // Runs what is due; the time of the next, and a token that a nearer one will pull.
  std::pair<MonoTime, std::stop_token> Turn();
  Clock& clock_;
  Guarded<State> state_;
  std::jthread thread_;
};

}  // namespace patchbay::api

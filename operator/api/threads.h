// A bounded number of threads for work that may block: log streams, plans, checks. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/guarded.h"

namespace patchbay::api {

class Threads {
 public:
  explicit Threads(int most);
  ~Threads();  // Stop()

  // False when all are busy, or when stopped: `work` was not taken. A thread is started when none is idle.
  bool Run(std::function<void()> work);
  // Waits for the work under way. Idempotent.
  void Stop();

 private:
  struct State {
    std::deque<std::function<void()>> waiting;
    std::vector<std::jthread> threads;
    int idle = 0;
    bool stopped = false;
  };
  void Serve();
  const int most_;
  std::condition_variable wake_;
  Guarded<State> state_;
};

}  // namespace patchbay::api

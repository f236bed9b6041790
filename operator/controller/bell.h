// Wakes one thread that otherwise sleeps until a time. Thread-safe.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "base/clock.h"

namespace patchbay::controller {

class Bell {
 public:
  void Ring() {
    {
      std::lock_guard lock(mutex_);
      rung_ = true;
    }
    changed_.notify_one();
  }
  // Until rung, `deadline`, or `stop`.
  void Wait(Clock& clock, MonoTime deadline, std::stop_token stop) {
    std::unique_lock lock(mutex_);
    const auto wait = std::min<std::chrono::nanoseconds>(deadline - clock.Mono(), std::chrono::seconds(1));
    if (wait.count() > 0) changed_.wait_for(lock, stop, wait, [this] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool rung_ = false;
};

}  // namespace patchbay::controller

// A clock that a test turns by hand. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/clock.h"

namespace patchbay {

class FakeClock : public Clock {
 public:
  explicit FakeClock(WallTime start = WallTime(std::chrono::seconds(1'800'000'000))) : wall_(start) {}

  WallTime Wall() const override {
    std::lock_guard lock(mutex_);
    return wall_;
  }
  MonoTime Mono() const override {
    std::lock_guard lock(mutex_);
    return mono_;
  }
  bool SleepUntil(MonoTime deadline, std::stop_token stop) override {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, stop, [&] { return mono_ >= deadline; });
    return !stop.stop_requested();
  }

  void Advance(std::chrono::nanoseconds by) {
    {
      std::lock_guard lock(mutex_);
      mono_ += std::chrono::duration_cast<MonoTime::duration>(by);
      wall_ += std::chrono::duration_cast<WallTime::duration>(by);
    }
    moved_.notify_all();
  }
  // As when somebody sets the date: durations do not notice.
  void JumpWall(std::chrono::nanoseconds by) {
    std::lock_guard lock(mutex_);
    wall_ += std::chrono::duration_cast<WallTime::duration>(by);
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any moved_;
  WallTime wall_;
  MonoTime mono_{std::chrono::hours(1)};
};

}  // namespace patchbay

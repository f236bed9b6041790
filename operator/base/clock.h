// Time is a guest who knocks: only base/clock.cc may ask the machine for it (tests/checks/banned_words enforces this).
// Wall time is for people and other systems (timestamps); monotonic time is for durations, deadlines and retries.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace patchbay {

using WallTime = std::chrono::system_clock::time_point;
using MonoTime = std::chrono::steady_clock::time_point;

// Seam. Thread-safe. SystemClock is the real one; tests/harness/fake_clock.h is turned by hand.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Wall() const = 0;
  virtual MonoTime Mono() const = 0;
  // Sleeps until `deadline` or until `stop` is requested; false when stopped.
  virtual bool SleepUntil(MonoTime deadline, std::stop_token stop) = 0;

  bool SleepFor(std::chrono::nanoseconds duration, std::stop_token stop) { return SleepUntil(Mono() + duration, stop); }
};

// The process-wide real clock.
Clock& SystemClock();

// "2026-11-21T08:32:00Z" (seconds), as Kubernetes writes metav1.Time.
std::string FormatTime(WallTime time);
// "2026-11-21T08:32:00.123456Z", metav1.MicroTime.
std::string FormatMicroTime(WallTime time);
// RFC 3339 with optional fraction and offset; nothing when malformed.
std::optional<WallTime> ParseTime(std::string_view text);
// kubectl's age column: "5s", "3m2s", "4h", "12d".
std::string FormatAge(std::chrono::seconds age);
// "30s", "1m30s", "250ms", "2h" (Go's duration syntax, non-negative); nothing when malformed.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);

}  // namespace patchbay

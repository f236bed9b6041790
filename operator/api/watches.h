// The verb watch, and all watches that are open. Thread-safe; no thread per watch.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "api/call.h"
#include "api/event_lines.h"
#include "api/options.h"
#include "api/reader.h"
#include "api/timers.h"
#include "api/watch_session.h"
#include "base/random.h"

namespace patchbay::api {

struct WatchLimits {
  std::chrono::milliseconds most_time;  // of a watch that names no timeout
  int most_watches;                     // 429 beyond
};

class Watches : public std::enable_shared_from_this<Watches> {
 public:
  Watches(const Renderer& renderer, const Reader& reader, std::shared_ptr<Timers> timers,
          Clock& clock, Random& random, RequestMeter& meter, WatchLimits limits);

  void Start(const CallPtr& call, const ListOptions& options);
  // Ends all and takes no more.
  void End();
  std::size_t count() const { return open_.Lock()->by_number.size(); }

 private:
  using SessionPtr = std::shared_ptr<WatchSession>;
  struct Watch {
    SessionPtr session;
    std::unique_ptr<cache::WatchHandle> handle;
  };
  struct Open {
    std::unordered_map<std::uint64_t, Watch> by_number;
    std::uint64_t last = 0;
    bool closed = false;
  };
  void StartNow(const CallPtr& call, const ListOptions& options);
  Answer<std::uint64_t> Register(const SessionPtr& session);
  void Subscribe(std::uint64_t number, const SessionPtr& session, const Call& call, const ListOptions& options);
  void Keep(std::uint64_t number, std::unique_ptr<cache::WatchHandle> handle);
  void Drop(std::uint64_t number);
  void DropLater(std::uint64_t number);
  void Schedule(std::uint64_t number, MonoTime end);
  void Tick(std::uint64_t number, MonoTime end);
  std::chrono::milliseconds Duration(const ListOptions& options);
  const Reader& reader_;
  const std::shared_ptr<Timers> timers_;
  Clock& clock_;
  Random& random_;
  RequestMeter& meter_;
  const WatchLimits limits_;
  EventLines lines_;
  mutable Guarded<Open> open_;
};

}  // namespace patchbay::api

// The queue of keys. A key waits at most once; while it is being worked on, new wishes for it are remembered and it
// comes again when done (client-go's dirty and processing sets, util/workqueue/queue.go). A key may be added for later;
// the earliest time wins. Per-key exponential backoff. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <optional>
#include <stop_token>
#include <unordered_map>
#include <unordered_set>

#include "base/clock.h"
#include "base/meter.h"
#include "base/random.h"
#include "object/key.h"

namespace patchbay::controller {

class WorkQueue {
 public:
  struct Backoff {
    std::chrono::milliseconds first{200};
    std::chrono::milliseconds most{60'000};
  };
  WorkQueue(Clock& clock, Random& random, Meter& meter, Backoff backoff);
  WorkQueue(Clock& clock, Random& random, Meter& meter) : WorkQueue(clock, random, meter, Backoff()) {}

  void Add(const Key& key);
  void AddAfter(const Key& key, std::chrono::milliseconds delay);
  // After this key's backoff, which grows with every call until Forget().
  void AddFailed(const Key& key);
  void Forget(const Key& key);
  int failures(const Key& key) const;

  // A key to work on, oldest first; Done() must follow. Take waits until there is one or `stop`; TryTake does not wait.
  std::optional<Key> Take(std::stop_token stop);
  std::optional<Key> TryTake();
  void Done(const Key& key);

  std::size_t depth() const;                    // waiting now, without those for later
  std::optional<MonoTime> next_due() const;     // of those for later
  // Sets the gauges: depth, and the age of the oldest waiting key.
  void Report();

 private:
  struct State {
    std::deque<Key> order;
    std::unordered_map<Key, MonoTime> waiting;  // dirty and not being worked on: since when
    std::unordered_set<Key> processing;
    std::unordered_set<Key> again;              // dirty while being worked on
    std::unordered_map<Key, MonoTime> later;
    std::multimap<MonoTime, Key> due;
    std::unordered_map<Key, int> failures;
  };
  void AddNow(State& state, const Key& key);
  void Promote(State& state);
  std::optional<Key> Pop(State& state);

  Clock& clock_;
  Random& random_;
  const Backoff backoff_;
  Gauge& depth_;
  Gauge& oldest_;
  std::condition_variable_any changed_;
  mutable std::mutex mutex_;
  State state_;
};

}  // namespace patchbay::controller

// Brings steps to watchers, in the order in which they were pushed, one call at a time, with no lock held. Who watches
// what is known only to the one thread that delivers; everything else reaches it through the queue, so that a watcher's
// first step follows exactly the state it subscribed at. The thread tells many watchers less often and more at a time:
// what one commit costs to send to each of them is paid once for several.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/meter.h"
#include "cache/cache.h"

namespace patchbay::cache {

class Subscription;
using SubscriptionPtr = std::shared_ptr<Subscription>;

// Thread-safe. Push from under the cache's lock (that makes the order), Pump after it was given back.
class FanOut {
 public:
  FanOut(Clock& clock, Meter& meter);
  ~FanOut();

  // A thread of its own from now on. Without one, Pump delivers on the caller's thread, unless another is at it.
  void Start();
  void Stop();
  // Ends all subscriptions; when it returns no call is under way or will be.
  void Close();

  // `since`: when the steps were committed, for the lag.
  void PushSteps(std::vector<StepPtr> steps, MonoTime since);
  void PushProgress(Revision revision);
  void PushExpired();
  // The watcher gets what is pushed from now on; kept back until Release, which sends `replay` first.
  SubscriptionPtr Add(std::string_view resource, std::shared_ptr<Watcher> watcher);
  void Release(const SubscriptionPtr& subscription, std::vector<StepPtr> replay);
  void Remove(const SubscriptionPtr& subscription);
  void Pump();

  bool watched() const { return watchers_ > 0; }

 private:
  struct Item {
    enum class Kind { kSteps, kProgress, kExpired, kAdd, kRelease, kRemove } kind;
    std::vector<StepPtr> steps = {};
    MonoTime since = {};
    Revision revision = 0;
    SubscriptionPtr subscription = nullptr;
  };
  struct Queue {
    std::deque<Item> items;
    bool delivering = false;
    bool threaded = false;
    bool closed = false;
  };
  using Subscriptions = std::vector<SubscriptionPtr>;

  void Push(Item item);
  void Run(std::stop_token stop);
  // Until nothing waits; with `pacing`, a pause lies between two rounds while there are many watchers.
  void Deliver(const std::stop_token* pacing = nullptr);
  void Pause(MonoTime since, const std::stop_token& stop);
  static void JoinSteps(std::deque<Item>& items);
  void Do(Item& item);
  void SendSteps(const std::vector<StepPtr>& steps);
  void Join(const SubscriptionPtr& subscription);
  void Leave(const SubscriptionPtr& subscription);
  void ForAll(const std::function<void(Watcher&)>& call);

  Clock& clock_;
  Gauge& watchers_gauge_;
  Histogram& lag_;
  std::atomic<int> watchers_{0};
  Guarded<Queue> queue_;
  std::condition_variable_any changed_;
  std::map<std::string, Subscriptions, std::less<>> subscriptions_;  // only while delivering
  std::jthread thread_;
};

// One watcher's place. Thread-safe.
class Subscription {
 public:
  Subscription(std::string resource, std::shared_ptr<Watcher> watcher);

  // Ends it: waits for a call under way on another thread. When it returns, no call will come.
  void Close();
  bool closed() const { return closed_; }

 private:
  friend class FanOut;
  struct State {
    std::shared_ptr<Watcher> watcher;
    bool calling = false;
    std::thread::id caller;
  };
  // Not at all when closed.
  void Call(const std::function<void(Watcher&)>& call);
  void Send(const std::vector<StepPtr>& steps);

  const std::string resource_;
  std::atomic<bool> closed_{false};
  Guarded<State> state_;
  std::condition_variable idle_;
  // Only the delivering thread:
  bool holding_ = true;
  std::vector<StepPtr> held_;
  bool held_expired_ = false;
  std::size_t index_ = 0;  // in its list
};

}  // namespace patchbay::cache

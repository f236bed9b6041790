#include "cache/fan_out.h"

#include <algorithm>

namespace patchbay::cache {

namespace {

constexpr int kFew = 128;  // watchers who are told at once
// A write to a socket takes about 5 us: a round may take a quarter of the time between two.
constexpr std::chrono::microseconds kPauseForEach{20};
constexpr std::chrono::microseconds kLongestPause{50'000};

}  // namespace

FanOut::FanOut(Clock& clock, Meter& meter)
    : clock_(clock),
      watchers_gauge_(meter.AddGauge("patchbay_cache_watchers", "Watches open on the cache.")),
      lag_(meter.AddHistogram("patchbay_cache_watch_lag_seconds",
                              "From a commit (or from reading it) to the end of its delivery to all watchers.")) {}

FanOut::~FanOut() { Close(); }

void FanOut::Start() {
  {
    auto queue = queue_.Lock();
    if (queue->threaded || queue->closed) return;
    queue->threaded = true;
  }
  thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

void FanOut::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  queue_.Lock()->threaded = false;
  Pump();
}

void FanOut::Close() {
  Stop();
  if (std::exchange(queue_.Lock()->closed, true)) return;
  Subscriptions open;
  {
    auto queue = queue_.Lock();
    changed_.wait(queue.lock(), [&] { return !queue->delivering; });
    queue->delivering = true;  // for ever: nobody else looks at the lists now
    for (Item& item : queue->items)
      if (item.subscription) open.push_back(item.subscription);
    queue->items.clear();
  }
  for (auto& [resource, list] : subscriptions_) open.insert(open.end(), list.begin(), list.end());
  subscriptions_.clear();
  for (const SubscriptionPtr& subscription : open) subscription->Close();
}

void FanOut::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    {
      auto queue = queue_.Lock();
      changed_.wait(queue.lock(), stop, [&] { return !queue->items.empty() && !queue->delivering; });
    }
    Deliver(&stop);
  }
}

void FanOut::Pause(MonoTime since, const std::stop_token& stop) {
  const int watchers = watchers_;
  if (watchers > kFew) clock_.SleepUntil(since + std::min(kLongestPause, watchers * kPauseForEach), stop);
}

void FanOut::JoinSteps(std::deque<Item>& items) {
  std::deque<Item> joined;
  for (Item& item : items) {
    if (item.kind == Item::Kind::kSteps && !joined.empty() && joined.back().kind == Item::Kind::kSteps) {
      auto& steps = joined.back().steps;
      steps.insert(steps.end(), item.steps.begin(), item.steps.end());
    } else {
      joined.push_back(std::move(item));
    }
  }
  items.swap(joined);
}

void FanOut::Push(Item item) {
  auto queue = queue_.Lock();
  if (queue->closed) return;
  queue->items.push_back(std::move(item));
  changed_.notify_all();
}

void FanOut::Pump() {
  if (!queue_.Lock()->threaded) Deliver();
}

void FanOut::Deliver(const std::stop_token* pacing) {
  std::deque<Item> items;
  bool first = true;
  for (;;) {
    const MonoTime begun = clock_.Mono();
    {
      auto queue = queue_.Lock();
      if (first && queue->delivering) return;  // whoever is at it takes ours too
      first = false;
      queue->delivering = !queue->items.empty();
      if (!queue->delivering) {
        changed_.notify_all();
        return;
      }
      items.swap(queue->items);
    }
    JoinSteps(items);
    for (Item& item : items) Do(item);
    items.clear();
    if (pacing != nullptr) Pause(begun, *pacing);
  }
}

void FanOut::Do(Item& item) {
  switch (item.kind) {
    case Item::Kind::kSteps:
      SendSteps(item.steps);
      lag_.Observe(std::chrono::duration<double>(clock_.Mono() - item.since).count());
      return;
    case Item::Kind::kProgress:
      return ForAll([&](Watcher& watcher) { watcher.OnProgress(item.revision); });
    case Item::Kind::kExpired:
      for (auto& [resource, list] : subscriptions_)
        for (const SubscriptionPtr& subscription : list) subscription->held_expired_ |= subscription->holding_;
      return ForAll([](Watcher& watcher) { watcher.OnExpired(); });
    case Item::Kind::kAdd:
      return Join(item.subscription);
    case Item::Kind::kRelease: {
      Subscription& subscription = *item.subscription;
      subscription.holding_ = false;
      subscription.Send(item.steps);
      subscription.Send(std::exchange(subscription.held_, {}));
      if (subscription.held_expired_) subscription.Call([](Watcher& watcher) { watcher.OnExpired(); });
      return;
    }
    case Item::Kind::kRemove:
      return Leave(item.subscription);
  }
}

void FanOut::SendSteps(const std::vector<StepPtr>& steps) {
  std::map<std::string_view, std::vector<StepPtr>> by_resource;
  for (const StepPtr& step : steps)
    if (subscriptions_.contains(step->key.resource)) by_resource[step->key.resource].push_back(step);
  if (subscriptions_.contains("")) by_resource[""] = steps;
  for (const auto& [resource, of_resource] : by_resource) {
    for (const SubscriptionPtr& subscription : subscriptions_.find(resource)->second) {
      if (subscription->holding_) {
        subscription->held_.insert(subscription->held_.end(), of_resource.begin(), of_resource.end());
      } else {
        subscription->Send(of_resource);
      }
    }
  }
}

void FanOut::ForAll(const std::function<void(Watcher&)>& call) {
  for (auto& [resource, list] : subscriptions_)
    for (const SubscriptionPtr& subscription : list)
      if (!subscription->holding_) subscription->Call(call);
}

void FanOut::Join(const SubscriptionPtr& subscription) {
  Subscriptions& list = subscriptions_[subscription->resource_];
  subscription->index_ = list.size();
  list.push_back(subscription);
}

void FanOut::Leave(const SubscriptionPtr& subscription) {
  const auto found = subscriptions_.find(subscription->resource_);
  if (found == subscriptions_.end()) return;
  Subscriptions& list = found->second;
  list.back()->index_ = subscription->index_;
  std::swap(list[subscription->index_], list.back());
  list.pop_back();
  if (list.empty()) subscriptions_.erase(found);
}

void FanOut::PushSteps(std::vector<StepPtr> steps, MonoTime since) {
  Push({.kind = Item::Kind::kSteps, .steps = std::move(steps), .since = since});
}
void FanOut::PushProgress(Revision revision) { Push({.kind = Item::Kind::kProgress, .revision = revision}); }
void FanOut::PushExpired() { Push({.kind = Item::Kind::kExpired}); }

SubscriptionPtr FanOut::Add(std::string_view resource, std::shared_ptr<Watcher> watcher) {
  auto subscription = std::make_shared<Subscription>(std::string(resource), std::move(watcher));
  watchers_gauge_.Set(++watchers_);
  Push({.kind = Item::Kind::kAdd, .subscription = subscription});
  return subscription;
}
void FanOut::Release(const SubscriptionPtr& subscription, std::vector<StepPtr> replay) {
  Push({.kind = Item::Kind::kRelease, .steps = std::move(replay), .subscription = subscription});
}
void FanOut::Remove(const SubscriptionPtr& subscription) {
  watchers_gauge_.Set(--watchers_);
  Push({.kind = Item::Kind::kRemove, .subscription = subscription});
}

}  // namespace patchbay::cache

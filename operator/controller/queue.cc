#include "controller/queue.h"

#include <algorithm>

namespace patchbay::controller {

using std::chrono::milliseconds;

WorkQueue::WorkQueue(Clock& clock, Random& random, Meter& meter, Backoff backoff)
    : clock_(clock),
      random_(random),
      backoff_(backoff),
      depth_(meter.AddGauge("patchbay_controller_queue_depth", "Keys waiting for a worker.")),
      oldest_(meter.AddGauge("patchbay_controller_queue_oldest_seconds", "Age of the key that waits longest.")) {}

void WorkQueue::Add(const Key& key) {
  {
    std::lock_guard lock(mutex_);
    AddNow(state_, key);
  }
  changed_.notify_one();
}

void WorkQueue::AddNow(State& state, const Key& key) {
  if (state.waiting.contains(key)) return;
  if (state.processing.contains(key)) {
    state.again.insert(key);
    return;
  }
  state.waiting.emplace(key, clock_.Mono());
  state.order.push_back(key);
}

void WorkQueue::AddAfter(const Key& key, milliseconds delay) {
  if (delay <= milliseconds(0)) return Add(key);
  const MonoTime at = clock_.Mono() + delay;
  {
    std::lock_guard lock(mutex_);
    auto [place, fresh] = state_.later.try_emplace(key, at);
    if (!fresh) {
      if (place->second <= at) return;
      place->second = at;
    }
    state_.due.emplace(at, key);
  }
  changed_.notify_one();
}

void WorkQueue::AddFailed(const Key& key) {
  int attempt = 0;
  {
    std::lock_guard lock(mutex_);
    attempt = state_.failures[key]++;
  }
  AddAfter(key, random_.Backoff(attempt, backoff_.first, backoff_.most));
}

void WorkQueue::Forget(const Key& key) {
  std::lock_guard lock(mutex_);
  state_.failures.erase(key);
}

int WorkQueue::failures(const Key& key) const {
  std::lock_guard lock(mutex_);
  const auto found = state_.failures.find(key);
  return found == state_.failures.end() ? 0 : found->second;
}

// A later, earlier-time duplicate leaves its first entry in `due`; `later` says which one counts.
void WorkQueue::Promote(State& state) {
  const MonoTime now = clock_.Mono();
  while (!state.due.empty() && state.due.begin()->first <= now) {
    const auto [at, key] = *state.due.begin();
    state.due.erase(state.due.begin());
    const auto found = state.later.find(key);
    if (found == state.later.end() || found->second != at) continue;
    state.later.erase(found);
    AddNow(state, key);
  }
}

std::optional<Key> WorkQueue::Pop(State& state) {
  Promote(state);
  if (state.order.empty()) return std::nullopt;
  Key key = std::move(state.order.front());
  state.order.pop_front();
  state.waiting.erase(key);
  state.processing.insert(key);
  return key;
}

std::optional<Key> WorkQueue::TryTake() {
  std::lock_guard lock(mutex_);
  return Pop(state_);
}

std::optional<Key> WorkQueue::Take(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (auto key = Pop(state_)) return key;
    auto wait = std::chrono::duration_cast<std::chrono::nanoseconds>(milliseconds(1'000));
    if (!state_.due.empty()) wait = std::min<std::chrono::nanoseconds>(wait, state_.due.begin()->first - clock_.Mono());
    if (wait.count() > 0) changed_.wait_for(lock, stop, wait, [this] { return !state_.order.empty(); });
  }
  return std::nullopt;
}

void WorkQueue::Done(const Key& key) {
  {
    std::lock_guard lock(mutex_);
    state_.processing.erase(key);
    if (state_.again.erase(key) == 0) return;
    AddNow(state_, key);
  }
  changed_.notify_one();
}

std::size_t WorkQueue::depth() const {
  std::lock_guard lock(mutex_);
  return state_.order.size();
}

std::optional<MonoTime> WorkQueue::next_due() const {
  std::lock_guard lock(mutex_);
  if (state_.due.empty()) return std::nullopt;
  return state_.due.begin()->first;
}

void WorkQueue::Report() {
  double depth = 0;
  double oldest = 0;
  {
    std::lock_guard lock(mutex_);
    depth = static_cast<double>(state_.order.size());
    if (!state_.order.empty())
      oldest = std::chrono::duration<double>(clock_.Mono() - state_.waiting.at(state_.order.front())).count();
  }
  depth_.Set(depth);
  oldest_.Set(oldest);
}

}  // namespace patchbay::controller

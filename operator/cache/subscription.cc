#include "cache/fan_out.h"

namespace patchbay::cache {

Subscription::Subscription(std::string resource, std::shared_ptr<Watcher> watcher) : resource_(std::move(resource)) {
  state_.Lock()->watcher = std::move(watcher);
}

void Subscription::Close() {
  closed_ = true;
  std::shared_ptr<Watcher> last;  // dies after the lock
  auto state = state_.Lock();
  if (state->calling && state->caller == std::this_thread::get_id()) return;
  idle_.wait(state.lock(), [&] { return !state->calling; });
  last = std::move(state->watcher);
  state.lock().unlock();
}

void Subscription::Call(const std::function<void(Watcher&)>& call) {
  Watcher* watcher = nullptr;
  {
    auto state = state_.Lock();
    if (closed_ || !state->watcher) return;
    state->calling = true;
    state->caller = std::this_thread::get_id();
    watcher = state->watcher.get();
  }
  call(*watcher);
  std::shared_ptr<Watcher> last;
  {
    auto state = state_.Lock();
    state->calling = false;
    if (closed_) last = std::move(state->watcher);
    idle_.notify_all();
  }
}

void Subscription::Send(const std::vector<StepPtr>& steps) {
  if (steps.empty()) return;
  Call([&](Watcher& watcher) {
    if (watcher.OnSteps(steps)) return;
    for (const StepPtr& step : steps) {
      if (closed_) return;
      watcher.OnStep(step);
    }
  });
}

}  // namespace patchbay::cache

#include "api/timers.h"

#include <utility>
#include <vector>

namespace patchbay::api {

Timers::Timers(Clock& clock) : clock_(clock), thread_([this](const std::stop_token& stop) { Run(stop); }) {}

Timers::~Timers() { Stop(); }

void Timers::After(std::chrono::milliseconds delay, std::function<void()> work) {
  const MonoTime when = clock_.Mono() + delay;
  auto state = state_.Lock();
  if (state->stopped) return;
  const bool nearest = state->due.empty() || when < state->due.begin()->first;
  state->due.emplace(when, std::move(work));
  if (!nearest) return;
  // Whoever sleeps on the old token wakes and looks again. Asked outside the lock: callbacks run in the asking thread.
  std::stop_source sleep = std::exchange(state->sleep, std::stop_source());
  state.lock().unlock();
  sleep.request_stop();
}

void Timers::Stop() {
  std::multimap<MonoTime, std::function<void()>> dropped;
  std::stop_source sleep;
  {
    auto state = state_.Lock();
    state->stopped = true;
    dropped.swap(state->due);
    sleep = state->sleep;
  }
  thread_.request_stop();
  sleep.request_stop();
  if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
}

std::pair<MonoTime, std::stop_token> Timers::Turn() {
  for (;;) {
    const MonoTime now = clock_.Mono();
    std::vector<std::function<void()>> ready;
    {
      auto state = state_.Lock();
      while (!state->due.empty() && state->due.begin()->first <= now) {
        ready.push_back(std::move(state->due.begin()->second));
        state->due.erase(state->due.begin());
      }
      if (ready.empty()) {
        const MonoTime next = state->due.empty() ? now + std::chrono::hours(1) : state->due.begin()->first;
        return {next, state->sleep.get_token()};
      }
    }
    for (auto& work : ready) work();
  }
}

void Timers::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto [next, token] = Turn();
    if (stop.stop_requested()) return;
    clock_.SleepUntil(next, token);
  }
}

}  // namespace patchbay::api

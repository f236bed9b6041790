#include "api/threads.h"

#include <utility>

namespace patchbay::api {

Threads::Threads(int most) : most_(most) {}

Threads::~Threads() { Stop(); }

bool Threads::Run(std::function<void()> work) {
  auto state = state_.Lock();
  if (state->stopped) return false;
  const bool has_idle = state->idle > static_cast<int>(state->waiting.size());
  if (!has_idle && static_cast<int>(state->threads.size()) >= most_) return false;
  state->waiting.push_back(std::move(work));
  if (!has_idle) state->threads.emplace_back([this] { Serve(); });
  wake_.notify_one();
  return true;
}

void Threads::Serve() {
  for (;;) {
    std::function<void()> work;
    {
      auto state = state_.Lock();
      ++state->idle;
      wake_.wait(state.lock(), [&] { return state->stopped || !state->waiting.empty(); });
      --state->idle;
      if (state->waiting.empty()) return;
      work = std::move(state->waiting.front());
      state->waiting.pop_front();
    }
    work();
  }
}

void Threads::Stop() {
  std::vector<std::jthread> threads;
  {
    auto state = state_.Lock();
    state->stopped = true;
    threads.swap(state->threads);
  }
  wake_.notify_all();
}  // joins

}  // namespace patchbay::api

// A few threads that lend a hand. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace patchbay::controller {

class Crew {
 public:
  Crew() = default;
  ~Crew() { Stop(); }
  // 0: no threads; Run does everything on the caller's, Post keeps the task for Turn.
  void Start(int threads);
  void Stop();  // tasks under way end first, those still waiting are dropped

  // All of `tasks`, at once as far as there are free threads; the caller works too. Returns when all have ended.
  void Run(std::vector<std::function<void()>> tasks);
  // Some time, on one of the threads.
  void Post(std::function<void()> task);
  // Does one posted task on the caller's thread; false when there is none.
  bool Turn();
  int waiting() const;

 private:
  void Work(std::stop_token stop);

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> tasks_;
  bool stopped_ = false;
  std::vector<std::jthread> threads_;
};

}  // namespace patchbay::controller

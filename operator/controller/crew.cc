#include "controller/crew.h"

#include <atomic>
#include <memory>
#include <utility>

namespace patchbay::controller {
namespace {

// Tasks of one Run: whoever comes takes the next one; late comers find nothing.
struct Batch {
  explicit Batch(std::vector<std::function<void()>> all) : tasks(std::move(all)), left(tasks.size()) {}

  void Work() {
    for (std::size_t mine = next++; mine < tasks.size(); mine = next++) {
      tasks[mine]();
      std::lock_guard lock(mutex);
      if (--left == 0) done.notify_all();
    }
  }
  void Wait() {
    std::unique_lock lock(mutex);
    done.wait(lock, [this] { return left == 0; });
  }

  std::vector<std::function<void()>> tasks;
  std::atomic<std::size_t> next = 0;
  std::size_t left;
  std::mutex mutex;
  std::condition_variable done;
};

}  // namespace

void Crew::Start(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this](std::stop_token stop) { Work(stop); });
}

void Crew::Stop() {
  {
    std::lock_guard lock(mutex_);
    tasks_.clear();
    stopped_ = true;
  }
  threads_.clear();
}

void Crew::Run(std::vector<std::function<void()>> tasks) {
  if (tasks.empty()) return;
  auto batch = std::make_shared<Batch>(std::move(tasks));
  if (!threads_.empty())
    for (std::size_t i = 1; i < batch->tasks.size(); ++i) Post([batch] { batch->Work(); });
  batch->Work();
  batch->Wait();
}

void Crew::Post(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

bool Crew::Turn() {
  std::function<void()> task;
  {
    std::lock_guard lock(mutex_);
    if (tasks_.empty()) return false;
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  task();
  return true;
}

int Crew::waiting() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(tasks_.size());
}

void Crew::Work(std::stop_token stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      if (!changed_.wait(lock, stop, [this] { return !tasks_.empty(); })) return;
    }
    Turn();
  }
}

}  // namespace patchbay::controller

// One watch or log stream of FakeRuntime: what is queued is delivered in order by whoever pumps, without a lock held.
// Cancelling waits for a delivery under way, unless it is the delivery that cancels. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "driver/runtime/runtime.h"

namespace patchbay::driver {

class FakeStream {
 public:
  // Delivers one thing; false ends the stream.
  using Delivery = std::function<bool()>;

  FakeStream(std::string id, std::function<void(Result<void>)> on_end)
      : container_id(std::move(id)), on_end_(std::move(on_end)) {}

  const std::string container_id;  // "" for a watch of events
  // Set before it is shared.
  bool timestamps = false;
  std::function<bool(bool, std::string_view)> on_line;
  std::function<void(const RuntimeEvent&)> on_event;

  void Queue(Delivery delivery) {
    std::lock_guard lock(mutex_);
    if (!closing_) queue_.push_back(std::move(delivery));
  }
  void QueueEnd(Result<void> end) {
    std::lock_guard lock(mutex_);
    if (closing_) return;
    queue_.push_back([] { return false; });
    end_ = std::move(end);
    closing_ = true;
  }
  void Pump() {
    std::unique_lock lock(mutex_);
    if (pumping_) return;
    pumping_ = true;
    pumper_ = std::this_thread::get_id();
    while (!over_ && !queue_.empty()) {
      const Delivery next = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      const bool more = next();
      lock.lock();
      if (!more && !over_) Finish(lock);
    }
    pumping_ = false;
    idle_.notify_all();
  }
  void Cancel() {
    std::unique_lock lock(mutex_);
    over_ = closing_ = true;
    idle_.wait(lock, [&] { return !pumping_ || pumper_ == std::this_thread::get_id(); });
  }

 private:
  void Finish(std::unique_lock<std::mutex>& lock) {
    over_ = closing_ = true;
    lock.unlock();
    on_end_(std::move(end_));
    lock.lock();
  }

  std::mutex mutex_;
  std::condition_variable idle_;
  std::deque<Delivery> queue_;
  std::function<void(Result<void>)> on_end_;
  Result<void> end_;
  bool pumping_ = false;
  bool closing_ = false;  // takes nothing more
  bool over_ = false;     // delivers nothing more
  std::thread::id pumper_;
};

// What the caller of Logs or Watch holds.
class FakeStreamOwner : public RuntimeStream {
 public:
  explicit FakeStreamOwner(std::shared_ptr<FakeStream> stream) : stream_(std::move(stream)) {}
  ~FakeStreamOwner() override { stream_->Cancel(); }

 private:
  std::shared_ptr<FakeStream> stream_;
};

}  // namespace patchbay::driver

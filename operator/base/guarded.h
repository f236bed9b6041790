// Guarded<T> gives its T only while the lock is held: `auto s = state_.Lock(); s->count++;`
// Never call a seam, a callback or a log while holding one.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace patchbay {

template <class T>
class Guarded {
 public:
  class Locked {
   public:
    T& operator*() const { return *value_; }
    T* operator->() const { return value_; }
    // For std::condition_variable(_any)::wait.
    std::unique_lock<std::mutex>& lock() { return lock_; }

   private:
    friend class Guarded;
    Locked(std::mutex& mutex, T& value) : lock_(mutex), value_(&value) {}
    std::unique_lock<std::mutex> lock_;
    T* value_;
  };

  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  [[nodiscard]] Locked Lock() { return Locked(mutex_, value_); }
  // A copy taken under the lock.
  T Copy() const {
    std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace patchbay

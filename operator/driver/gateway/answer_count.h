// What an upstream has answered so far: how many, how many of them wrong, and how fast. A value; adds and subtracts.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace patchbay::driver {

class AnswerCount {
 public:
  // `failed`: a status of 500 and more, or no answer at all.
  void Add(bool failed, std::chrono::nanoseconds took) {
    ++requests_;
    failed_ += failed ? 1 : 0;
    ++by_time_[BucketOf(took)];
  }

  std::int64_t requests() const { return requests_; }
  std::int64_t failed() const { return failed_; }
  // That took longer than `limit`, as far as the buckets tell (each 30 % wider than the one before, from 1 ms to about
  // 36 s): none that did not.
  std::int64_t CountSlower(std::chrono::nanoseconds limit) const {
    std::int64_t slower = 0;
    for (std::size_t i = BucketOf(limit) + 1; i < kBuckets; ++i) slower += by_time_[i];
    return slower;
  }

  AnswerCount& operator+=(const AnswerCount& other) { return Combine(other, 1); }
  AnswerCount& operator-=(const AnswerCount& other) { return Combine(other, -1); }
  friend bool operator==(const AnswerCount&, const AnswerCount&) = default;

 private:
  static constexpr std::size_t kBuckets = 42;
  static std::size_t BucketOf(std::chrono::nanoseconds took) {
    const double ms = std::chrono::duration<double, std::milli>(took).count();
    if (ms <= 1) return 0;
    return std::min(kBuckets - 1, static_cast<std::size_t>(std::ceil(std::log(ms) / std::log(1.3))));
  }
  AnswerCount& Combine(const AnswerCount& other, std::int64_t sign) {
    requests_ += sign * other.requests_;
    failed_ += sign * other.failed_;
    for (std::size_t i = 0; i < kBuckets; ++i) by_time_[i] += sign * other.by_time_[i];
    return *this;
  }

  std::int64_t requests_ = 0;
  std::int64_t failed_ = 0;
  std::array<std::int64_t, kBuckets> by_time_{};
};

}  // namespace patchbay::driver

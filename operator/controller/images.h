// Pulls images: one pull per image at once, with a backoff per image that honours what the registry asks for.
// Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/random.h"
#include "controller/crew.h"
#include "controller/metrics.h"
#include "driver/runtime/runtime.h"
#include "object/key.h"

namespace patchbay::controller {

class Images {
 public:
  // `wake`: a pull that this key waited for has ended.
  Images(driver::Runtime& runtime, Clock& clock, Random& random, Metrics& metrics,
         std::function<void(const Key&)> wake)
      : runtime_(runtime), clock_(clock), random_(random), metrics_(metrics), wake_(std::move(wake)) {}

  void Start(int threads) { crew_.Start(threads); }
  void Stop() { crew_.Stop(); }
  bool Turn() { return crew_.Turn(); }

  struct State {
    enum class What { kPulled, kPulling, kBackoff } what = What::kPulling;
    std::optional<Error> error;  // of the last pull, when that failed
    std::optional<WallTime> next;
    std::chrono::milliseconds wait{0};
  };
  // Pulls unless a pull that ended after `since` succeeded. `waiter` is woken when it ends.
  State Want(const std::string& image, MonoTime since, const Key& waiter);

 private:
  struct Entry {
    bool pulling = false;
    std::optional<MonoTime> pulled;
    std::optional<Error> error;
    int failures = 0;
    MonoTime next{};
    WallTime next_wall{};
    std::set<Key> waiters;
  };
  void Pull(const std::string& image);

  driver::Runtime& runtime_;
  Clock& clock_;
  Random& random_;
  Metrics& metrics_;
  const std::function<void(const Key&)> wake_;
  Guarded<std::map<std::string, Entry>> entries_;
  Crew crew_;
};

}  // namespace patchbay::controller

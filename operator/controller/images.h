// Pulls images: one pull per image and login at once, with a backoff for each, and none from a registry that asked to
// be left alone for a while. Thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

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
  using Logins = std::vector<driver::RegistryLogin>;

  // `wake`: a pull that this key waited for has ended. `before_pull`: this image is about to be asked for.
  Images(driver::Runtime& runtime, Clock& clock, Random& random, Metrics& metrics,
         std::function<void(const Key&)> wake, std::function<void(const std::string& image)> before_pull)
      : runtime_(runtime), clock_(clock), random_(random), metrics_(metrics), wake_(std::move(wake)),
        before_pull_(std::move(before_pull)) {}

  void Start(int threads) { crew_.Start(threads); }
  void Stop() { crew_.Stop(); }
  bool Turn() { return crew_.Turn(); }

  struct State {
    enum class What { kPulled, kPulling, kBackoff } what = What::kPulling;
    std::optional<Error> error;  // of the last pull, when that failed
    std::optional<WallTime> next;
    std::chrono::milliseconds wait{0};
  };
  // Pulls unless a pull that ended after `since` succeeded. `waiter` is woken when it ends. The logins are tried in
  // turn while the registry refuses; other logins than last time are tried at once. None: as nobody.
  State Want(const std::string& image, const Logins& logins, MonoTime since, const Key& waiter);

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
  // A registry that answered 429 to somebody: whom, and until when nothing is asked as that one.
  struct Pause {
    MonoTime until{};
    WallTime until_wall{};
    std::string why;
  };
  struct Known {
    std::map<std::string, Entry> entries;  // by image and logins
    std::map<std::string, Pause> pauses;   // by registry and logins
  };
  struct Wish {
    std::string image;
    Logins logins;
    std::string entry;  // its place in Known
    std::string pause;
  };
  static Wish MakeWish(const std::string& image, const Logins& logins);
  void Pull(const Wish& wish);
  Result<void> Ask(const Wish& wish);
  void NoteFailure(const Wish& wish, const Error& error, Known& known);

  driver::Runtime& runtime_;
  Clock& clock_;
  Random& random_;
  Metrics& metrics_;
  const std::function<void(const Key&)> wake_;
  const std::function<void(const std::string&)> before_pull_;
  Guarded<Known> known_;
  Crew crew_;
};

}  // namespace patchbay::controller

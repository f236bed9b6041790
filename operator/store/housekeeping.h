// What keeps the tables flat: old changes, old deliveries and old Events go, a bounded step at a time. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "store/pg_store.h"
#include "store/pool.h"
#include "store/store.h"

namespace patchbay::store {

struct HousekeepingOptions {
  std::chrono::milliseconds interval{10'000};
  std::int64_t changes_kept = 100'000;  // newest revisions
  std::chrono::seconds changes_age{24 * 3600};
  std::chrono::seconds deliveries_age{7 * 24 * 3600};  // since they were settled
  std::chrono::seconds events_age{3600};               // Kubernetes' own default
  std::int64_t events_kept = 20'000;                   // the newest: whatever fails again and again fills no disk
  int step = 250;                                      // rows at once: commits wait for a step to end
};

// One step of each: counts below options.step mean that nothing is left of it. `gone` is called for each expired Event
// (found in swept.events) when its deletion is committed (true) or not; a copy of it outlives this call.
Result<Swept> SweepStep(
    Pool& pool, Store& store, const HousekeepingOptions& options, const std::function<void(bool)>& gone = [](bool) {});

}  // namespace patchbay::store

// What keeps the tables flat: old changes, old deliveries and old Events go, a bounded step at a time. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>

#include "store/pool.h"
#include "store/store.h"

namespace patchbay::store {

struct HousekeepingOptions {
  std::chrono::milliseconds interval{10'000};
  std::int64_t changes_kept = 100'000;     // newest revisions
  std::chrono::seconds changes_age{24 * 3600};
  std::chrono::seconds deliveries_age{7 * 24 * 3600};  // since they were settled
  std::chrono::seconds events_age{3600};   // Kubernetes' own default
  int step = 1'000;                        // rows at once
};

struct Swept {
  std::int64_t changes = 0;
  std::int64_t deliveries = 0;
  std::int64_t queues = 0;
  std::int64_t events = 0;
};

// One step of each: counts below options.step mean that nothing is left of it. Does not wait for Events to go.
Result<Swept> SweepStep(Pool& pool, Store& store, const HousekeepingOptions& options);
// The units that delete expired Events, at most `options.step`, through the normal commit so that watchers see them go.
Result<std::vector<Unit>> FindExpiredEvents(Pool& pool, const HousekeepingOptions& options);

}  // namespace patchbay::store

// How the world stands against the wish, from the cache: kept up to date by its steps, cheap to read.
//   patchbay_objects{kind,state}                 state: ready, progressing, stalled, disabled, deleting
//   patchbay_plugin_replicas{state}              state: desired, ready; over all plugins
//   patchbay_plugin_desired_replicas{namespace,plugin}, patchbay_plugin_ready_replicas{namespace,plugin}
//     while there are at most kMostPlugins plugins; with more, only the sums.
//   patchbay_drift_fields{kind}                  fields of status.drift, over all objects
//   patchbay_drift_oldest_seconds{kind}          for how long the oldest of them has been seen; 0 when there is none
#pragma once

#include <memory>
#include <vector>

#include "base/clock.h"
#include "cache/cache.h"
#include "telemetry/prometheus_meter.h"

namespace patchbay::telemetry {

// Thread-safe.
class WorldGauges {
 public:
  static constexpr std::size_t kMostPlugins = 500;

  // Watches the cache (before or after its first load) until destroyed.
  explicit WorldGauges(cache::Cache& cache, Clock& clock = SystemClock());
  ~WorldGauges();
  WorldGauges(const WorldGauges&) = delete;
  WorldGauges& operator=(const WorldGauges&) = delete;

  // For PrometheusMeter::AddCollector. May outlive this; then it tells the last state.
  Collector collector() const;

 private:
  class Tally;
  std::shared_ptr<Tally> tally_;
  std::vector<std::unique_ptr<cache::WatchHandle>> handles_;
};

}  // namespace patchbay::telemetry

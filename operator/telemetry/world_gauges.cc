#include "telemetry/world_gauges.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>

#include "base/guarded.h"
#include "cache/entry.h"
#include "object/object.h"

namespace patchbay::telemetry {
namespace {

enum class State { kReady, kProgressing, kStalled, kDisabled, kDeleting };
constexpr std::array<const char*, 5> kStates = {"ready", "progressing", "stalled", "disabled", "deleting"};
struct Kind {
  std::string_view resource;
  const char* name;
};
constexpr std::array<Kind, 3> kKinds = {{{kPlugins, "Plugin"}, {kRoutes, "Route"}, {kWebhooks, "Webhook"}}};

struct Standing {
  State state = State::kProgressing;
  long desired = 0;  // replicas; of plugins
  long ready = 0;
  long drift = 0;  // fields
  std::optional<WallTime> drifted = std::nullopt;  // since when the oldest
};

bool IsTrue(const Json& object, std::string_view condition) {
  const auto found = FindCondition(object, condition);
  return found && found->status == "True";
}

State StateOf(const Json& object) {
  if (IsDeleting(object)) return State::kDeleting;
  if (!FindBool(object, {"spec", "enabled"}, true)) return State::kDisabled;
  if (IsTrue(object, "Ready")) return State::kReady;
  return IsTrue(object, "Stalled") ? State::kStalled : State::kProgressing;
}

void ReadDrift(const Json& object, Standing& standing) {
  const Json* drift = Find(object, {"status", "drift"});
  if (drift == nullptr || !drift->is_array()) return;
  standing.drift = static_cast<long>(drift->size());
  for (const Json& each : *drift) {
    const auto seen = ParseTime(FindString(each, {"firstSeen"}));
    if (seen && (!standing.drifted || *seen < *standing.drifted)) standing.drifted = seen;
  }
}

Standing StandingOf(const cache::Entry& entry) {
  const auto object = cache::ParseStored(*entry.bytes);
  if (!object.ok()) return {};
  Standing standing{.state = StateOf(*object)};
  ReadDrift(*object, standing);
  if (entry.key.resource != kPlugins) return standing;
  const bool wanted = standing.state != State::kDeleting && standing.state != State::kDisabled;
  standing.desired = wanted ? FindInt(*object, {"spec", "replicas"}, 1) : 0;
  standing.ready = FindInt(*object, {"status", "readyReplicas"}, 0);
  return standing;
}

// What is counted of one kind.
struct Count {
  std::map<Key, Standing> objects;
  std::array<long, kStates.size()> states{};
  long desired = 0;
  long ready = 0;
  long drift = 0;

  void Take(const Standing& standing, long sign) {
    states[static_cast<std::size_t>(standing.state)] += sign;
    desired += sign * standing.desired;
    ready += sign * standing.ready;
    drift += sign * standing.drift;
  }
  double OldestDrift(WallTime now) const {
    std::optional<WallTime> oldest;
    if (drift == 0) return 0;
    for (const auto& [key, standing] : objects)
      if (standing.drifted && (!oldest || *standing.drifted < *oldest)) oldest = standing.drifted;
    return oldest ? std::max(0.0, std::chrono::duration<double>(now - *oldest).count()) : 0;
  }
};

}  // namespace

class WorldGauges::Tally : public cache::Watcher {
 public:
  explicit Tally(Clock& clock) : clock_(clock) {}
  void Put(const cache::Entry& entry) {
    const Standing standing = StandingOf(entry);
    auto counts = counts_.Lock();
    Count& count = (*counts)[entry.key.resource];
    const auto [place, fresh] = count.objects.try_emplace(entry.key, standing);
    if (!fresh) count.Take(place->second, -1);
    place->second = standing;
    count.Take(standing, 1);
  }
  void Remove(const Key& key) {
    auto counts = counts_.Lock();
    Count& count = (*counts)[key.resource];
    const auto found = count.objects.find(key);
    if (found == count.objects.end()) return;
    count.Take(found->second, -1);
    count.objects.erase(found);
  }

  void OnStep(const cache::StepPtr& step) override {
    if (step->after) {
      Put(*step->after);
    } else {
      Remove(step->key);
    }
  }
  void OnProgress(Revision) override {}

  std::vector<Reading> Read() {
    Reading objects{.name = "patchbay_objects", .help = "Objects by kind and state.", .values = {}};
    Reading sums{.name = "patchbay_plugin_replicas", .help = "Replicas of all plugins, desired and ready.", .values = {}};
    Reading desired{.name = "patchbay_plugin_desired_replicas",
                    .help = "Replicas a plugin should have (while there are at most 500 plugins).", .values = {}};
    Reading ready{.name = "patchbay_plugin_ready_replicas",
                  .help = "Replicas a plugin has ready (while there are at most 500 plugins).", .values = {}};
    Reading drift{.name = "patchbay_drift_fields", .help = "Fields in which containers, or routes in the gateway, are not as wished.", .values = {}};
    Reading age{.name = "patchbay_drift_oldest_seconds",
                .help = "For how long the oldest of these has been seen; 0 when there is none.", .values = {}};
    const auto counts = counts_.Lock();
    for (const Kind& kind : kKinds) {
      if (kind.resource == kWebhooks) continue;
      const Count& drifting = (*counts)[std::string(kind.resource)];
      drift.values.push_back({{{"kind", kind.name}}, static_cast<double>(drifting.drift)});
      age.values.push_back({{{"kind", kind.name}}, drifting.OldestDrift(clock_.Wall())});
    }
    for (const Kind& kind : kKinds) {
      const Count& count = (*counts)[std::string(kind.resource)];
      for (std::size_t i = 0; i < kStates.size(); ++i)
        objects.values.push_back({{{"kind", kind.name}, {"state", kStates[i]}}, static_cast<double>(count.states[i])});
    }
    const Count& plugins = (*counts)[std::string(kPlugins)];
    sums.values = {{{{"state", "desired"}}, static_cast<double>(plugins.desired)},
                   {{{"state", "ready"}}, static_cast<double>(plugins.ready)}};
    if (plugins.objects.size() <= kMostPlugins) {
      for (const auto& [key, standing] : plugins.objects) {
        const MeterLabels labels = {{"namespace", key.ns}, {"plugin", key.name}};
        desired.values.emplace_back(labels, static_cast<double>(standing.desired));
        ready.values.emplace_back(labels, static_cast<double>(standing.ready));
      }
    }
    return {std::move(objects), std::move(sums), std::move(desired), std::move(ready), std::move(drift), std::move(age)};
  }

 private:
  Clock& clock_;
  Guarded<std::map<std::string, Count>> counts_;  // by resource
};

WorldGauges::WorldGauges(cache::Cache& cache, Clock& clock) : tally_(std::make_shared<Tally>(clock)) {
  for (const Kind& kind : kKinds)
    handles_.push_back(cache.ListAndWatch(
        kind.resource,
        [&](const std::vector<cache::EntryPtr>& entries, Revision) {
          for (const cache::EntryPtr& entry : entries) tally_->Put(*entry);
        },
        tally_));
}
WorldGauges::~WorldGauges() = default;

Collector WorldGauges::collector() const {
  return [tally = tally_] { return tally->Read(); };
}

}  // namespace patchbay::telemetry

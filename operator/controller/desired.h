// What a Plugin's spec asks for, as containers. Pure: what the spec refers to comes through Lookup.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/analysis.h"
#include "controller/probe.h"
#include "driver/runtime/runtime.h"
#include "object/json.h"
#include "object/object.h"

namespace patchbay::controller {

inline constexpr const char* kCleanupFinalizer = "patchbay.dev/cleanup";
// An annotation whose change replaces the containers: `patchbay restart`, `kubectl rollout restart`.
inline constexpr const char* kRestartedAt = "patchbay.dev/restartedAt";

struct NamedPort {
  std::string name;
  int port = 0;
  friend bool operator==(const NamedPort&, const NamedPort&) = default;
};

// One step of a Canary: so many new ones, so much of the requests, and how long it stays so.
struct CanaryStep {
  int replicas = 1;
  std::optional<int> weight;  // percent of the requests; nothing: each container gets the same
  bool manual = false;        // until somebody promotes it (kPromote), or
  std::chrono::milliseconds pause{0};
};

struct RollStrategy {
  bool recreate = false;    // all old ones go before a new one comes
  bool atomic = false;      // all new ones are ready before the first gets a request; then all at once
  std::vector<CanaryStep> steps;  // before that; Canary alone
  std::optional<Analysis> analysis;  // of each of them
  bool auto_rollback = true;  // what makes no progress is given up for what was ready last
  std::chrono::seconds min_ready{0};  // ready for so long before it counts
  int max_surge = 1;        // beyond `replicas`, while replacing
  int max_unavailable = 0;  // below `replicas`
  std::chrono::seconds drain{30};     // how long the gateway is waited for before a stop
  std::chrono::seconds progress{600};  // without progress for so long: Stalled
};

// An annotation: put right once what deviates although spec.reconcile.mode says otherwise (`patchbay reconcile`). Done
// when status.lastHandledReconcileAt is the same.
inline constexpr const char* kReconcileAt = "patchbay.dev/reconcileAt";

// An annotation, names parted by commas: of a Plugin full ids of containers (controller/adoption.h), of a Route entries in
// the gateway (controller/adopted_routes.h). Each is acted on once (status.lastHandledAdoption).
inline constexpr const char* kAdopt = "patchbay.dev/adopt";

// An annotation: "<hash>/<step>" leads the Canary of this revision past this step and those before, "<hash>/all" past all.
inline constexpr const char* kPromote = "patchbay.dev/promote";

// The wish that a container be replaced by another of its kind (status.evictions).
struct Eviction {
  std::string requested_at;  // RFC 3339
  bool now = false;          // without waiting for the other one
};

// What is done about deviations: put right, told as Events, or only shown in the status.
enum class ReconcileMode { kCorrect, kWarn, kObserve };

struct ReconcileWish {
  ReconcileMode mode = ReconcileMode::kCorrect;
  bool paused = false;
  std::optional<std::chrono::milliseconds> interval;  // compare so often without being woken
  std::string requested_at;                           // once, whatever the mode: kReconcileAt
};

// Of a Plugin or a Route.
ReconcileWish ReadReconcile(const Json& object);

enum class PullPolicy { kIfNotPresent, kAlways, kNever };
enum class RestartPolicy { kAlways, kOnFailure, kNever };

struct Desired {
  Key key;
  std::string uid;
  std::int64_t generation = 0;
  bool enabled = true;
  bool deleting = false;
  bool forced = false;  // and its deletion ends even when the engine does not answer
  int asked = 1;     // spec.replicas
  int replicas = 1;  // what should run now: 0 when disabled or deleting
  // Of everything that a container is made from; another hash is another revision and replaces containers.
  std::string hash;
  PullPolicy pull = PullPolicy::kIfNotPresent;
  RestartPolicy restart = RestartPolicy::kAlways;
  driver::ContainerSpec container;  // without name and ordinal
  std::vector<NamedPort> ports;
  bool exclusive = false;  // has host ports: two of them cannot run at once
  Probes probes;
  RollStrategy strategy;
  ReconcileWish reconcile;
  std::string promoted;  // kPromote
  std::string rolled_back;  // why this is not what the spec says now but a former revision; "" when it is
  std::map<std::string, Eviction> evicted;  // by container id
  std::vector<Key> depends_on;   // plugins that are to be ready before this one first starts
  std::set<Key> refers;          // Secrets, ConfigMaps and plugins
  std::vector<Cause> problems;   // nothing can be made while there is one
  std::vector<driver::RegistryLogin> logins;  // of spec.imagePullSecrets, those for the image's registry
  std::vector<Cause> pull_problems;           // nothing can be pulled while there is one
  std::vector<std::string> idle_fields;  // set, but without effect in this version
};

// The value of `entry` in a Secret ("secrets", decoded) or ConfigMap ("configmaps"); nothing when there is none.
using Lookup = std::function<std::optional<std::string>(const Key& object, const std::string& entry)>;

// REQUIRES: `plugin` is a Plugin as the API stores it (defaulted, valid); what is missing nevertheless gets the
// schema's default.
Desired BuildDesired(const Json& plugin, const Lookup& lookup, const std::string& installation);

// The container for one ordinal of the desired revision, under this name.
driver::ContainerSpec SpecFor(const Desired& desired, int ordinal, std::string name);
// "patchbay-<namespace>-<name>-<uid, 8>-<hash, 8>-<ordinal>": the same after any crash. `instead_of`: the id of the one
// that has that name and is being replaced while it still runs; the new one's name then ends in "-" and 4 digits.
std::string ContainerName(const Desired& desired, int ordinal, const std::string& instead_of = "");

// The port number for a backend's "8080" or "http"; nothing when the plugin has no port of that name. Absent: the
// plugin's first port.
std::optional<int> FindPort(const std::vector<NamedPort>& ports, const Json* wanted);
// Of spec.ports.
std::vector<NamedPort> ReadPorts(const Json& plugin);
// A container keeps the ports it was made with in a label: "http=8080,=9090".
inline constexpr const char* kLabelPorts = "patchbay.dev/ports";
std::string PrintPorts(const std::vector<NamedPort>& ports);
std::optional<std::vector<NamedPort>> OwnPortsOf(const driver::Container& container);

}  // namespace patchbay::controller

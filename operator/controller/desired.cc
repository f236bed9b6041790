#include "controller/desired.h"

#include <algorithm>

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "controller/container_fields.h"
#include "controller/pull_secrets.h"
#include "controller/quantity.h"
#include "object/protection.h"

namespace patchbay::controller {
namespace {

using std::chrono::seconds;

// What containers are made from. Probes, replicas and strategy are ours to act on: a change of them costs no container.
constexpr const char* kTemplateFields[] = {
    "image", "command", "args", "workingDir", "config", "configPath", "ports", "volumes", "resources",
    "securityContext", "restartPolicy", "terminationGracePeriodSeconds", "network", "labels"};

bool IsEmpty(const Json& value) {
  return value.is_null() || ((value.is_object() || value.is_array() || value.is_string()) && value.empty());
}

// Hashed in one order of keys: who writes the same thing another way gets the same containers.
nlohmann::json Sorted(const Json& value) { return nlohmann::json(value); }

std::string HashTemplate(const Json& plugin, const Json& spec, const driver::ContainerSpec& container) {
  nlohmann::json form = nlohmann::json::object();
  for (const char* field : kTemplateFields)
    if (const Json* value = Find(spec, {field}); value && !IsEmpty(*value)) form[field] = Sorted(*value);
  for (const auto& [name, value] : container.env) form["env"].push_back({name, value});
  const auto annotations = AnnotationsOf(plugin);
  if (const auto at = annotations.find(kRestartedAt); at != annotations.end()) form[kRestartedAt] = at->second;
  const std::string text = form.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return Sha256Hex(text).substr(0, 16);
}

std::vector<CanaryStep> ReadSteps(const Json& spec, int replicas) {
  std::vector<CanaryStep> steps;
  const Json* list = Find(spec, {"strategy", "steps"});
  if (list == nullptr || !list->is_array()) return steps;
  for (const Json& each : *list) {
    CanaryStep step;
    if (const Json* weight = Find(each, {"weight"}); weight && weight->is_number_integer()) step.weight = weight->get<int>();
    const Json share = StrCat(step.weight.value_or(1), "%");
    const Json* count = Find(each, {"replicas"});
    step.replicas = std::clamp(ParseIntOrPercent(count ? *count : share, replicas, true).value_or(1), 1, std::max(1, replicas));
    const std::string pause = FindString(each, {"pause"});
    step.manual = pause == "manual";
    step.pause = ParseDuration(pause).value_or(std::chrono::milliseconds(0));
    steps.push_back(step);
  }
  return steps;
}

RollStrategy ReadStrategy(const Json& spec, int replicas) {
  RollStrategy strategy;
  strategy.recreate = FindString(spec, {"strategy", "type"}) == "Recreate";
  strategy.atomic = FindString(spec, {"strategy", "type"}) == "Atomic";
  if (FindString(spec, {"strategy", "type"}) == "Canary") strategy.steps = ReadSteps(spec, replicas);
  strategy.atomic = strategy.atomic || !strategy.steps.empty();
  strategy.auto_rollback = FindBool(spec, {"strategy", "autoRollback"}, true);
  strategy.min_ready = seconds(FindInt(spec, {"strategy", "minReadySeconds"}));
  if (const Json* surge = Find(spec, {"strategy", "maxSurge"}))
    strategy.max_surge = ParseIntOrPercent(*surge, replicas, true).value_or(1);
  if (const Json* unavailable = Find(spec, {"strategy", "maxUnavailable"}))
    strategy.max_unavailable = ParseIntOrPercent(*unavailable, replicas, false).value_or(0);
  if (strategy.max_surge == 0 && strategy.max_unavailable == 0) strategy.max_surge = 1;
  // The schema's defaults, for what is absent.
  strategy.drain = seconds(FindInt(spec, {"strategy", "drainTimeoutSeconds"}, 30));
  strategy.progress = seconds(FindInt(spec, {"strategy", "progressDeadlineSeconds"}, 600));
  return strategy;
}

PullPolicy ReadPullPolicy(const Json& spec) {
  const std::string policy = FindString(spec, {"imagePullPolicy"});
  if (policy == "Always") return PullPolicy::kAlways;
  return policy == "Never" ? PullPolicy::kNever : PullPolicy::kIfNotPresent;
}

RestartPolicy ReadRestartPolicy(const Json& spec) {
  const std::string policy = FindString(spec, {"restartPolicy"});
  if (policy == "Never") return RestartPolicy::kNever;
  return policy == "OnFailure" ? RestartPolicy::kOnFailure : RestartPolicy::kAlways;
}

std::vector<std::string> FindIdleFields(const Json& spec) {
  std::vector<std::string> idle;
  const std::string type = FindString(spec, {"strategy", "type"}, "RollingUpdate");
  if (const Json* steps = Find(spec, {"strategy", "steps"}); steps && !IsEmpty(*steps) && type != "Canary")
    idle.push_back("spec.strategy.steps");
  if (Find(spec, {"strategy", "analysis"}) != nullptr && type != "Canary") idle.push_back("spec.strategy.analysis");
  if (const Json* volumes = Find(spec, {"volumes"}); volumes && volumes->is_array())
    for (std::size_t i = 0; i < volumes->size(); ++i)
      if (const Json* tmpfs = Find((*volumes)[i], {"tmpfs"}); tmpfs && !IsEmpty(*tmpfs))
        idle.push_back(StrCat("spec.volumes[", i, "].tmpfs"));
  return idle;
}

std::map<std::string, Eviction> ReadEvictions(const Json& plugin) {
  std::map<std::string, Eviction> evicted;
  if (const Json* list = Find(plugin, {"status", "evictions"}); list && list->is_array())
    for (const Json& each : *list)
      evicted[FindString(each, {"id"})] = {FindString(each, {"requestedAt"}), FindBool(each, {"now"})};
  return evicted;
}

}  // namespace

ReconcileWish ReadReconcile(const Json& object) {
  ReconcileWish wish;
  const std::string mode = FindString(object, {"spec", "reconcile", "mode"}, "Correct");
  wish.mode = mode == "Warn" ? ReconcileMode::kWarn : mode == "Observe" ? ReconcileMode::kObserve : ReconcileMode::kCorrect;
  wish.paused = FindBool(object, {"spec", "reconcile", "paused"});
  constexpr std::chrono::milliseconds kLeast{1'000};
  if (const auto interval = ParseDuration(FindString(object, {"spec", "reconcile", "interval"}))) wish.interval = std::max(*interval, kLeast);
  const auto annotations = AnnotationsOf(object);
  if (const auto at = annotations.find(kReconcileAt); at != annotations.end()) wish.requested_at = at->second;
  return wish;
}

std::vector<NamedPort> ReadPorts(const Json& plugin) {
  std::vector<NamedPort> ports;
  if (const Json* list = Find(plugin, {"spec", "ports"}); list && list->is_array())
    for (const Json& port : *list)
      ports.push_back({FindString(port, {"name"}), static_cast<int>(FindInt(port, {"containerPort"}))});
  return ports;
}

std::string PrintPorts(const std::vector<NamedPort>& ports) {
  std::vector<std::string> texts;
  for (const NamedPort& port : ports) texts.push_back(StrCat(port.name, "=", port.port));
  return Join(texts, ",");
}

std::optional<std::vector<NamedPort>> OwnPortsOf(const driver::Container& container) {
  const auto label = container.labels.find(kLabelPorts);
  if (label == container.labels.end()) return std::nullopt;
  std::vector<NamedPort> ports;
  for (const std::string& text : Split(label->second, ',')) {
    const auto equals = text.find('=');
    const auto number = equals == std::string::npos ? std::nullopt : ParseInt(text.substr(equals + 1));
    if (number) ports.push_back({text.substr(0, equals), static_cast<int>(*number)});
  }
  return ports;
}

std::optional<int> FindPort(const std::vector<NamedPort>& ports, const Json* wanted) {
  if (wanted == nullptr || wanted->is_null())
    return ports.empty() ? std::nullopt : std::optional(ports.front().port);
  if (wanted->is_number_integer()) return wanted->get<int>();
  if (!wanted->is_string()) return std::nullopt;
  const auto& name = wanted->get_ref<const std::string&>();
  for (const NamedPort& port : ports)
    if (port.name == name) return port.port;
  const auto number = ParseInt(name);
  return number && *number > 0 && *number < 65536 ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

Desired BuildDesired(const Json& plugin, const Lookup& lookup, const std::string& installation) {
  static const Json kNone = Json::object();
  const Json* found = Find(plugin, {"spec"});
  const Json& spec = found ? *found : kNone;
  Desired desired;
  desired.key = {std::string(kPlugins), NamespaceOf(plugin), NameOf(plugin)};
  desired.uid = UidOf(plugin);
  desired.generation = GenerationOf(plugin);
  desired.enabled = FindBool(spec, {"enabled"}, true);
  desired.deleting = IsDeleting(plugin);
  desired.forced = IsForceDeleted(plugin);
  desired.asked = static_cast<int>(std::max(0L, FindInt(spec, {"replicas"}, 1)));
  desired.replicas = desired.enabled && !desired.deleting ? desired.asked : 0;
  desired.pull = ReadPullPolicy(spec);
  desired.restart = ReadRestartPolicy(spec);
  desired.ports = ReadPorts(plugin);
  desired.strategy = ReadStrategy(spec, desired.asked);
  desired.strategy.analysis = ReadAnalysis(plugin);
  desired.reconcile = ReadReconcile(plugin);
  const auto annotations = AnnotationsOf(plugin);
  if (const auto promoted = annotations.find(kPromote); promoted != annotations.end()) desired.promoted = promoted->second;
  desired.idle_fields = FindIdleFields(spec);
  desired.evicted = ReadEvictions(plugin);
  if (const Json* names = Find(spec, {"dependsOn"}); names && names->is_array())
    for (const Json& name : *names)
      if (name.is_string()) desired.depends_on.push_back({std::string(kPlugins), desired.key.ns, name.get<std::string>()});
  desired.refers.insert(desired.depends_on.begin(), desired.depends_on.end());
  FillContainer(spec, lookup, desired);
  FillLogins(spec, lookup, desired);
  // Written before the API refused it.
  if (desired.exclusive && desired.asked > 1) {
    desired.replicas = std::min(desired.replicas, 1);
    desired.idle_fields.push_back("spec.replicas");
  }
  const auto port_of = [&](const Json& port) { return FindPort(desired.ports, &port); };
  desired.probes = ReadProbes(spec, port_of, desired.problems);
  desired.hash = HashTemplate(plugin, spec, desired.container);
  auto& labels = desired.container.labels;  // our marks win over what the spec says
  labels[driver::kLabelInstallation] = installation;
  labels[driver::kLabelOwnerUid] = desired.uid;
  labels[driver::kLabelNamespace] = desired.key.ns;
  labels[driver::kLabelPlugin] = desired.key.name;
  labels[driver::kLabelSpecHash] = desired.hash;
  labels[kLabelPorts] = PrintPorts(desired.ports);
  if (IsProtected(plugin)) labels[kProtected] = "true";
  return desired;
}

driver::ContainerSpec SpecFor(const Desired& desired, int ordinal, std::string name) {
  driver::ContainerSpec spec = desired.container;
  spec.name = std::move(name);
  spec.labels[driver::kLabelOrdinal] = std::to_string(ordinal);
  return spec;
}

std::string ContainerName(const Desired& desired, int ordinal, const std::string& instead_of) {
  // 63 in all, so that it can be a host name too.
  const std::string suffix = instead_of.empty() ? "" : StrCat("-", Sha256Hex(instead_of).substr(0, 4));
  std::string person = StrCat(desired.key.ns, "-", desired.key.name).substr(0, 30 - suffix.size());
  return StrCat("patchbay-", person, "-", desired.uid.substr(0, 8), "-", desired.hash.substr(0, 8), "-", ordinal,
                suffix);
}

}  // namespace patchbay::controller

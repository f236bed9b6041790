#include "controller/pods.h"

#include "base/digest.h"
#include "base/text.h"
#include "controller/obstacle.h"
#include "controller/survey.h"
#include "object/object.h"

namespace patchbay::controller {
namespace {

using driver::Container;
using driver::ContainerState;

constexpr const char* kCreating = "ContainerCreating";
constexpr const char* kBackingOff = "CrashLoopBackOff";

std::string TimeOf(const std::optional<WallTime>& time) { return time ? FormatTime(*time) : ""; }

// The same for the same thing, in the form of a random one.
std::string UidFrom(const std::string& name) {
  const std::string hex = Sha256Hex("pod " + name);
  return StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-8", hex.substr(13, 3), "-a", hex.substr(17, 3), "-",
                hex.substr(20, 12));
}

Labels LabelsFor(const Json& plugin, const Labels& of_container) {
  Labels labels = LabelsOf(plugin);
  // What an engine takes as a label need not be one here.
  for (const auto& [name, value] : of_container)
    if (CheckQualifiedName(name).empty() && CheckLabelValue(value).empty()) labels[name] = value;
  return labels;
}

Json MetadataOf(const Json& plugin, const Desired& desired, const std::string& name, const std::string& uid,
                const std::string& created, const Labels& labels) {
  Json metadata = {{"name", name}, {"namespace", desired.key.ns}, {"uid", uid}};
  if (!created.empty()) metadata["creationTimestamp"] = created;
  metadata["labels"] = labels;
  metadata["ownerReferences"] = Json::array({{{"apiVersion", FindString(plugin, {"apiVersion"}, "patchbay.dev/v1")},
                                              {"kind", "Plugin"},
                                              {"name", desired.key.name},
                                              {"uid", desired.uid},
                                              {"controller", true},
                                              {"blockOwnerDeletion", true}}});
  return metadata;
}

Json PortsOf(const Container& container) {
  Json ports = Json::array();
  for (const driver::PortMapping& port : container.ports) {
    Json shown = {{"containerPort", port.container_port}, {"protocol", port.protocol == "udp" ? "UDP" : port.protocol == "sctp" ? "SCTP" : "TCP"}};
    if (port.host_port != 0) shown["hostPort"] = port.host_port;
    if (!port.host_ip.empty()) shown["hostIP"] = port.host_ip;
    ports.push_back(std::move(shown));
  }
  return ports;
}

// What the plugin says of its containers: of this revision.
Json ContainerOf(const Json& plugin, const Desired& desired, const std::string& image) {
  Json container = {{"name", desired.key.name}, {"image", image}};
  for (const char* field : {"imagePullPolicy", "command", "args", "workingDir", "ports", "env", "resources",
                            "livenessProbe", "readinessProbe", "startupProbe"})
    if (const Json* value = Find(plugin, {"spec", field}); value && !value->is_null()) container[field] = *value;
  if (!container.contains("resources")) container["resources"] = Json::object();
  return container;
}

Json SpecOf(const Json& plugin, const Desired& desired, Json container, const std::string& node) {
  return {{"containers", Json::array({std::move(container)})},
          {"restartPolicy", FindString(plugin, {"spec", "restartPolicy"}, "Always")},
          {"terminationGracePeriodSeconds", desired.container.stop_timeout_seconds},
          {"nodeName", node}};
}

std::string QosOf(const Json& container) {
  const Json* limits = Find(container, {"resources", "limits"});
  const Json* requests = Find(container, {"resources", "requests"});
  const auto some = [](const Json* values) { return values != nullptr && values->is_object() && !values->empty(); };
  if (!some(limits) && !some(requests)) return "BestEffort";
  const bool both = some(limits) && limits->contains("cpu") && limits->contains("memory");
  return both && (!some(requests) || EqualJson(*limits, *requests)) ? "Guaranteed" : "Burstable";
}

Json ConditionOf(const char* type, bool holds, const std::string& since, const std::string& reason = "",
                 const std::string& message = "") {
  Json condition = {{"type", type}, {"status", holds ? "True" : "False"}, {"lastProbeTime", nullptr}};
  condition["lastTransitionTime"] = since.empty() ? Json() : Json(since);
  if (!reason.empty()) condition["reason"] = reason;
  if (!message.empty()) condition["message"] = message;
  return condition;
}

Json ConditionsOf(const std::string& name, const std::string& created, bool ready, const std::string& since,
                  bool completed) {
  const std::string reason = ready ? "" : completed ? "PodCompleted" : "ContainersNotReady";
  const std::string message = ready || completed ? "" : StrCat("containers with unready status: [", name, "]");
  return Json::array({ConditionOf("PodScheduled", true, created), ConditionOf("Initialized", true, created),
                      ConditionOf("ContainersReady", ready, since, reason, message),
                      ConditionOf("Ready", ready, since, reason, message)});
}

Json Terminated(const Container& container) {
  const bool good = container.exit_code == 0 && !container.oom_killed;
  Json ended = {{"exitCode", container.exit_code},
                {"reason", container.oom_killed ? "OOMKilled" : good ? "Completed" : "Error"},
                {"containerID", "docker://" + container.id}};
  if (!container.error.empty()) ended["message"] = container.error;
  if (container.started) ended["startedAt"] = FormatTime(*container.started);
  if (container.finished) ended["finishedAt"] = FormatTime(*container.finished);
  return {{"terminated", std::move(ended)}};
}

// As the kubelet says it of what it did not see.
Json TerminatedUnseen(const Container& container) {
  return {{"terminated",
           {{"exitCode", 137},
            {"reason", "ContainerStatusUnknown"},
            {"message", "nobody looked when it ended"},
            {"finishedAt", TimeOf(container.previous_end)},
            {"containerID", "docker://" + container.id}}}};
}

Json Waiting(const std::string& reason, const std::string& message) {
  Json waiting = {{"reason", reason}};
  if (!message.empty()) waiting["message"] = message;
  return {{"waiting", std::move(waiting)}};
}

struct Shown {
  std::string phase;
  Json state;
  Json last = Json::object();
};

Shown ShowEnded(const PodFacts& facts) {
  const Container& container = facts.container;
  if (facts.replica.completed)
    return {container.exit_code == 0 ? "Succeeded" : "Failed", Terminated(container)};
  if (facts.replica.held)
    return {"Running", Waiting(kBackingOff, StrCat("back-off before it is started again: ", DescribeEnd(container))),
            Terminated(container)};
  return {"Running", Terminated(container)};
}

Shown Show(const PodFacts& facts) {
  const Container& container = facts.container;
  switch (container.state) {
    case ContainerState::kCreated:
      return {"Pending", Waiting(kCreating, container.error)};
    case ContainerState::kRunning: {
      Shown shown{"Running", {{"running", Json::object()}}};
      if (container.started) shown.state["running"]["startedAt"] = FormatTime(*container.started);
      if (facts.memory.ended) shown.last = Terminated(*facts.memory.ended);
      else if (container.previous_end) shown.last = TerminatedUnseen(container);
      return shown;
    }
    case ContainerState::kPaused:
      return {"Running", Waiting("Paused", "somebody paused it in the engine")};
    case ContainerState::kRestarting:
      return {"Running", Waiting(kBackingOff, "the engine starts it again"), Terminated(container)};
    case ContainerState::kRemoving:
      return {"Running", Terminated(container)};
    case ContainerState::kDead:
      return {"Failed", Terminated(container)};
    case ContainerState::kExited:
      return ShowEnded(facts);
  }
  return {"Unknown", Json::object()};
}

bool IsReady(const Container& container, const Replica& replica) {
  return container.state == ContainerState::kRunning && replica.readiness == Readiness::kReady && replica.member;
}

Json ContainerStatus(const PodFacts& facts, Shown& shown) {
  const Container& container = facts.container;
  const bool probed = Find(facts.plugin, {"spec", "startupProbe"}) != nullptr;
  const bool runs = container.state == ContainerState::kRunning;
  return {{"name", facts.desired.key.name},
          {"state", std::move(shown.state)},
          {"lastState", std::move(shown.last)},
          {"ready", facts.memory.ready},
          {"restartCount", facts.restarts},
          {"image", container.image},
          {"imageID", container.image_id},
          {"containerID", "docker://" + container.id},
          {"started", runs && (!probed || facts.replica.readiness != Readiness::kUnknown)}};
}

void MarkLeaving(const PodFacts& facts, Json& metadata) {
  const auto evicted = facts.desired.evicted.find(facts.container.id);
  std::string since = facts.memory.leaving_since;
  if (evicted != facts.desired.evicted.end()) since = evicted->second.requested_at;
  if (facts.desired.deleting) since = FindString(facts.plugin, {"metadata", "deletionTimestamp"});
  if (since.empty()) return;
  metadata["deletionTimestamp"] = since;
  metadata["deletionGracePeriodSeconds"] = facts.desired.container.stop_timeout_seconds;
}

}  // namespace

void Remember(PodMemory& memory, const Desired& desired, const Container& container, const Replica& replica,
              const std::string& now) {
  const bool ready = IsReady(container, replica);
  if (memory.ready_since.empty()) {
    const std::string started = TimeOf(container.started);
    memory.ready_since = ready && !started.empty() ? started : TimeOf(container.created);
  } else if (memory.ready != ready) {
    memory.ready_since = now;
  }
  memory.ready = ready;
  if (!replica.leaving && !desired.evicted.contains(container.id)) memory.leaving_since.clear();
  else if (memory.leaving_since.empty()) memory.leaving_since = now;
  const bool ended = container.state == ContainerState::kExited || container.state == ContainerState::kRestarting;
  if (ended && container.finished) memory.ended = container;
}

PodPtr PodPicture::Show(const PodFacts& facts) {
  const auto evicted = facts.desired.evicted.find(facts.container.id);
  Basis basis{GenerationOf(facts.plugin),
              LabelsOf(facts.plugin),
              FindString(facts.plugin, {"metadata", "deletionTimestamp"}),
              evicted == facts.desired.evicted.end() ? "" : evicted->second.requested_at,
              facts.desired.hash,
              facts.container,
              facts.replica.readiness,
              facts.replica.held,
              facts.replica.completed,
              facts.memory,
              facts.restarts};
  if (pod_ && basis == basis_) return pod_;
  basis_ = std::move(basis);
  pod_ = std::make_shared<const Json>(BuildPod(facts));
  return pod_;
}

Json BuildPod(const PodFacts& facts) {
  const Container& container = facts.container;
  const Desired& desired = facts.desired;
  const std::string created = TimeOf(container.created);
  Json metadata = MetadataOf(facts.plugin, desired, container.name, UidFrom(container.id), created,
                             LabelsFor(facts.plugin, container.labels));
  MarkLeaving(facts, metadata);
  Json shown_container = {{"name", desired.key.name}, {"image", container.image}, {"resources", Json::object()}};
  if (RevisionOf(container) == desired.hash) shown_container = ContainerOf(facts.plugin, desired, container.image);
  else if (!container.ports.empty()) shown_container["ports"] = PortsOf(container);
  Shown shown = Show(facts);
  Json status = {{"phase", shown.phase},
                 {"conditions", ConditionsOf(desired.key.name, created, facts.memory.ready, facts.memory.ready_since,
                                             shown.phase == "Succeeded")},
                 {"hostIP", "127.0.0.1"}};
  if (!container.ip.empty()) {
    status["podIP"] = container.ip;
    status["podIPs"] = Json::array({{{"ip", container.ip}}});
  }
  if (!created.empty()) status["startTime"] = created;
  status["qosClass"] = QosOf(shown_container);
  status["containerStatuses"] = Json::array({ContainerStatus(facts, shown)});
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", std::move(metadata)},
          {"spec", SpecOf(facts.plugin, desired, std::move(shown_container), facts.node)},
          {"status", std::move(status)}};
}

Json PodReference(const std::string& container_name, const std::string& container_id) {
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", {{"name", container_name}, {"uid", UidFrom(container_id)}}}};
}

Json BuildPod(const Json& plugin, const Desired& desired, const PodToCome& coming, const std::string& node) {
  Labels labels = desired.container.labels;
  Json metadata = MetadataOf(plugin, desired, coming.name, UidFrom(StrCat(desired.uid, " ", coming.name)), coming.since,
                             LabelsFor(plugin, labels));
  Json container = ContainerOf(plugin, desired, desired.container.image);
  const std::string& name = desired.key.name;
  Json status = {{"phase", "Pending"},
                 {"conditions", ConditionsOf(name, coming.since, false, coming.since, false)},
                 {"hostIP", "127.0.0.1"},
                 {"startTime", coming.since},
                 {"qosClass", QosOf(container)},
                 {"containerStatuses", Json::array({{{"name", name},
                                                     {"state", Waiting(coming.reason, coming.message)},
                                                     {"lastState", Json::object()},
                                                     {"ready", false},
                                                     {"restartCount", 0},
                                                     {"image", desired.container.image},
                                                     {"imageID", ""},
                                                     {"started", false}}})}};
  return {{"apiVersion", "v1"},
          {"kind", "Pod"},
          {"metadata", std::move(metadata)},
          {"spec", SpecOf(plugin, desired, std::move(container), node)},
          {"status", std::move(status)}};
}

}  // namespace patchbay::controller

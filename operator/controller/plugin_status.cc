#include "controller/plugin_status.h"

#include <algorithm>

#include "base/text.h"
#include "controller/drift_status.h"

namespace patchbay::controller {
namespace {

using Way = Standing::Way;

std::string ConditionStatus(const Json& object, std::string_view type) {
  const auto condition = FindCondition(object, type);
  return condition ? condition->status : "";
}

Json ToJson(const InstanceReport& instance) {
  Json json = {{"id", instance.id},       {"name", instance.name},   {"image", instance.image},
               {"revision", instance.revision}, {"state", instance.state}, {"ready", instance.ready},
               {"restarts", instance.restarts}};
  if (!instance.ip.empty()) json["ip"] = instance.ip;
  if (!instance.image_digest.empty()) json["imageDigest"] = instance.image_digest;
  if (instance.exit_code) json["exitCode"] = *instance.exit_code;
  if (!instance.started.empty()) json["started"] = instance.started;
  if (!instance.message.empty()) json["message"] = instance.message;
  return json;
}

void WriteInstances(Json& plugin, const Desired& desired, const PluginReport& report) {
  Json instances = Json::array();
  int restarts = 0;
  for (const InstanceReport& instance : report.instances) {
    instances.push_back(ToJson(instance));
    restarts += instance.restarts;
  }
  SetStatus(plugin, "replicas", report.instances.size());
  SetStatus(plugin, "readyReplicas", report.ready);
  SetStatus(plugin, "updatedReplicas", report.updated);
  SetStatus(plugin, "ready", StrCat(report.ready, "/", desired.replicas));
  SetStatus(plugin, "restarts", restarts);
  SetStatus(plugin, "currentRevision", desired.hash);
  SetStatus(plugin, "instances", std::move(instances));
}

void WriteRollout(Json& plugin, const Desired& desired, const PluginReport& report, const std::string& now) {
  const RolloutCount& count = report.rollout;
  Json rollout = {{"revision", count.revision},
                  {"droppedRequests", count.dropped},
                  {"inFlightAtStop", count.in_flight},
                  {"drain", count.timed ? "Timed" : "Counted"}};
  const bool same = FindString(plugin, {"status", "rollout", "revision"}) == count.revision;
  if (!count.started.empty()) rollout["started"] = count.started;
  const std::string finished = same ? FindString(plugin, {"status", "rollout", "finished"}) : "";
  if (report.complete || !finished.empty()) rollout["finished"] = finished.empty() ? now : finished;
  if (!desired.strategy.steps.empty()) {
    rollout["step"] = report.step;
    if (report.step_started) rollout["stepStarted"] = FormatTime(*report.step_started);
  }
  if (!report.failed.empty()) {
    rollout["failedRevision"] = report.failed;
    rollout["failure"] = report.failure;
  }
  SetStatus(plugin, "rollout", std::move(rollout));
  SetStatus(plugin, "stableRevision", report.stable.empty() ? Json() : Json(report.stable));
  SetStatus(plugin, "lastHandledReconcileAt", report.handled_request.empty() ? Json() : Json(report.handled_request));
}

// Where nothing is done about it, others may want to.
void TellDrift(Json& plugin, const Desired& desired, const PluginReport& report, const std::string& now,
               cache::Committer::Notes& notes) {
  const bool tell = desired.reconcile.mode == ReconcileMode::kWarn && !report.acting;
  WriteDrift(plugin, report.drift, now, [&](const Deviation& deviation) {
    if (tell) notes.events.push_back({true, "Drifted", StrCat(Print(deviation), "; spec.reconcile.mode is Warn")});
  });
}

// What was to be replaced and is gone has been.
void WriteEvictions(Json& plugin, const PluginReport& report) {
  const Json* evictions = Find(plugin, {"status", "evictions"});
  if (evictions == nullptr) return;
  Json left = Json::array();
  for (const Json& each : *evictions) {
    const auto same = [id = FindString(each, {"id"})](const InstanceReport& instance) { return instance.id == id; };
    if (std::any_of(report.instances.begin(), report.instances.end(), same)) left.push_back(each);
  }
  SetStatus(plugin, "evictions", left.empty() ? Json() : std::move(left));
}

// What was taken over and is gone is no longer remembered.
void WriteAdopted(Json& plugin, const PluginReport& report) {
  const Json* adopted = Find(plugin, {"status", "adopted"});
  if (adopted == nullptr) return;
  Json left = Json::array();
  for (const Json& each : *adopted) {
    const auto same = [id = FindString(each, {"id"})](const InstanceReport& instance) { return instance.id == id; };
    if (std::any_of(report.instances.begin(), report.instances.end(), same)) left.push_back(each);
  }
  SetStatus(plugin, "adopted", left.empty() ? Json() : std::move(left));
}

void WriteSwitch(Json& plugin, const Desired& desired, const std::string& now, cache::Committer::Notes& notes) {
  const bool was_enabled = Find(plugin, {"status", "enabledAt"}) != nullptr;
  const bool was_disabled = Find(plugin, {"status", "disabledAt"}) != nullptr;
  if (desired.enabled) {
    if (was_enabled && !was_disabled) return;
    SetStatus(plugin, "enabledAt", now);
    SetStatus(plugin, "disabledAt", nullptr);
    if (was_disabled) notes.topics.push_back("plugin.enabled");
  } else if (!was_disabled) {
    SetStatus(plugin, "disabledAt", now);
    if (was_enabled) notes.topics.push_back("plugin.disabled");
  }
}

// `all_ready`: nothing is missing, something is only being replaced.
void NoteTransition(const Json& plugin, const Desired& desired, const Standing& standing, bool all_ready,
                    cache::Committer::Notes& notes) {
  if (!desired.enabled || desired.deleting) return;
  const std::string ready = ConditionStatus(plugin, "Ready");
  const bool same_generation = FindInt(plugin, {"status", "observedGeneration"}) == desired.generation;
  if (standing.way == Way::kReady && ready != "True") {
    notes.topics.push_back("plugin.ready");
    notes.events.push_back({false, "Ready", standing.message});
  } else if (standing.way != Way::kReady && ready == "True" && same_generation && !all_ready) {
    notes.topics.push_back("plugin.degraded");
    notes.events.push_back({true, "Degraded", StrCat(standing.reason, ": ", standing.message)});
  }
  if (standing.way == Way::kStalled && ConditionStatus(plugin, "Stalled") != "True") {
    notes.topics.push_back("plugin.failed");
    notes.events.push_back({true, standing.reason, standing.message});
  }
}

}  // namespace

std::string PhaseOf(const Desired& desired, const PluginReport& report) {
  if (desired.deleting) return "Stopping";
  if (!desired.enabled) return report.instances.empty() ? "Disabled" : "Stopping";
  if (!desired.rolled_back.empty()) return "Degraded";
  if (report.complete) return "Running";
  if (report.obstacle && report.obstacle->stalled) return report.ready > 0 ? "Degraded" : "Failed";
  if (report.pulling) return "Pulling";
  if (report.instances.empty()) return "Pending";
  return "Starting";
}

Standing StandingOf(const Desired& desired, const PluginReport& report) {
  if (!report.known) return {Way::kUnknown, report.obstacle->reason, report.obstacle->message};
  if (desired.deleting) return {Way::kUnderWay, "Terminating", "the plugin is being deleted"};
  if (!desired.rolled_back.empty())
    return {Way::kStalled, "RolledBack",
            StrCat(desired.rolled_back, "; ", report.complete ? "the former revision runs" : "going back to the former revision")};
  if (report.complete && !desired.enabled) return {Way::kReady, "Disabled", "the plugin is disabled and nothing runs"};
  if (report.complete) return {Way::kReady, "AllReplicasReady", StrCat(report.ready, " of ", desired.replicas, " ready")};
  if (report.obstacle)
    return {report.obstacle->stalled ? Way::kStalled : Way::kUnderWay, report.obstacle->reason, report.obstacle->message};
  if (!report.acting) {
    const std::string first = report.drift.empty() ? "" : StrCat("; ", report.drift.front().field, " is ", report.drift.front().actual);
    return {Way::kUnderWay, desired.reconcile.paused ? "Paused" : "NotCorrected",
            StrCat(desired.reconcile.paused ? "spec.reconcile.paused is true" : "spec.reconcile.mode is not Correct",
                   ": nothing is done about ", report.drift.size(), " deviations", first)};
  }
  const std::string what = report.waiting_for.empty() ? "" : StrCat("; ", report.waiting_for);
  const char* reason = !desired.enabled ? "Stopping" : report.pulling ? "Pulling" : "Progressing";
  return {Way::kUnderWay, reason, StrCat(report.ready, " of ", desired.replicas, " ready", what)};
}

void WriteReport(Json& plugin, const Desired& desired, const PluginReport& report, const std::string& now,
                 cache::Committer::Notes& notes) {
  const Standing standing = StandingOf(desired, report);
  const bool all_ready = report.known && report.ready >= desired.replicas && !desired.evicted.empty();
  NoteTransition(plugin, desired, standing, all_ready, notes);
  if (report.known) {
    SetStatus(plugin, "phase", PhaseOf(desired, report));
    WriteInstances(plugin, desired, report);
    WriteEvictions(plugin, report);
    WriteAdopted(plugin, report);
    WriteRollout(plugin, desired, report, now);
    TellDrift(plugin, desired, report, now, notes);
  }
  SetStatus(plugin, "selector", StrCat(driver::kLabelPlugin, "=", desired.key.name));
  SetStatus(plugin, "lastError", report.obstacle ? Json(report.obstacle->message) : Json());
  const auto next = report.obstacle ? report.obstacle->next : std::nullopt;
  SetStatus(plugin, "nextRetryTime", next ? Json(FormatTime(*next)) : Json());
  WriteSwitch(plugin, desired, now, notes);
  SetStanding(plugin, standing, desired.generation, now);
  SetEffective(plugin, desired.idle_fields, desired.generation, now);
}

}  // namespace patchbay::controller

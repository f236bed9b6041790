#include "controller/verdict.h"

#include "base/text.h"
#include "controller/adoption.h"
#include "controller/drift_status.h"

namespace patchbay::controller {
namespace {

using Programmed = Verdict::Programmed;
using Way = Standing::Way;

const char* Word(Programmed programmed) {
  return programmed == Programmed::kYes ? "True" : programmed == Programmed::kNo ? "False" : "Unknown";
}

void NoteTransition(const Json& route, const Verdict& verdict, cache::Committer::Notes& notes) {
  if (verdict.deleting || !verdict.enabled) return;
  const auto condition = FindCondition(route, "Programmed");
  const std::string before = condition ? condition->status : "";
  if (verdict.programmed == Programmed::kYes && before != "True") {
    notes.topics.emplace_back("route.programmed");
    notes.events.push_back({false, "Programmed", "the gateway serves the route"});
  }
  const bool news = before != "False" || (condition && condition->reason != verdict.reason);
  // Each deviation is told by itself.
  if (verdict.programmed == Programmed::kNo && news && verdict.drift.empty() && StandingOf(verdict).way == Way::kStalled) {
    notes.topics.emplace_back("route.failed");
    notes.events.push_back({true, verdict.reason, verdict.message});
  }
}

void WriteAdoption(Json& route, const Verdict& verdict, cache::Committer::Notes& notes) {
  const AdoptionRecord& adoption = verdict.adoption;
  const bool stood = Find(route, {"status", "adopted"}) != nullptr;
  const std::string entries = Join(adoption.entries, ", ");
  if (!adoption.entries.empty() && FindString(route, {"status", "lastHandledAdoption"}) != adoption.request)
    notes.events.push_back({false, "Adopted", StrCat(entries, " serves it as it stands, until the Route or its containers change")});
  if (stood && adoption.entries.empty() && !verdict.deleting && verdict.enabled)
    notes.events.push_back({false, "Replaced", "the entry that served it was taken out of the gateway"});
  SetStatus(route, "lastHandledAdoption", adoption.request.empty() ? Json() : Json(adoption.request));
  SetStatus(route, "adopted", adoption.entries.empty() ? Json() : Json(adoption.entries));
  SetStatus(route, "adoptedAs", adoption.entries.empty() ? Json() : Json(adoption.as));
}

}  // namespace

Json ToJson(const std::vector<ServedBackend>& backends) {
  Json list = Json::array();
  for (const ServedBackend& backend : backends) {
    Json entry = {{"address", backend.address}, {"weight", backend.weight}};
    if (!backend.plugin.empty()) entry["plugin"] = backend.plugin;
    list.push_back(std::move(entry));
  }
  return list;
}

Verdict Judge(const RouteWish& wish, const ResolvedRoute& resolved) {
  Verdict verdict{.uid = wish.uid, .generation = wish.generation, .deleting = wish.deleting, .enabled = wish.enabled};
  verdict.backends = resolved.backends;
  verdict.mode = wish.reconcile.mode;
  verdict.paused_spec = wish.paused_spec;
  verdict.waits = wish.waits;
  verdict.handled_request = wish.reconcile.requested_at;
  if (!wish.unsupported.empty()) {
    verdict.accepted = false;
    verdict.reason = "UnsupportedByGateway";
    verdict.message = StrCat("the gateway cannot do: ", Join(wish.unsupported, ", "));
  } else if (!wish.problems.empty()) {
    verdict.accepted = false;
    verdict.reason = "InvalidSpec";
    verdict.message = Join(wish.problems, "; ");
  } else if (!resolved.missing.empty()) {
    verdict.resolved = false;
    verdict.reason = resolved.missing_reason;
    verdict.message = Join(resolved.missing, "; ");
  } else if (resolved.backends.empty()) {
    verdict.reason = "NoReadyEndpoints";
    verdict.message = "none of the backends has a ready container";
  }
  return verdict;
}

Standing StandingOf(const Verdict& verdict) {
  if (verdict.deleting) return {Way::kUnderWay, "Terminating", "the route is being taken out of the gateway"};
  if (!verdict.enabled && verdict.withdrawn) return {Way::kReady, "Disabled", "the route is disabled"};
  if (!verdict.enabled) return {Way::kUnderWay, "Stopping", "the route is being taken out of the gateway"};
  if (!verdict.accepted) return {Way::kStalled, verdict.reason, verdict.message};
  const bool for_good = verdict.reason == "RefusedByGateway" || verdict.reason == kAdoptionNotFound || !verdict.drift.empty();
  if (verdict.programmed == Programmed::kNo && for_good)
    return {Way::kStalled, verdict.reason, verdict.message};
  if (verdict.programmed != Programmed::kYes || !verdict.reason.empty())
    return {Way::kUnderWay, verdict.reason.empty() ? "Progressing" : verdict.reason, verdict.message};
  if (verdict.waits) return {Way::kUnderWay, "Paused", "spec.reconcile.paused is true: changes of the spec wait until it is false"};
  if (!verdict.adoption.entries.empty())
    return {Way::kReady, "Adopted", StrCat(Join(verdict.adoption.entries, ", "), " serves the route in the gateway, as it stands")};
  return {Way::kReady, "Programmed", "the gateway serves the route"};
}

void WriteVerdict(Json& route, const Verdict& verdict, const std::string& now, cache::Committer::Notes& notes) {
  NoteTransition(route, verdict, notes);
  const auto set = [&](const char* type, const char* status, std::string reason, const std::string& message) {
    SetCondition(route, {type, status, std::move(reason), message}, verdict.generation, now);
  };
  const bool yes = verdict.programmed == Programmed::kYes;
  set("Accepted", verdict.accepted ? "True" : "False", verdict.accepted ? "Accepted" : verdict.reason,
      verdict.accepted ? "" : verdict.message);
  set("ResolvedRefs", verdict.resolved ? "True" : "False", verdict.resolved ? "ResolvedRefs" : verdict.reason,
      verdict.resolved ? "" : verdict.message);
  const std::string why = !verdict.enabled ? "Disabled" : verdict.reason.empty() ? "Pending" : verdict.reason;
  set("Programmed", Word(verdict.programmed), yes ? "Programmed" : why, yes || !verdict.enabled ? "" : verdict.message);
  SetStatus(route, "backends", ToJson(verdict.backends));
  SetStatus(route, "pausedSpec", verdict.paused_spec.empty() ? Json() : Json(verdict.paused_spec));
  WriteAdoption(route, verdict, notes);
  WriteDrift(route, verdict.drift, now, [&](const Deviation& deviation) {
    if (verdict.mode == ReconcileMode::kWarn)
      notes.events.push_back({true, "Drifted", StrCat(Print(deviation), "; spec.reconcile.mode is Warn")});
  });
  if (verdict.programmed != Programmed::kUnknown)
    SetStatus(route, "lastHandledReconcileAt", verdict.handled_request.empty() ? Json() : Json(verdict.handled_request));
  const Standing standing = StandingOf(verdict);
  SetStatus(route, "lastError", standing.way == Way::kReady || verdict.message.empty() ? Json() : Json(verdict.message));
  SetStanding(route, standing, verdict.generation, now);
}

}  // namespace patchbay::controller

// rollout status, history, undo: what `kubectl rollout` cannot do for kinds that it does not know.
#include <algorithm>
#include <iostream>

#include "base/clock.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/named.h"
#include "cli/printer.h"
#include "object/object.h"
#include "object/patch.h"
#include "object/yaml.h"

namespace patchbay::cli {
namespace {

constexpr int kAttempts = 5;  // of a write that others get ahead of

Result<Named> OnePlugin(Session& session, const std::vector<std::string>& words) {
  const Kind* plugins = Kinds::Embedded().FindWord("plugin");
  PATCHBAY_TRY(const auto objects, Resolve(session, words, "", false, plugins));
  if (objects.size() != 1) return Error{Code::kInvalid, "name one plugin, as plugin/NAME"};
  if (objects[0].kind != plugins) return Error{Code::kInvalid, StrCat(objects[0].Text(), ": only plugins have rollouts")};
  return objects[0];
}

std::string Quoted(const Named& plugin) { return StrCat("plugin \"", plugin.name, "\""); }

// --- status ---

struct Standing {
  std::string line;  // for a person; the same while nothing changed
  bool done = false;
  bool failed = false;
};

bool Holds(const Json& plugin, std::string_view type) {
  const auto condition = FindCondition(plugin, type);
  return condition && condition->status == "True";
}

std::string Reason(const Json& plugin, std::string_view type) {
  const auto condition = FindCondition(plugin, type);
  return condition ? StrCat(condition->reason, ": ", condition->message) : "";
}

// What the operator waits for, or is at: of a Canary the step.
std::string Detail(const Json& plugin) {
  const auto condition = FindCondition(plugin, "Reconciling");
  if (!condition || condition->status != "True") return "";
  const auto counts = condition->message.find("; ");  // "2 of 3 ready; "
  return StrCat(" (", counts == std::string::npos ? condition->message : condition->message.substr(counts + 2), ")");
}

Standing StandingOf(const Named& named, const Json& plugin) {
  if (FindInt(plugin, {"status", "observedGeneration"}) < GenerationOf(plugin))
    return {StrCat("Waiting for ", Quoted(named), " spec update to be observed...")};
  if (!FindBool(plugin, {"spec", "enabled"}, true) && Holds(plugin, "Ready"))
    return {StrCat(Quoted(named), " is disabled and nothing runs"), true};
  if (Holds(plugin, "Ready")) return {StrCat(Quoted(named), " successfully rolled out"), true};
  if (Holds(plugin, "Stalled")) return {StrCat(Quoted(named), " is stalled: ", Reason(plugin, "Stalled")), true, true};
  const long wanted = FindInt(plugin, {"spec", "replicas"}, 1);
  const long updated = FindInt(plugin, {"status", "updatedReplicas"});
  const long all = FindInt(plugin, {"status", "replicas"});
  const std::string head = StrCat("Waiting for ", Quoted(named), " rollout to finish: ");
  if (updated < wanted) return {StrCat(head, updated, " out of ", wanted, " new replicas have been updated...", Detail(plugin))};
  if (all > updated) return {StrCat(head, all - updated, " old replicas are pending termination...", Detail(plugin))};
  return {StrCat(head, FindInt(plugin, {"status", "readyReplicas"}), " of ", wanted, " updated replicas are ready...", Detail(plugin))};
}

// --- history ---

struct Past {
  long number = 0;
  Json object;
};

Result<std::vector<Past>> HistoryOf(Session& session, const Named& plugin) {
  const Kind* kind = Kinds::Embedded().FindResource("controllerrevisions.apps");
  PATCHBAY_TRY(const Json live, session.api.Get(plugin.Path()));
  PATCHBAY_TRY(Json list, session.api.Get(ObjectPath(*kind, plugin.ns)));
  std::vector<Past> history;
  for (Json& revision : list["items"]) {
    const Json* owners = Find(revision, {"metadata", "ownerReferences"});
    if (owners == nullptr || owners->empty() || FindString(owners->front(), {"uid"}) != UidOf(live)) continue;
    const long number = FindInt(revision, {"revision"});
    history.push_back({number, std::move(revision)});
  }
  std::sort(history.begin(), history.end(), [](const Past& a, const Past& b) { return a.number < b.number; });
  return history;
}

Result<Past> FindPast(std::vector<Past> history, const Named& plugin, long number) {
  for (Past& past : history)
    if (past.number == number) return std::move(past);
  std::vector<std::string> known;
  for (const Past& past : history) known.push_back(std::to_string(past.number));
  return Error{Code::kNotFound, StrCat(Quoted(plugin), " has no revision ", number,
                                       known.empty() ? "" : "; there are " + Join(known, ", "))};
}

std::string Age(const Json& object) {
  const auto created = ParseTime(FindString(object, {"metadata", "creationTimestamp"}));
  return created ? FormatAge(std::chrono::duration_cast<std::chrono::seconds>(SystemClock().Wall() - *created)) : "<unknown>";
}

int PrintHistory(const Named& plugin, const std::vector<Past>& history) {
  std::cout << plugin.Text() << "\n";
  TextTable table(std::cout);
  table.Add({"REVISION", "IMAGE", "AGE", "CHANGE-CAUSE"});
  for (const Past& past : history) {
    const auto annotations = AnnotationsOf(past.object);
    const auto cause = annotations.find("kubernetes.io/change-cause");
    table.Add({std::to_string(past.number), FindString(past.object, {"data", "spec", "image"}), Age(past.object),
               cause == annotations.end() ? "<none>" : cause->second});
  }
  table.Flush();
  return 0;
}

// --- undo ---

// The live spec with all that belongs to a revision taken from `past`.
Json Restored(const Json& live, const Json& past) {
  Json spec = past;
  for (const char* field : {"replicas", "enabled", "strategy", "reconcile", "revisionHistoryLimit"})
    if (const Json* value = Find(live, {"spec", field})) spec[field] = *value;
  return spec;
}

// The number to go back to: `number`, or the one before the present one.
Result<long> Destination(const std::vector<Past>& history, const Named& plugin, long number) {
  if (number > 0) return number;
  if (history.size() < 2)
    return Error{Code::kNotFound, StrCat("no earlier revision of ", Quoted(plugin), " is kept; nothing was changed")};
  return history[history.size() - 2].number;
}

}  // namespace

int ShowRollout(Session& session, const std::vector<std::string>& words, bool watch, std::chrono::milliseconds timeout) {
  const auto plugin = OnePlugin(session, words);
  if (!plugin.ok()) return Fail(plugin.error(), 2);
  Standing standing;
  bool gone = false;
  const auto end = Await(session, *plugin, timeout, [&](const Json* present) {
    gone = present == nullptr;
    if (gone) return true;
    const std::string last = standing.line;
    standing = StandingOf(*plugin, *present);
    if (standing.line != last && !standing.failed) std::cout << standing.line << std::endl;
    return standing.done || !watch;
  });
  if (!end.ok()) return Fail(end.error());
  if (gone) return Fail(Error{Code::kNotFound, StrCat(Quoted(*plugin), " is not there")});
  if (standing.failed) return Fail(Error{Code::kUnavailable, standing.line});
  return 0;
}

int ShowHistory(Session& session, const std::vector<std::string>& words, long number, const OutputFlags& flags) {
  const auto plugin = OnePlugin(session, words);
  if (!plugin.ok()) return Fail(plugin.error(), 2);
  const auto output = ParseOutput(flags.format);
  if (!output.ok()) return Fail(output.error(), 2);
  auto history = HistoryOf(session, *plugin);
  if (!history.ok()) return Fail(history.error());
  if (number <= 0) return PrintHistory(*plugin, *history);
  const auto past = FindPast(*std::move(history), *plugin, number);
  if (!past.ok()) return Fail(past.error());
  if (output->form != OutputForm::kTable && output->form != OutputForm::kWide) {
    const auto printed = PrintObject(std::cout, past->object, *output);
    return printed.ok() ? 0 : Fail(printed.error());
  }
  std::cout << plugin->Text() << " with revision " << number << "\n" << DumpYaml(past->object["data"]);
  return 0;
}

int Promote(Session& session, const std::vector<std::string>& words, bool full) {
  const auto plugin = OnePlugin(session, words);
  if (!plugin.ok()) return Fail(plugin.error(), 2);
  const auto live = session.api.Get(plugin->Path());
  if (!live.ok()) return Fail(live.error());
  const Json* steps = Find(*live, {"spec", "strategy", "steps"});
  if (FindString(*live, {"spec", "strategy", "type"}) != "Canary" || steps == nullptr || steps->empty())
    return Fail(Error{Code::kInvalid, StrCat(Quoted(*plugin), " has no Canary with steps (spec.strategy); nothing was changed")});
  const long step = FindInt(*live, {"status", "rollout", "step"});
  if (Holds(*live, "Ready") || step >= static_cast<long>(steps->size()))
    return Fail(Error{Code::kConflict, StrCat("no Canary of ", Quoted(*plugin), " is under way; nothing was changed")});
  const std::string past = StrCat(FindString(*live, {"status", "currentRevision"}), "/", full ? "all" : std::to_string(step));
  const Json patch{{"metadata", {{"annotations", {{"patchbay.dev/promote", past}}}}}};
  const auto reply = session.api.Send("PATCH", plugin->Path(), {{"fieldManager", "patchbay-rollout"}}, &patch, "application/merge-patch+json");
  if (!reply.ok()) return Fail(reply.error());
  std::cout << plugin->Text() << " promoted past " << (full ? "all steps" : StrCat("step ", step + 1, " of ", steps->size())) << "\n";
  return 0;
}

int Abort(Session& session, const std::vector<std::string>& words) {
  const auto plugin = OnePlugin(session, words);
  if (!plugin.ok()) return Fail(plugin.error(), 2);
  const auto live = session.api.Get(plugin->Path());
  if (!live.ok()) return Fail(live.error());
  const std::string stable = FindString(*live, {"status", "stableRevision"});
  const auto history = HistoryOf(session, *plugin);
  if (!history.ok()) return Fail(history.error());
  for (const Past& past : *history)
    if (NameOf(past.object) == stable) return Undo(session, words, past.number, "none");
  return Fail(Error{Code::kNotFound, StrCat("no revision of ", Quoted(*plugin), " has been ready yet; nothing was changed")});
}

int Undo(Session& session, const std::vector<std::string>& words, long number, const std::string& dry_run) {
  const auto plugin = OnePlugin(session, words);
  if (!plugin.ok()) return Fail(plugin.error(), 2);
  auto history = HistoryOf(session, *plugin);
  if (!history.ok()) return Fail(history.error());
  const auto destination = Destination(*history, *plugin, number);
  if (!destination.ok()) return Fail(destination.error());
  const auto past = FindPast(*std::move(history), *plugin, *destination);
  if (!past.ok()) return Fail(past.error());
  Parameters parameters{{"fieldManager", "patchbay-rollout"}};
  if (dry_run == "server") parameters.emplace_back("dryRun", "All");
  for (int attempt = 1;; ++attempt) {
    const auto live = session.api.Get(plugin->Path());
    if (!live.ok()) return Fail(live.error());
    const Json spec = Restored(*live, past->object["data"]["spec"]);
    if (EqualJson(spec, (*live)["spec"])) {
      std::cout << plugin->Text() << " is at revision " << *destination << " already; nothing was changed\n";
      return 0;
    }
    // Replaced as a whole: what the revision does not have must go. Only what was just read.
    const Json patch = Json::array({{{"op", "test"}, {"path", "/metadata/resourceVersion"},
                                     {"value", FindString(*live, {"metadata", "resourceVersion"})}},
                                    {{"op", "replace"}, {"path", "/spec"}, {"value", spec}}});
    const auto reply = session.api.Send("PATCH", plugin->Path(), parameters, &patch, "application/json-patch+json");
    if (reply.ok()) {
      ShowWarnings(reply->warnings);
      break;
    }
    const bool overtaken = reply.error().code == Code::kConflict || reply.error().code == Code::kInvalid;
    if (!overtaken || attempt == kAttempts) return Fail(reply.error());
  }
  std::cout << plugin->Text() << " rolled back to revision " << *destination
            << (dry_run == "none" ? "" : " (" + dry_run + " dry run)") << "\n";
  return 0;
}

}  // namespace patchbay::cli

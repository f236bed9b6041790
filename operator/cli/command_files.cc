// apply, create, diff, plan, and delete -f: the commands that read manifests.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/clock.h"
#include "base/text.h"
#include "cli/apply.h"
#include "cli/commands.h"
#include "cli/manifest_files.h"
#include "cli/printer.h"
#include "object/object.h"
#include "object/yaml.h"

namespace patchbay::cli {
namespace {

Parameters WriteParameters(const FileFlags& flags) {
  Parameters parameters{{"fieldManager", "patchbay-apply"}};
  const std::string validate = flags.validate == "true" ? "strict" : flags.validate == "false" ? "ignore" : flags.validate;
  parameters.emplace_back("fieldValidation", validate == "warn" ? "Warn" : validate == "ignore" ? "Ignore" : "Strict");
  if (flags.dry_run == "server") parameters.emplace_back("dryRun", "All");
  return parameters;
}

struct Applied {
  Json object;
  Json live;  // before; null when it was absent
  std::string verb;
  std::vector<std::string> warnings;
};

Result<Applied> ApplyOne(Session& session, const Manifest& manifest, const Parameters& parameters) {
  const std::string ns = NamespaceOf(manifest.object);
  const std::string name = NameOf(manifest.object);
  for (int attempt = 0;; ++attempt) {
    auto live = session.api.Get(ObjectPath(*manifest.kind, ns, name));
    if (!live.ok() && live.error().code != Code::kNotFound) return std::move(live).error();
    Result<Reply> reply = Error{};
    Applied applied;
    if (!live.ok()) {
      const Json created = WithLastApplied(manifest.object);
      reply = session.api.Send("POST", ObjectPath(*manifest.kind, ns), parameters, &created);
      applied.verb = "created";
    } else {
      const Json patch = ThreeWayPatch(manifest.object, *live);
      applied.live = *live;
      if (patch.empty()) {
        applied.object = std::move(*live);
        applied.verb = "unchanged";
        return applied;
      }
      reply = session.api.Send("PATCH", ObjectPath(*manifest.kind, ns, name), parameters, &patch,
                               "application/merge-patch+json");
      applied.verb = "configured";
    }
    // Somebody else created, deleted or changed it in between: look again.
    const bool raced = !reply.ok() && (reply.error().code == Code::kAlreadyExists || reply.error().code == Code::kConflict ||
                                       (live.ok() && reply.error().code == Code::kNotFound));
    if (raced && attempt < 5) continue;
    if (!reply.ok()) return std::move(reply).error();
    applied.object = std::move(reply->body);
    applied.warnings = std::move(reply->warnings);
    if (live.ok() && RevisionOf(applied.object) == RevisionOf(applied.live)) applied.verb = "unchanged";
    return applied;
  }
}

Result<Applied> CreateOne(Session& session, const Manifest& manifest, const Parameters& parameters) {
  PATCHBAY_TRY(Reply reply, session.api.Send("POST", ObjectPath(*manifest.kind, NamespaceOf(manifest.object)), parameters,
                                             &manifest.object));
  return Applied{std::move(reply.body), nullptr, "created", std::move(reply.warnings)};
}

// The place in the file before each fault, so that an editor can jump there.
void ReportFaults(const Manifest& manifest, const Error& error) {
  if (error.causes.empty()) {
    std::cerr << manifest.Place() << ": error: " << error.message << "\n";
    return;
  }
  for (const Cause& cause : error.causes)
    std::cerr << manifest.Place(cause.field) << ": error: " << (cause.field.empty() ? "" : cause.field + ": ")
              << cause.message << "\n";
}

// The field that a strict decoding error names, as `unknown field "spec.x"`.
std::string QuotedField(const std::string& message) {
  const auto begin = message.find("field \"");
  if (begin == std::string::npos) return "";
  const auto end = message.find('"', begin + 7);
  return message.substr(begin + 7, end - begin - 7);
}

Error WithPlaces(const Error& error) {
  Error told = error;
  if (told.causes.empty() && told.message.find("strict decoding error: ") != std::string::npos) {
    std::string rest = told.message.substr(told.message.find("strict decoding error: ") + 23);
    while (!rest.empty()) {
      const auto comma = rest.find("\", ");
      const std::string one = rest.substr(0, comma == std::string::npos ? rest.size() : comma + 1);
      told.causes.push_back({QuotedField(one), "", one});
      rest = comma == std::string::npos ? "" : rest.substr(comma + 3);
    }
    for (Cause& cause : told.causes) {
      cause.message = cause.message.starts_with("duplicate") ? "duplicate field" : "unknown field";
    }
  }
  return told;
}

template <class Operation>
int ForEachManifest(Session& session, const FileFlags& flags, const OutputFlags& output_flags, Operation operation) {
  auto output = ParseOutput(output_flags.format);
  if (!output.ok()) return Fail(output.error(), 2);
  auto manifests = ReadManifests(flags.files, flags.recursive, session.ns(), !session.flags.ns.empty());
  if (!manifests.ok()) return Fail(manifests.error());
  const std::string suffix = flags.dry_run == "none" ? "" : StrCat(" (", flags.dry_run, " dry run)");
  int failed = 0;
  for (const Manifest& manifest : *manifests) {
    Result<Applied> applied = flags.dry_run == "client" ? Result<Applied>(Applied{manifest.object, nullptr, "created", {}})
                                                        : operation(manifest);
    if (!applied.ok()) {
      ReportFaults(manifest, WithPlaces(applied.error()));
      ++failed;
      continue;
    }
    ShowWarnings(applied->warnings);
    if (output->form == OutputForm::kTable || output->form == OutputForm::kWide) {
      std::cout << NameOfObject(*manifest.kind, NameOf(applied->object)) << " " << applied->verb << suffix << std::endl;
    } else if (output->form == OutputForm::kName) {
      std::cout << NameOfObject(*manifest.kind, NameOf(applied->object)) << std::endl;
    } else if (auto printed = PrintObject(std::cout, Presentable(applied->object), *output); !printed.ok()) {
      return Fail(printed.error());
    }
  }
  if (failed > 0)
    std::cerr << "error: " << failed << " of " << manifests->size() << " objects were refused; nothing of them is stored\n";
  return failed > 0 ? 1 : 0;
}

// What a person compares: without the fields that every write moves.
Json Comparable(Json object) {
  object = Presentable(std::move(object));
  object.erase("status");
  if (Json* metadata = Find(object, {"metadata"}); metadata != nullptr) {
    for (const char* field : {"resourceVersion", "generation", "uid", "creationTimestamp"}) metadata->erase(field);
    if (Json* annotations = Find(*metadata, {"annotations"}); annotations != nullptr && annotations->is_object()) {
      annotations->erase(kLastApplied);
      if (annotations->empty()) metadata->erase("annotations");
    }
  }
  return object;
}

struct PlannedStep {
  std::string object;
  std::string action;
  std::string target;
  std::string reason;
};

// The server answers one entry per object: {"kind","namespace","name","actions":[...],"error"}.
std::vector<PlannedStep> StepsOf(const Json& plan) {
  std::vector<PlannedStep> steps;
  const Json* objects = Find(plan, {"objects"});
  if (objects == nullptr || !objects->is_array()) return steps;
  for (const Json& object : *objects) {
    const std::string name = StrCat(Lower(FindString(object, {"kind"})), "/", FindString(object, {"name"}));
    if (const std::string error = FindString(object, {"error"}); !error.empty()) steps.push_back({name, "blocked", "", error});
    const Json* actions = Find(object, {"actions"});
    if (actions == nullptr || !actions->is_array()) continue;
    for (const Json& action : *actions)
      steps.push_back({name, FindString(action, {"action"}), FindString(action, {"target"}), FindString(action, {"reason"})});
  }
  return steps;
}

// For a person, beside the steps: what becomes of containers that belong to nobody.
void ShowNotes(const Json& plan) {
  const Json* objects = Find(plan, {"objects"});
  if (objects == nullptr || !objects->is_array()) return;
  for (const Json& object : *objects)
    if (const std::string note = FindString(object, {"note"}); !note.empty())
      std::cerr << "Note: " << Lower(FindString(object, {"kind"})) << " " << FindString(object, {"name"}) << ": " << note << "\n";
}

// The object as a delete would leave it while its finalizers are worked on.
Result<Applied> EraseOne(Session& session, const Manifest& manifest) {
  PATCHBAY_TRY(Json live, session.api.Get(ObjectPath(*manifest.kind, NamespaceOf(manifest.object), NameOf(manifest.object))));
  live["metadata"]["deletionTimestamp"] = FormatTime(SystemClock().Wall());
  return Applied{std::move(live), nullptr, "deleted", {}};
}

class DiffFolders {
 public:
  DiffFolders() {
    std::string pattern = (std::filesystem::temp_directory_path() / "patchbay-diff-XXXXXX").string();
    if (mkdtemp(pattern.data()) != nullptr) root_ = pattern;
    std::error_code error;
    std::filesystem::create_directories(root_ + "/LIVE", error);
    std::filesystem::create_directories(root_ + "/MERGED", error);
  }
  ~DiffFolders() {
    std::error_code error;
    if (!root_.empty()) std::filesystem::remove_all(root_, error);
  }
  void Put(const std::string& side, const std::string& name, const std::string& text) const {
    std::ofstream(StrCat(root_, "/", side, "/", name)) << text;
  }
  // 0 the same, 1 different, above: failed.
  int Compare() const {
    const char* external = std::getenv("KUBECTL_EXTERNAL_DIFF");
    const std::string command = StrCat("cd '", root_, "' && ", external == nullptr ? "diff -u -N" : external, " LIVE MERGED");
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
  }
  bool ok() const { return !root_.empty(); }

 private:
  std::string root_;
};

}  // namespace

int Apply(Session& session, const FileFlags& flags, const OutputFlags& output) {
  const Parameters parameters = WriteParameters(flags);
  return ForEachManifest(session, flags, output,
                         [&](const Manifest& manifest) { return ApplyOne(session, manifest, parameters); });
}

int Create(Session& session, const FileFlags& flags, const OutputFlags& output) {
  const Parameters parameters = WriteParameters(flags);
  return ForEachManifest(session, flags, output,
                         [&](const Manifest& manifest) { return CreateOne(session, manifest, parameters); });
}

int Diff(Session& session, const FileFlags& flags) {
  auto manifests = ReadManifests(flags.files, flags.recursive, session.ns(), !session.flags.ns.empty());
  if (!manifests.ok()) return Fail(manifests.error(), 2);
  FileFlags dry = flags;
  dry.dry_run = "server";
  const DiffFolders folders;
  if (!folders.ok()) return Fail(Error{Code::kUnavailable, "cannot make a temporary folder"}, 2);
  for (const Manifest& manifest : *manifests) {
    auto applied = ApplyOne(session, manifest, WriteParameters(dry));
    if (!applied.ok()) {
      ReportFaults(manifest, WithPlaces(applied.error()));
      return 2;
    }
    ShowWarnings(applied->warnings);
    const std::string name = StrCat(manifest.kind->Resource(), ".", NamespaceOf(applied->object), ".", NameOf(applied->object));
    if (!applied->live.is_null()) folders.Put("LIVE", name, DumpYaml(Comparable(applied->live)));
    folders.Put("MERGED", name, DumpYaml(Comparable(applied->object)));
  }
  const int difference = folders.Compare();
  return difference > 1 ? 2 : difference;
}

int ShowPlan(Session& session, const FileFlags& flags, const OutputFlags& output_flags) {
  auto output = ParseOutput(output_flags.format);
  if (!output.ok()) return Fail(output.error(), 2);
  auto manifests = ReadManifests(flags.files, flags.recursive, session.ns(), !session.flags.ns.empty());
  if (!manifests.ok()) return Fail(manifests.error(), 2);
  FileFlags dry = flags;
  dry.dry_run = "server";
  Parameters parameters = WriteParameters(dry);
  parameters.emplace_back("plan", "false");  // of each by itself: here all are planned together
  Json request{{"objects", Json::array()}};
  int failed = 0;
  for (const Manifest& manifest : *manifests) {
    auto applied = flags.erases ? EraseOne(session, manifest) : ApplyOne(session, manifest, parameters);
    if (flags.erases && !applied.ok() && applied.error().code == Code::kNotFound) continue;
    if (!applied.ok()) {
      ReportFaults(manifest, WithPlaces(applied.error()));
      ++failed;
      continue;
    }
    request["objects"].push_back(std::move(applied->object));
  }
  if (failed > 0) return 2;
  auto plan = session.api.Send("POST", "/patchbay/v1/plan", {}, &request);
  if (!plan.ok()) return Fail(plan.error(), 2);
  const std::vector<PlannedStep> steps = StepsOf(plan->body);
  if (output->form == OutputForm::kYaml || output->form == OutputForm::kJson || output->form == OutputForm::kJsonPath) {
    if (auto printed = PrintObject(std::cout, plan->body, *output); !printed.ok()) return Fail(printed.error(), 2);
    return steps.empty() ? 0 : 1;
  }
  ShowNotes(plan->body);
  if (steps.empty()) {
    std::cout << "Nothing to do: the world already is as the manifests say.\n";
    return 0;
  }
  TextTable table(std::cout);
  table.Add({"STEP", "OBJECT", "ACTION", "TARGET", "WHY"});
  int number = 0;
  for (const auto& step : steps)
    table.Add({std::to_string(++number), step.object, step.action, step.target.empty() ? "-" : step.target, step.reason});
  table.Flush();
  return 1;
}

}  // namespace patchbay::cli

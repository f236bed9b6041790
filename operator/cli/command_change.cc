// delete, edit, enable, disable, restart, scale, wait, version.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/clock.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/manifest_files.h"
#include "cli/named.h"
#include "cli/printer.h"
#include "object/jsonpath.h"
#include "object/object.h"
#include "object/patch.h"
#include "object/yaml.h"

namespace patchbay::cli {
namespace {

int DeleteObjects(Session& session, const std::vector<Named>& objects, const DeleteFlags& flags) {
  int failed = 0;
  std::vector<Named> going;
  Parameters parameters;
  if (flags.file.dry_run == "server") parameters.emplace_back("dryRun", "All");
  const std::string policy = flags.cascade == "orphan" ? "Orphan" : flags.cascade == "foreground" ? "Foreground" : "Background";
  Json options{{"kind", "DeleteOptions"}, {"apiVersion", "v1"}, {"propagationPolicy", policy}};
  if (flags.force) options["gracePeriodSeconds"] = 0;
  for (const auto& object : objects) {
    auto reply = session.api.Send("DELETE", object.Path(), parameters, &options);
    if (!reply.ok()) {
      if (flags.ignore_not_found && reply.error().code == Code::kNotFound) continue;
      failed = Fail(reply.error());
      continue;
    }
    ShowWarnings(reply->warnings);
    std::cout << object.kind->singular << (object.kind->group.empty() ? "" : ".") << object.kind->group << " \"" << object.name
              << "\" deleted" << (flags.file.dry_run == "none" ? "" : " (" + flags.file.dry_run + " dry run)") << std::endl;
    going.push_back(object);
  }
  if (!flags.wait || flags.file.dry_run != "none") return failed;
  for (const auto& object : going)
    if (auto gone = Await(session, object, flags.timeout, [](const Json* present) { return present == nullptr; }); !gone.ok())
      failed = Fail(gone.error());
  return failed;
}

// Sends one merge patch to every object and says what became of it.
int PatchAll(Session& session, const Result<std::vector<Named>>& objects, const Json& patch, const std::string& done) {
  if (!objects.ok()) return Fail(objects.error(), objects.error().code == Code::kInvalid ? 2 : 1);
  if (objects->empty()) {
    std::cerr << "No resources found\n";
    return 0;
  }
  int failed = 0;
  for (const auto& object : *objects) {
    auto reply = session.api.Send("PATCH", object.Path(), {{"fieldManager", "patchbay"}}, &patch, "application/merge-patch+json");
    if (!reply.ok()) failed = Fail(reply.error());
    else std::cout << object.Text() << " " << done << std::endl;
  }
  return failed;
}

Result<std::string> EditText(const std::string& text) {
  std::string path = (std::filesystem::temp_directory_path() / "patchbay-edit-XXXXXX.yaml").string();
  const int file = mkstemps(path.data(), 5);
  if (file < 0) return Error{Code::kUnavailable, "cannot make a temporary file"};
  close(file);
  std::ofstream(path) << text;
  const char* editor = nullptr;
  for (const char* name : {"KUBE_EDITOR", "EDITOR", "VISUAL"})
    if (editor == nullptr) editor = std::getenv(name);
  const int status = std::system(StrCat(editor == nullptr ? "vi" : editor, " '", path, "'").c_str());
  std::ostringstream edited;
  edited << std::ifstream(path).rdbuf();
  std::error_code error;
  std::filesystem::remove(path, error);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return Error{Code::kInternal, "the editor failed; nothing was changed"};
  return edited.str();
}

int EditOne(Session& session, const Named& object) {
  auto live = session.api.Get(object.Path());
  if (!live.ok()) return Fail(live.error());
  const Json before = Presentable(*live);
  const std::string head = "# Edit the object. Lines that begin with '#' are ignored; an unchanged file changes nothing.\n";
  std::string text = head + DumpYaml(before);
  std::string complaint;
  while (true) {
    auto edited = EditText(complaint + text);
    if (!edited.ok()) return Fail(edited.error());
    if (*edited == complaint + text) {
      std::cout << (complaint.empty() ? "Edit cancelled, no changes made.\n" : "Edit cancelled, the last change was refused.\n");
      return complaint.empty() ? 0 : 1;
    }
    const auto complain = [&](const std::string& why) {
      complaint = "# " + why + "\n#\n";
      for (std::size_t at = 0; (at = complaint.find('\n', at)) != std::string::npos && at + 1 < complaint.size(); ++at)
        if (complaint[at + 1] != '#') complaint.insert(at + 1, "# ");
      text = edited->substr(edited->find(head) == std::string::npos ? 0 : edited->find(head));
    };
    auto documents = ParseYaml(*edited, "edited");
    if (!documents.ok() || documents->size() != 1) {
      complain(documents.ok() ? "one object is expected" : documents.error().message);
      continue;
    }
    const Json patch = MergeDiff(before, (*documents)[0].value);
    if (patch.empty()) {
      std::cout << "Edit cancelled, no changes made.\n";
      return 0;
    }
    auto reply = session.api.Send("PATCH", object.Path(), {{"fieldManager", "patchbay-edit"}, {"fieldValidation", "Strict"}}, &patch,
                                  "application/merge-patch+json");
    if (reply.ok()) {
      std::cout << object.Text() << " edited\n";
      return 0;
    }
    if (reply.error().code != Code::kInvalid && reply.error().code != Code::kConflict) return Fail(reply.error());
    complain(reply.error().message);
  }
}

struct WaitTest {
  std::function<bool(const Json*)> holds;
};

std::string JsonText(const Json& value) { return value.is_string() ? value.get<std::string>() : DumpJson(value); }

Result<WaitTest> ParseWait(const std::string& text) {
  if (text == "delete") return WaitTest{[](const Json* present) { return present == nullptr; }};
  if (text == "create") return WaitTest{[](const Json* present) { return present != nullptr; }};
  if (text.starts_with("condition=")) {
    std::string type = text.substr(10);
    std::string wanted = "True";
    if (const auto equals = type.find('='); equals != std::string::npos) {
      wanted = type.substr(equals + 1);
      type.resize(equals);
    }
    return WaitTest{[type, wanted](const Json* present) {
      if (present == nullptr) return false;
      const auto condition = FindCondition(*present, type);
      // A condition of an older generation says nothing about this one.
      const Json* conditions = Find(*present, {"status", "conditions"});
      for (const Json& one : conditions == nullptr ? Json::array() : *conditions)
        if (FindString(one, {"type"}) == type && FindInt(one, {"observedGeneration"}, 1L << 62) < GenerationOf(*present)) return false;
      return condition && EqualsIgnoreCase(condition->status, wanted);
    }};
  }
  if (text.starts_with("jsonpath=")) {
    const std::string rest = text.substr(9);
    const auto close = rest.rfind('}');
    const std::string wanted = close != std::string::npos && rest.size() > close + 2 ? rest.substr(close + 2) : "";
    const bool any = close == std::string::npos || rest.size() <= close + 1;
    PATCHBAY_TRY(JsonPath path, JsonPath::ParsePath(rest.substr(0, close == std::string::npos ? close : close + 1)));
    auto shared = std::make_shared<JsonPath>(std::move(path));
    return WaitTest{[shared, wanted, any](const Json* present) {
      if (present == nullptr) return false;
      const auto values = shared->Select(*present);
      return !values.empty() && (any || JsonText(*values[0]) == wanted);
    }};
  }
  return Error{Code::kInvalid, StrCat("--for=", text, " is not known; write condition=NAME[=VALUE], jsonpath='{PATH}'=VALUE, delete or create")};
}

}  // namespace

int Delete(Session& session, const std::vector<std::string>& words, const DeleteFlags& flags) {
  if (!flags.file.files.empty()) {
    auto manifests = ReadManifests(flags.file.files, flags.file.recursive, session.ns(), !session.flags.ns.empty());
    if (!manifests.ok()) return Fail(manifests.error());
    std::vector<Named> objects;
    // What was made last goes first: routes before the plugins they lead to.
    for (auto it = manifests->rbegin(); it != manifests->rend(); ++it)
      objects.push_back({it->kind, NamespaceOf(it->object), NameOf(it->object)});
    return DeleteObjects(session, objects, flags);
  }
  auto objects = Resolve(session, words, flags.selector, flags.all, nullptr);
  if (!objects.ok()) return Fail(objects.error(), objects.error().code == Code::kInvalid ? 2 : 1);
  if (objects->empty()) std::cerr << "No resources found\n";
  return DeleteObjects(session, *objects, flags);
}

int Edit(Session& session, const std::vector<std::string>& words) {
  auto objects = Resolve(session, words, "", false, nullptr);
  if (!objects.ok()) return Fail(objects.error(), 2);
  int failed = 0;
  for (const auto& object : *objects) failed |= EditOne(session, object);
  return failed;
}

int SetEnabled(Session& session, const std::vector<std::string>& words, const std::string& selector, bool enabled) {
  const auto objects = Resolve(session, words, selector, false, Kinds::Embedded().FindWord("plugin"));
  return PatchAll(session, objects, Json{{"spec", {{"enabled", enabled}}}}, enabled ? "enabled" : "disabled");
}

int Restart(Session& session, const std::vector<std::string>& words, const std::string& selector) {
  const auto objects = Resolve(session, words, selector, false, Kinds::Embedded().FindWord("plugin"));
  if (objects.ok())
    for (const auto& object : *objects)
      if (object.kind->kind != "Plugin") return Fail(Error{Code::kInvalid, StrCat(object.Text(), ": only plugins can be restarted")}, 2);
  const std::string now = FormatMicroTime(SystemClock().Wall());
  return PatchAll(session, objects, Json{{"metadata", {{"annotations", {{"patchbay.dev/restartedAt", now}}}}}}, "restarted");
}

int ReconcileNow(Session& session, const std::vector<std::string>& words, const std::string& selector) {
  const auto objects = Resolve(session, words, selector, false, Kinds::Embedded().FindWord("plugin"));
  const std::string now = FormatMicroTime(SystemClock().Wall());
  return PatchAll(session, objects, Json{{"metadata", {{"annotations", {{"patchbay.dev/reconcileAt", now}}}}}}, "asked to reconcile");
}

int SetPaused(Session& session, const std::vector<std::string>& words, bool paused) {
  const auto objects = Resolve(session, words, "", false, Kinds::Embedded().FindWord("plugin"));
  return PatchAll(session, objects, Json{{"spec", {{"reconcile", {{"paused", paused}}}}}}, paused ? "paused" : "resumed");
}

int Scale(Session& session, const std::vector<std::string>& words, int replicas, int current_replicas) {
  auto objects = Resolve(session, words, "", false, Kinds::Embedded().FindWord("plugin"));
  if (!objects.ok()) return Fail(objects.error(), 2);
  int failed = 0;
  for (const auto& object : *objects) {
    if (current_replicas >= 0) {
      auto scale = session.api.Get(object.Path("scale"));
      if (!scale.ok()) return Fail(scale.error());
      if (FindInt(*scale, {"spec", "replicas"}) != current_replicas)
        return Fail(Error{Code::kConflict, StrCat("expected replicas to be ", current_replicas, ", was ",
                                                  FindInt(*scale, {"spec", "replicas"}))});
    }
    const Json patch{{"spec", {{"replicas", replicas}}}};
    auto reply = session.api.Send("PATCH", object.Path("scale"), {}, &patch, "application/merge-patch+json");
    if (!reply.ok()) failed = Fail(reply.error());
    else std::cout << object.Text() << " scaled" << std::endl;
  }
  return failed;
}

int Wait(Session& session, const std::vector<std::string>& words, const std::string& condition, const std::string& selector,
         std::chrono::milliseconds timeout) {
  auto test = ParseWait(condition);
  if (!test.ok()) return Fail(test.error(), 2);
  const bool all = words.size() == 1 && words[0].find('/') == std::string::npos;
  auto objects = Resolve(session, words, selector, all, nullptr);
  if (!objects.ok()) return Fail(objects.error(), objects.error().code == Code::kInvalid ? 2 : 1);
  if (objects->empty()) return Fail(Error{Code::kNotFound, "no matching resources found"});
  int failed = 0;
  const auto deadline = SystemClock().Mono() + timeout;
  for (const auto& object : *objects) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SystemClock().Mono());
    auto held = Await(session, object, std::max(left, std::chrono::milliseconds(1)), test->holds);
    if (!held.ok()) failed = Fail(held.error());
    else std::cout << object.Text() << (condition == "delete" ? " deleted" : " condition met") << std::endl;
  }
  return failed;
}

int ShowVersion(Session& session, const std::string& client_version, bool client_only, const OutputFlags& flags) {
  auto output = ParseOutput(flags.format);
  if (!output.ok()) return Fail(output.error(), 2);
  Json versions{{"clientVersion", {{"version", client_version}}}};
  Result<Json> server = Error{Code::kNotFound, ""};
  if (!client_only) {
    server = session.api.Get("/version");
    if (server.ok()) versions["serverVersion"] = *server;
  }
  if (output->form == OutputForm::kJson || output->form == OutputForm::kYaml)
    return PrintObject(std::cout, versions, *output).ok() ? 0 : 1;
  std::cout << "Client Version: " << client_version << "\n";
  if (client_only) return 0;
  if (!server.ok()) return Fail(server.error());
  std::cout << "Server Version: " << FindString(*server, {"gitVersion"}) << "\n";
  return 0;
}

}  // namespace patchbay::cli

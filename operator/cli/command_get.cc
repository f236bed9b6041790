// get, events, api-resources.
#include <iostream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/printer.h"
#include "cli/targets.h"
#include "object/object.h"

namespace patchbay::cli {
namespace {

constexpr const char* kAsTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

Parameters ListParameters(const OutputFlags& flags, const std::string& name) {
  Parameters parameters;
  if (!flags.selector.empty()) parameters.emplace_back("labelSelector", flags.selector);
  std::string fields = flags.field_selector;
  if (!name.empty()) fields += StrCat(fields.empty() ? "" : ",", "metadata.name=", name);
  if (!fields.empty()) parameters.emplace_back("fieldSelector", fields);
  return parameters;
}

bool IsTable(const Output& output) { return output.form == OutputForm::kTable || output.form == OutputForm::kWide; }

class Getter {
 public:
  Getter(Session& session, const OutputFlags& flags, const Output& output, std::vector<Target> targets)
      : session_(session), flags_(flags), output_(output), targets_(std::move(targets)) {
    for (const auto& target : targets_) several_ = several_ || target.kind != targets_[0].kind;
    single_ = targets_.size() == 1 && !targets_[0].name.empty();
  }

  int Show(bool ignore_not_found) {
    return IsTable(output_) ? ShowTables(ignore_not_found) : ShowObjects(ignore_not_found);
  }

  int Follow() {
    if (targets_.size() != 1) return Fail(Error{Code::kInvalid, "you may only watch a single kind or object at a time"}, 2);
    const Target& target = targets_[0];
    TablePrinter printer(std::cout, flags_, output_.form == OutputForm::kWide, WithNamespace(target), "");
    Parameters parameters = ListParameters(flags_, target.name);
    std::string revision;
    if (!flags_.watch_only) {
      auto list = session_.api.Get(ObjectPath(*target.kind, session_.scope()), parameters, Accept());
      if (!list.ok()) return Fail(list.error());
      revision = FindString(*list, {"metadata", "resourceVersion"});
      if (IsTable(output_)) {
        printer.Print(*list);
      } else if (const Json* items = Find(*list, {"items"})) {
        for (const Json& item : *items) PrintOne(target, item);
      }
    }
    return Watch(target, printer, parameters, revision);
  }

 private:
  std::string Accept() const { return IsTable(output_) ? kAsTable : "application/json"; }
  bool WithNamespace(const Target& target) const { return session_.flags.all_namespaces && target.kind->namespaced; }

  int Watch(const Target& target, TablePrinter& printer, Parameters parameters, std::string revision) {
    parameters.emplace_back("watch", "true");
    parameters.emplace_back("allowWatchBookmarks", "true");
    parameters.emplace_back("resourceVersion", revision);
    while (true) {
      parameters.back().second = revision;
      bool expired = false;
      auto end = session_.api.StreamLines(ObjectPath(*target.kind, session_.scope()), parameters, Accept(), [&](const Json& event) {
        const std::string type = FindString(event, {"type"});
        const Json* object = Find(event, {"object"});
        if (object == nullptr) return true;
        if (type == "ERROR") {
          expired = FindInt(*object, {"code"}) == 410;
          if (!expired) std::cerr << "error: " << FindString(*object, {"message"}) << "\n";
          return false;
        }
        const std::string seen = FindString(*object, {"metadata", "resourceVersion"});
        if (!seen.empty()) revision = seen;
        if (type == "BOOKMARK") return true;
        if (IsTable(output_)) printer.Print(*object);
        else PrintOne(target, *object);
        return true;
      });
      if (!end.ok()) return Fail(end.error());
      if (expired) revision = "";
    }
  }

  int ShowTables(bool ignore_not_found) {
    bool any = false;
    int failed = 0;
    for (const auto& target : targets_) {
      const std::string ns = target.name.empty() ? session_.scope() : session_.ns();
      const std::string prefix =
          several_ ? StrCat(target.kind->singular, target.kind->group.empty() ? "" : ".", target.kind->group, "/") : "";
      auto table = session_.api.Get(ObjectPath(*target.kind, ns, target.name),
                                    target.name.empty() ? ListParameters(flags_, "") : Parameters{}, kAsTable);
      if (!table.ok()) {
        if (!(ignore_not_found && table.error().code == Code::kNotFound)) failed |= FailServer(table.error());
        continue;
      }
      const Json* rows = Find(*table, {"rows"});
      if (rows == nullptr || rows->empty()) continue;
      if (any && several_) std::cout << "\n";
      any = true;
      TablePrinter(std::cout, flags_, output_.form == OutputForm::kWide, WithNamespace(target), prefix).Print(*table);
    }
    if (!any && failed == 0 && !ignore_not_found) {
      if (session_.flags.all_namespaces) std::cerr << "No resources found\n";
      else std::cerr << "No resources found in " << session_.ns() << " namespace.\n";
    }
    return failed;
  }

  int FailServer(const Error& error) {
    std::cerr << "Error from server (" << CodeName(error.code) << "): " << error.message << "\n";
    return 1;
  }

  int ShowObjects(bool ignore_not_found) {
    Json list{{"apiVersion", "v1"}, {"kind", "List"}, {"items", Json::array()}};
    int failed = 0;
    for (const auto& target : targets_) {
      const std::string ns = target.name.empty() ? session_.scope() : session_.ns();
      auto got = session_.api.Get(ObjectPath(*target.kind, ns, target.name),
                                  target.name.empty() ? ListParameters(flags_, "") : Parameters{});
      if (!got.ok()) {
        if (!(ignore_not_found && got.error().code == Code::kNotFound)) failed |= FailServer(got.error());
        continue;
      }
      if (!target.name.empty()) {
        list["items"].push_back(Presentable(std::move(*got)));
      } else if (const Json* items = Find(*got, {"items"})) {
        for (Json item : *items) {
          if (!item.contains("kind")) item["kind"] = target.kind->kind;
          if (!item.contains("apiVersion")) item["apiVersion"] = target.kind->ApiVersion();
          list["items"].push_back(Presentable(std::move(item)));
        }
      }
    }
    if (output_.form == OutputForm::kName) {
      for (const Json& item : list["items"])
        if (const Kind* kind = Kinds::Embedded().FindKind(FindString(item, {"apiVersion"}), FindString(item, {"kind"})))
          std::cout << NameOfObject(*kind, NameOf(item)) << "\n";
      return failed;
    }
    if (single_ && list["items"].empty()) return failed;
    auto printed = PrintObject(std::cout, single_ ? list["items"][0] : list, output_);
    return printed.ok() ? failed : Fail(printed.error());
  }

  void PrintOne(const Target& target, const Json& object) {
    if (output_.form == OutputForm::kName) std::cout << NameOfObject(*target.kind, NameOf(object)) << std::endl;
    else if (output_.form == OutputForm::kYaml) std::cout << "---\n";
    if (output_.form != OutputForm::kName) (void)PrintObject(std::cout, Presentable(object), output_).ok();
  }

  Session& session_;
  const OutputFlags& flags_;
  const Output& output_;
  std::vector<Target> targets_;
  bool several_ = false;
  bool single_ = false;
};

}  // namespace

int Get(Session& session, const std::vector<std::string>& words, const OutputFlags& flags, bool ignore_not_found) {
  auto output = ParseOutput(flags.format);
  if (!output.ok()) return Fail(output.error(), 2);
  auto targets = ParseTargets(words);
  if (!targets.ok()) return Fail(targets.error());
  Getter getter(session, flags, *output, std::move(*targets));
  return flags.watch || flags.watch_only ? getter.Follow() : getter.Show(ignore_not_found);
}

int ShowEvents(Session& session, const std::string& about, const OutputFlags& flags) {
  OutputFlags events = flags;
  if (!about.empty()) {
    auto targets = ParseNamedTargets({about}, nullptr);
    if (!targets.ok()) return Fail(targets.error(), 2);
    events.field_selector = StrCat("involvedObject.kind=", (*targets)[0].kind->kind, ",involvedObject.name=", (*targets)[0].name);
  }
  return Get(session, {"events"}, events, false);
}

int ShowKinds(const OutputFlags& flags) {
  TextTable table(std::cout);
  if (!flags.no_headers) table.Add({"NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"});
  for (const Kind& kind : Kinds::Embedded().all())
    table.Add({kind.plural, Join(kind.short_names, ","), kind.ApiVersion(), kind.namespaced ? "true" : "false", kind.kind});
  table.Flush();
  return 0;
}

}  // namespace patchbay::cli

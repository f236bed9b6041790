// import: manifests from what runs already.
#include <iostream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/engine_reader.h"
#include "cli/import_container.h"
#include "cli/imported.h"

namespace patchbay::cli {
namespace {

bool IsOurs(const Json& labels) { return labels.is_object() && labels.contains(kInstallationLabel); }

// Of the running ones, by name.
Result<std::vector<std::string>> FindForeign(EngineReader& engine) {
  PATCHBAY_TRY(const auto list, engine.List());
  std::vector<std::pair<std::string, std::string>> found;
  for (const Json& entry : list)
    if (const Json* labels = Find(entry, {"Labels"}); labels == nullptr || !IsOurs(*labels))
      found.emplace_back(Join(Strings(Find(entry, {"Names"})), ","), FindString(entry, {"Id"}));
  std::sort(found.begin(), found.end());
  std::vector<std::string> ids;
  for (auto& [name, id] : found) ids.push_back(std::move(id));
  return ids;
}

}  // namespace

int ImportContainers(const std::vector<std::string>& names, const ImportFlags& flags) {
  if (names.empty() != flags.all)
    return Fail(Error{Code::kInvalid, names.empty()
                                          ? "name the containers, or say --all for all that run and are not Patchbay's"
                                          : "--all goes without names"},
                2);
  const auto http = http::NewCurlClient();
  EngineReader engine(flags.docker_host, *http);
  std::vector<std::string> wanted = names;
  if (flags.all) {
    auto found = FindForeign(engine);
    if (!found.ok()) return Fail(found.error());
    wanted = *std::move(found);
  }
  std::vector<Imported> imported;
  std::set<std::string> taken;
  for (const std::string& name : wanted) {
    const auto container = engine.Container(name);
    if (!container.ok()) return Fail(container.error());
    if (const Json* labels = Find(*container, {"Config", "Labels"}); labels != nullptr && IsOurs(*labels))
      return Fail(Error{Code::kConflict, StrCat(name, " was made by Patchbay: there is a Plugin for it")});
    const auto image = engine.Image(FindString(*container, {"Image"}));
    if (!image.ok()) return Fail(image.error());
    imported.push_back(ImportContainer(*container, *image, flags.ns, taken));
  }
  if (imported.empty()) std::cerr << "no container runs that is not Patchbay's\n";
  return WriteImported(imported, flags.output);
}

}  // namespace patchbay::cli

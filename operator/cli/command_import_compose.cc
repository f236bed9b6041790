// import compose: manifests from a Compose file, and from what runs of its project.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/engine_reader.h"
#include "cli/import_compose.h"
#include "object/yaml.h"

namespace patchbay::cli {
namespace {

constexpr const char* kHint = "`docker compose config` writes a file out in full: import that";

Result<std::string> Read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error{Code::kNotFound, StrCat("cannot read ", path.string())};
  return text.str();
}

Result<std::filesystem::path> FindFile(const std::string& given) {
  if (!given.empty()) return std::filesystem::path(given);
  for (const char* name : {"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"})
    if (std::filesystem::exists(name)) return std::filesystem::path(name);
  return Error{Code::kNotFound, "there is no compose.yaml or docker-compose.yml here; name the file with -f"};
}

Variables ReadVariables(const std::filesystem::path& folder) {
  Variables variables;
  if (const auto text = Read(folder / ".env"); text.ok()) variables = ParseDotEnv(*text);
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (const auto equals = text.find('='); equals != std::string::npos)
      variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

// As Compose makes it from a folder's name.
std::string NormalizeProject(const std::string& text) {
  std::string name;
  for (const char c : Lower(text)) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (word || (!name.empty() && (c == '-' || c == '_'))) name += c;
  }
  return name;
}

std::string FindName(const ImportFlags& flags, const ComposeProject& project) {
  if (!flags.project.empty()) return flags.project;
  if (const std::string name = FindString(project.file, {"name"}); !name.empty()) return name;
  const auto variable = project.variables.find("COMPOSE_PROJECT_NAME");
  if (variable != project.variables.end() && !variable->second.empty()) return variable->second;
  return NormalizeProject(std::filesystem::path(project.folder).filename().string());
}

Result<ComposeProject> ReadProject(const ImportFlags& flags) {
  PATCHBAY_TRY(const auto path, FindFile(flags.file));
  PATCHBAY_TRY(const std::string text, Read(path));
  auto documents = ParseYaml(text, path.string());
  if (!documents.ok()) return Error{Code::kInvalid, StrCat(documents.error().message, "; ", kHint)};
  if (documents->size() != 1 || !documents->front().value.is_object())
    return Error{Code::kInvalid, StrCat(path.string(), " is no Compose file")};
  ComposeProject project;
  project.folder = std::filesystem::absolute(path).parent_path().string();
  project.variables = ReadVariables(project.folder);
  std::set<std::string> missing;
  auto file = InterpolateAll(documents->front().value, project.variables, missing);
  if (!file.ok()) return file.error().Within(path.string());
  for (const std::string& name : missing) std::cerr << "the variable " << name << " is not set: it is taken as empty\n";
  project.file = *std::move(file);
  if (project.file.contains("include")) return Error{Code::kInvalid, StrCat(path.string(), ": include: ", kHint)};
  project.name = FindName(flags, project);
  return project;
}

Result<void> FindRunning(EngineReader& engine, ComposeProject& project) {
  PATCHBAY_TRY(const auto list, engine.List(StrCat("com.docker.compose.project=", project.name)));
  for (const Json& entry : list) {
    const auto label = [&](const char* name) { return FindString(entry, {"Labels", name}); };
    if (Lower(label("com.docker.compose.oneoff")) == "true") continue;
    const std::string id = FindString(entry, {"Id"});
    PATCHBAY_TRY(const auto container, engine.Container(id));
    const auto number = ParseInt(label("com.docker.compose.container-number"));
    project.running[label("com.docker.compose.service")].push_back(
        {id, FindString(container, {"Config", "Image"}), static_cast<int>(number.value_or(0))});
  }
  for (auto& [service, containers] : project.running)
    std::sort(containers.begin(), containers.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return {};
}

}  // namespace

int ImportComposeFile(const ImportFlags& flags) {
  auto project = ReadProject(flags);
  if (!project.ok()) return Fail(project.error());
  const auto http = http::NewCurlClient();
  EngineReader engine(flags.docker_host, *http);
  if (const auto found = FindRunning(engine, *project); !found.ok())
    std::cerr << "nothing is adopted: " << found.error().message << "\n";
  std::vector<std::string> skipped;
  const auto imported = ImportCompose(*project, flags.ns, skipped);
  if (!imported.ok()) return Fail(imported.error());
  for (const std::string& why : skipped) std::cerr << "not imported: " << why << "\n";
  return WriteImported(*imported, flags.output);
}

}  // namespace patchbay::cli

#include "cli/manifest_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/text.h"
#include "object/object.h"

namespace patchbay::cli {
namespace {

namespace fs = std::filesystem;

bool IsManifest(const fs::path& path) {
  const auto extension = path.extension();
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

std::vector<std::string> FilesOf(const std::string& path, bool recursive, std::vector<Cause>& faults) {
  std::error_code error;
  if (path == "-") return {path};
  if (!fs::exists(path, error)) {
    faults.push_back({path, "NotFound", "no such file or folder"});
    return {};
  }
  if (!fs::is_directory(path, error)) return {path};
  std::vector<std::string> files;
  const auto add = [&](const fs::directory_entry& entry) {
    if (entry.is_regular_file(error) && IsManifest(entry.path())) files.push_back(entry.path().string());
  };
  if (recursive)
    for (const auto& entry : fs::recursive_directory_iterator(path, error)) add(entry);
  else
    for (const auto& entry : fs::directory_iterator(path, error)) add(entry);
  if (files.empty()) faults.push_back({path, "NotFound", "the folder holds no .yaml, .yml or .json file"});
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadAll(const std::string& file) {
  std::ostringstream text;
  if (file == "-") {
    text << std::cin.rdbuf();
  } else {
    text << std::ifstream(file, std::ios::binary).rdbuf();
  }
  return text.str();
}

std::string Join(const std::string& file, YamlMark mark) { return StrCat(file, ":", mark.line, ":", mark.column); }

class Collector {
 public:
  Collector(const std::string& ns, bool ns_forced) : ns_(ns), ns_forced_(ns_forced) {}

  void AddFile(const std::string& file) {
    JsonLimits limits;
    limits.bytes = 64UL * 1024 * 1024;
    auto documents = ParseYaml(ReadAll(file), file, limits);
    if (!documents.ok()) {
      faults.push_back({"", "Syntax", documents.error().message});
      return;
    }
    for (auto& document : *documents) AddDocument(file, document);
  }

  std::vector<Manifest> manifests;
  std::vector<Cause> faults;

 private:
  void AddDocument(const std::string& file, YamlDocument& document) {
    const Json* items = Find(document.value, {"items"});
    if (FindString(document.value, {"kind"}).ends_with("List") && items != nullptr && items->is_array()) {
      for (const Json& item : *items) AddObject(file, item, document);
    } else {
      const Json object = document.value;
      AddObject(file, object, document);
    }
  }

  void AddObject(const std::string& file, const Json& object, const YamlDocument& document) {
    const auto fault = [&](const std::string& field, const std::string& why) {
      faults.push_back({Join(file, document.MarkOf(field)), "Invalid", why});
    };
    if (!object.is_object()) return fault("", "an object is expected (apiVersion, kind, metadata, spec)");
    const std::string api_version = FindString(object, {"apiVersion"});
    const std::string kind_name = FindString(object, {"kind"});
    if (api_version.empty()) return fault("", "apiVersion is not set");
    if (kind_name.empty()) return fault("", "kind is not set");
    const Kind* kind = Kinds::Embedded().FindKind(api_version, kind_name);
    if (kind == nullptr)
      return fault("kind", StrCat("no matches for kind \"", kind_name, "\" in version \"", api_version, "\""));
    Manifest manifest{object, file, document, kind};
    if (kind->namespaced) {
      const std::string own = NamespaceOf(object);
      if (ns_forced_ && !own.empty() && own != ns_)
        return fault("metadata.namespace", StrCat("the namespace \"", own, "\" of the object does not match \"", ns_,
                                                  "\" of the command"));
      if (own.empty() && manifest.object.contains("metadata") && manifest.object["metadata"].is_object())
        manifest.object["metadata"]["namespace"] = ns_;
    }
    if (NameOf(object).empty() && FindString(object, {"metadata", "generateName"}).empty())
      return fault("metadata", "metadata.name is not set");
    manifests.push_back(std::move(manifest));
  }

  const std::string ns_;
  const bool ns_forced_;
};

int Rank(const Kind& kind) {
  constexpr std::array<std::string_view, 5> first{"Namespace", "Secret", "ConfigMap", "Plugin", "Webhook"};
  return static_cast<int>(std::find(first.begin(), first.end(), kind.kind) - first.begin());
}

}  // namespace

std::string Manifest::Place() const { return Join(file, document.start); }
std::string Manifest::Place(const std::string& field) const { return Join(file, document.MarkOf(field)); }

Result<std::vector<Manifest>> ReadManifests(const std::vector<std::string>& paths, bool recursive, const std::string& ns,
                                            bool ns_forced) {
  Collector collector(ns, ns_forced);
  for (const auto& path : paths)
    for (const auto& file : FilesOf(path, recursive, collector.faults)) collector.AddFile(file);
  if (!collector.faults.empty()) {
    Error error{Code::kInvalid, "the manifests cannot be read; nothing was applied"};
    error.causes = collector.faults;
    return error;
  }
  if (collector.manifests.empty()) return Error{Code::kInvalid, "no objects passed to apply"};
  std::stable_sort(collector.manifests.begin(), collector.manifests.end(),
                   [](const Manifest& a, const Manifest& b) { return Rank(*a.kind) < Rank(*b.kind); });
  return std::move(collector.manifests);
}

}  // namespace patchbay::cli

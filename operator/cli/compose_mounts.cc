#include "cli/compose_mounts.h"

#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "cli/compose_words.h"

namespace patchbay::cli {
namespace {

class MountReader {
 public:
  MountReader(const std::string& project, const std::string& folder, const Json& file, Imported& imported)
      : project_(project), folder_(folder), file_(file), imported_(imported) {}

  void ReadVolume(const Json& volume) {
    if (!volume.is_object()) return ReadShort(Text(volume));
    const std::string type = FindString(volume, {"type"}, "volume");
    const std::string target = FindString(volume, {"target"});
    const bool read_only = FindBool(volume, {"read_only"});
    if (type == "tmpfs")
      Add({{"mountPath", target}, {"tmpfs", Json::object()}}, false);
    else if (type == "bind")
      Add({{"mountPath", target}, {"hostPath", Absolute(FindString(volume, {"source"}))}}, read_only);
    else if (type == "volume")
      AddNamed(FindString(volume, {"source"}), target, read_only);
    else
      Note(StrCat("the mount at ", target, " is not carried: it is of type ", type));
  }

  // A config or secret: its file appears in the container.
  void ReadFile(const Json& use, const char* kind, const std::string& place) {
    const std::string source = use.is_object() ? FindString(use, {"source"}) : Text(use);
    std::string target = FindString(use, {"target"}, source);
    if (!target.starts_with('/')) target = place + target;
    const std::string path = FindString(file_, {kind, source, "file"});
    if (path.empty())
      return Note(
          StrCat(kind, " ", source, " is not carried: only those with a file are; see spec.config and Secrets"));
    Add({{"mountPath", target}, {"hostPath", Absolute(path)}}, true);
  }

  void AddTmpfs(const std::string& text) {
    const auto colon = text.find(':');
    Add({{"mountPath", text.substr(0, colon)}, {"tmpfs", Json::object()}}, false);
    if (colon != std::string::npos)
      Note(StrCat("options of the tmpfs at ", text.substr(0, colon), " are not carried: ", text.substr(colon + 1)));
  }

 private:
  void Note(std::string note) { imported_.notes.push_back(std::move(note)); }

  // [SOURCE:]TARGET[:OPTIONS]
  void ReadShort(const std::string& text) {
    const auto parts = Split(text, ':');
    if (parts.size() == 1) return AddNamed("", parts[0], false);
    bool read_only = false;
    if (parts.size() > 2)
      for (const std::string& option : Split(parts[2], ',')) {
        read_only = read_only || option == "ro";
        if (option != "ro" && option != "rw" && option != "z" && option != "Z")
          Note(StrCat("option ", option, " of the volume ", text, " is not carried"));
      }
    const bool path = parts[0].starts_with('/') || parts[0].starts_with('.') || parts[0].starts_with('~');
    if (path)
      Add({{"mountPath", parts[1]}, {"hostPath", Absolute(parts[0])}}, read_only);
    else
      AddNamed(parts[0], parts[1], read_only);
  }

  void AddNamed(const std::string& source, const std::string& target, bool read_only) {
    if (source.empty())
      return Note(StrCat("the unnamed volume at ", target, " is not carried: give it a name to keep what is in it"));
    std::string name = FindString(file_, {"volumes", source, "name"});
    const bool external = !IsNothing(Find(file_, {"volumes", source, "external"}));
    if (name.empty()) name = external ? source : StrCat(project_, "_", source);
    Add({{"mountPath", target}, {"volume", name}}, read_only);
  }

  void Add(Json volume, bool read_only) {
    if (read_only) volume["readOnly"] = true;
    imported_.object["spec"]["volumes"].push_back(std::move(volume));
  }

  std::string Absolute(std::string path) const {
    const char* home = std::getenv("HOME");
    if (path.starts_with("~/") && home != nullptr) path = StrCat(home, path.substr(1));
    std::string whole = (std::filesystem::absolute(folder_) / path).lexically_normal().string();
    if (whole.size() > 1 && whole.back() == '/') whole.pop_back();
    return whole;
  }

  const std::string& project_;
  const std::string& folder_;
  const Json& file_;
  Imported& imported_;
};

void ForEach(const Json* list, const std::function<void(const Json&)>& act) {
  if (list == nullptr || list->is_null()) return;
  if (!list->is_array()) return act(*list);
  for (const Json& each : *list) act(each);
}

}  // namespace

void FillComposeMounts(const std::string& project, const std::string& folder, const Json& file, const Json& service,
                       Imported& imported) {
  MountReader reader(project, folder, file, imported);
  ForEach(Find(service, {"volumes"}), [&](const Json& each) { reader.ReadVolume(each); });
  ForEach(Find(service, {"tmpfs"}), [&](const Json& each) { reader.AddTmpfs(Text(each)); });
  ForEach(Find(service, {"configs"}), [&](const Json& each) { reader.ReadFile(each, "configs", "/"); });
  ForEach(Find(service, {"secrets"}), [&](const Json& each) { reader.ReadFile(each, "secrets", "/run/secrets/"); });
}

}  // namespace patchbay::cli

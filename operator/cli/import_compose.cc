#include "cli/import_compose.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/clock.h"
#include "base/text.h"
#include "cli/compose_mounts.h"
#include "cli/compose_ports.h"
#include "cli/import_container.h"
#include "object/object.h"

namespace patchbay::cli {
namespace {

// What is acted on below, or says nothing about a running container.
const std::set<std::string> kKnown{"image",          "build",
                                   "command",        "entrypoint",
                                   "environment",    "env_file",
                                   "ports",          "expose",
                                   "volumes",        "tmpfs",
                                   "configs",        "secrets",
                                   "healthcheck",    "depends_on",
                                   "deploy",         "scale",
                                   "labels",         "restart",
                                   "user",           "working_dir",
                                   "cap_add",        "cap_drop",
                                   "privileged",     "read_only",
                                   "security_opt",   "stop_grace_period",
                                   "mem_limit",      "mem_reservation",
                                   "cpus",           "networks",
                                   "network_mode",   "profiles",
                                   "container_name", "pull_policy",
                                   "platform",       "attach",
                                   "develop"};

class ServiceReader {
 public:
  ServiceReader(const ComposeProject& project, const std::string& name, const Json& service,
                const std::map<std::string, std::string>& names, const std::string& ns)
      : project_(project), name_(name), service_(service), names_(names) {
    imported_.object = MakeObject("Plugin", names.at(name), ns);
  }

  Result<Imported> Run() {
    const auto running = project_.running.find(name_);
    if (running != project_.running.end()) containers_ = running->second;
    if (NameOf(imported_.object) != name_) Note(StrCat("made of the service ", name_));
    ReadImage();
    ReadCommand();
    PATCHBAY_CHECK(ReadEnv());
    FillComposePorts(service_, imported_);
    FillComposeMounts(project_.name, project_.folder, project_.file, service_, imported_);
    ReadHealth();
    ReadDependencies();
    ReadResources();
    ReadRights();
    ReadLabels();
    ReadEnd();
    ReadNetworks();
    ReadReplicas();
    for (const auto& [key, value] : service_.items())
      if (!kKnown.contains(key) && !key.starts_with("x-") && !IsNothing(&value))
        Note(StrCat(key, " is not carried: ", DumpJson(value).substr(0, 80)));
    return std::move(imported_);
  }

 private:
  Json& spec() { return imported_.object["spec"]; }
  void Note(std::string note) { imported_.notes.push_back(std::move(note)); }
  const Json* Get(std::initializer_list<std::string_view> path) const { return Find(service_, path); }
  std::string Word(std::initializer_list<std::string_view> path) const {
    const Json* value = Find(service_, path);
    return value == nullptr ? "" : Text(*value);
  }

  void ReadImage() {
    std::string image = Word({"image"});
    if (Get({"build"}) != nullptr) Note("build is not carried: build the image, and name it in spec.image");
    if (image.empty()) image = containers_.empty() ? StrCat(project_.name, "-", name_) : containers_.front().image;
    spec()["image"] = image;
    for (const ComposeContainer& container : containers_)
      if (container.image != image)
        Note(StrCat("container ", container.id.substr(0, 12), " runs ", container.image, ", not ", image,
                    ": it will be replaced"));
    const std::string pull = Word({"pull_policy"});
    if (pull == "always" || pull == "never") spec()["imagePullPolicy"] = pull == "always" ? "Always" : "Never";
  }

  void ReadCommand() {
    if (const Json* entrypoint = Get({"entrypoint"}); !IsNothing(entrypoint)) spec()["command"] = Words(*entrypoint);
    if (const Json* command = Get({"command"}); !IsNothing(command)) spec()["args"] = Words(*command);
    if (const std::string folder = Word({"working_dir"}); !folder.empty()) spec()["workingDir"] = folder;
  }

  Result<void> ReadEnv() {
    std::vector<std::pair<std::string, std::string>> variables;
    const auto set = [&](const std::string& name, const std::string& value) {
      const auto there =
          std::find_if(variables.begin(), variables.end(), [&](const auto& each) { return each.first == name; });
      if (there == variables.end())
        variables.emplace_back(name, value);
      else
        there->second = value;
    };
    Json files = Get({"env_file"}) == nullptr ? Json::array() : *Get({"env_file"});
    if (!files.is_array()) files = Json::array({files});
    for (const Json& file : files) {
      const std::string path = file.is_object() ? FindString(file, {"path"}) : Text(file);
      std::ifstream stream(std::filesystem::path(project_.folder) / path);
      if (!stream && FindBool(file, {"required"}, true))
        return Error{Code::kNotFound, StrCat("services.", name_, ".env_file: cannot read ", path)};
      std::ostringstream text;
      text << stream.rdbuf();
      for (const auto& [name, value] : ParseDotEnv(text.str())) set(name, value);
    }
    for (const auto& [name, value] : Pairs(Get({"environment"}))) {
      const auto outside = project_.variables.find(name);
      if (value)
        set(name, *value);
      else if (outside != project_.variables.end())
        set(name, outside->second);
      else
        Note(StrCat("env ", name, " has no value here: it is left out"));
    }
    for (const auto& [name, value] : variables) AddEnv(imported_, name, value);
    return {};
  }

  static std::int64_t Nanos(const std::string& text) {
    const auto duration = ParseDuration(text);
    return duration ? std::chrono::nanoseconds(*duration).count() : 0;
  }
  void ReadHealth() {
    const Json* health = Get({"healthcheck"});
    if (health == nullptr || FindBool(*health, {"disable"})) return;
    const Json* test = Find(*health, {"test"});
    if (test == nullptr) return Note("healthcheck is not carried: it has no test of its own");
    Json check = {{"Test", test->is_array() ? *test : Json({"CMD-SHELL", Text(*test)})}};
    check["Interval"] = Nanos(FindString(*health, {"interval"}));
    check["Timeout"] = Nanos(FindString(*health, {"timeout"}));
    check["Retries"] = FindInt(*health, {"retries"});
    Json probe = MakeProbe(check, {});
    if (!probe.is_null()) spec()["readinessProbe"] = std::move(probe);
  }

  void ReadDependencies() {
    const Json* list = Get({"depends_on"});
    if (list == nullptr) return;
    for (const auto& [key, value] : list->items()) {
      const std::string service = list->is_array() ? Text(value) : key;
      const auto plugin = names_.find(service);
      if (plugin == names_.end())
        Note(StrCat("depends_on ", service, " is not carried: it is not imported"));
      else if (FindString(value, {"condition"}) == "service_completed_successfully")
        Note(StrCat("depends_on ", service,
                    " is not carried: a Plugin waits for others that are ready, not for their end"));
      else
        spec()["dependsOn"].push_back(plugin->second);
    }
  }

  void ReadResources() {
    const auto memory = [&](const Json* value, const char* kind) {
      if (value == nullptr || value->is_null()) return;
      if (const auto bytes = ParseBytes(*value); bytes && *bytes > 0)
        spec()["resources"][kind]["memory"] = MakeBytes(*bytes);
    };
    const auto cpus = [&](const Json* value, const char* kind) {
      if (value == nullptr || value->is_null()) return;
      const double cores = std::strtod(Text(*value).c_str(), nullptr);
      if (cores > 0)
        spec()["resources"][kind]["cpu"] = StrCat(static_cast<std::int64_t>(std::llround(cores * 1000)), "m");
    };
    memory(Get({"mem_limit"}), "limits");
    memory(Get({"mem_reservation"}), "requests");
    cpus(Get({"cpus"}), "limits");
    memory(Get({"deploy", "resources", "limits", "memory"}), "limits");
    cpus(Get({"deploy", "resources", "limits", "cpus"}), "limits");
    memory(Get({"deploy", "resources", "reservations", "memory"}), "requests");
    cpus(Get({"deploy", "resources", "reservations", "cpus"}), "requests");
    if (const Json* deploy = Get({"deploy"}); deploy != nullptr && deploy->is_object())
      for (const auto& [key, value] : deploy->items())
        if (key != "resources" && key != "replicas" && !IsNothing(&value))
          Note(StrCat("deploy.", key, " is not carried"));
  }

  void ReadRights() {
    Json& context = spec()["securityContext"];
    bool may_gain = true;
    for (const std::string& option : Strings(Get({"security_opt"}))) {
      if (option.starts_with("no-new-privileges") && !option.ends_with("false"))
        may_gain = false;
      else
        Note(StrCat("security option ", option, " is not carried"));
    }
    const bool privileged = FindBool(service_, {"privileged"});
    if (privileged) context["privileged"] = true;
    if (FindBool(service_, {"read_only"})) context["readOnlyRootFilesystem"] = true;
    if (may_gain && !privileged) context["allowPrivilegeEscalation"] = true;
    FillCapabilities(Strings(Get({"cap_add"})), Strings(Get({"cap_drop"})), context);
    if (const std::string user = Word({"user"}); !user.empty()) {
      const auto parts = Split(user, ':');
      const auto uid = ParseInt(parts[0]);
      const auto gid = parts.size() > 1 ? ParseInt(parts[1]) : std::nullopt;
      if (!uid || (parts.size() > 1 && !gid))
        Note(StrCat("user ", user, " is not carried: securityContext.runAsUser takes numbers"));
      else
        context["runAsUser"] = *uid;
      if (uid && gid) context["runAsGroup"] = *gid;
    }
    if (context.empty()) spec().erase("securityContext");
  }

  void ReadLabels() {
    for (const auto& [name, value] : Pairs(Get({"labels"}))) spec()["labels"][name] = value.value_or("");
  }

  void ReadEnd() {
    if (const std::string grace = Word({"stop_grace_period"}); !grace.empty())
      if (const auto seconds = MakeSeconds(Nanos(grace), 0); seconds > 0)
        spec()["terminationGracePeriodSeconds"] = seconds;
    const std::string restart = Word({"restart"});
    if (restart == "always" || restart == "unless-stopped") return;
    if (restart.starts_with("on-failure")) {
      spec()["restartPolicy"] = "OnFailure";
      if (restart.find(':') != std::string::npos) Note(StrCat("restart ", restart, ": the limit is not carried"));
    } else {
      spec()["restartPolicy"] = "Never";
      Note("restartPolicy is Never, as the service's: write Always to have it started again when it ends");
    }
  }

  // The engine's own name of a network of the file; "" when it is to be left to the engine.
  std::string NetworkName(const std::string& network) const {
    const std::string own = FindString(project_.file, {"networks", network, "name"});
    if (!own.empty()) return own;
    const Json* external = Find(project_.file, {"networks", network, "external"});
    return IsNothing(external) ? StrCat(project_.name, "_", network) : network;
  }
  void ReadNetworks() {
    if (const std::string mode = Word({"network_mode"}); !mode.empty()) {
      if (mode == "host" || mode == "none")
        spec()["network"] = mode;
      else if (mode != "bridge")
        Note(StrCat("network_mode ", mode, " is not carried"));
      return;
    }
    std::vector<std::string> networks;
    if (const Json* list = Get({"networks"}); list != nullptr)
      for (const auto& [key, value] : list->items()) networks.push_back(list->is_array() ? Text(value) : key);
    if (networks.empty()) networks.emplace_back("default");
    if (containers_.empty())
      return Note(StrCat("network ", NetworkName(networks[0]),
                         " is not carried: the project does not run, so it may not exist"));
    spec()["network"] = NetworkName(networks[0]);
    for (std::size_t i = 1; i < networks.size(); ++i)
      Note(StrCat("network ", NetworkName(networks[i]), " is not carried: a Plugin joins one"));
    Note(StrCat("in network ", NetworkName(networks[0]), " others know it as ", name_,
                ": the next container is not found by that"));
  }

  void ReadReplicas() {
    auto replicas = FindInt(service_, {"deploy", "replicas"}, FindInt(service_, {"scale"}, 1));
    const auto running = static_cast<std::int64_t>(containers_.size());
    if (running > replicas)
      Note(StrCat("replicas is ", running, ", as many as run, not ", replicas));
    else if (running > 0 && running < replicas)
      Note(StrCat(running, " of ", replicas, " replicas run: the others are made"));
    replicas = std::max(replicas, running);
    if (replicas != 1) spec()["replicas"] = replicas;
    std::vector<std::string> ids;
    for (const ComposeContainer& container : containers_) ids.push_back(container.id);
    if (!ids.empty()) imported_.object["metadata"]["annotations"][kAdoptAnnotation] = Join(ids, ",");
  }

  const ComposeProject& project_;
  const std::string& name_;
  const Json& service_;
  const std::map<std::string, std::string>& names_;  // services: plugins
  std::vector<ComposeContainer> containers_;
  Imported imported_;
};

}  // namespace

Result<std::vector<Imported>> ImportCompose(const ComposeProject& project, const std::string& ns,
                                            std::vector<std::string>& skipped) {
  const Json* services = Find(project.file, {"services"});
  if (services == nullptr || !services->is_object()) return Error{Code::kInvalid, "the file has no services"};
  std::map<std::string, std::string> names;
  std::set<std::string> taken;
  for (const auto& [name, service] : services->items()) {
    if (!service.is_object()) return Error{Code::kInvalid, StrCat("services.", name, " is no map")};
    if (service.contains("extends"))
      return Error{Code::kInvalid, StrCat("services.", name,
                                          ".extends: write the file out with `docker compose config` and import that")};
    if (!IsNothing(Find(service, {"profiles"})) && !project.running.contains(name))
      skipped.push_back(StrCat("service ", name, " has profiles and does not run"));
    else
      names[name] = MakeName(name, taken);
  }
  std::vector<Imported> imported;
  for (const auto& [name, service] : services->items()) {
    if (!names.contains(name)) continue;
    PATCHBAY_TRY(auto one, ServiceReader(project, name, service, names, ns).Run());
    imported.push_back(std::move(one));
  }
  return imported;
}

}  // namespace patchbay::cli

#include "controller/container_fields.h"

#include "base/text.h"
#include "controller/quantity.h"
#include "object/capabilities.h"

namespace patchbay::controller {
namespace {

constexpr const char* kDefaultConfigPath = "/etc/patchbay/config.json";

std::vector<std::string> ReadStrings(const Json* list) {
  std::vector<std::string> strings;
  if (list == nullptr || !list->is_array()) return strings;
  for (const Json& value : *list)
    if (value.is_string()) strings.push_back(value.get<std::string>());
  return strings;
}

// One env entry from elsewhere: its value, nothing when it is optional and missing, or a problem.
std::optional<std::string> Resolve(const Json& from, const char* kind, std::string_view resource,
                                   const std::string& field, const Lookup& lookup, Desired& desired) {
  const Key object{std::string(resource), desired.key.ns, FindString(from, {"name"})};
  const std::string entry = FindString(from, {"key"});
  desired.refers.insert(object);
  auto value = lookup(object, entry);
  if (!value && !FindBool(from, {"optional"}))
    desired.problems.push_back({field, "FieldValueNotFound",
                                StrCat(kind, " \"", object.name, "\" has no key \"", entry, "\", or does not exist")});
  return value;
}

// Which of two wishes was meant is not for us to guess.
void CheckOneOf(const Json& from, std::initializer_list<std::string_view> names, std::string field, Desired& desired) {
  std::vector<std::string> given;
  for (const std::string_view name : names)
    if (const Json* value = Find(from, {name}); value != nullptr && !value->is_null()) given.emplace_back(name);
  if (given.size() > 1)
    desired.problems.push_back(
        {std::move(field), "FieldValueInvalid", StrCat("give one of ", Join(given, ", "), ", not both")});
}

void FillEnv(const Json& spec, const Lookup& lookup, Desired& desired) {
  const Json* env = Find(spec, {"env"});
  if (env == nullptr || !env->is_array()) return;
  for (std::size_t i = 0; i < env->size(); ++i) {
    const Json& entry = (*env)[i];
    const std::string field = StrCat("spec.env[", i, "].valueFrom");
    CheckOneOf(entry, {"value", "valueFrom"}, StrCat("spec.env[", i, "]"), desired);
    if (const Json* from = Find(entry, {"valueFrom"}))
      CheckOneOf(*from, {"secretKeyRef", "configMapKeyRef"}, field, desired);
    std::optional<std::string> value;
    if (const Json* secret = Find(entry, {"valueFrom", "secretKeyRef"}))
      value = Resolve(*secret, "Secret", kSecrets, field, lookup, desired);
    else if (const Json* map = Find(entry, {"valueFrom", "configMapKeyRef"}))
      value = Resolve(*map, "ConfigMap", kConfigMaps, field, lookup, desired);
    else
      value = FindString(entry, {"value"});
    if (value) desired.container.env.emplace_back(FindString(entry, {"name"}), *value);
  }
}

void FillPorts(const Json& spec, Desired& desired) {
  const Json* ports = Find(spec, {"ports"});
  if (ports == nullptr || !ports->is_array()) return;
  for (const Json& port : *ports) {
    driver::PortMapping mapping;
    mapping.container_port = static_cast<int>(FindInt(port, {"containerPort"}));
    mapping.protocol = Lower(FindString(port, {"protocol"}, "tcp"));
    mapping.host_port = static_cast<int>(FindInt(port, {"hostPort"}));
    mapping.host_ip = FindString(port, {"hostIP"});
    desired.exclusive = desired.exclusive || mapping.host_port != 0;
    desired.container.ports.push_back(std::move(mapping));
  }
}

driver::Mount ReadMount(const Json& volume, const Desired& desired) {
  driver::Mount mount;
  mount.target = FindString(volume, {"mountPath"});
  mount.read_only = FindBool(volume, {"readOnly"});
  if (const std::string host = FindString(volume, {"hostPath"}); !host.empty()) {
    mount.type = driver::Mount::Type::kBind;
    mount.source = host;
  } else if (Find(volume, {"tmpfs"}) != nullptr) {
    mount.type = driver::Mount::Type::kTmpfs;
  } else if (const std::string volume_name = FindString(volume, {"volume"}); !volume_name.empty()) {
    mount.source = volume_name;
  } else {
    // Named after the plugin: two plugins with a volume "data" do not share it, the next revision does.
    mount.source = StrCat("patchbay-", desired.key.ns, "-", desired.key.name, "-", FindString(volume, {"name"}));
  }
  return mount;
}

void FillQuantity(const Json& spec, std::initializer_list<std::string_view> path, const char* field, double unit,
                  std::int64_t& into, Desired& desired) {
  const Json* value = Find(spec, path);
  if (value == nullptr || value->is_null()) return;
  if (const auto amount = ParseQuantity(*value, unit)) into = *amount;
  else desired.problems.push_back({field, "FieldValueInvalid", StrCat(DumpJson(*value), " is not a quantity")});
}

void FillResources(const Json& spec, Desired& desired) {
  driver::ContainerSpec& to = desired.container;
  FillQuantity(spec, {"resources", "limits", "memory"}, "spec.resources.limits.memory", 1, to.memory_bytes, desired);
  FillQuantity(spec, {"resources", "limits", "cpu"}, "spec.resources.limits.cpu", 1e-9, to.nano_cpus, desired);
  FillQuantity(spec, {"resources", "requests", "memory"}, "spec.resources.requests.memory", 1, to.memory_reservation,
               desired);
  std::int64_t milli = 0;
  FillQuantity(spec, {"resources", "requests", "cpu"}, "spec.resources.requests.cpu", 1e-3, milli, desired);
  if (milli > 0) to.cpu_shares = std::max<std::int64_t>(2, milli * 1024 / 1000);
  if (to.memory_bytes > 0 && to.memory_reservation > to.memory_bytes) to.memory_reservation = to.memory_bytes;
}

void FillSecurity(const Json& context, driver::ContainerSpec& to) {
  if (const long user = FindInt(context, {"runAsUser"}, -1); user >= 0) {
    to.user = std::to_string(user);
    if (const long group = FindInt(context, {"runAsGroup"}, -1); group >= 0) to.user += StrCat(":", group);
  }
  to.read_only_root = FindBool(context, {"readOnlyRootFilesystem"});
  to.privileged = FindBool(context, {"privileged"});
  to.no_new_privileges = !FindBool(context, {"allowPrivilegeEscalation"}) && !to.privileged;
  to.cap_add = ReadStrings(Find(context, {"capabilities", "add"}));
  to.cap_drop = ReadStrings(Find(context, {"capabilities", "drop"}));
  if (to.privileged) return;
  for (std::string& name : UnspokenCapabilities(to.cap_add, to.cap_drop)) to.cap_drop.push_back(std::move(name));
}

// The engine restarts what ends by itself, also while the operator is away or the host boots; what it does not
// restart (somebody killed it, no policy) the loop does. "unless-stopped": what we stopped stays so.
const char* EnginePolicy(RestartPolicy policy) {
  if (policy == RestartPolicy::kAlways) return "unless-stopped";
  return policy == RestartPolicy::kOnFailure ? "on-failure" : "no";
}

}  // namespace

void FillContainer(const Json& spec, const Lookup& lookup, Desired& desired) {
  driver::ContainerSpec& to = desired.container;
  to.image = FindString(spec, {"image"});
  if (to.image.empty()) desired.problems.push_back({"spec.image", "FieldValueRequired", "Required value"});
  to.entrypoint = ReadStrings(Find(spec, {"command"}));
  to.args = ReadStrings(Find(spec, {"args"}));
  to.working_dir = FindString(spec, {"workingDir"});
  to.restart_policy = EnginePolicy(desired.restart);
  FillEnv(spec, lookup, desired);
  FillPorts(spec, desired);
  if (const Json* volumes = Find(spec, {"volumes"}); volumes && volumes->is_array())
    for (std::size_t i = 0; i < volumes->size(); ++i) {
      CheckOneOf((*volumes)[i], {"hostPath", "tmpfs", "volume"}, StrCat("spec.volumes[", i, "]"), desired);
      to.mounts.push_back(ReadMount((*volumes)[i], desired));
    }
  if (const Json* config = Find(spec, {"config"}); config && !config->is_null()) {
    const std::string path = FindString(spec, {"configPath"}, kDefaultConfigPath);
    to.files.push_back({path, DumpJsonPretty(*config) + "\n", 0444});
    if (const std::string name = FindString(spec, {"configEnv"}); !name.empty())
      to.env.emplace_back(name, DumpJson(*config));
  }
  to.network = FindString(spec, {"network"});
  to.stop_timeout_seconds = static_cast<int>(FindInt(spec, {"terminationGracePeriodSeconds"}, 10));
  if (const Json* labels = Find(spec, {"labels"}); labels && labels->is_object())
    for (const auto& [name, value] : labels->items())
      if (value.is_string()) to.labels[name] = value.get<std::string>();
  FillResources(spec, desired);
  const Json* context = Find(spec, {"securityContext"});
  FillSecurity(context != nullptr ? *context : Json::object(), to);
}

}  // namespace patchbay::controller

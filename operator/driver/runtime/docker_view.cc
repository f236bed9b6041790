#include "driver/runtime/docker_view.h"

#include <algorithm>

#include "base/text.h"
#include "driver/runtime/docker_spec.h"

namespace patchbay::driver {
namespace {

ContainerState ReadState(const std::string& word) {
  for (const auto state : {ContainerState::kCreated, ContainerState::kRunning, ContainerState::kPaused,
                           ContainerState::kRestarting, ContainerState::kRemoving, ContainerState::kExited})
    if (word == ContainerStateName(state)) return state;
  // Podman's own words.
  if (word == "configured" || word == "initialized") return ContainerState::kCreated;
  if (word == "stopped") return ContainerState::kExited;
  if (word == "stopping") return ContainerState::kRunning;
  return ContainerState::kDead;
}

// "Exited (7) 3 minutes ago" tells 7.
int ReadExitCode(const std::string& status) {
  const auto open = status.find('(');
  const auto close = status.find(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return 0;
  return static_cast<int>(ParseInt(std::string_view(status).substr(open + 1, close - open - 1)).value_or(0));
}

// The engine writes year 1 for "never".
std::optional<WallTime> ReadTime(const std::string& text) {
  if (text.empty() || text.starts_with("0001-")) return std::nullopt;
  return ParseTime(text);
}

std::string TrimSlash(const std::string& name) { return name.starts_with('/') ? name.substr(1) : name; }

std::map<std::string, std::string> ReadLabels(const Json* labels) {
  std::map<std::string, std::string> read;
  if (labels != nullptr && labels->is_object())
    for (const auto& [name, value] : labels->items())
      if (value.is_string()) read.emplace(name, value.get_ref<const std::string&>());
  return read;
}

std::string ReadAddress(const Json& document, bool running) {
  if (!running) return "";
  const std::string mode = FindString(document, {"HostConfig", "NetworkMode"});
  if (mode == "host") return "127.0.0.1";
  const Json* networks = Find(document, {"NetworkSettings", "Networks"});
  if (networks == nullptr || !networks->is_object()) return FindString(document, {"NetworkSettings", "IPAddress"});
  if (const std::string own = FindString(*networks, {mode, "IPAddress"}); !own.empty()) return own;
  for (const auto& [name, network] : networks->items())
    if (const std::string address = FindString(network, {"IPAddress"}); !address.empty()) return address;
  return FindString(document, {"NetworkSettings", "IPAddress"});
}

void AddPort(std::vector<PortMapping>& ports, PortMapping port) {
  // "All addresses" is told twice, for IPv4 and for IPv6.
  if (port.host_ip == "0.0.0.0" || port.host_ip == "::") port.host_ip.clear();
  if (std::find(ports.begin(), ports.end(), port) == ports.end()) ports.push_back(std::move(port));
}

void SortPorts(std::vector<PortMapping>& ports) {
  std::sort(ports.begin(), ports.end(), [](const PortMapping& a, const PortMapping& b) {
    return std::tie(a.container_port, a.protocol, a.host_port, a.host_ip) <
           std::tie(b.container_port, b.protocol, b.host_port, b.host_ip);
  });
}

std::vector<PortMapping> ReadListedPorts(const Json& entry) {
  std::vector<PortMapping> ports;
  const Json* list = Find(entry, {"Ports"});
  if (list == nullptr || !list->is_array()) return ports;
  for (const auto& port : *list)
    AddPort(ports, {static_cast<int>(FindInt(port, {"PrivatePort"})), FindString(port, {"Type"}, "tcp"),
                    static_cast<int>(FindInt(port, {"PublicPort"})), FindString(port, {"IP"})});
  SortPorts(ports);
  return ports;
}

// {"8080/tcp": [{"HostIp": "", "HostPort": "80"}], "9090/tcp": null}
std::vector<PortMapping> ReadInspectedPorts(const Json& document) {
  std::vector<PortMapping> ports;
  const Json* map = Find(document, {"NetworkSettings", "Ports"});
  if (map == nullptr || !map->is_object()) return ports;
  for (const auto& [key, bindings] : map->items()) {
    PortMapping port;
    const auto slash = key.find('/');
    port.container_port = static_cast<int>(ParseInt(key.substr(0, slash)).value_or(0));
    if (slash != std::string::npos) port.protocol = key.substr(slash + 1);
    if (!bindings.is_array() || bindings.empty()) {
      AddPort(ports, port);
      continue;
    }
    for (const auto& binding : bindings) {
      port.host_ip = FindString(binding, {"HostIp"});
      port.host_port = static_cast<int>(ParseInt(FindString(binding, {"HostPort"})).value_or(0));
      AddPort(ports, port);
    }
  }
  SortPorts(ports);
  return ports;
}

Allowance ReadAllowance(const Json& document) {
  Allowance allowance{FindInt(document, {"HostConfig", "Memory"}), FindInt(document, {"HostConfig", "NanoCpus"}), {}};
  if (const Json* networks = Find(document, {"NetworkSettings", "Networks"}); networks && networks->is_object())
    for (const auto& [name, network] : networks->items()) allowance.networks.push_back(name);
  return allowance;
}

std::vector<std::string> ReadStrings(const Json* list) {
  std::vector<std::string> strings;
  if (list != nullptr && list->is_array())
    for (const auto& value : *list)
      if (value.is_string()) strings.push_back(value.get<std::string>());
  return strings;
}

std::vector<Mount> ReadMounts(const Json& document) {
  std::vector<Mount> mounts;
  const Json* list = Find(document, {"Mounts"});
  if (list == nullptr || !list->is_array()) return mounts;
  for (const auto& entry : *list) {
    const std::string type = FindString(entry, {"Type"});
    Mount mount{Mount::Type::kVolume, FindString(entry, {"Name"}), FindString(entry, {"Destination"}), !FindBool(entry, {"RW"}, true)};
    if (type == "bind") mount.type = Mount::Type::kBind, mount.source = FindString(entry, {"Source"});
    if (type == "tmpfs") mount.type = Mount::Type::kTmpfs, mount.source.clear();
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

// As asked for: a container that does not run has no ports.
std::vector<PortMapping> ReadBindings(const Json& document) {
  std::vector<PortMapping> ports;
  const Json* map = Find(document, {"HostConfig", "PortBindings"});
  if (map == nullptr || !map->is_object()) return ports;
  for (const auto& [key, bindings] : map->items()) {
    const auto slash = key.find('/');
    if (!bindings.is_array()) continue;
    for (const auto& binding : bindings)
      AddPort(ports, {static_cast<int>(ParseInt(key.substr(0, slash)).value_or(0)),
                      slash == std::string::npos ? "tcp" : key.substr(slash + 1),
                      static_cast<int>(ParseInt(FindString(binding, {"HostPort"})).value_or(0)),
                      FindString(binding, {"HostIp"})});
  }
  SortPorts(ports);
  return ports;
}

Error NoId() { return Error{Code::kInternal, "the engine described a container without an id"}; }

}  // namespace

std::string ReadImageId(const std::string& id) {
  return id.size() == 64 && id.find(':') == std::string::npos ? "sha256:" + id : id;
}

Result<Container> ReadListed(const Json& entry) {
  Container container;
  container.id = FindString(entry, {"Id"});
  if (container.id.empty()) return NoId();
  if (const Json* names = Find(entry, {"Names"}); names != nullptr && names->is_array() && !names->empty())
    container.name = TrimSlash((*names)[0].is_string() ? (*names)[0].get<std::string>() : "");
  container.labels = ReadLabels(Find(entry, {"Labels"}));
  const auto asked = container.labels.find(kLabelImage);
  container.image = asked == container.labels.end() ? FindString(entry, {"Image"}) : asked->second;
  container.image_id = ReadImageId(FindString(entry, {"ImageID"}));
  container.state = ReadState(FindString(entry, {"State"}));
  const bool running = container.state == ContainerState::kRunning;
  if (!running) container.exit_code = ReadExitCode(FindString(entry, {"Status"}));
  container.ip = ReadAddress(entry, running);
  if (running) container.ports = ReadListedPorts(entry);
  if (const long created = FindInt(entry, {"Created"}); created > 0)
    container.created = WallTime(std::chrono::seconds(created));
  return container;
}

Result<Image> ReadImage(const Json& entry) {
  Image image;
  image.id = ReadImageId(FindString(entry, {"Id"}));
  if (image.id.empty()) return Error{Code::kInternal, "the engine described an image without an id"};
  image.references = ReadStrings(Find(entry, {"RepoTags"}));
  for (std::string& digest : ReadStrings(Find(entry, {"RepoDigests"}))) image.references.push_back(std::move(digest));
  std::erase_if(image.references, [](const std::string& name) { return name.starts_with("<none>"); });
  return image;
}

Result<Usage> ReadUsage(const Json& stats) {
  const auto at = ReadTime(FindString(stats, {"read"}));
  const Json* memory = Find(stats, {"memory_stats", "usage"});
  if (!at || memory == nullptr || !memory->is_number()) return Error{Code::kConflict, "the container is not running"};
  Usage usage{*at, std::chrono::nanoseconds(FindInt(stats, {"cpu_stats", "cpu_usage", "total_usage"})),
              FindInt(stats, {"memory_stats", "usage"})};
  // cgroup v1's word for the whole container, else v2's.
  const Json* idle = Find(stats, {"memory_stats", "stats", "total_inactive_file"});
  if (idle == nullptr) idle = Find(stats, {"memory_stats", "stats", "inactive_file"});
  if (idle != nullptr && idle->is_number_integer())
    usage.memory_bytes -= std::clamp<std::int64_t>(idle->get<std::int64_t>(), 0, usage.memory_bytes);
  return usage;
}

Result<Container> ReadInspected(const Json& document) {
  Container container;
  container.id = FindString(document, {"Id"});
  if (container.id.empty()) return NoId();
  container.name = TrimSlash(FindString(document, {"Name"}));
  container.labels = ReadLabels(Find(document, {"Config", "Labels"}));
  const auto asked = container.labels.find(kLabelImage);
  container.image = asked == container.labels.end() ? FindString(document, {"Config", "Image"}) : asked->second;
  container.image_id = ReadImageId(FindString(document, {"Image"}));
  container.state = ReadState(FindString(document, {"State", "Status"}));
  container.exit_code = static_cast<int>(FindInt(document, {"State", "ExitCode"}));
  container.oom_killed = FindBool(document, {"State", "OOMKilled"});
  container.error = FindString(document, {"State", "Error"});
  const bool running = container.state == ContainerState::kRunning;
  container.ip = ReadAddress(document, running);
  if (running) container.ports = ReadInspectedPorts(document);
  container.allowance = ReadAllowance(document);
  container.makeup = Makeup{ReadStrings(Find(document, {"Config", "Env"})), ReadMounts(document), ReadBindings(document)};
  container.restarts = static_cast<int>(FindInt(document, {"RestartCount"}));
  container.created = ReadTime(FindString(document, {"Created"}));
  container.started = ReadTime(FindString(document, {"State", "StartedAt"}));
  const auto finished = ReadTime(FindString(document, {"State", "FinishedAt"}));
  if (!running) container.finished = finished;
  else if (finished && container.started && *finished <= *container.started) container.previous_end = finished;
  return container;
}

}  // namespace patchbay::driver

#include "controller/drift.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "controller/survey.h"

namespace patchbay::controller {
namespace {

using driver::Container;
using driver::ContainerState;

std::string Bytes(std::int64_t bytes) { return bytes == 0 ? "no limit" : StrCat(bytes); }
std::string Cpus(std::int64_t nano) { return nano == 0 ? "no limit" : StrCat(nano / 1'000'000, "m"); }

void AddReplica(const Desired& desired, int ordinal, const Container& container, std::vector<Deviation>& drift) {
  const auto add = [&](const std::string& field, const std::string& wanted, const std::string& actual) {
    if (wanted != actual) drift.push_back({StrCat("replicas[", ordinal, "].", field), wanted, actual});
  };
  if (RevisionOf(container) != desired.hash) {
    add("image", desired.container.image, container.image);
    add("revision", desired.hash, RevisionOf(container));
  } else {
    for (const Deviation& each : FindAlterations(desired, container)) add(each.field, each.desired, each.actual);
  }
  if (!IsCompleted(desired, container))
    add("state", driver::ContainerStateName(ContainerState::kRunning), driver::ContainerStateName(container.state));
}

std::string TrimSlashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

void FindOtherEnv(const Desired& desired, const driver::Makeup& made, std::vector<Deviation>& found) {
  for (const auto& [name, value] : desired.container.env) {
    const std::string wanted = StrCat(name, "=", value);
    bool named = false;
    bool same = false;
    for (const std::string& entry : made.env) {
      same = same || entry == wanted;
      named = named || entry.starts_with(StrCat(name, "="));
    }
    if (!same) found.push_back({StrCat("env.", name), "as in the spec", named ? "another value" : "missing"});
  }
}

std::string PrintMount(const driver::Mount& mount) {
  return StrCat(mount.type == driver::Mount::Type::kBind ? "bind " : "volume ", mount.source, mount.read_only ? ", read-only" : "");
}

// Those in memory (tmpfs) are told of by some engines only.
void FindOtherMounts(const Desired& desired, const driver::Makeup& made, std::vector<Deviation>& found) {
  for (driver::Mount wanted : desired.container.mounts) {
    if (wanted.type == driver::Mount::Type::kTmpfs) continue;
    const std::string target = TrimSlashes(wanted.target);
    wanted.source = TrimSlashes(wanted.source);
    const auto there = std::find_if(made.mounts.begin(), made.mounts.end(),
                                    [&](const auto& mount) { return TrimSlashes(mount.target) == target; });
    if (there == made.mounts.end()) {
      found.push_back({StrCat("volumes[", target, "]"), PrintMount(wanted), "missing"});
      continue;
    }
    // An engine in a machine of its own sees the host's folders under a prefix.
    const bool same_source = wanted.type == driver::Mount::Type::kBind ? TrimSlashes(there->source).ends_with(wanted.source)
                                                                       : there->source == wanted.source;
    if (there->type != wanted.type || !same_source || there->read_only != wanted.read_only)
      found.push_back({StrCat("volumes[", target, "]"), PrintMount(wanted), PrintMount(*there)});
  }
}

std::string PrintHostPorts(std::vector<driver::PortMapping> ports) {
  std::vector<std::string> texts;
  for (driver::PortMapping& port : ports) {
    if (port.host_port == 0) continue;
    if (port.host_ip == "0.0.0.0" || port.host_ip == "::") port.host_ip.clear();
    texts.push_back(StrCat(port.host_ip, port.host_ip.empty() ? "" : ":", port.host_port, "->", port.container_port, "/", port.protocol));
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts.empty() ? "none" : Join(texts, ", ");
}

// Those of the spec; our own marks say whose container it is.
void FindOtherLabels(const Desired& desired, const Container& container, std::vector<Deviation>& found) {
  for (const auto& [name, value] : desired.container.labels) {
    if (name.starts_with("patchbay.dev/")) continue;
    const auto there = container.labels.find(name);
    if (there == container.labels.end()) found.push_back({StrCat("labels.", name), value, "missing"});
    else if (there->second != value) found.push_back({StrCat("labels.", name), value, there->second});
  }
}

}  // namespace

std::vector<Deviation> FindAlterations(const Desired& desired, const Container& container) {
  std::vector<Deviation> found;
  // What others made is taken as it is.
  if (container.labels.contains(driver::kLabelClaimed)) return found;
  if (container.makeup) {
    FindOtherEnv(desired, *container.makeup, found);
    FindOtherLabels(desired, container, found);
    const std::string wanted = PrintHostPorts(desired.container.ports);
    const std::string actual = PrintHostPorts(container.makeup->ports);
    if (wanted != actual) found.push_back({"ports", wanted, actual});
    FindOtherMounts(desired, *container.makeup, found);
  }
  if (!container.allowance) return found;
  const driver::Allowance& now = *container.allowance;
  if (now.memory_bytes != desired.container.memory_bytes)
    found.push_back({"resources.limits.memory", Bytes(desired.container.memory_bytes), Bytes(now.memory_bytes)});
  if (now.nano_cpus != desired.container.nano_cpus)
    found.push_back({"resources.limits.cpu", Cpus(desired.container.nano_cpus), Cpus(now.nano_cpus)});
  if (now.networks.empty() && container.state == ContainerState::kRunning)
    found.push_back({"network", desired.container.network.empty() ? "default" : desired.container.network, "none"});
  return found;
}

std::vector<Deviation> FindDrift(const Desired& desired, const std::vector<Container>& containers) {
  std::vector<Deviation> drift;
  std::map<int, const Container*> present;  // of several, the one of the desired revision
  for (const Container& container : containers) {
    const int ordinal = OrdinalOf(container);
    if (ordinal < 0 || ordinal >= desired.replicas) continue;
    const Container*& place = present[ordinal];
    if (place == nullptr || RevisionOf(container) == desired.hash) place = &container;
  }
  const int count = static_cast<int>(containers.size());
  if (count > desired.replicas) drift.push_back({"replicas", StrCat(desired.replicas), StrCat(count)});
  for (int ordinal = 0; ordinal < desired.replicas; ++ordinal) {
    const auto found = present.find(ordinal);
    if (found == present.end()) drift.push_back({StrCat("replicas[", ordinal, "]"), "running", "missing"});
    else AddReplica(desired, ordinal, *found->second, drift);
  }
  return drift;
}

}  // namespace patchbay::controller

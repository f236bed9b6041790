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

}  // namespace

std::vector<Deviation> FindAlterations(const Desired& desired, const Container& container) {
  std::vector<Deviation> found;
  // What others made is taken as it is.
  if (!container.allowance || container.labels.contains(driver::kLabelClaimed)) return found;
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

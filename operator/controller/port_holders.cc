#include "controller/port_holders.h"

#include <algorithm>

#include "base/text.h"

namespace patchbay::controller {
namespace {

std::string LabelOf(const driver::Container& container, const char* label) {
  const auto found = container.labels.find(label);
  return found == container.labels.end() ? "" : found->second;
}

bool IsOfSameInstallation(const Desired& desired, const driver::Container& container) {
  const auto own = desired.container.labels.find(driver::kLabelInstallation);
  return own != desired.container.labels.end() && LabelOf(container, driver::kLabelInstallation) == own->second;
}

std::string Describe(const Desired& desired, const driver::Container& holder) {
  const std::string whose = IsOfSameInstallation(desired, holder)
                                ? StrCat("plugin ", LabelOf(holder, driver::kLabelNamespace), "/", LabelOf(holder, driver::kLabelPlugin))
                                : StrCat("image ", holder.image, ", not ours");
  return StrCat("container ", holder.name, " (", whose, ")");
}

}  // namespace

std::string DescribeHolders(const Desired& desired, const std::vector<driver::Container>& publishing,
                            const std::function<bool(const driver::PortMapping&)>& is_taken) {
  std::vector<std::string> lines;
  for (const driver::PortMapping& wanted : desired.container.ports) {
    if (wanted.host_port == 0) continue;
    const std::string protocol = wanted.protocol == "tcp" ? "" : StrCat("/", wanted.protocol);
    const auto say = [&](const std::string& who) { lines.push_back(StrCat("host port ", wanted.host_port, protocol, " is held by ", who)); };
    bool by_container = false;
    for (const driver::Container& other : publishing) {
      const bool holds = std::any_of(other.ports.begin(), other.ports.end(),
                                     [&](const driver::PortMapping& held) { return Overlap(wanted, held); });
      by_container = by_container || holds;
      const bool own = IsOfSameInstallation(desired, other) && LabelOf(other, driver::kLabelOwnerUid) == desired.uid;
      if (holds && !own) say(Describe(desired, other));
    }
    if (!by_container && is_taken(wanted)) say("a program outside the container engine");
  }
  return Join(lines, "; ");
}

}  // namespace patchbay::controller

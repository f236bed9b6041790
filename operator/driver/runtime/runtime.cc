#include "driver/runtime/runtime.h"

#include <array>

#include "object/host_ports.h"

namespace patchbay::driver {

const char* ContainerStateName(ContainerState state) {
  static constexpr std::array names{"created", "running", "paused", "restarting", "removing", "exited", "dead"};
  return names.at(static_cast<std::size_t>(state));
}

bool Overlap(const PortMapping& a, const PortMapping& b) {
  return a.host_port != 0 && a.host_port == b.host_port && a.protocol == b.protocol && OverlapAddresses(a.host_ip, b.host_ip);
}

}  // namespace patchbay::driver

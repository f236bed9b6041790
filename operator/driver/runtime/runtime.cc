#include "driver/runtime/runtime.h"

#include <array>

namespace patchbay::driver {

const char* ContainerStateName(ContainerState state) {
  static constexpr std::array names{"created", "running", "paused", "restarting", "removing", "exited", "dead"};
  return names.at(static_cast<std::size_t>(state));
}

}  // namespace patchbay::driver

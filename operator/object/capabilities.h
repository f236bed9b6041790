// Linux capabilities that Docker gives every container and Patchbay gives only when asked: to forge packets, to make device
// nodes, to write to the host's audit log. Podman leaves out the same (containers.conf(5), default_capabilities).
#pragma once

#include <string>
#include <vector>

namespace patchbay {

// Those of them of which neither list (names without CAP_, or ALL) speaks, sorted.
std::vector<std::string> UnspokenCapabilities(const std::vector<std::string>& add, const std::vector<std::string>& drop);

}  // namespace patchbay

#include "object/capabilities.h"

#include <algorithm>

namespace patchbay {

std::vector<std::string> UnspokenCapabilities(const std::vector<std::string>& add, const std::vector<std::string>& drop) {
  const auto speaks = [&](const std::string& name) {
    return std::find(add.begin(), add.end(), name) != add.end() || std::find(drop.begin(), drop.end(), name) != drop.end();
  };
  if (speaks("ALL")) return {};
  std::vector<std::string> unspoken{"AUDIT_WRITE", "MKNOD", "NET_RAW"};
  std::erase_if(unspoken, speaks);
  return unspoken;
}

}  // namespace patchbay

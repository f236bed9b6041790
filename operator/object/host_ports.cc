#include "object/host_ports.h"

#include "object/object.h"

namespace patchbay {
namespace {

bool IsEveryAddress(std::string_view ip) { return ip.empty() || ip == "0.0.0.0" || ip == "::"; }

}  // namespace

std::vector<HostPort> HostPortsOf(const Json& plugin) {
  std::vector<HostPort> found;
  const Json* ports = Find(plugin, {"spec", "ports"});
  if (ports == nullptr || !ports->is_array()) return found;
  for (std::size_t i = 0; i < ports->size(); ++i)
    if (const long number = FindInt((*ports)[i], {"hostPort"}); number > 0)
      found.push_back({static_cast<int>(number), FindString((*ports)[i], {"protocol"}, "TCP"),
                       FindString((*ports)[i], {"hostIP"}), i});
  return found;
}

std::vector<HostPort> ClaimedHostPortsOf(const Json& plugin) {
  if (!FindBool(plugin, {"spec", "enabled"}, true) || IsDeleting(plugin)) return {};
  return HostPortsOf(plugin);
}

bool Overlap(const HostPort& a, const HostPort& b) {
  return a.number == b.number && a.protocol == b.protocol && OverlapAddresses(a.ip, b.ip);
}

bool OverlapAddresses(std::string_view a, std::string_view b) {
  return a == b || IsEveryAddress(a) || IsEveryAddress(b);
}

}  // namespace patchbay

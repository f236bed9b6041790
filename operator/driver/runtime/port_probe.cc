#include "driver/runtime/port_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace patchbay::driver {
namespace {

socklen_t FillAddress(const PortMapping& port, sockaddr_storage& storage) {
  const auto number = htons(static_cast<std::uint16_t>(port.host_port));
  auto* four = reinterpret_cast<sockaddr_in*>(&storage);
  four->sin_family = AF_INET;
  four->sin_port = number;
  if (inet_pton(AF_INET, port.host_ip.empty() ? "0.0.0.0" : port.host_ip.c_str(), &four->sin_addr) == 1) return sizeof *four;
  storage = {};
  auto* six = reinterpret_cast<sockaddr_in6*>(&storage);
  six->sin6_family = AF_INET6;
  six->sin6_port = number;
  return inet_pton(AF_INET6, port.host_ip.c_str(), &six->sin6_addr) == 1 ? sizeof *six : 0;
}

}  // namespace

bool IsPortBound(const PortMapping& port) {
  if (port.host_port <= 0 || (port.protocol != "tcp" && port.protocol != "udp")) return false;
  sockaddr_storage storage{};
  const socklen_t length = FillAddress(port, storage);
  if (length == 0) return false;
  const bool tcp = port.protocol == "tcp";
  const int probe = socket(storage.ss_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  // As the engine binds it: what merely lingers (TIME_WAIT) is in nobody's way.
  const int on = 1;
  if (tcp) setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound = bind(probe, reinterpret_cast<const sockaddr*>(&storage), length) != 0 && errno == EADDRINUSE;
  close(probe);
  return bound;
}

}  // namespace patchbay::driver

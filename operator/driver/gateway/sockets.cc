#include "driver/gateway/sockets.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "driver/gateway/dns_message.h"

namespace patchbay::driver {

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Result<ListenAddress> ListenAddress::Parse(const std::string& host, int port, const std::string& purpose) {
  const auto ip = ParseIpv4(host);
  if (!ip || port < 0 || port > 65'535)
    return Error{Code::kInvalid, StrCat("\"", host, ":", port, "\" is not an IPv4 address and a port to ", purpose, " on")};
  return ListenAddress{host, *ip, port};
}

Result<Descriptor> BindTo(const ListenAddress& address, int type, const std::string& purpose) {
  const auto failed = [&](const std::string& what) {
    return Error{Code::kUnavailable, StrCat("to ", purpose, ": ", what, ": ", std::strerror(errno))};
  };
  Descriptor made(socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (made.get() < 0) return failed("no socket");
  const int yes = 1;
  if (type == SOCK_STREAM) setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(address.ip);
  place.sin_port = htons(static_cast<std::uint16_t>(address.port));
  if (bind(made.get(), reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0)
    return failed(StrCat("cannot listen on ", address.host, ":", address.port));
  if (type == SOCK_STREAM && listen(made.get(), 16) != 0) return failed("cannot listen");
  return made;
}

int PortOf(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.sin_port);
}

}  // namespace patchbay::driver

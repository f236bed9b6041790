#include "http/listening.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "base/text.h"

namespace patchbay::http {
namespace {

constexpr int kBacklog = 4096;

Error Unavailable(const std::string& address, int reason) {
  return Error{Code::kUnavailable, StrCat(address, ": ", std::generic_category().message(reason))};
}

Error NoAddress(const std::string& address) {
  return Error{Code::kInvalid,
               StrCat(address, ": not an address to listen on; give IP:PORT, [IPv6]:PORT or unix:PATH")};
}

// Closes a half-made socket on the way out.
struct Descriptor {
  int number = -1;
  ~Descriptor() {
    if (number >= 0) close(number);
  }
  int Release() { return std::exchange(number, -1); }
};

struct TcpAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;
  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
};

std::optional<TcpAddress> ParseTcp(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  const auto port = ParseInt(std::string_view(text).substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return std::nullopt;
  std::string host = text.substr(0, colon);
  TcpAddress address;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    auto* six = reinterpret_cast<sockaddr_in6*>(&address.storage);
    six->sin6_family = AF_INET6;
    six->sin6_port = htons(static_cast<std::uint16_t>(*port));
    address.length = sizeof *six;
    if (inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &six->sin6_addr) != 1) return std::nullopt;
  } else {
    auto* four = reinterpret_cast<sockaddr_in*>(&address.storage);
    four->sin_family = AF_INET;
    four->sin_port = htons(static_cast<std::uint16_t>(*port));
    address.length = sizeof *four;
    if (inet_pton(AF_INET, host.c_str(), &four->sin_addr) != 1) return std::nullopt;
  }
  return address;
}

std::string HostOf(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr, text, sizeof text);
  } else {
    const in6_addr& six = reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
      inet_ntop(AF_INET, &six.s6_addr[12], text, sizeof text);
    } else {
      inet_ntop(AF_INET6, &six, text, sizeof text);
    }
  }
  return text;
}

std::string NameOf(int descriptor) {
  TcpAddress bound;
  bound.length = sizeof bound.storage;
  getsockname(descriptor, bound.raw(), &bound.length);
  const bool four = bound.storage.ss_family == AF_INET;
  const auto port = four ? reinterpret_cast<sockaddr_in*>(&bound.storage)->sin_port
                         : reinterpret_cast<sockaddr_in6*>(&bound.storage)->sin6_port;
  const std::string host = HostOf(bound.storage);
  return four ? StrCat(host, ":", ntohs(port)) : StrCat("[", host, "]:", ntohs(port));
}

// Answers go out at once, and a peer that vanished without a word is found within two minutes.
void SetUpTcp(int descriptor) {
  const auto set = [descriptor](int level, int option, int value) {
    setsockopt(descriptor, level, option, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

// Removes a socket file on which nobody answers; 0, or why the path cannot be had.
int ClearStale(const sockaddr_un& name) {
  struct stat status {};
  if (lstat(name.sun_path, &status) != 0) return errno == ENOENT ? 0 : errno;
  if (!S_ISSOCK(status.st_mode)) return EEXIST;
  const Descriptor probe{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (probe.number < 0) return errno;
  if (connect(probe.number, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) return EADDRINUSE;
  if (errno != ECONNREFUSED) return EADDRINUSE;
  return unlink(name.sun_path) == 0 ? 0 : errno;
}

unsigned long InodeOf(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

Result<Listening> Listening::Bind(const std::string& address) {
  if (address.rfind("unix:", 0) == 0) return BindUnix(address, address.substr(5));
  return BindTcp(address);
}

Result<Listening> Listening::BindTcp(const std::string& address) {
  auto target = ParseTcp(address);
  if (!target) return NoAddress(address);
  Descriptor made{socket(target->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (made.number < 0) return Unavailable(address, errno);
  const int on = 1;
  const int off = 0;
  setsockopt(made.number, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (target->storage.ss_family == AF_INET6) setsockopt(made.number, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  if (bind(made.number, target->raw(), target->length) != 0) return Unavailable(address, errno);
  if (listen(made.number, kBacklog) != 0) return Unavailable(address, errno);
  std::string name = NameOf(made.number);
  return Listening(made.Release(), std::move(name), "");
}

Result<Listening> Listening::BindUnix(const std::string& address, const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof name.sun_path || path.find('\0') != std::string::npos) {
    return NoAddress(address);
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  if (const int reason = ClearStale(name); reason != 0) return Unavailable(address, reason);
  Descriptor made{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (made.number < 0) return Unavailable(address, errno);
  // Before bind, so that the file never has a wider mode (Linux takes it over from the socket).
  fchmod(made.number, S_IRUSR | S_IWUSR);
  if (bind(made.number, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) return Unavailable(address, errno);
  Listening listening(made.Release(), address, path);
  listening.inode_ = InodeOf(path);
  if (chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0 || listen(listening.descriptor_, kBacklog) != 0) {
    return Unavailable(address, errno);
  }
  return listening;
}

Listening::Listening(Listening&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      address_(std::move(other.address_)),
      path_(std::move(other.path_)),
      inode_(other.inode_) {}

Listening::~Listening() {
  if (descriptor_ < 0) return;
  if (is_unix() && inode_ != 0 && InodeOf(path_) == inode_) unlink(path_.c_str());
  close(descriptor_);
}

int Listening::Accept(std::string& remote) const {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  const int accepted = accept4(descriptor_, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (accepted < 0) return -1;
  if (is_unix()) {
    remote = "unix";
    return accepted;
  }
  SetUpTcp(accepted);
  remote = HostOf(peer);
  return accepted;
}

}  // namespace patchbay::http

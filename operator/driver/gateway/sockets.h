// IPv4 sockets that listen, for what a gateway on this host asks or tells us.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/result.h"

namespace patchbay::driver {

// Closes what it holds. -1: nothing.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// "127.0.0.1:5391"; port 0 for one that is free. kInvalid, which says `purpose`.
struct ListenAddress {
  std::string host;
  std::uint32_t ip = 0;
  int port = 0;
  static Result<ListenAddress> Parse(const std::string& host, int port, const std::string& purpose);
};

// SOCK_DGRAM or SOCK_STREAM, not blocking; a stream listens. kUnavailable, which says `purpose`.
Result<Descriptor> BindTo(const ListenAddress& address, int type, const std::string& purpose);
// That it is bound to; 0 when it is not.
int PortOf(int fd);

}  // namespace patchbay::driver

#include "http/public_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>

namespace patchbay::http {
namespace {

struct Block {
  std::uint32_t network;
  int bits;
};
constexpr Block kClosed4[] = {
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // private
    {0x64400000, 10},  // carrier-grade NAT
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // link-local, cloud metadata
    {0xac100000, 12},  // private
    {0xc0000000, 24},  // IETF protocol assignments
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // 6to4 relays
    {0xc0a80000, 16},  // private
    {0xc6120000, 15},  // benchmarking
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 3},   // multicast, reserved, broadcast
};

bool IsPublic4(std::uint32_t address) {
  return std::none_of(std::begin(kClosed4), std::end(kClosed4), [&](const Block& block) {
    return (address >> (32 - block.bits)) == (block.network >> (32 - block.bits));
  });
}

// Only global unicast (2000::/3) is reachable at all; the rest of the tests are holes in it.
bool IsPublic6(const std::uint8_t* bytes) {
  if ((bytes[0] & 0xe0) != 0x20) return false;
  const auto word = [&](int i) { return bytes[2 * i] << 8 | bytes[2 * i + 1]; };
  if (word(0) == 0x2001 && (word(1) < 0x0200 || word(1) == 0x0db8)) return false;  // Teredo, ORCHID, documentation
  if (word(0) == 0x3fff && word(1) < 0x1000) return false;                         // documentation
  return word(0) != 0x2002;                                                        // 6to4
}

}  // namespace

bool IsPublicAddress(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in four;
    std::memcpy(&four, &address, sizeof four);
    return IsPublic4(ntohl(four.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 six;
  std::memcpy(&six, &address, sizeof six);
  return IsPublic6(six.sin6_addr.s6_addr);
}

}  // namespace patchbay::http

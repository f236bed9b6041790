// Which addresses the world can reach (IANA special-purpose registries). Pure.
#pragma once

#include <sys/socket.h>

namespace patchbay::http {

// False for private, loopback, link-local, metadata, multicast, reserved and unknown addresses, and for IPv6 forms that
// carry such an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo).
bool IsPublicAddress(const sockaddr& address);

}  // namespace patchbay::http

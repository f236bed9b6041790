// The ports of the host that a Plugin's spec asks for. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "object/json.h"

namespace patchbay {

struct HostPort {
  int number = 0;
  std::string protocol;   // "TCP", "UDP", "SCTP"
  std::string ip;         // "": all addresses
  std::size_t place = 0;  // in spec.ports
};

// Of spec.ports, whatever else the spec says.
std::vector<HostPort> HostPortsOf(const Json& plugin);
// Those that it has a claim on: none when it is not enabled or is being deleted.
std::vector<HostPort> ClaimedHostPortsOf(const Json& plugin);

// Two containers cannot have both. "0.0.0.0" and "::" overlap every address, as "" does; protocols have ports of their own.
bool Overlap(const HostPort& a, const HostPort& b);
bool OverlapAddresses(std::string_view a, std::string_view b);

}  // namespace patchbay

// As much of DNS (RFC 1035; EDNS by RFC 6891) as a gateway needs that asks us for addresses. Pure functions;
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::driver {

enum class DnsCode : std::uint8_t {
  kOk = 0,
  kFormatError = 1,
  kServerFailure = 2,
  kNotImplemented = 4,
  kRefused = 5,
};

inline constexpr std::uint16_t kDnsTypeA = 1;

struct DnsQuestion {
  std::uint16_t id = 0;
  std::uint16_t type = 0;
  bool recursion = false;    // desired: copied into the answer
  bool edns = false;
  std::size_t most = 512;    // bytes of an answer by UDP, as the asker says
  std::string name;          // lower case, without the last dot
  std::string question;      // the section as it was sent
  DnsCode problem = DnsCode::kOk;  // not kOk: to be answered with this
};

// Nothing when it is not a question at all: no answer is due.
std::optional<DnsQuestion> ReadDnsQuestion(std::string_view message);

// Addresses that are not IPv4 are left out; they live no second (TTL 0). An answer longer than `most` bytes is empty and
// says that it is cut: the asker comes again by TCP.
std::string PrintDnsAnswer(const DnsQuestion& question, DnsCode code, const std::vector<std::string>& addresses,
                           std::size_t most);

// "127.0.0.1"; nothing when it is no IPv4 address.
std::optional<std::uint32_t> ParseIpv4(std::string_view text);

}  // namespace patchbay::driver

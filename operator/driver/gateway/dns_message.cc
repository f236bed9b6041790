#include "driver/gateway/dns_message.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/text.h"

namespace patchbay::driver {
namespace {

constexpr std::size_t kHead = 12;
constexpr std::size_t kMostName = 255;
constexpr std::uint16_t kClassIn = 1;
constexpr std::uint16_t kTypeOpt = 41;
constexpr std::uint16_t kIsAnswer = 0x8000;
constexpr std::uint16_t kOpcode = 0x7800;
constexpr std::uint16_t kAuthoritative = 0x0400;
constexpr std::uint16_t kTruncated = 0x0200;
constexpr std::uint16_t kRecursionDesired = 0x0100;
constexpr std::size_t kLeastUdp = 512;
constexpr std::size_t kMostUdp = 4096;

std::uint16_t Read16(std::string_view text, std::size_t at) {
  return static_cast<std::uint16_t>((static_cast<unsigned char>(text[at]) << 8) |
                                    static_cast<unsigned char>(text[at + 1]));
}

void Put16(std::string& out, unsigned value) {
  out += static_cast<char>((value >> 8) & 0xff);
  out += static_cast<char>(value & 0xff);
}

// Moves `at` behind the name; false when it is no plain name.
bool ReadName(std::string_view message, std::size_t& at, std::string& name) {
  while (at < message.size()) {
    const std::size_t length = static_cast<unsigned char>(message[at++]);
    if (length == 0) return true;
    if (length > 63 || at + length > message.size() || name.size() + length > kMostName) return false;
    if (!name.empty()) name += '.';
    name.append(message.substr(at, length));
    at += length;
  }
  return false;
}

void ReadEdns(std::string_view message, std::size_t at, DnsQuestion& question) {
  constexpr std::size_t kRecord = 11;  // root name, type, class, ttl, length
  if (Read16(message, 10) == 0 || at + kRecord > message.size()) return;
  if (message[at] != 0 || Read16(message, at + 1) != kTypeOpt) return;
  question.edns = true;
  question.most = std::clamp<std::size_t>(Read16(message, at + 3), kLeastUdp, kMostUdp);
}

}  // namespace

std::optional<std::uint32_t> ParseIpv4(std::string_view text) {
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

std::optional<DnsQuestion> ReadDnsQuestion(std::string_view message) {
  if (message.size() < kHead) return std::nullopt;
  const std::uint16_t flags = Read16(message, 2);
  if ((flags & kIsAnswer) != 0) return std::nullopt;
  DnsQuestion question;
  question.id = Read16(message, 0);
  question.recursion = (flags & kRecursionDesired) != 0;
  if ((flags & kOpcode) != 0) {
    question.problem = DnsCode::kNotImplemented;
    return question;
  }
  std::size_t at = kHead;
  std::string name;
  const bool one = Read16(message, 4) == 1 && Read16(message, 6) == 0 && Read16(message, 8) == 0;
  if (!one || !ReadName(message, at, name) || at + 4 > message.size()) {
    question.problem = DnsCode::kFormatError;
    return question;
  }
  question.name = Lower(name);
  question.type = Read16(message, at);
  if (Read16(message, at + 2) != kClassIn) question.problem = DnsCode::kRefused;
  question.question = message.substr(kHead, at + 4 - kHead);
  ReadEdns(message, at + 4, question);
  return question;
}

std::string PrintDnsAnswer(const DnsQuestion& question, DnsCode code, const std::vector<std::string>& addresses,
                           std::size_t most) {
  constexpr std::size_t kRecord = 16;
  constexpr std::size_t kOpt = 11;
  std::vector<std::uint32_t> known;
  for (const std::string& address : addresses)
    if (const auto parsed = ParseIpv4(address)) known.push_back(*parsed);
  const std::size_t frame = kHead + question.question.size() + (question.edns ? kOpt : 0);
  const bool cut = frame + known.size() * kRecord > most;
  if (cut) known.clear();
  std::string out;
  out.reserve(frame + known.size() * kRecord);
  Put16(out, question.id);
  Put16(out, kIsAnswer | kAuthoritative | (cut ? kTruncated : 0u) | (question.recursion ? kRecursionDesired : 0u) |
                 static_cast<unsigned>(code));
  Put16(out, question.question.empty() ? 0 : 1);
  Put16(out, static_cast<unsigned>(known.size()));
  Put16(out, 0);
  Put16(out, question.edns ? 1 : 0);
  out += question.question;
  for (const std::uint32_t address : known) {
    Put16(out, 0xc000 | kHead);  // the question's name
    Put16(out, kDnsTypeA);
    Put16(out, kClassIn);
    Put16(out, 0);  // TTL
    Put16(out, 0);
    Put16(out, 4);
    Put16(out, address >> 16);
    Put16(out, address & 0xffff);
  }
  if (question.edns) {
    out += '\0';
    Put16(out, kTypeOpt);
    Put16(out, kMostUdp);
    out.append(6, '\0');
  }
  return out;
}

}  // namespace patchbay::driver

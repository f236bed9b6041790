#include "controller/traffic.h"

namespace patchbay::controller {
namespace {

constexpr std::chrono::milliseconds kFresh{50};

// "[fd00::1]:80" -> "fd00::1"
std::string HostOf(const std::string& address) {
  const std::string host = address.substr(0, address.rfind(':'));
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

}  // namespace

std::optional<int> Traffic::To(const std::string& ip) {
  if (gateway_ == nullptr) return 0;
  const MonoTime now = clock_.Mono();
  const auto count = [&](const std::map<std::string, int>& by_ip) {
    const auto found = by_ip.find(ip);
    return found == by_ip.end() ? 0 : found->second;
  };
  {
    auto counted = counted_.Lock();
    if (counted->at && now - *counted->at < kFresh)
      return counted->by_ip ? std::optional(count(*counted->by_ip)) : std::nullopt;
  }
  const auto asked = gateway_->InFlight();
  Counted fresh{now, std::nullopt};
  if (asked.ok()) {
    fresh.by_ip.emplace();
    for (const auto& [address, requests] : *asked) (*fresh.by_ip)[HostOf(address)] += requests;
  }
  auto counted = counted_.Lock();
  *counted = std::move(fresh);
  return counted->by_ip ? std::optional(count(*counted->by_ip)) : std::nullopt;
}

Result<driver::AnswerCount> Traffic::From(const std::string& ip) {
  if (gateway_ == nullptr) return Error{Code::kUnsupported, "there is no gateway"};
  const MonoTime now = clock_.Mono();
  const bool fresh = [&] {
    auto answered = answered_.Lock();
    return answered->at && now - *answered->at < kFresh;
  }();
  if (!fresh) {
    auto asked = gateway_->Answers();
    Answered answered;
    answered.at = now;
    if (!asked.ok()) answered.by_ip = asked.error();
    else
      for (const auto& [address, count] : *asked) (*answered.by_ip)[HostOf(address)] += count;
    *answered_.Lock() = std::move(answered);
  }
  auto answered = answered_.Lock();
  if (!answered->by_ip.ok()) return answered->by_ip.error();
  const auto found = answered->by_ip->find(ip);
  return found == answered->by_ip->end() ? driver::AnswerCount() : found->second;
}

}  // namespace patchbay::controller

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

template <typename Count>
Result<Count> Traffic::Of(const std::string& ip, Question<Count> question, Guarded<Told<Count>>& told) {
  const MonoTime now = clock_.Mono();
  const auto find = [&](const Told<Count>& last) -> Result<Count> {
    if (!last.by_ip.ok()) return last.by_ip.error();
    const auto found = last.by_ip->find(ip);
    return found == last.by_ip->end() ? Count() : found->second;
  };
  {
    const auto last = told.Lock();
    if (last->at && now - *last->at < kFresh) return find(*last);
  }
  Told<Count> fresh;
  fresh.at = now;
  if (const auto asked = (gateway_->*question)(); !asked.ok()) fresh.by_ip = asked.error();
  else
    for (const auto& [address, count] : *asked) (*fresh.by_ip)[HostOf(address)] += count;
  const auto last = told.Lock();
  *last = std::move(fresh);
  return find(*last);
}

std::optional<int> Traffic::To(const std::string& ip) {
  if (gateway_ == nullptr) return 0;
  const auto count = Of(ip, &driver::Gateway::InFlight, in_flight_);
  return count.ok() ? std::optional(*count) : std::nullopt;
}

Result<driver::AnswerCount> Traffic::From(const std::string& ip) {
  if (gateway_ == nullptr) return Error{Code::kUnsupported, "there is no gateway"};
  return Of(ip, &driver::Gateway::Answers, answers_);
}

}  // namespace patchbay::controller

// How many requests are under way to a container, and what it has answered, as the gateway counts them. Thread-safe; asks
// the gateway at most every 50 ms, and blocks as long as that takes.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "driver/gateway/gateway.h"

namespace patchbay::controller {

class Traffic {
 public:
  // `gateway` may be nullptr: then there is none.
  Traffic(driver::Gateway* gateway, Clock& clock) : gateway_(gateway), clock_(clock) {}

  // To every port of this address, WebSockets too; nothing when the gateway cannot tell, or not now.
  std::optional<int> To(const std::string& ip);
  // From every port of this address, since some moment that stays the same while this lives. The gateway's error when it
  // cannot tell.
  Result<driver::AnswerCount> From(const std::string& ip);
  bool any() const { return gateway_ != nullptr; }

 private:
  template <typename Count>
  struct Told {  // by the gateway, last
    std::optional<MonoTime> at;
    Result<std::map<std::string, Count>> by_ip = std::map<std::string, Count>();
  };
  template <typename Count>
  using Question = Result<std::map<std::string, Count>> (driver::Gateway::*)();
  template <typename Count>
  Result<Count> Of(const std::string& ip, Question<Count> question, Guarded<Told<Count>>& told);

  driver::Gateway* const gateway_;
  Clock& clock_;
  Guarded<Told<int>> in_flight_;
  Guarded<Told<driver::AnswerCount>> answers_;
};

}  // namespace patchbay::controller

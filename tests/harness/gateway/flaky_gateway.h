// Any Gateway, broken on purpose: the n-th call from now fails before it reached the gateway, or after it took effect
// (the in-doubt case). Thread-safe when the inner one is.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "driver/gateway/gateway.h"

namespace patchbay::driver {

enum class FailWhen { kBeforeEffect, kAfterEffect };

class FlakyGateway : public Gateway {
 public:
  explicit FlakyGateway(Gateway& inner) : inner_(inner) {}

  // The n-th call from now of that name ("Publish", "Read", "InFlight"; n = 1: the next) fails once.
  void FailCall(const std::string& call, int n, FailWhen when, Error error) {
    faults_.Lock()->push_back({call, n, when, std::move(error)});
  }
  // Before a Publish reaches the inner gateway, and after any call took effect; for tests that crash or interleave. Set
  // before use.
  std::function<void()> before_publish;
  std::function<void(const std::string& call)> after;

  std::string name() const override { return inner_.name(); }
  std::vector<FieldNotDone> Unsupported() const override { return inner_.Unsupported(); }
  std::string Digest(const GatewayRoute& route) const override { return inner_.Digest(route); }
  Result<Published> Publish(const std::vector<GatewayRoute>& routes) override {
    if (before_publish) before_publish();
    return Try<Published>("Publish", [&] { return inner_.Publish(routes); });
  }
  Result<GatewayState> Read() override {
    return Try<GatewayState>("Read", [&] { return inner_.Read(); });
  }
  Result<std::map<std::string, RouteDifferences>> Compare(const std::vector<GatewayRoute>& routes) override {
    return Try<std::map<std::string, RouteDifferences>>("Compare", [&] { return inner_.Compare(routes); });
  }
  Result<std::map<std::string, AnswerCount>> Answers() override { return inner_.Answers(); }
  Result<std::map<std::string, int>> InFlight() override {
    return Try<std::map<std::string, int>>("InFlight", [&] { return inner_.InFlight(); });
  }

 private:
  struct Fault {
    std::string call;
    int left;
    FailWhen when;
    Error error;
  };

  std::optional<Fault> Due(const std::string& call) {
    auto faults = faults_.Lock();
    std::optional<Fault> due;
    for (auto& fault : *faults)
      if (fault.call == call && --fault.left == 0 && !due) due = fault;
    std::erase_if(*faults, [](const Fault& fault) { return fault.left <= 0; });
    return due;
  }

  template <class T>
  Result<T> Try(const std::string& call, const std::function<Result<T>()>& go) {
    const auto fault = Due(call);
    if (fault && fault->when == FailWhen::kBeforeEffect) return fault->error;
    Result<T> answer = go();
    if (after) after(call);
    if (fault) return fault->error;
    return answer;
  }

  Gateway& inner_;
  Guarded<std::vector<Fault>> faults_;
};

}  // namespace patchbay::driver

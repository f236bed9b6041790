// Several gateways as one: the same routes in each of them.
//
// - Publish goes to every one, also when another fails: who is there gets new addresses at once. It is done when all
//   have done it, so nobody believes that an old container is out of use before every gateway has let it go.
// - A route that one refuses is served by the others, and the refusal names who it was.
// - What one cannot do counts as not done (Unsupported), and so does what one cannot count (InFlight, Answers): a sum
//   without a gateway's requests would say "none" while there are some.
// - A route is served when every gateway serves it; what one alone has lost or has otherwise shows in Read().
// - Errors begin with the gateway's name: "kong: ...".
//
// - One that did not answer in time is asked beside the others from then on, and waited for a second at most: the others
//   get their news meanwhile. Once it answers it is like any other.
//
// A group of one is that gateway, with its own words. patchbay_gateway_up tells of each whether it took and answered
// what it was last asked.
#pragma once

#include <chrono>
#include <cstddef>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/meter.h"
#include "driver/gateway/gateway.h"

namespace patchbay::driver {

// Its members must be thread-safe too; no lock is held while one is called. They are asked one after the
// other; a Publish goes to those last that failed the time before.
class GatewayGroup : public Gateway {
 public:
  // REQUIRES: at least one member; their names differ.
  explicit GatewayGroup(std::vector<std::unique_ptr<Gateway>> members, Meter& meter = NullMeter(),
                        std::chrono::milliseconds patience = std::chrono::seconds(1));

  std::string name() const override;  // "caddy+kong"
  std::vector<FieldNotDone> Unsupported() const override;
  std::string Digest(const GatewayRoute& route) const override;
  // kInvalid, kUnavailable...: of the first that failed; the message has all of them.
  Result<Published> Publish(const std::vector<GatewayRoute>& routes) override;
  Result<GatewayState> Read() override;
  // Each field with the gateway before it: "kong.targets[0].weight".
  Result<std::map<std::string, RouteDifferences>> Compare(const std::vector<GatewayRoute>& routes) override;
  Result<std::map<std::string, int>> InFlight() override;
  Result<std::map<std::string, AnswerCount>> Answers() override;

 private:
  struct Silence {
    bool silent = false;         // the last call failed, and took its time for it
    bool asked = false;          // `pending` is under way
    std::future<void> pending;  // waits for its end when it goes
  };
  struct Member {
    std::unique_ptr<Gateway> gateway;
    Gauge* up;
    std::unique_ptr<Guarded<Silence>> silence = std::make_unique<Guarded<Silence>>();  // goes before `gateway`
  };
  using Served = std::map<std::string, std::string>;         // digest by route id
  using Digests = std::vector<std::optional<std::string>>;  // by member; nothing where the route was refused
  // What the last Publish that all have done made of each route.
  struct Told {
    std::set<std::string> whole;             // in all of them
    std::map<std::string, Digests> in_part;  // some refuse it
  };

  template <class T>
  bool IsSilence(const Result<T>& given, MonoTime began) const;
  template <class T, class... Args>
  Result<T> Ask(const Member& member, Result<T> (Gateway::*question)(const Args&...), const Args&... args) const;
  template <class T>
  Result<std::vector<T>> Gather(std::vector<Result<T>> answers) const;
  template <class Count>
  Result<std::map<std::string, Count>> Sum(Result<std::map<std::string, Count>> (Gateway::*question)());
  template <class T>
  static void Note(const Member& member, const Result<T>& answer);
  Error Name(const Member& member, const Error& error) const;
  void Remember(const std::vector<GatewayRoute>& routes, const std::vector<Published>& done);
  Served Merge(const std::vector<Served>& served);

  const std::chrono::milliseconds patience_;
  std::vector<Member> members_;
  Guarded<Told> told_;
  Guarded<std::set<std::size_t>> failed_;  // members, at the last Publish
};

}  // namespace patchbay::driver

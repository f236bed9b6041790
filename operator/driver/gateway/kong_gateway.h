// Gateway on Kong's Admin API, 2.8 to 3.x, with a database and DB-less. What is ours is known by its tags; everything
// else is neither read nor touched. With a database each entity is written by itself, only when it differs, what
// requests need first; a Publish cut short anywhere is finished by the next. DB-less takes the whole configuration in
// one POST /config, which replaces all of it: so a DB-less Kong with entities that are not ours is refused (kInvalid).
//
// A route that Kong refuses is not served at all, its former version neither: the addresses that one knew may belong to
// others by now. Refusals are remembered for a minute, so an unchanged bad route costs little.
//
// Left alone: what others hang on our entities (a plugin of theirs on our service). A service that a foreign route
// leads to cannot be removed and stays, without a route of ours. Targets that others put into our upstreams go.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/meter.h"
#include "driver/gateway/entries.h"
#include "driver/gateway/gateway.h"
#include "driver/gateway/kong_admin.h"
#include "driver/gateway/kong_state.h"
#include "driver/gateway/kong_targets.h"

namespace patchbay::driver {

struct KongOptions {
  std::string admin = "http://127.0.0.1:8001";         // or "unix:/run/kong/admin.sock"
  std::string token;                                   // Kong-Admin-Token; "" for none
  std::string installation;                            // tells us from other operators on the same Kong. Never empty
  std::chrono::milliseconds call_deadline{20'000};     // of one admin call
  std::chrono::milliseconds publish_deadline{60'000};  // of one Publish, after which no further change is begun
  Meter* meter = nullptr;                              // nullptr: NullMeter()
  Clock* clock = nullptr;                              // nullptr: SystemClock()
};

// Publish calls go one after the other.
class KongGateway : public Gateway {
 public:
  // Does not call Kong. kInvalid for options that cannot be.
  static Result<std::unique_ptr<KongGateway>> New(std::shared_ptr<http::HttpClient> client, KongOptions options);

  std::string name() const override { return "kong"; }
  std::vector<FieldNotDone> Unsupported() const override;
  std::string Digest(const GatewayRoute& route) const override;
  Result<Published> Publish(const std::vector<GatewayRoute>& routes) override;
  // The epoch of a DB-less Kong changes when it was started again; with a database, when others changed what is ours.
  Result<GatewayState> Read() override;
  Result<std::map<std::string, RouteDifferences>> Compare(const std::vector<GatewayRoute>& routes) override;
  // Kong does not count: kUnsupported, once it was seen to answer.
  Result<std::map<std::string, int>> InFlight() override;
  Result<std::map<std::string, AnswerCount>> Answers() override;

  // The tag that all of our entities have.
  const std::string& mark() const { return mark_; }

 private:
  friend class KongPublish;

  struct Refusal {
    std::string message;
    MonoTime until{};
  };
  struct Seen {
    std::optional<KongNode> node;  // as last asked
    std::string boot;
    std::string fingerprint;  // of what is served, as last read; "" before the first time
    long epoch = 1;
    int writing = 0;                         // Publishes under way
    std::map<std::string, Refusal> refused;  // by digest
  };

  KongGateway(std::shared_ptr<http::HttpClient> client, KongAdmin admin, KongOptions options);
  Result<KongNode> AskNode();
  // Every route of this Kong as an entry is named: "<uuid>@<updated_at>".
  Result<std::set<std::string>> NameRoutes() const;
  void Notice(const std::map<std::string, std::string>& digests);

  const KongOptions options_;
  const std::shared_ptr<http::HttpClient> client_;
  const KongAdmin admin_;
  const std::string mark_;
  Clock& clock_;
  Counter& changes_made_;
  Counter& changes_refused_;
  Counter& changes_failed_;
  KongTargets targets_;
  Guarded<Seen> seen_;
  Guarded<EntriesByRoute> serving_;  // entries of others, as published last
  Guarded<int> publishing_;  // held by the Publish that is under way; nothing else asks for it
};

}  // namespace patchbay::driver

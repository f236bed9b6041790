// All routes to the gateway: one publish for a burst of changes, read back, looked at again every second. Visits write
// what came of each route. Thread-safe; Step is for one thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "controller/adopted_routes.h"
#include "controller/endpoints.h"
#include "controller/left_routes.h"
#include "controller/metrics.h"
#include "controller/outcome.h"
#include "controller/resolve.h"
#include "controller/verdict.h"
#include "driver/gateway/gateway.h"

namespace patchbay::controller {

class RouteController {
 public:
  struct Parts {
    cache::Cache& cache;
    cache::Committer& committer;
    driver::Gateway* gateway;  // may be nullptr
    Clock& clock;
    Endpoints& endpoints;
    Metrics& metrics;
  };
  struct Times {
    std::chrono::milliseconds debounce{50};
    std::chrono::milliseconds debounce_most{250};
    std::chrono::milliseconds check{1'000};
  };
  // `wake`: this route's status has to be written. `rouse`: Step has something to do.
  RouteController(Parts parts, Times times, std::function<void(const Key&)> wake, std::function<void()> rouse);

  // A route, a backend's ports or the set of ready containers has changed.
  void MarkDirty();
  // Publishes or checks when that is due; true when it did.
  bool Step();
  MonoTime next_due() const;
  // Writes the route's status; drops its finalizer when the gateway has nothing of it any more.
  Outcome Visit(const Key& key);
  // "" when the gateway answered last time, else why not.
  std::string problem() const;

 private:
  struct Known {
    cache::EntryPtr entry;
    RouteWish wish;
  };
  struct KnownPlugin {
    Revision revision = 0;
    Target stored;  // ports, and ready addresses as the status says
  };
  struct Written {  // last
    Revision revision = 0;
    Verdict verdict;
  };
  struct Judged {
    Verdict verdict;
    bool wanted = false;
  };
  void Publish(bool forced);
  bool Check();
  using WishesByUid = std::map<std::string, const RouteWish*>;
  // Of those that others changed, the ones to be left so.
  void LeaveChanged(const driver::GatewayState& state);
  // The same for what was changed while no operator looked.
  void LeaveFound(const std::vector<RouteWish>& wishes, const std::vector<driver::GatewayRoute>& routes,
                  const std::map<Key, Judged>& judged);
  void Leave(const std::vector<driver::GatewayRoute>& changed, const WishesByUid& wishes, const driver::GatewayState& state);
  void TellDrift(const driver::GatewayState& state);
  static std::string SpecThatHolds(const Known& known);
  std::vector<RouteWish> ReadRoutes();
  std::optional<Target> FindPlugin(const Key& key, const EndpointsView& view);
  bool Send(const std::vector<driver::GatewayRoute>& routes, bool forced);
  void SettleAdopted(const std::vector<driver::GatewayRoute>& routes, const driver::Published& published);
  void Settle(std::map<Key, Judged> judged, bool sent);
  void SetProblem(std::string problem);

  const Parts parts_;
  const Times times_;
  const std::vector<driver::FieldNotDone> unsupported_;
  const std::function<void(const Key&)> wake_;
  const std::function<void()> rouse_;

  struct State {
    std::optional<MonoTime> first_dirty;
    MonoTime last_dirty{};
    MonoTime next_check{};
    MonoTime not_before{};  // of a publish, after a failed one
    std::optional<MonoTime> away_since;
    std::string problem;
    std::map<Key, Verdict> verdicts;
    std::map<Key, Written> written;
  };
  mutable Guarded<State> state_;
  // Of the thread that steps:
  std::map<Key, Known> routes_;
  std::map<Key, KnownPlugin> plugins_;
  std::optional<std::vector<driver::GatewayRoute>> published_;
  std::map<std::string, std::string> digests_;  // expected to be read back
  std::map<std::string, std::string> refused_;
  LeftRoutes left_;
  AdoptedRoutes adopted_;
  bool looked_for_found_ = false;
  std::string epoch_;
  bool postponed_ = false;  // something is to be tried again
  MonoTime next_tidy_{};
};

}  // namespace patchbay::controller

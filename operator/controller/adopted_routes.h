// Routes that entries of somebody else in the gateway serve, as they stand. The annotation patchbay.dev/adopt names them
// (`patchbay import` writes it). Taking over changes nothing in the gateway. Ours takes their place, once and for all,
// when the Route or the containers behind it change (more may become ready until all of them are), when a reconcile is asked for, or when the entries are not there any
// more; disabling the Route removes them, deleting it gives them back. The status remembers where that stands, so an
// annotation is acted on once. For one thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "controller/resolve.h"
#include "driver/gateway/gateway.h"
#include "object/json.h"

namespace patchbay::controller {

class AdoptedRoutes {
 public:
  // `gateway`: its name, "caddy+kong".
  explicit AdoptedRoutes(const std::string& gateway);

  // Says in `resolved` what becomes of its entries. False: the gateway is not to hear of the route.
  bool Decide(const RouteWish& wish, ResolvedRoute& resolved);
  // What the gateway made of a route that was sent with entries. `missing`: what it says is not there; "" for nothing.
  void Settle(const driver::GatewayRoute& route, const std::string& missing, bool refused);
  void Keep(const std::set<std::string>& uids);  // forgets all others

  // What the Route's status is to say.
  AdoptionRecord RecordOf(const std::string& uid) const;
  // Why the annotation cannot be fulfilled; "" when nothing stands in the way.
  std::string ProblemOf(const std::string& uid) const;
  // Its entries turned out to be gone: nothing serves it before the next publish.
  bool ServesOursNext(const std::string& uid) const;
  // Something waits for an entry, or for the next publish.
  bool unsettled() const;

 private:
  struct Adopted {
    std::string request;       // the annotation
    AdoptionRecord record;     // as far as it was acted on
    std::string wanted_as;     // what AdoptionRecord::as would be now
    std::string problem;
    bool ours_next = false;
  };
  std::string FindProblem(const std::vector<std::string>& entries) const;

  std::vector<std::string> gateways_;
  std::map<std::string, Adopted> adopted_;  // by uid
};

}  // namespace patchbay::controller

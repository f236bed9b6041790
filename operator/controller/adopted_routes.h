// Routes that entries of somebody else in the gateway serve, as they stand. The annotation patchbay.dev/adopt names them
// (`patchbay import` writes it). Taking over changes nothing in the gateway. Ours takes their place, once and for all, when
// the Route (this annotation too) or the containers behind it change (more may become ready until all of them are), when
// a reconcile is asked for, when a route of ours may match the same requests, or when the entries are not there any more.
// They are removed without ours when the Route is disabled, or when ours cannot be and they lead to nobody any more.
// Deleting the Route gives them back. The status remembers where that stands, so an annotation is acted on once. For one
// thread.
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
  // Ours stands before all that is others': an entry that serves still would lose requests to a route of ours that may
  // match them too. Such a one is replaced together with it.
  void ReplaceTogether(std::vector<driver::GatewayRoute>& routes) const;
  // What the gateway made of a route that was sent with entries. `missing`: what it says is not there; "" for nothing.
  void Settle(const driver::GatewayRoute& route, const std::string& missing, bool refused);
  // Nothing was done: the entries are where ours does not go.
  void SettleElsewhere(const std::string& uid, const std::string& words);
  // The entries are missing, and ours stands in their place.
  void SettleOurs(const std::string& uid);
  void Keep(const std::set<std::string>& uids);  // forgets all others

  // What the Route's status is to say.
  AdoptionRecord RecordOf(const std::string& uid) const;
  // Why the annotation cannot be fulfilled; "" when nothing stands in the way.
  std::string ProblemOf(const std::string& uid) const;
  // Entries serve it, so its containers matter whatever its spec says.
  bool IsServedByEntries(const RouteWish& wish) const;
  // Its entries turned out to be gone: nothing serves it before the next publish.
  bool ServesOursNext(const std::string& uid) const;
  // Since the last Decide something was found that the next publish has to know.
  bool publish_again() const;
  // An entry that is not there is waited for.
  bool waits() const;

 private:
  struct Adopted {
    std::string request;     // the annotation
    AdoptionRecord record;   // as far as one was acted on
    std::string first_as;    // what AdoptionRecord::as is to become
    std::string problem;     // with the annotation itself
    std::string missing;     // by the gateway
    bool ours = false;       // serves it
    bool replacing = false;  // was begun, and is not taken back
    bool ours_can = true;    // take their place, by the spec
    bool astray = false;     // the entries lead to somebody who is no backend any more
    bool give_up = false;    // on ours, and on them
    bool ours_next = false;
    bool again = false;
  };
  static void End(Adopted& known, bool ours);
  bool DecideServed(const RouteWish& wish, ResolvedRoute& resolved, Adopted& known) const;
  bool DecideNew(const RouteWish& wish, ResolvedRoute& resolved, Adopted& known) const;
  std::string FindProblem(const std::vector<std::string>& entries) const;

  std::vector<std::string> gateways_;
  std::map<std::string, Adopted> adopted_;  // by uid
};

}  // namespace patchbay::controller

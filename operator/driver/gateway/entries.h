// Entries of others in a gateway that routes took over (GatewayRoute::entries), as each gateway looks at its own. Values
// and pure functions.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "driver/gateway/gateway.h"

namespace patchbay::driver {

// Those of the route's that are this gateway's ("caddy"), without its name before them.
std::vector<std::string> EntriesOf(const GatewayRoute& route, std::string_view gateway);
// Those that serve the route in this gateway; none when ours is to serve it.
std::vector<std::string> ServingEntries(const GatewayRoute& route, std::string_view gateway);
// The digest of a route that they serve.
std::string DigestEntries(const std::vector<std::string>& entries);

using EntriesByRoute = std::map<std::string, std::vector<std::string>>;  // by route id
// Adds the digests of those routes whose entries are all among `present`.
void AddDigests(const EntriesByRoute& serving, const std::set<std::string>& present, std::map<std::string, std::string>& digests);
// Which of them are missing, as Gateway::Compare says it.
RouteDifferences CompareEntries(const std::vector<std::string>& entries, const std::set<std::string>& present);

// What one Publish is to make of them.
class EntryPlan {
 public:
  explicit EntryPlan(std::string_view gateway) : gateway_(gateway) {}
  // Notes what the route says. True when nothing of ours is to stand for it.
  bool Take(const GatewayRoute& route);
  const EntriesByRoute& serving() const { return serving_; }
  bool empty() const { return serving_.empty() && replaced_.empty() && unwanted_.empty(); }
  // One may be several routes': it goes with the last of them, and not while a refused route of ours would take its place.
  std::set<std::string> ToRemove(const std::map<std::string, std::string>& refused) const;
  // Route id and entry, of each route that is to be served by one that is not among `present`.
  std::map<std::string, std::string> FindMissing(const std::set<std::string>& present) const;

 private:
  std::string gateway_;
  EntriesByRoute serving_;   // instead of ours
  EntriesByRoute replaced_;  // by ours
  EntriesByRoute unwanted_;
};

}  // namespace patchbay::driver

// One Publish of CaddyGateway, from the routes to what is served. Used once, by one thread.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "driver/gateway/caddy_gateway.h"
#include "driver/gateway/entries.h"

namespace patchbay::driver {

class CaddyPublish {
 public:
  explicit CaddyPublish(CaddyGateway& gateway) : gateway_(gateway), entries_(gateway.name()) {}
  ~CaddyPublish();
  CaddyPublish(const CaddyPublish&) = delete;
  CaddyPublish& operator=(const CaddyPublish&) = delete;

  Result<Published> Run(const std::vector<GatewayRoute>& routes);

 private:
  void Map(const std::vector<GatewayRoute>& routes);
  CaddyWish NewWish(const CaddyServer& server);
  std::optional<CaddyChange> Plan(const CaddyServer& server, CaddyWish wish);
  std::vector<std::string> AddressesToMark(const CaddyServer& server) const;
  bool MayRefresh(const std::vector<StaleFallback>& stale);
  void SetNames(bool only);
  Result<Published> Conclude();
  // "" when its entries are where ours go.
  std::string FindElsewhere(const GatewayRoute& route) const;
  void StandBy(const GatewayRoute& route);
  bool StandsBy(const CaddyRoute& route) const;
  void FindMissing(const CaddyServer& server);
  // Our pieces in all other servers, from before routes went into this one.
  Result<void> LeaveOtherServers();
  // Makes the change; an error only when the whole Publish must end.
  Result<void> Make(const CaddyChange& change, const CaddyServer& server, const CaddyWish& wish);
  Result<void> Blame(const Error& refusal, const CaddyServer& server, const CaddyWish& wish);
  void Refuse(const CaddyRoute& route, const std::string& message);

  CaddyGateway& gateway_;
  std::vector<CaddyRoute> routes_;              // in order of matching
  std::map<std::string, std::string> digests_;  // by route id
  std::map<std::string, std::set<std::string>> users_;  // route ids by address without port
  struct Leaving {
    bool named = false;
    std::vector<std::string> addresses;
  };
  std::map<std::string, Leaving> leaving_;  // by the first piece's "@id"
  EntryPlan entries_;
  std::vector<CaddyRoute> standby_;  // of routes that entries serve: what stands of them stays while an entry is not where it should be
  Published published_;
  int changes_ = 0;
  int conflicts_ = 0;
  int doubts_ = 0;
  bool writing_ = false;
};

}  // namespace patchbay::driver

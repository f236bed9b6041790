// One Publish of CaddyGateway, from the routes to what is served. Used once, by one thread.
#pragma once

#include <string>
#include <vector>

#include "driver/gateway/caddy_gateway.h"

namespace patchbay::driver {

class CaddyPublish {
 public:
  explicit CaddyPublish(CaddyGateway& gateway) : gateway_(gateway) {}
  ~CaddyPublish();
  CaddyPublish(const CaddyPublish&) = delete;
  CaddyPublish& operator=(const CaddyPublish&) = delete;

  Result<Published> Run(const std::vector<GatewayRoute>& routes);

 private:
  void Map(const std::vector<GatewayRoute>& routes);
  CaddyWish NewWish() const;
  // Makes the change; an error only when the whole Publish must end.
  Result<void> Make(const CaddyChange& change, const CaddyServer& server, const CaddyWish& wish);
  Result<void> Blame(const Error& refusal, const CaddyServer& server, const CaddyWish& wish);
  void Refuse(const CaddyRoute& route, const std::string& message);

  CaddyGateway& gateway_;
  std::vector<CaddyRoute> routes_;              // in order of matching
  std::map<std::string, std::string> digests_;  // by route id
  Published published_;
  int changes_ = 0;
  int conflicts_ = 0;
  int doubts_ = 0;
  bool writing_ = false;
};

}  // namespace patchbay::driver

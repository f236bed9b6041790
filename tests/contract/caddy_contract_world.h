// A real Caddy under the contract of gateways.
#pragma once

#include <string>

#include "contract/gateway_contract.h"
#include "harness/gateway/caddy_world.h"
#include "object/json.h"

namespace patchbay::driver {

class CaddyContractWorld : public GatewayWorld {
 public:
  explicit CaddyContractWorld(bool by_name = false) : caddy_(by_name) {}
  Gateway& gateway() override { return caddy_.gateway(); }
  GatewayRoute Spoil(GatewayRoute route, const std::string&) override {
    route.paths = {{PathMatch::Type::kRegex, "a(("}};
    return route;
  }
  void RestartEmpty() override {
    caddy_.Stop();
    caddy_.Start();
  }
  void GoAway() override { caddy_.Stop(); }
  void ComeBack() override { caddy_.Start(); }
  void AddForeign() override {
    caddy_.Put("/config/logging", R"({"logs":{"theirs":{"level":"ERROR"}}})");
    caddy_.Put("/config/apps/http/servers/theirs",
               R"({"routes":[{"handle":[{"body":"<theirs>","handler":"static_response"}]}]})");
    caddy_.Put("/config/apps/tls", R"({"automation":{"policies":[]}})");
  }
  std::string ForeignAsItIs() override {
    auto config = *ParseJson(caddy_.Config());
    if (Json* servers = Find(config, {"apps", "http", "servers"})) servers->erase("patchbay");
    return DumpJson(config);
  }

 private:
  CaddyWorld caddy_;
};

}  // namespace patchbay::driver

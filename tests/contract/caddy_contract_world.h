// A real Caddy under the contract of gateways.
#pragma once

#include <algorithm>
#include <string>

#include "contract/gateway_contract.h"
#include "harness/gateway/caddy_world.h"
#include "object/caddy_entries.h"
#include "object/json.h"

namespace patchbay::driver {

// A site as Caddy's own Caddyfile makes it: the entry is the inner route.
inline Json CaddySite(int number) {
  const Json proxy = {{"handler", "reverse_proxy"}, {"upstreams", {{{"dial", StrCat("127.0.0.1:", 20'000 + number)}}}}};
  const Json inner = {{"handle", {proxy}}};
  return {{"handle", {{{"handler", "subroute"}, {"routes", {inner}}}}},
          {"match", {{{"host", {StrCat("h", number, ".example.org")}}}}},
          {"terminal", true}};
}

// Where the entry stands among the server's routes; "" when it does not.
inline std::string PlaceOfEntry(const Json& routes, const std::string& server, const std::string& entry) {
  for (const auto& [place, name] : NameCaddyEntries(server, routes))
    if (StrCat("caddy:", name) == entry) return place;
  return "";
}

// The entry of the last site.
inline std::string NameLastSite(const Json& routes, const std::string& server) {
  return StrCat("caddy:", NameCaddyEntries(server, routes).at(StrCat("[", routes.size() - 1, "].handle[0].routes[0]")));
}

class CaddyContractWorld : public GatewayWorld {
 public:
  explicit CaddyContractWorld(bool by_name = false, bool shared = false) : caddy_(by_name, shared) {}
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
    caddy_.Put("/config/apps/http/servers/other",
               R"({"routes":[{"handle":[{"body":"<theirs>","handler":"static_response"}]}]})");
    caddy_.Put("/config/apps/tls", R"({"automation":{"policies":[]}})");
  }
  std::string ForeignAsItIs() override {
    auto config = *ParseJson(caddy_.Config());
    const auto ours = [](const Json& route) { return FindString(route, {"@id"}).starts_with("patchbay-"); };
    if (Json* routes = Find(config, {"apps", "http", "servers", "theirs", "routes"}))
      routes->erase(std::remove_if(routes->begin(), routes->end(), ours), routes->end());
    if (Json* servers = Find(config, {"apps", "http", "servers"})) servers->erase("patchbay");
    return DumpJson(config);
  }
  std::vector<std::string> AddEntries(int number) override {
    EXPECT_TRUE(caddy_.admin().Change("POST", StrCat(Path(), "/routes"), DumpJson(CaddySite(number)), "").ok());
    return {NameLastSite(Routes(), caddy_.server())};
  }
  bool HasEntry(const std::string& entry) override { return !PlaceOfEntry(Routes(), caddy_.server(), entry).empty(); }
  void RemoveEntry(const std::string& entry) override {
    std::string path;
    for (const char c : PlaceOfEntry(Routes(), caddy_.server(), entry))
      if (c != ']') path += c == '[' || c == '.' ? '/' : c;
    EXPECT_TRUE(caddy_.admin().Change("DELETE", StrCat(Path(), "/routes", path), "", "").ok());
  }

 private:
  std::string Path() const { return StrCat("/config/apps/http/servers/", caddy_.server()); }
  Json Routes() { return *ParseJson(caddy_.Config(StrCat(Path(), "/routes"))); }
  CaddyWorld caddy_;
};

}  // namespace patchbay::driver

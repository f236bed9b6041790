// Our server in Caddy's configuration as it stands, and the one change that brings it nearer to what is wanted.
// Pure; values.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/gateway/caddy_admin.h"
#include "driver/gateway/caddy_routes.h"

namespace patchbay::driver {

struct CaddyServer {
  bool exists = false;
  std::string etag;
  std::shared_ptr<const std::string> text;  // what the views below look into
  std::string_view listen;                  // JSON array
  bool has_routes = false;
  std::vector<std::string_view> routes;  // all of them, foreign ones too, in order

  // kInternal when Caddy's answer cannot be read.
  static Result<CaddyServer> Parse(CaddyValue value);
};

struct CaddyChange {
  std::string method;
  std::string path;  // below the server's: "/routes/3"; "" for the server itself
  std::string body;
};

// What the server should be. `routes` in order; foreign routes keep their place before or after them.
struct CaddyWish {
  std::string mark;
  std::string listen;  // JSON array
  bool automatic_https = false;
  std::vector<const CaddyRoute*> routes;
  const CaddyRoute* not_found = nullptr;  // stands last
};

// Nothing when all is as wished. Several changes may be needed: ask again after each.
std::optional<CaddyChange> PlanChange(const CaddyServer& server, const CaddyWish& wish);

// Position in the server's whole list once the wish is fulfilled -> index in wish.routes; -1 for what is not one of
// them.
std::vector<int> PlacesOf(const CaddyServer& server, const CaddyWish& wish);

// Our route id -> digest of what is served for it.
std::map<std::string, std::string> DigestRoutes(const CaddyServer& server, const std::string& mark);
// The same for routes that are not served yet. `texts` in order of their "@id"s.
std::string DigestTexts(const std::vector<std::string_view>& texts);

}  // namespace patchbay::driver

// Our server in Caddy's configuration as it stands, and the one change that brings it nearer to what is wanted.
// Pure; values.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
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

// Text of our pieces by "@id", as they stand.
using Standing = std::map<std::string_view, std::string_view>;
Standing FindStanding(const CaddyServer& server, std::string_view mark);

// What the server should be. `routes` in order; foreign routes keep their place before or after them.
struct CaddyWish {
  std::string mark;
  std::string server;  // its name
  bool shared = false;  // somebody else's: where it listens is theirs to say
  std::string listen;  // JSON array
  bool automatic_https = false;
  std::vector<const CaddyRoute*> routes;
  const CaddyRoute* leaving = nullptr;    // stands before it; nullptr: not needed
  const CaddyRoute* not_found = nullptr;  // stands last; nullptr: not needed
  std::set<std::string> removed;  // foreign routes that are to go, by name (object/caddy_entries.h)
  // What changes no answer stays as it is: addresses to fall back to, and more in `leaving` than is needed.
  bool keep = false;
};

// The names of all foreign routes.
std::set<std::string> NameForeign(const CaddyServer& server, std::string_view name, std::string_view mark);

// A piece that falls back to other addresses than it should.
struct StaleFallback {
  const CaddyRoute* route = nullptr;
  std::vector<std::string> hosts;  // without ports
};
std::vector<StaleFallback> FindStale(const CaddyServer& server, const CaddyWish& wish);

// Nothing when all is as wished. Several changes may be needed: ask again after each.
std::optional<CaddyChange> PlanChange(const CaddyServer& server, const CaddyWish& wish);

// Takes ours out of one of the servers (JSON, by name) that is not `own`; nothing when there is none. A server that has
// nothing else goes. The change's path is below the servers'.
std::optional<CaddyChange> PlanToLeave(std::string_view servers, std::string_view own, std::string_view mark);

// Position in the server's whole list once the wish is fulfilled -> index in wish.routes; -1 for what is not one of
// them.
std::vector<int> PlacesOf(const CaddyServer& server, const CaddyWish& wish);

// Addresses by DNS name, as they are answered.
using CaddyNames = std::map<std::string, std::vector<std::string>>;

// Our route id -> digest of what is served for it.
std::map<std::string, std::string> DigestRoutes(const CaddyServer& server, const std::string& mark,
                                                const CaddyNames& names);
// The same for routes that are not served yet. `texts` in order of their "@id"s; `answer`: of the route's name.
std::string DigestTexts(const std::vector<std::string_view>& texts, const std::vector<std::string>* answer);

}  // namespace patchbay::driver

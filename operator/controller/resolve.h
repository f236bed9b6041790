// From a Route to what the gateway is told: names become addresses. Pure.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/desired.h"
#include "controller/endpoints.h"
#include "driver/gateway/gateway.h"
#include "object/json.h"
#include "object/object.h"

namespace patchbay::controller {

struct Backend {
  std::optional<Key> plugin;  // or
  std::string url;
  Json port;                  // null: the plugin's first
  int weight = 1;
};

// Where auth.secretRef leads.
struct SecretUse {
  Key secret;
  std::string key;     // "" for all
  std::string issuer;  // of tokens
};

// Which entries of others in the gateway a Route took over (status.lastHandledAdoption, .adopted, .adoptedAs).
struct AdoptionRecord {
  std::string request;               // the annotation that was acted on; "" for none
  std::vector<std::string> entries;  // they serve it still; empty when ours does
  std::string as;                    // what the Route wished for then, in short (controller/adopted_routes.cc)
  friend bool operator==(const AdoptionRecord&, const AdoptionRecord&) = default;
};

// A Route as its spec says, without addresses.
struct RouteWish {
  Key key;
  std::string uid;
  std::int64_t generation = 0;
  bool enabled = true;
  bool deleting = false;
  ReconcileWish reconcile;
  std::string paused_spec;   // while it is paused: the spec that holds, as JSON
  bool waits = false;        // for the pause to end: it is not the spec that was applied last
  std::string adopt;        // the annotation patchbay.dev/adopt
  AdoptionRecord adoption;  // by the status
  std::string spec_digest;  // of an adopting Route: of its spec but for `reconcile`
  bool ours_stands = false;  // by the status: the gateway serves what we made of it
  driver::GatewayRoute route;
  std::vector<Backend> backends;
  std::optional<SecretUse> secret;       // route.auth is set, and this says what callers must know
  std::vector<std::string> problems;     // the spec cannot be understood
  std::vector<std::string> unsupported;  // what is set and not done, and by whom: "spec.rateLimit (caddy)"

  bool wanted() const { return enabled && !deleting && problems.empty() && unsupported.empty(); }
};

// `unsupported`: Gateway::Unsupported().
RouteWish ReadRoute(const Json& object, const std::vector<driver::FieldNotDone>& unsupported);

bool IsPaused(const Json& route);
// The same of a Route that may be paused (spec.reconcile.paused): then what it said `before` holds, "" for what its status
// keeps, and if that says nothing, what it says now. Its mode is Observe meanwhile.
RouteWish ReadRouteOrPause(Json object, const std::string& before, const std::vector<driver::FieldNotDone>& unsupported);

// What is known of a plugin: its ports and the addresses of its ready containers.
struct Target {
  std::vector<NamedPort> ports;  // of the spec
  EndpointSet endpoints;
  bool measured = false;  // what its containers answer is to be counted
  bool ready = false;     // all of them, by the status
  std::string revision = {};  // that its containers are to be of, by the status; "" when it is not known
};
// As the Plugin's spec and status say.
Target ReadTarget(const Json& plugin);
using FindTarget = std::function<std::optional<Target>(const Key& plugin)>;

struct ServedBackend {
  std::string address;
  int weight = 1;
  std::string plugin;  // "" for a url
  friend bool operator==(const ServedBackend&, const ServedBackend&) = default;
};

struct ResolvedRoute {
  driver::GatewayRoute route;
  std::vector<ServedBackend> backends;
  std::string missing_reason;             // BackendNotFound, PortNotFound; "" when all names are known
  std::vector<std::string> missing;       // for a person
  bool settled = true;                    // all names are known, and all of the plugins are ready
  std::vector<std::string> revisions;     // "shop@<revision>" of each plugin that has one
};

// A Secret's data, decoded.
using FindSecret = std::function<std::optional<std::map<std::string, std::string>>(const Key& secret)>;

// What callers must know. Without the Secret nobody is let through, and the route says what is missing.
void ResolveCallers(const RouteWish& wish, const FindSecret& find, ResolvedRoute& resolved);

// A backend's weight is shared by its containers.
ResolvedRoute Resolve(const RouteWish& wish, const FindTarget& find);

}  // namespace patchbay::controller

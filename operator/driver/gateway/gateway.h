// Seam: the gateway in front of the containers. CaddyGateway talks to Caddy's admin API; tests/harness/gateway/fake_gateway.h
// is the fake; GatewayGroup is several at once. All pass tests/contract/gateway_contract.h. Only what carries our mark is
// changed; foreign configuration stays as it is, but for the entries that a route took over.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "driver/gateway/answer_count.h"
#include "driver/gateway/route_difference.h"

namespace patchbay::driver {

struct PathMatch {
  enum class Type { kPrefix, kExact, kRegex } type = Type::kPrefix;
  std::string value;  // "/", "/api"; a prefix matches whole segments, as in the Gateway API
  friend bool operator==(const PathMatch&, const PathMatch&) = default;
};

struct HeaderEdits {
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::pair<std::string, std::string>> add;
  std::vector<std::string> remove;
  friend bool operator==(const HeaderEdits&, const HeaderEdits&) = default;
};

struct Upstream {
  std::string address;  // "172.17.0.3:8080"
  bool tls = false;
  int weight = 1;       // 0: gets nothing
  friend bool operator==(const Upstream&, const Upstream&) = default;
};

// So many requests in this time, counted by `key`: "client-ip", "host", "consumer" or "header:NAME".
struct RateLimit {
  int requests = 0;
  std::string per = "second";  // minute, hour, day
  int burst = 0;
  std::string key = "client-ip";
  friend bool operator==(const RateLimit&, const RateLimit&) = default;
};

// Who is let through.
struct CallerCheck {
  enum class Type { kBasic, kKey, kJwt } type = Type::kKey;
  // What a caller must know, by name: password by user, key by its name, secret or PEM public key by the issuer of
  // tokens. Empty: nobody is let through.
  std::vector<std::pair<std::string, std::string>> credentials;
  std::string header;  // kKey: carries the key
  friend bool operator==(const CallerCheck&, const CallerCheck&) = default;
};

// What browsers may do from other origins.
struct CrossOrigin {
  std::vector<std::string> allow_origins;  // "*" or an origin
  std::vector<std::string> allow_methods;  // empty: the gateway's default
  std::vector<std::string> allow_headers;
  std::vector<std::string> expose_headers;
  bool allow_credentials = false;
  std::chrono::milliseconds max_age{0};  // 0: the browser's default
  friend bool operator==(const CrossOrigin&, const CrossOrigin&) = default;
};

// What becomes of entries that others made in the gateway and that a Route took over.
enum class EntryUse {
  kServe,    // they serve it, as they stand: nothing of ours is made, nothing is changed
  kReplace,  // ours serves it; they are removed once it does
  kRemove,   // neither serves it
};

// One Route, resolved: names are addresses now. A value.
struct GatewayRoute {
  std::string id;    // the Route's uid
  std::string name;  // "namespace/name", for messages and order
  int priority = 0;  // higher first; then longer paths, hosts before none, name
  std::vector<std::string> hosts;  // empty: all; "*.example.org" allowed
  std::vector<PathMatch> paths;    // empty: all
  std::vector<std::string> methods;
  bool strip_path = false;         // of the matched prefix
  std::vector<Upstream> upstreams; // empty: 503 with Retry-After, never 404
  bool moving = false;             // upstreams come and go (containers): the gateway should take others without a reload
  bool measured = false;             // Answers() is to count what its upstreams answer
  std::vector<std::string> leaving;  // addresses that get nothing new, whose requests under way are to be counted still
  // What others made of it in the gateway stays, were it nothing. Not where the gateway is only ever replaced as a whole.
  bool as_found = false;
  // "caddy:srv0:1f0c...", "kong:<uuid>@<updated_at>", as `patchbay import` names them. A gateway looks at its own; a
  // route with none for it is like any other.
  std::vector<std::string> entries;
  EntryUse entry_use = EntryUse::kServe;
  HeaderEdits request_headers;
  HeaderEdits response_headers;
  std::chrono::milliseconds timeout{0};  // for the upstream's answer; 0: the gateway's default
  int retries = 0;
  std::chrono::milliseconds retry_for{0};
  std::optional<RateLimit> rate_limit;
  std::optional<CallerCheck> auth;
  std::optional<CrossOrigin> cors;
  friend bool operator==(const GatewayRoute&, const GatewayRoute&) = default;
};

// What one publish did.
struct Published {
  bool changed = false;                       // false: it was so already, nothing was sent
  // Something that changes nothing now was left for a better moment: publish again, in a second or so.
  bool postponed = false;
  std::map<std::string, std::string> refused;  // route id -> the gateway's own words; the others are served
  // Route id -> which of its entries that were to serve it are not there, or not as they were. Nothing serves it.
  std::map<std::string, std::string> missing;
  // Route id -> where its entries are, when that is where this gateway does not put ours. Nothing was done for the route.
  std::map<std::string, std::string> elsewhere;
};

struct GatewayState {
  std::string epoch;                          // another value when the gateway restarted or was reloaded by others
  std::map<std::string, std::string> routes;  // our route id -> digest of what is served
};

// A field of Route.spec that is not done.
struct FieldNotDone {
  std::string field;  // its path ("rateLimit"), or one value of it ("auth.type=Forward")
  std::string by;     // the gateway that cannot: "caddy"; or several: "caddy, kong"
  friend bool operator==(const FieldNotDone&, const FieldNotDone&) = default;
};

// Thread-safe; calls block for at most their own deadline. Errors: kUnavailable, kInDoubt, kConflict (somebody else
// wrote meanwhile, after retries), kInvalid (the gateway refuses everything, message is its own).
class Gateway {
 public:
  virtual ~Gateway() = default;
  virtual std::string name() const = 0;  // "caddy"
  // Fields of Route.spec this gateway cannot do. Constant.
  virtual std::vector<FieldNotDone> Unsupported() const = 0;
  // The digest that Read() will report for this route once it is served.
  virtual std::string Digest(const GatewayRoute& route) const = 0;
  // Makes the whole of our routes this set. A refused route costs only itself. Reads back before it returns.
  virtual Result<Published> Publish(const std::vector<GatewayRoute>& routes) = 0;
  virtual Result<GatewayState> Read() = 0;
  // By id, those of these routes that are not served as they should be, and in what. Slower than Read.
  virtual Result<std::map<std::string, RouteDifferences>> Compare(const std::vector<GatewayRoute>& routes) = 0;
  // Requests under way (WebSockets too) per upstream address, where the gateway counts them; kUnsupported otherwise. Of
  // those that were published as `moving` or as `leaving`, one that is missing has none.
  virtual Result<std::map<std::string, int>> InFlight() = 0;
  // What was answered per upstream address, since some moment that stays the same while this lives. Of routes that were
  // published as `measured`, some others may be among them. kUnsupported where the gateway does not tell; the message
  // says what is missing.
  virtual Result<std::map<std::string, AnswerCount>> Answers() = 0;
};

}  // namespace patchbay::driver

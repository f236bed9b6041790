// What a GatewayRoute is in Caddy's words (2.6 and later, standard modules only). Pure functions; thread-safe.
//
// One GatewayRoute becomes one Caddy route per path and kind of host, so that each stands where its own path belongs:
// "/api/v2" of one Route before "/api" of another before "/" of the first. The first carries "@id" mark + id, the
// others mark + id + "~1", "~2", ...
//
// Choices: a path is matched by path_regexp, because Caddy's path matcher ignores case and reads '*' as a wildcard; a
// Regex begins at the path's start. "*.example.org" is all below example.org, as in the Gateway API, by header_regexp,
// because '*' is one label to Caddy's host matcher. Caddy 2.6 has no weighted policy: an address is repeated in
// proportion to its weight, round_robin goes through the list. A brace in a value is escaped, so that nobody reads the
// gateway's environment through "{env.X}". An https upstream gets its own address as Host unless the route sets one.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/gateway/gateway.h"

namespace patchbay::driver {

struct CaddyRoute {
  std::string id;    // its "@id"
  std::string text;  // as Caddy prints it (caddy_json.h)
  // What decides the order, in this sequence.
  int priority = 0;             // higher first
  int host_rank = 0;            // exact, wildcard, none
  std::size_t host_length = 0;  // of a wildcard; longer first
  int path_rank = 0;            // exact, prefix, regex, every path
  std::size_t path_length = 0;  // longer first
  std::string name;
  bool as_found = false;  // what stands under its "@id" is taken, or nothing
  // Not empty: Caddy asks for the upstreams by this name; `addresses` is the answer.
  std::string dns_name;
  std::vector<std::string> addresses;
};

// How long Caddy keeps an answer.
inline constexpr std::chrono::milliseconds kCaddyKeepsNames{250};

// In order of matching within the route. kInvalid, in a sentence for the user, for what Caddy would take but not do.
// `resolver`: address of a DnsAnswerer that Caddy can ask ("127.0.0.1:5391"); "" for none. A moving route whose upstreams
// are IPv4 addresses with one port is then asked for by name (Caddy's `a` source; it has no weights: the answer repeats
// addresses, and no ports), and has its present addresses as what Caddy falls back to.
Result<std::vector<CaddyRoute>> MapToCaddy(const GatewayRoute& route, std::string_view mark,
                                           std::string_view resolver = "");
std::string DnsNameOf(std::string_view route_id, std::string_view mark);

// A piece's text around the addresses that it falls back to; all in `before` when it does not ask by name.
struct CaddyText {
  std::string_view before;
  std::string_view fallback;  // {"dial":"127.0.0.1:80"},...
  std::string_view after;
};
CaddyText CutFallback(std::string_view text);

// True when `a` must be asked first. A strict order over all routes of a set.
bool StandsBefore(const CaddyRoute& a, const CaddyRoute& b);

// Matches nothing. While an address stands in it, Caddy goes on counting the requests under way to it (measured with
// 2.6.2). Its "@id" is mark + "~leaving".
CaddyRoute MapToLeaving(std::string_view mark, const std::vector<std::string>& addresses);

// Answers 404 when nothing matched (Caddy alone says 200 with an empty body). Stands last; its "@id" is mark + "~".
CaddyRoute MapToNotFound(std::string_view mark);

// The Route's id of an "@id"; "" when it is not of this mark, or is of MapToNotFound or MapToLeaving.
std::string_view RouteIdOf(std::string_view at_id, std::string_view mark);

// Addresses repeated by weight and mixed evenly ({a:3, b:1} gives a a b a), at most 100 unless more upstreams have
// a weight.
std::vector<std::string> SpreadByWeight(const std::vector<Upstream>& upstreams);

}  // namespace patchbay::driver

#include "driver/gateway/caddy_routes.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "base/text.h"
#include "driver/gateway/caddy_handlers.h"
#include "driver/gateway/caddy_json.h"
#include "driver/gateway/dns_message.h"
#include "driver/gateway/route_rules.h"

namespace patchbay::driver {
namespace {

constexpr char kPieceMark = '~';

enum HostRank { kExactHost, kWildcardHost, kAnyHost };
enum PathRank { kExactPath, kPrefixPath, kRegexPath, kAnyPath };

struct HostRule {
  HostRank rank = kAnyHost;
  std::size_t length = 0;
  std::vector<std::string> hosts = {};
  std::string pattern = {};  // of header_regexp on Host
};

HostRule MapWildcards(std::size_t length, const std::set<std::string>& suffixes) {
  std::vector<std::string> quoted;
  for (const auto& suffix : suffixes) quoted.push_back(QuoteRegex(suffix));
  return {kWildcardHost, length, {}, StrCat("(?i)^[^:]+(?:", Join(quoted, "|"), ")(?::[0-9]+)?$")};
}

// Caddy refuses a host that comes twice.
std::vector<HostRule> MapHosts(const std::vector<std::string>& hosts) {
  if (hosts.empty()) return {HostRule{}};
  std::set<std::string> exact;
  std::map<std::size_t, std::set<std::string>, std::greater<>> wildcards;  // ".example.org" by length
  for (const auto& host : hosts) {
    if (host.starts_with("*."))
      wildcards[host.size()].insert(Lower(host.substr(1)));
    else
      exact.insert(EscapeBraces(Lower(host)));
  }
  std::vector<HostRule> rules;
  if (!exact.empty()) rules.push_back({kExactHost, 0, {exact.begin(), exact.end()}});
  for (const auto& [length, suffixes] : wildcards) rules.push_back(MapWildcards(length, suffixes));
  return rules;
}

struct PathRule {
  PathRank rank = kAnyPath;
  std::size_t length = 0;
  std::string pattern = {};  // of path_regexp
  std::string prefix = {};   // what strip_path takes away
};

PathRule MapPath(const PathMatch& path) {
  std::string_view value = path.value;
  if (path.type == PathMatch::Type::kRegex)
    return {kRegexPath, value.size(), value.starts_with('^') ? path.value : StrCat("^(?:", value, ")")};
  if (path.type == PathMatch::Type::kExact)
    return {kExactPath, value.size(), StrCat("^", QuoteRegex(value), "$"), path.value};
  while (value.ends_with('/')) value.remove_suffix(1);
  if (value.empty()) return {};
  return {kPrefixPath, value.size(), StrCat("^", QuoteRegex(value), "(?:/|$)"), std::string(value)};
}

std::vector<PathRule> MapPaths(const std::vector<PathMatch>& paths) {
  if (paths.empty()) return {PathRule{}};
  std::vector<PathRule> rules;
  for (const auto& path : paths) rules.push_back(MapPath(path));
  return rules;
}

std::string PrintPattern(const std::string& pattern) {
  return pattern.empty() ? "" : PrintObject({{"pattern", PrintText(pattern)}});
}

std::string PrintMatch(const GatewayRoute& route, const HostRule& host, const PathRule& path) {
  const std::string wildcard = PrintPattern(host.pattern);
  const std::string match = PrintObject({{"header_regexp", wildcard.empty() ? "" : PrintObject({{"Host", wildcard}})},
                                         {"host", host.hosts.empty() ? "" : PrintTexts(host.hosts)},
                                         {"method", route.methods.empty() ? "" : PrintTexts(route.methods)},
                                         {"path_regexp", PrintPattern(path.pattern)}});
  return match == "{}" ? "" : PrintArray({match});
}

std::vector<int> ReduceWeights(const std::vector<Upstream>& upstreams) {
  constexpr long kMostEntries = 100;
  long divisor = 0;
  long sum = 0;
  for (const auto& upstream : upstreams) {
    divisor = std::gcd(divisor, static_cast<long>(upstream.weight));
    sum += upstream.weight;
  }
  std::vector<int> weights;
  for (const auto& upstream : upstreams) {
    long weight = upstream.weight / divisor;
    if (sum / divisor > kMostEntries) weight = std::max(1L, (upstream.weight * kMostEntries + sum / 2) / sum);
    weights.push_back(static_cast<int>(weight));
  }
  return weights;
}

// The port that all upstreams share, when they can be an answer of DNS.
std::optional<std::string> SharedPort(const std::vector<std::string>& addresses) {
  std::optional<std::string> shared;
  for (const std::string_view address : addresses) {
    const auto colon = address.rfind(':');
    const std::string port(address.substr(std::min(address.size(), colon + 1)));
    if (!ParseIpv4(address.substr(0, colon)) || (shared && *shared != port)) return std::nullopt;
    shared = port;
  }
  return shared;
}

bool IsLabel(std::string_view text) {
  return text.size() <= 63 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
  });
}

std::string PrintDynamic(const std::string& name, const std::string& port, std::string_view resolver) {
  const std::string refresh = StrCat(kCaddyKeepsNames.count(), "ms");
  return PrintObject({{"name", PrintText(StrCat(name, "."))},
                      {"port", PrintText(port)},
                      {"refresh", PrintText(refresh)},
                      {"resolver", PrintObject({{"addresses", PrintTexts({StrCat("udp/", resolver)})}})},
                      {"source", PrintText("a")}});
}

}  // namespace

std::string DnsNameOf(std::string_view route_id, std::string_view mark) {
  return StrCat(Lower(StrCat(mark, route_id)), ".patchbay");
}

CaddyText CutFallback(std::string_view text) {
  // Names of header fields may be keys too, but their values are arrays of strings.
  constexpr std::string_view kBegin = "\"upstreams\":[";
  const auto begin = text.rfind(StrCat(kBegin, "{\"dial\":"));
  if (begin == std::string_view::npos || text.find("\"dynamic_upstreams\":{") == std::string_view::npos) return {text, {}, {}};
  const auto first = begin + kBegin.size();
  const auto last = text.find(']', first);
  if (last == std::string_view::npos) return {text, {}, {}};
  return {text.substr(0, first), text.substr(first, last - first), text.substr(last)};
}

std::vector<std::string> SpreadByWeight(const std::vector<Upstream>& upstreams) {
  std::vector<Upstream> used;
  for (const auto& upstream : upstreams)
    if (upstream.weight > 0) used.push_back(upstream);
  if (used.empty()) return {};
  const auto weights = ReduceWeights(used);
  const int total = std::accumulate(weights.begin(), weights.end(), 0);
  // Smooth weighted round robin: the one most in arrears goes next.
  std::vector<int> credit(used.size(), 0);
  std::vector<std::string> spread;
  for (int i = 0; i < total; ++i) {
    for (std::size_t k = 0; k < used.size(); ++k) credit[k] += weights[k];
    const auto best = static_cast<std::size_t>(std::max_element(credit.begin(), credit.end()) - credit.begin());
    credit[best] -= total;
    spread.push_back(used[best].address);
  }
  return spread;
}

Result<std::vector<CaddyRoute>> MapToCaddy(const GatewayRoute& route, std::string_view mark,
                                           std::string_view resolver) {
  PATCHBAY_CHECK(CheckForCaddy(route));
  const auto spread = SpreadByWeight(route.upstreams);
  std::string dynamic;
  const std::string name = DnsNameOf(route.id, mark);
  const bool plain = route.moving && !resolver.empty() && !spread.empty() && !route.upstreams.front().tls;
  if (const auto port = plain && IsLabel(name.substr(0, name.find('.'))) ? SharedPort(spread) : std::nullopt)
    dynamic = PrintDynamic(name, *port, resolver);
  std::vector<CaddyRoute> pieces;
  for (const auto& host : MapHosts(route.hosts)) {
    for (const auto& path : MapPaths(route.paths)) {
      CaddyRoute piece;
      piece.id = StrCat(mark, route.id);
      if (!pieces.empty()) piece.id += StrCat(kPieceMark, pieces.size());
      piece.priority = route.priority;
      piece.host_rank = host.rank;
      piece.host_length = host.length;
      piece.path_rank = path.rank;
      piece.path_length = path.length;
      piece.name = route.name;
      if (!dynamic.empty()) {
        piece.dns_name = name;
        for (const std::string& address : spread) piece.addresses.push_back(address.substr(0, address.rfind(':')));
      }
      piece.text = PrintObject({{"@id", PrintText(piece.id)},
                                {"handle", PrintHandlers(route, route.strip_path ? path.prefix : "", spread, dynamic)},
                                {"match", PrintMatch(route, host, path)},
                                {"terminal", "true"}});
      pieces.push_back(std::move(piece));
    }
  }
  return pieces;
}

bool StandsBefore(const CaddyRoute& a, const CaddyRoute& b) {
  return std::tie(b.priority, a.host_rank, b.host_length, a.path_rank, b.path_length, a.name, a.id) <
         std::tie(a.priority, b.host_rank, a.host_length, b.path_rank, a.path_length, b.name, b.id);
}

CaddyRoute MapToLeaving(std::string_view mark, const std::vector<std::string>& addresses) {
  CaddyRoute route;
  route.id = StrCat(mark, kPieceMark, "leaving");
  std::vector<std::string> upstreams;
  for (const std::string& address : std::set<std::string>(addresses.begin(), addresses.end()))
    upstreams.push_back(PrintObject({{"dial", PrintText(address)}}));
  const std::string proxy =
      PrintObject({{"handler", PrintText("reverse_proxy")}, {"upstreams", PrintArray(upstreams)}});
  const std::string all = PrintObject({{"path", PrintTexts({"*"})}});
  route.text = PrintObject({{"@id", PrintText(route.id)},
                            {"handle", PrintArray({proxy})},
                            {"match", PrintArray({PrintObject({{"not", PrintArray({all})}})})}});
  return route;
}

CaddyRoute MapToNotFound(std::string_view mark) {
  CaddyRoute route;
  route.id = StrCat(mark, kPieceMark);
  const std::string answer = PrintObject({{"body", PrintText("no route matches this request\n")},
                                          {"handler", PrintText("static_response")},
                                          {"status_code", "404"}});
  route.text = PrintObject({{"@id", PrintText(route.id)}, {"handle", PrintArray({answer})}});
  return route;
}

std::string_view RouteIdOf(std::string_view at_id, std::string_view mark) {
  if (!at_id.starts_with(mark)) return {};
  at_id.remove_prefix(mark.size());
  return at_id.substr(0, at_id.find(kPieceMark));
}

}  // namespace patchbay::driver

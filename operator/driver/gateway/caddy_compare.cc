#include <algorithm>
#include <set>

#include "base/text.h"
#include "driver/gateway/caddy_gateway.h"
#include "driver/gateway/caddy_json.h"
#include "driver/gateway/entries.h"

namespace patchbay::driver {
namespace {

// Addresses that a piece asked for by name falls back to are not compared: they may be old ones.
std::string WithFallbackOf(std::string_view standing, std::string_view wanted) {
  const CaddyText there = CutFallback(standing);
  const CaddyText own = CutFallback(wanted);
  return there.fallback.empty() || own.fallback.empty() ? std::string(wanted) : StrCat(own.before, there.fallback, own.after);
}

RouteDifferences CompareWith(const Standing& standing, const std::string& mark, const GatewayRoute& route,
                             const std::vector<CaddyRoute>& pieces) {
  RouteDifferences found;
  const std::string first = StrCat(mark, route.id);
  const auto place = [&](std::string_view at_id) {
    return at_id.size() <= first.size() + 1 ? std::string() : StrCat("routes[", at_id.substr(first.size() + 1), "]");
  };
  std::set<std::string_view> ids;
  for (const CaddyRoute& piece : pieces) {
    ids.insert(piece.id);
    const auto there = standing.find(piece.id);
    if (there == standing.end()) found.push_back({place(piece.id), "there", "missing"});
    else AddDifferences(route, place(piece.id), WithFallbackOf(there->second, piece.text), std::string(there->second), found);
  }
  for (auto there = standing.lower_bound(first); there != standing.end() && there->first.starts_with(first); ++there)
    if (RouteIdOf(there->first, mark) == route.id && !ids.contains(there->first)) found.push_back({place(there->first), "none", "there"});
  return found;
}

}  // namespace

Result<std::map<std::string, RouteDifferences>> CaddyGateway::Compare(const std::vector<GatewayRoute>& routes) {
  PATCHBAY_TRY(const auto server, ReadServer());
  const Standing standing = FindStanding(server, mark_);
  const bool some_adopted = std::any_of(routes.begin(), routes.end(), [&](const auto& route) { return !ServingEntries(route, name()).empty(); });
  const auto present = some_adopted ? NameForeign(server, options_.server, mark_) : std::set<std::string>();
  std::map<std::string, RouteDifferences> differences;
  for (const GatewayRoute& route : routes) {
    if (const auto entries = ServingEntries(route, name()); !entries.empty()) {
      if (auto missing = CompareEntries(entries, present); !missing.empty()) differences[route.id] = std::move(missing);
      continue;
    }
    const auto pieces = MapToCaddy(route, mark_, resolver_);
    if (!pieces.ok()) continue;
    auto found = CompareWith(standing, mark_, route, *pieces);
    if (!found.empty()) differences[route.id] = std::move(found);
  }
  return differences;
}

}  // namespace patchbay::driver

#include "driver/gateway/caddy_server.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/text.h"
#include "driver/gateway/caddy_json.h"
#include "object/caddy_entries.h"

namespace patchbay::driver {
namespace {

// Keys are sorted and '@' stands before every letter: an "@id" is always the first member.
std::string_view AtIdOf(std::string_view route) {
  constexpr std::string_view kBegin = "{\"@id\":\"";
  if (!route.starts_with(kBegin)) return {};
  route.remove_prefix(kBegin.size());
  return route.substr(0, route.find('"'));
}

bool IsSame(std::string_view printed, std::string_view wanted) {
  if (printed == wanted) return true;
  if (printed.find('\\') == std::string_view::npos || AtIdOf(printed) != AtIdOf(wanted)) return false;
  return PrintCanonically(printed) == wanted;
}

struct Element {
  std::string_view text;
  int wish = -1;                               // index in CaddyWish::routes
  std::shared_ptr<const std::string> own = {};  // what `text` looks into, when it stands nowhere else
};

constexpr JsonLimits kAny{std::size_t(1) << 30, 1'000, std::size_t(1) << 30};

// A foreign route without what is to go from it; nothing when that is all of it.
std::optional<Element> Without(std::string_view text, const CaddyWish& wish) {
  if (wish.removed.empty()) return Element{text};
  auto routes = ParseJson(StrCat("[", text, "]"), kAny);
  if (!routes.ok() || !RemoveCaddyEntries(wish.server, wish.removed, *routes)) return Element{text};
  if (routes->empty()) return std::nullopt;
  const std::string left = DumpJson(routes->front());
  auto own = std::make_shared<const std::string>(PrintCanonically(left).value_or(left));
  return Element{*own, -1, own};
}

bool DiffersInFallbackOnly(std::string_view a, std::string_view b) {
  const CaddyText one = CutFallback(a);
  const CaddyText other = CutFallback(b);
  return !one.fallback.empty() && one.before == other.before && one.after == other.after;
}

// "" for one that is not to stand there.
std::string_view TextOf(const CaddyRoute& route, const Standing& standing) {
  if (route.as_found) {
    const auto found = standing.find(route.id);
    return found == standing.end() ? std::string_view() : found->second;
  }
  if (route.dns_name.empty()) return route.text;
  const auto found = standing.find(route.id);
  return found != standing.end() && DiffersInFallbackOnly(found->second, route.text) ? found->second : route.text;
}

// {"dial":"..."} of each.
std::vector<std::string_view> SplitUpstreams(std::string_view text) {
  const auto begin = text.find("{\"dial\":");
  if (begin == std::string_view::npos) return {};
  const auto end = std::min(text.size(), text.find(']', begin));
  std::vector<std::string_view> upstreams;
  for (auto rest = text.substr(begin, end - begin); !rest.empty();) {
    const auto length = std::min(rest.size(), rest.find('}') + 1);
    upstreams.push_back(rest.substr(0, length));
    rest.remove_prefix(std::min(rest.size(), length + 1));
  }
  return upstreams;
}

std::string_view LeavingText(const CaddyWish& wish, const Standing& standing) {
  const std::string_view wanted = wish.leaving == nullptr ? std::string_view() : wish.leaving->text;
  const auto found = standing.find(StrCat(wish.mark, "~leaving"));
  if (!wish.keep || found == standing.end()) return wanted;
  const auto known = SplitUpstreams(found->second);
  const auto needed = SplitUpstreams(wanted);
  const bool enough = std::all_of(needed.begin(), needed.end(), [&](const auto upstream) {
    return std::find(known.begin(), known.end(), upstream) != known.end();
  });
  return enough ? found->second : wanted;
}

std::vector<Element> Arrange(const CaddyServer& server, const CaddyWish& wish) {
  const bool some_found = std::any_of(wish.routes.begin(), wish.routes.end(), [](const auto* route) { return route->as_found; });
  const Standing standing = wish.keep || some_found ? FindStanding(server, wish.mark) : Standing();
  const auto ours = [&](std::string_view route) { return AtIdOf(route).starts_with(wish.mark); };
  const auto first = std::find_if(server.routes.begin(), server.routes.end(), ours);
  std::vector<Element> elements;
  elements.reserve(server.routes.size() + wish.routes.size() + 1);
  // Without a first one of ours we begin the list.
  if (first != server.routes.end())
    for (auto route = server.routes.begin(); route != first; ++route)
      if (auto left = Without(*route, wish)) elements.push_back(*std::move(left));
  const Standing none;
  for (std::size_t i = 0; i < wish.routes.size(); ++i) {
    const CaddyRoute& route = *wish.routes[i];
    if (const auto text = TextOf(route, wish.keep || route.as_found ? standing : none); !text.empty()) elements.push_back({text, static_cast<int>(i)});
  }
  for (auto route = first == server.routes.end() ? server.routes.begin() : first; route != server.routes.end(); ++route)
    if (!ours(*route))
      if (auto left = Without(*route, wish)) elements.push_back(*std::move(left));
  if (const auto leaving = LeavingText(wish, standing); !leaving.empty()) elements.push_back({leaving});
  if (wish.not_found != nullptr) elements.push_back({wish.not_found->text});
  return elements;
}

std::string PrintAll(const std::vector<Element>& elements) {
  std::size_t size = 2;
  for (const auto& element : elements) size += element.text.size() + 1;
  std::string out;
  out.reserve(size);
  out += '[';
  for (const auto& element : elements) {
    if (out.size() > 1) out += ',';
    out += element.text;
  }
  out += ']';
  return out;
}

CaddyChange CreateServer(const CaddyWish& wish, const std::vector<Element>& elements) {
  const std::string https = wish.automatic_https ? "" : PrintObject({{"disable", "true"}});
  return {"PUT", "",
          PrintObject({{"automatic_https", https}, {"listen", wish.listen}, {"routes", PrintAll(elements)}})};
}

// One element changed, added or gone is one small call; Caddy reloads everything anyway, but need not read it again.
std::optional<CaddyChange> PlanRoutes(const std::vector<std::string_view>& now, const std::vector<Element>& wanted) {
  const std::size_t shorter = std::min(now.size(), wanted.size());
  std::size_t head = 0;
  while (head < shorter && IsSame(now[head], wanted[head].text)) ++head;
  std::size_t tail = 0;
  while (tail < shorter - head && IsSame(now[now.size() - 1 - tail], wanted[wanted.size() - 1 - tail].text)) ++tail;
  const std::size_t before = now.size() - head - tail;
  const std::size_t after = wanted.size() - head - tail;
  if (before == 0 && after == 0) return std::nullopt;
  const std::string place = StrCat("/routes/", head);
  if (before == 1 && after == 1) return CaddyChange{"PATCH", place, std::string(wanted[head].text)};
  if (before == 1 && after == 0) return CaddyChange{"DELETE", place, ""};
  if (before == 0 && after == 1 && head < now.size()) return CaddyChange{"PUT", place, std::string(wanted[head].text)};
  return CaddyChange{"PATCH", "/routes", PrintAll(wanted)};
}

}  // namespace

Result<CaddyServer> CaddyServer::Parse(CaddyValue value) {
  CaddyServer server;
  server.exists = value.exists;
  server.etag = std::move(value.etag);
  server.text = std::make_shared<const std::string>(std::move(value.body));
  if (!server.exists) return server;
  const auto members = SplitObject(*server.text);
  if (!members) return Error{Code::kInternal, "Caddy's configuration of our server is not a JSON object"};
  for (const auto& [key, text] : *members) {
    if (key == "listen") server.listen = text;
    if (key != "routes" || text == "null") continue;
    auto routes = SplitArray(text);
    if (!routes) return Error{Code::kInternal, "Caddy's list of routes is not a JSON array"};
    server.has_routes = true;
    server.routes = *std::move(routes);
  }
  return server;
}

Standing FindStanding(const CaddyServer& server, std::string_view mark) {
  Standing standing;
  for (const auto text : server.routes)
    if (const auto id = AtIdOf(text); id.starts_with(mark)) standing.emplace(id, text);
  return standing;
}

std::optional<CaddyChange> PlanChange(const CaddyServer& server, const CaddyWish& wish) {
  const auto elements = Arrange(server, wish);
  if (!server.exists) {
    if (wish.routes.empty() || wish.shared) return std::nullopt;
    return CreateServer(wish, elements);
  }
  if (!wish.shared && server.listen != wish.listen) return CaddyChange{"POST", "/listen", wish.listen};
  if (!server.has_routes) return CaddyChange{"POST", "/routes", PrintAll(elements)};
  return PlanRoutes(server.routes, elements);
}

std::optional<CaddyChange> PlanToLeave(std::string_view servers, std::string_view own, std::string_view mark) {
  const auto parsed = ParseJson(servers, kAny);
  if (!parsed.ok() || !parsed->is_object()) return std::nullopt;
  for (const auto& [name, server] : parsed->items()) {
    const Json* routes = Find(server, {"routes"});
    if (name == own || routes == nullptr || !routes->is_array()) continue;
    Json left = Json::array();
    for (const Json& route : *routes)
      if (!FindString(route, {"@id"}).starts_with(mark)) left.push_back(route);
    if (left.size() == routes->size()) continue;
    if (left.empty()) return CaddyChange{"DELETE", "/" + name, ""};
    return CaddyChange{"PATCH", StrCat("/", name, "/routes"), DumpJson(left)};
  }
  return std::nullopt;
}

std::vector<int> PlacesOf(const CaddyServer& server, const CaddyWish& wish) {
  std::vector<int> places;
  for (const auto& element : Arrange(server, wish)) places.push_back(element.wish);
  return places;
}

std::set<std::string> NameForeign(const CaddyServer& server, std::string_view name, std::string_view mark) {
  std::string foreign = "[";
  for (const auto text : server.routes)
    if (!AtIdOf(text).starts_with(mark)) foreign += StrCat(foreign.size() == 1 ? "" : ",", text);
  std::set<std::string> names;
  if (const auto routes = ParseJson(foreign + "]", kAny); routes.ok())
    for (const auto& [place, entry] : NameCaddyEntries(name, *routes)) names.insert(entry);
  return names;
}

std::vector<StaleFallback> FindStale(const CaddyServer& server, const CaddyWish& wish) {
  const Standing standing = FindStanding(server, wish.mark);
  std::vector<StaleFallback> stale;
  for (const CaddyRoute* route : wish.routes) {
    if (route->dns_name.empty() || route->as_found) continue;
    const auto found = standing.find(route->id);
    if (found == standing.end() || found->second == route->text || !DiffersInFallbackOnly(found->second, route->text))
      continue;
    StaleFallback entry{route, {}};
    for (const auto upstream : SplitUpstreams(CutFallback(found->second).fallback)) {
      constexpr std::string_view kBegin = "{\"dial\":\"";
      entry.hosts.emplace_back(upstream.substr(kBegin.size(), upstream.rfind(':') - kBegin.size()));
    }
    stale.push_back(std::move(entry));
  }
  return stale;
}

std::string DigestTexts(const std::vector<std::string_view>& texts, const std::vector<std::string>* answer) {
  if (texts.size() == 1 && answer == nullptr) return Sha256Hex(texts.front());
  std::string all;
  for (const auto text : texts) {
    const CaddyText cut = answer == nullptr ? CaddyText{text, {}, {}} : CutFallback(text);
    all.append(cut.before).append(cut.after).append("\n");
  }
  if (answer != nullptr) all += Join(*answer, " ");
  return Sha256Hex(all);
}

std::map<std::string, std::string> DigestRoutes(const CaddyServer& server, const std::string& mark,
                                                const CaddyNames& names) {
  std::map<std::string_view, std::map<std::string_view, std::string_view>> texts;  // by route id, then by "@id"
  std::vector<std::unique_ptr<std::string>> printed_anew;
  for (auto text : server.routes) {
    const auto at_id = AtIdOf(text);
    const auto id = RouteIdOf(at_id, mark);
    if (id.empty()) continue;
    if (text.find('\\') != std::string_view::npos)
      if (auto canonical = PrintCanonically(text))
        text = *printed_anew.emplace_back(std::make_unique<std::string>(*std::move(canonical)));
    texts[id][at_id] = text;
  }
  std::map<std::string, std::string> digests;
  for (const auto& [id, pieces] : texts) {
    std::vector<std::string_view> parts;
    for (const auto& [at_id, text] : pieces) parts.push_back(text);
    static const std::vector<std::string> kNoAnswer;
    const auto name = names.find(DnsNameOf(id, mark));
    const bool named = std::any_of(parts.begin(), parts.end(), [](auto part) { return !CutFallback(part).fallback.empty(); });
    const auto* answer = !named ? nullptr : name == names.end() ? &kNoAnswer : &name->second;
    digests.emplace_hint(digests.end(), id, DigestTexts(parts, answer));
  }
  return digests;
}

}  // namespace patchbay::driver

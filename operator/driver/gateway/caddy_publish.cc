#include "driver/gateway/caddy_publish.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "driver/gateway/caddy_json.h"
#include "driver/gateway/caddy_trial.h"
#include "object/json.h"

namespace patchbay::driver {
namespace {

// Beyond these somebody fights us over the same routes, or the gateway is not well.
constexpr int kMostChanges = 20;
constexpr int kMostConflicts = 10;
constexpr int kMostDoubts = 3;

std::string DigestPieces(std::vector<CaddyRoute> pieces) {
  std::sort(pieces.begin(), pieces.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  std::vector<std::string_view> texts;
  for (const auto& piece : pieces) texts.push_back(piece.text);
  const CaddyRoute& first = pieces.front();
  return DigestTexts(texts, first.dns_name.empty() ? nullptr : &first.addresses);
}

}  // namespace

std::string CaddyGateway::Digest(const GatewayRoute& route) const {
  if (const auto entries = ServingEntries(route, name()); !entries.empty()) return DigestEntries(entries);
  auto pieces = MapToCaddy(route, mark_, resolver_);
  // Refused by us: no such digest is ever served.
  if (!pieces.ok()) return StrCat("refused: ", pieces.error().message);
  return DigestPieces(*std::move(pieces));
}

CaddyPublish::~CaddyPublish() {
  if (writing_) --gateway_.seen_.Lock()->writing;
}

Result<Published> CaddyPublish::Run(const std::vector<GatewayRoute>& routes) {
  Map(routes);
  if (!gateway_.looked_for_trial_) {
    PATCHBAY_CHECK(RemoveTrial(gateway_.admin_, gateway_.server_path_));
    gateway_.looked_for_trial_ = true;
  }
  const auto deadline = gateway_.clock_.Mono() + gateway_.options_.publish_deadline;
  // Before the configuration that asks for them, and whether or not that can be changed now.
  SetNames(false);
  while (true) {
    PATCHBAY_TRY(const auto server, gateway_.ReadServer());
    const auto wish = NewWish(server);
    // Its entries are not gone for good: whoever made the server makes it again.
    if (wish.shared && !server.exists && !(wish.routes.empty() && entries_.empty()))
      return Error{Code::kUnavailable, StrCat("Caddy's configuration has no server ", QuoteJson(wish.server), ", which --caddy-server names")};
    const auto change = Plan(server, wish);
    if (!change) return Conclude();
    if (gateway_.clock_.Mono() > deadline)
      return Error{Code::kTimeout, "Caddy did not take the routes in time; what is known to be refused is remembered"};
    PATCHBAY_CHECK(Make(*change, server, wish));
  }
}

// Each change is a reload. What changes no answer waits for one that comes anyway, or for a moment in which it costs
// nobody a connection.
std::optional<CaddyChange> CaddyPublish::Plan(const CaddyServer& server, CaddyWish wish) {
  const std::vector<std::string> marked = AddressesToMark(server);
  const CaddyRoute marker = MapToLeaving(gateway_.mark_, marked);
  if (!marked.empty()) wish.leaving = &marker;
  wish.keep = true;
  published_.postponed = false;
  if (!PlanChange(server, wish)) {
    const auto stale = gateway_.options_.answerer == nullptr ? std::vector<StaleFallback>() : FindStale(server, wish);
    if (stale.empty()) gateway_.stale_since_.Lock()->reset();
    published_.postponed = !stale.empty() && !MayRefresh(stale);
    if (stale.empty() || published_.postponed) return std::nullopt;
  }
  wish.keep = false;
  return PlanChange(server, wish);
}

// A container that Caddy learnt of by name stays countable when the name leads elsewhere; one that stood in the
// configuration only while it stands there.
std::vector<std::string> CaddyPublish::AddressesToMark(const CaddyServer& server) const {
  if (leaving_.empty()) return {};
  const Standing standing = FindStanding(server, gateway_.mark_);
  const auto marker = standing.find(MapToLeaving(gateway_.mark_, {}).id);
  std::vector<std::string> addresses;
  for (const auto& [id, route] : leaving_) {
    const auto found = standing.find(id);
    const bool named = found != standing.end() && !CutFallback(found->second).fallback.empty();
    for (const std::string& address : route.addresses) {
      const bool stands = marker != standing.end() && marker->second.find(PrintText(address)) != std::string_view::npos;
      if (!route.named || !named || stands) addresses.push_back(address);
    }
  }
  return addresses;
}

bool CaddyPublish::MayRefresh(const std::vector<StaleFallback>& stale) {
  const MonoTime now = gateway_.clock_.Mono();
  const MonoTime since = [&] {
    auto stale_since = gateway_.stale_since_.Lock();
    if (!*stale_since) *stale_since = now;
    return **stale_since;
  }();
  if (now - since >= gateway_.options_.fallback_patience) return true;
  // An address that is another's by now must not be fallen back to.
  for (const StaleFallback& entry : stale)
    for (const std::string& host : entry.hosts) {
      const auto users = users_.find(host);
      if (users == users_.end()) continue;
      const std::string own(RouteIdOf(entry.route->id, gateway_.mark_));
      if (std::any_of(users->second.begin(), users->second.end(), [&](const auto& id) { return id != own; })) return true;
    }
  const auto asked = gateway_.options_.answerer->last_asked();
  if (asked && now - *asked < gateway_.options_.quiet) return false;
  const auto counts = gateway_.InFlight();
  return counts.ok() && std::all_of(counts->begin(), counts->end(), [](const auto& count) { return count.second == 0; });
}

// `only`: names that are not wished any more go.
void CaddyPublish::SetNames(bool only) {
  DnsAnswerer* const answerer = gateway_.options_.answerer;
  if (answerer == nullptr) return;
  DnsAnswerer::Names names = only ? DnsAnswerer::Names() : answerer->names();
  const auto refused = [&](const CaddyRoute& route) {
    return only && published_.refused.contains(std::string(RouteIdOf(route.id, gateway_.mark_)));
  };
  for (const CaddyRoute& route : routes_)
    if (!route.dns_name.empty() && !refused(route)) names[route.dns_name] = route.addresses;
  for (const CaddyRoute& route : standby_)
    if (!route.dns_name.empty() && StandsBy(route)) names[route.dns_name] = route.addresses;
  published_.changed = published_.changed || names != answerer->names();
  answerer->Set(std::move(names));
}

Result<Published> CaddyPublish::Conclude() {
  PATCHBAY_CHECK(LeaveOtherServers());
  SetNames(true);
  DnsAnswerer* const answerer = gateway_.options_.answerer;
  if (answerer != nullptr && !answerer->WaitUntilCurrent(kCaddyKeepsNames))
    return Error{Code::kUnavailable, "the DNS answerer was ended"};
  if (auto seen = gateway_.seen_.Lock(); seen->entries != entries_.serving()) {
    seen->entries = entries_.serving();
    seen->routes = nullptr;
  }
  return std::move(published_);
}

void CaddyPublish::Map(const std::vector<GatewayRoute>& routes) {
  const auto known = [&] { return gateway_.seen_.Lock()->refused; }();
  routes_.reserve(routes.size());
  for (const auto& route : routes) {
    if (const auto words = FindElsewhere(route); !words.empty()) {
      published_.elsewhere[route.id] = words;
      StandBy(route);
      continue;
    }
    if (entries_.Take(route)) {
      if (route.entry_use == EntryUse::kServe) StandBy(route);
      continue;
    }
    auto pieces = MapToCaddy(route, gateway_.mark_, gateway_.resolver_);
    if (!pieces.ok()) {
      published_.refused[route.id] = pieces.error().message;
      continue;
    }
    for (const Upstream& upstream : route.upstreams)
      users_[upstream.address.substr(0, upstream.address.rfind(':'))].insert(route.id);
    if (!route.leaving.empty()) leaving_[pieces->front().id] = {!pieces->front().dns_name.empty(), route.leaving};
    for (CaddyRoute& piece : *pieces) piece.as_found = route.as_found;
    const std::string& digest = digests_[route.id] = DigestPieces(*pieces);
    if (const auto refusal = known.find(digest); refusal != known.end())
      published_.refused[route.id] = refusal->second;
    else
      std::move(pieces->begin(), pieces->end(), std::back_inserter(routes_));
  }
  std::sort(routes_.begin(), routes_.end(), StandsBefore);
}

CaddyWish CaddyPublish::NewWish(const CaddyServer& server) {
  const CaddyOptions& options = gateway_.options_;
  CaddyWish wish;
  wish.mark = gateway_.mark_;
  wish.server = options.server;
  wish.shared = options.shared;
  wish.listen = gateway_.listen_;
  wish.automatic_https = options.automatic_https;
  if (!wish.shared) wish.not_found = &gateway_.not_found_;
  wish.removed = entries_.ToRemove(published_.refused);
  wish.routes.reserve(routes_.size());
  for (const auto& route : routes_)
    if (published_.refused.empty() || !published_.refused.contains(std::string(RouteIdOf(route.id, gateway_.mark_))))
      wish.routes.push_back(&route);
  FindMissing(server);
  if (standby_.empty()) return wish;
  for (const auto& route : standby_)
    if (StandsBy(route)) wish.routes.push_back(&route);
  std::sort(wish.routes.begin(), wish.routes.end(), [](const auto* a, const auto* b) { return StandsBefore(*a, *b); });
  return wish;
}

bool CaddyPublish::StandsBy(const CaddyRoute& route) const {
  const std::string id(RouteIdOf(route.id, gateway_.mark_));
  return published_.missing.contains(id) || published_.elsewhere.contains(id);
}

void CaddyPublish::StandBy(const GatewayRoute& route) {
  auto pieces = MapToCaddy(route, gateway_.mark_, gateway_.resolver_);
  if (!pieces.ok()) return;
  for (CaddyRoute& piece : *pieces) {
    piece.as_found = true;
    standby_.push_back(std::move(piece));
  }
}

Result<void> CaddyPublish::LeaveOtherServers() {
  const std::string path = "/config/apps/http/servers";
  for (int change = 0; !gateway_.looked_elsewhere_; ++change) {
    PATCHBAY_TRY(const auto value, gateway_.admin_.Get(path));
    const auto leave = PlanToLeave(value.exists ? value.body : "{}", gateway_.options_.server, gateway_.mark_);
    gateway_.looked_elsewhere_ = !leave;
    if (!leave) break;
    if (change == kMostChanges) return Error{Code::kConflict, "somebody keeps putting our routes into another server of Caddy"};
    PATCHBAY_CHECK(gateway_.admin_.Change(leave->method, path + leave->path, leave->body, value.etag));
    gateway_.changes_made_.Add();
    published_.changed = true;
  }
  return {};
}

void CaddyPublish::FindMissing(const CaddyServer& server) {
  published_.missing.clear();
  if (entries_.serving().empty()) return;
  const std::string& own = gateway_.options_.server;
  for (const auto& [id, entry] : entries_.FindMissing(NameForeign(server, own, gateway_.mark_)))
    published_.missing[id] = StrCat("Caddy's server ", QuoteJson(own), " has no entry ", entry, ": it was changed or removed since it was imported");
}

std::string CaddyPublish::FindElsewhere(const GatewayRoute& route) const {
  const std::string& own = gateway_.options_.server;
  for (const std::string& entry : EntriesOf(route, gateway_.name()))
    if (const std::string where = entry.substr(0, entry.rfind(':')); where != own)
      return StrCat("the entry ", entry, " is in Caddy's server ", QuoteJson(where), ", and routes go to ", QuoteJson(own),
                    ": start the operator with --caddy-server ", where);
  return "";
}

Result<void> CaddyPublish::Make(const CaddyChange& change, const CaddyServer& server, const CaddyWish& wish) {
  std::string etag = server.etag;
  if (!server.exists && etag.empty()) {
    PATCHBAY_TRY(const auto root, gateway_.admin_.Get("/config/"));
    etag = root.etag;
  }
  if (!writing_) ++gateway_.seen_.Lock()->writing;
  writing_ = true;
  const auto made = gateway_.admin_.Change(change.method, gateway_.server_path_ + change.path, change.body, etag);
  if (made.ok()) {
    gateway_.changes_made_.Add();
    published_.changed = true;
    if (++changes_ <= kMostChanges) return {};
    return Error{Code::kConflict, "somebody keeps changing our routes in Caddy"};
  }
  switch (made.error().code) {
    case Code::kConflict:
      gateway_.changes_in_conflict_.Add();
      if (++conflicts_ <= kMostConflicts) return {};
      break;
    case Code::kInDoubt:
      gateway_.changes_failed_.Add();
      // What is there now tells whether it happened.
      published_.changed = true;
      if (++doubts_ <= kMostDoubts) return {};
      break;
    case Code::kInvalid: gateway_.changes_refused_.Add(); return Blame(made.error(), server, wish);
    default: gateway_.changes_failed_.Add();
  }
  return made.error();
}

Result<void> CaddyPublish::Blame(const Error& refusal, const CaddyServer& server, const CaddyWish& wish) {
  if (const auto place = PlaceInMessage(refusal.message, gateway_.options_.server)) {
    const auto places = PlacesOf(server, wish);
    const int index = static_cast<std::size_t>(*place) < places.size() ? places[static_cast<std::size_t>(*place)] : -1;
    if (index >= 0) {
      Refuse(*wish.routes[static_cast<std::size_t>(index)], WithoutPlace(refusal.message));
      return {};
    }
  }
  PATCHBAY_TRY(const auto refused, FindRefused(gateway_.admin_, gateway_.server_path_, wish.routes));
  for (const auto& [route, message] : refused) Refuse(*route, message);
  if (refused.empty()) return refusal;
  return {};
}

void CaddyPublish::Refuse(const CaddyRoute& route, const std::string& message) {
  constexpr std::size_t kMostRemembered = 10'000;
  const std::string id(RouteIdOf(route.id, gateway_.mark_));
  published_.refused[id] = message;
  auto seen = gateway_.seen_.Lock();
  if (seen->refused.size() >= kMostRemembered) seen->refused.clear();
  seen->refused[digests_[id]] = message;
}

}  // namespace patchbay::driver

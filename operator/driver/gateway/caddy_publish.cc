#include "driver/gateway/caddy_publish.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "driver/gateway/caddy_trial.h"

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
  return DigestTexts(texts);
}

}  // namespace

std::string CaddyGateway::Digest(const GatewayRoute& route) const {
  auto pieces = MapToCaddy(route, mark_);
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
  while (true) {
    PATCHBAY_TRY(const auto server, gateway_.ReadServer());
    const auto wish = NewWish();
    const auto change = PlanChange(server, wish);
    if (!change) return std::move(published_);
    if (gateway_.clock_.Mono() > deadline)
      return Error{Code::kTimeout, "Caddy did not take the routes in time; what is known to be refused is remembered"};
    PATCHBAY_CHECK(Make(*change, server, wish));
  }
}

void CaddyPublish::Map(const std::vector<GatewayRoute>& routes) {
  const auto known = [&] { return gateway_.seen_.Lock()->refused; }();
  routes_.reserve(routes.size());
  for (const auto& route : routes) {
    auto pieces = MapToCaddy(route, gateway_.mark_);
    if (!pieces.ok()) {
      published_.refused[route.id] = pieces.error().message;
      continue;
    }
    const std::string& digest = digests_[route.id] = DigestPieces(*pieces);
    if (const auto refusal = known.find(digest); refusal != known.end())
      published_.refused[route.id] = refusal->second;
    else
      std::move(pieces->begin(), pieces->end(), std::back_inserter(routes_));
  }
  std::sort(routes_.begin(), routes_.end(), StandsBefore);
}

CaddyWish CaddyPublish::NewWish() const {
  CaddyWish wish{gateway_.mark_, gateway_.listen_, gateway_.options_.automatic_https, {}, &gateway_.not_found_};
  wish.routes.reserve(routes_.size());
  for (const auto& route : routes_)
    if (published_.refused.empty() || !published_.refused.contains(std::string(RouteIdOf(route.id, gateway_.mark_))))
      wish.routes.push_back(&route);
  return wish;
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

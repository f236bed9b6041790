#include "driver/gateway/caddy_gateway.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/text.h"
#include "driver/gateway/caddy_json.h"
#include "driver/gateway/caddy_publish.h"
#include "object/json.h"

namespace patchbay::driver {
namespace {

bool IsPlainWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  });
}

Meter& MeterOf(const CaddyOptions& options) { return options.meter == nullptr ? NullMeter() : *options.meter; }

Counter& CountPublishes(const CaddyOptions& options, const std::string& outcome) {
  return MeterOf(options).AddCounter("patchbay_gateway_publishes_total", "Publishes of all routes to the gateway.",
                                     {{"gateway", "caddy"}, {"outcome", outcome}});
}

}  // namespace

Result<std::unique_ptr<CaddyGateway>> CaddyGateway::New(std::shared_ptr<http::HttpClient> client,
                                                        CaddyOptions options) {
  if (!IsPlainWord(options.server))
    return Error{Code::kInvalid, StrCat("not a name for a server of Caddy: ", QuoteJson(options.server))};
  if (!IsPlainWord(options.installation))
    return Error{Code::kInvalid, StrCat("not a name for an installation: ", QuoteJson(options.installation))};
  if (options.listen.empty()) return Error{Code::kInvalid, "the gateway needs an address to listen on"};
  PATCHBAY_TRY(auto admin, CaddyAdmin::At(options.admin, *client, options.call_deadline));
  return std::unique_ptr<CaddyGateway>(new CaddyGateway(std::move(client), std::move(admin), std::move(options)));
}

CaddyGateway::CaddyGateway(std::shared_ptr<http::HttpClient> client, CaddyAdmin admin, CaddyOptions options)
    : options_(std::move(options)),
      client_(std::move(client)),
      admin_(std::move(admin)),
      server_path_(StrCat("/config/apps/http/servers/", options_.server)),
      mark_(StrCat("patchbay-", options_.installation, "-")),
      listen_(PrintTexts(options_.listen)),
      not_found_(MapToNotFound(mark_)),
      clock_(options_.clock == nullptr ? SystemClock() : *options_.clock),
      changed_(CountPublishes(options_, "changed")),
      unchanged_(CountPublishes(options_, "unchanged")),
      failed_(CountPublishes(options_, "failed")),
      refused_routes_(MeterOf(options_).AddCounter("patchbay_gateway_refused_routes_total",
                                                   "Routes that a publish left out because the gateway refuses them.",
                                                   {{"gateway", "caddy"}})),
      seconds_(MeterOf(options_).AddHistogram("patchbay_gateway_publish_seconds",
                                              "Seconds from the routes to the gateway's configuration read back.",
                                              {{"gateway", "caddy"}})) {}

std::vector<std::string> CaddyGateway::Unsupported() const { return {"auth", "cors", "rateLimit"}; }

Result<Published> CaddyGateway::Publish(const std::vector<GatewayRoute>& routes) {
  const auto begin = clock_.Mono();
  auto published = CaddyPublish(*this).Run(routes);
  Count(published, begin);
  return published;
}

void CaddyGateway::Count(const Result<Published>& published, MonoTime begin) {
  seconds_.Observe(std::chrono::duration<double>(clock_.Mono() - begin).count());
  if (!published.ok()) {
    failed_.Add();
    return;
  }
  (published->changed ? changed_ : unchanged_).Add();
  refused_routes_.Add(static_cast<double>(published->refused.size()));
}

Result<CaddyServer> CaddyGateway::ReadServer() {
  PATCHBAY_TRY(auto value, admin_.Get(server_path_));
  Notice(Sha256(value.body));
  return CaddyServer::Parse(std::move(value));
}

void CaddyGateway::Notice(const std::string& fingerprint) {
  auto seen = seen_.Lock();
  if (seen->fingerprint == fingerprint) return;
  if (!seen->fingerprint.empty() && seen->writing == 0) {
    ++seen->epoch;
    seen->refused.clear();
  }
  seen->fingerprint = fingerprint;
  seen->routes = nullptr;
}

Result<GatewayState> CaddyGateway::Read() {
  PATCHBAY_TRY(auto value, admin_.Get(server_path_));
  const std::string fingerprint = Sha256(value.body);
  Notice(fingerprint);
  {
    auto seen = seen_.Lock();
    if (seen->fingerprint == fingerprint && seen->routes)
      return GatewayState{StrCat(seen->epoch), *seen->routes};
  }
  PATCHBAY_TRY(const auto server, CaddyServer::Parse(std::move(value)));
  auto routes = std::make_shared<const std::map<std::string, std::string>>(DigestRoutes(server, mark_));
  auto seen = seen_.Lock();
  if (seen->fingerprint == fingerprint) seen->routes = routes;
  return GatewayState{StrCat(seen->epoch), *routes};
}

Result<std::map<std::string, int>> CaddyGateway::InFlight() {
  PATCHBAY_TRY(const auto value, admin_.Get("/reverse_proxy/upstreams"));
  PATCHBAY_TRY(const auto upstreams, ParseJson(value.exists ? value.body : "[]"));
  std::map<std::string, int> counts;
  for (const auto& upstream : upstreams)
    counts[FindString(upstream, {"address"})] += static_cast<int>(FindInt(upstream, {"num_requests"}));
  return counts;
}

}  // namespace patchbay::driver

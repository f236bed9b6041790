#include "driver/gateway/caddy_gateway.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "driver/gateway/caddy_json.h"
#include "driver/gateway/capabilities.h"
#include "driver/gateway/caddy_publish.h"
#include "driver/gateway/entries.h"
#include "object/json.h"

namespace patchbay::driver {
namespace {

bool IsPlainWord(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
           c == '.';
  });
}

// Of one length, so that no mark begins another.
std::string MakeMark(const std::string& installation) {
  return StrCat("patchbay-", Sha256Hex(installation).substr(0, 8), "-");
}

Counter& CountChanges(const CaddyOptions& options, const std::string& outcome) {
  Meter& meter = options.meter == nullptr ? NullMeter() : *options.meter;
  return meter.AddCounter("patchbay_gateway_changes_total",
                          "Changes sent to the gateway's configuration; each one made is a reload.",
                          {{"gateway", "caddy"}, {"outcome", outcome}});
}

}  // namespace

Result<std::unique_ptr<CaddyGateway>> CaddyGateway::New(std::shared_ptr<http::HttpClient> client,
                                                        CaddyOptions options) {
  if (!IsPlainWord(options.server))
    return Error{Code::kInvalid, StrCat("not a name for a server of Caddy: ", QuoteJson(options.server))};
  if (options.installation.empty()) return Error{Code::kInvalid, "the gateway needs the installation's id"};
  if (options.listen.empty()) return Error{Code::kInvalid, "the gateway needs an address to listen on"};
  PATCHBAY_TRY(auto admin, CaddyAdmin::At(options.admin, *client, options.call_deadline));
  return std::unique_ptr<CaddyGateway>(new CaddyGateway(std::move(client), std::move(admin), std::move(options)));
}

CaddyGateway::CaddyGateway(std::shared_ptr<http::HttpClient> client, CaddyAdmin admin, CaddyOptions options)
    : options_(std::move(options)),
      client_(std::move(client)),
      admin_(std::move(admin)),
      server_path_(StrCat("/config/apps/http/servers/", options_.server)),
      journal_path_(StrCat("/config/logging/logs/", MakeMark(options_.installation), "answers")),
      mark_(MakeMark(options_.installation)),
      listen_(PrintTexts(options_.listen)),
      resolver_(options_.answerer == nullptr ? "" : options_.answerer->address()),
      not_found_(MapToNotFound(mark_)),
      clock_(options_.clock == nullptr ? SystemClock() : *options_.clock),
      changes_made_(CountChanges(options_, "made")),
      changes_in_conflict_(CountChanges(options_, "conflict")),
      changes_refused_(CountChanges(options_, "refused")),
      changes_failed_(CountChanges(options_, "failed")) {}

std::vector<FieldNotDone> CaddyGateway::Unsupported() const { return FieldsNotDone("caddy"); }

Result<Published> CaddyGateway::Publish(const std::vector<GatewayRoute>& routes) {
  const std::lock_guard one_at_a_time(publishing_);
  measured_ = std::any_of(routes.begin(), routes.end(), [](const GatewayRoute& route) { return route.measured; });
  PATCHBAY_TRY(auto published, CaddyPublish(*this).Run(routes));
  // Routes are served without it too.
  const auto set = SetJournal();
  if (!set.ok()) LogWarn("gateway", "Caddy does not say what is answered", {{"error", set.error().message}});
  published.postponed = published.postponed || (set.ok() && !*set);
  return published;
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
  const CaddyNames names = options_.answerer == nullptr ? CaddyNames() : options_.answerer->names();
  {
    auto seen = seen_.Lock();
    if (seen->fingerprint == fingerprint && seen->routes && seen->names == names) return GatewayState{StrCat(seen->epoch), *seen->routes};
  }
  PATCHBAY_TRY(const auto server, CaddyServer::Parse(std::move(value)));
  auto digests = DigestRoutes(server, mark_, names);
  const auto serving = [&] { return seen_.Lock()->entries; }();
  if (!serving.empty()) AddDigests(serving, NameForeign(server, options_.server, mark_), digests);
  auto routes = std::make_shared<const std::map<std::string, std::string>>(std::move(digests));
  auto seen = seen_.Lock();
  if (seen->fingerprint == fingerprint && seen->entries == serving) {
    seen->routes = routes;
    seen->names = names;
  }
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

// Each change is a reload: a log that is not needed any more goes when Caddy is idle.
Result<bool> CaddyGateway::SetJournal() {
  if (options_.journal == nullptr || (!measured_ && !journal_stands_)) return true;
  PATCHBAY_TRY(const auto present, admin_.Get(journal_path_));
  if (!measured_) {
    const auto counts = InFlight();
    const bool idle = counts.ok() && std::all_of(counts->begin(), counts->end(), [](const auto& count) { return count.second == 0; });
    if (present.exists && !idle) return false;
    if (present.exists) PATCHBAY_CHECK(admin_.Change("DELETE", journal_path_, "", present.etag));
    journal_stands_ = false;
    return true;
  }
  journal_stands_ = true;
  const std::string wanted = options_.journal->Configuration();
  if (!present.exists || present.body != wanted)
    PATCHBAY_CHECK(admin_.Change(present.exists ? "PATCH" : "PUT", journal_path_, wanted, present.etag));
  return true;
}

Result<std::map<std::string, AnswerCount>> CaddyGateway::Answers() {
  if (options_.journal == nullptr)
    return Error{Code::kUnsupported, "the operator has no address at which Caddy tells it (--gateway-journal)"};
  PATCHBAY_CHECK(SetJournal());
  return options_.journal->Counts();
}

}  // namespace patchbay::driver

#include "driver/gateway/kong_gateway.h"

#include <utility>

#include "base/digest.h"
#include "base/text.h"
#include "driver/gateway/capabilities.h"
#include "driver/gateway/entries.h"
#include "driver/gateway/kong_publish.h"

namespace patchbay::driver {
namespace {

Counter& CountChanges(const KongOptions& options, const std::string& outcome) {
  Meter& meter = options.meter == nullptr ? NullMeter() : *options.meter;
  return meter.AddCounter("patchbay_gateway_changes_total",
                          "Changes sent to the gateway's configuration; each one made is a reload.",
                          {{"gateway", "kong"}, {"outcome", outcome}});
}

}  // namespace

Result<std::unique_ptr<KongGateway>> KongGateway::New(std::shared_ptr<http::HttpClient> client, KongOptions options) {
  if (options.installation.empty()) return Error{Code::kInvalid, "the gateway needs the installation's id"};
  PATCHBAY_TRY(auto admin, KongAdmin::At(options.admin, options.token, *client, options.call_deadline));
  return std::unique_ptr<KongGateway>(new KongGateway(std::move(client), std::move(admin), std::move(options)));
}

KongGateway::KongGateway(std::shared_ptr<http::HttpClient> client, KongAdmin admin, KongOptions options)
    : options_(std::move(options)),
      client_(std::move(client)),
      admin_(std::move(admin)),
      mark_(MakeKongMark(options_.installation)),
      clock_(options_.clock == nullptr ? SystemClock() : *options_.clock),
      changes_made_(CountChanges(options_, "made")),
      changes_refused_(CountChanges(options_, "refused")),
      changes_failed_(CountChanges(options_, "failed")) {}

std::vector<FieldNotDone> KongGateway::Unsupported() const { return FieldsNotDone("kong"); }

std::string KongGateway::Digest(const GatewayRoute& route) const {
  if (const auto entries = ServingEntries(route, name()); !entries.empty()) return DigestEntries(entries);
  const auto entities = MapToKong(route, mark_);
  // Refused by us: no such digest is ever served.
  if (!entities.ok()) return StrCat("refused: ", entities.error().message);
  std::vector<const KongEntity*> all;
  for (const auto& entity : *entities) all.push_back(&entity);
  return DigestKongEntities(std::move(all));
}

Result<Published> KongGateway::Publish(const std::vector<GatewayRoute>& routes) {
  const auto alone = publishing_.Lock();
  return KongPublish(*this).Run(routes);
}

Result<KongNode> KongGateway::AskNode() {
  PATCHBAY_TRY(const auto node, admin_.Node());
  auto seen = seen_.Lock();
  if (!seen->boot.empty() && seen->boot != node.boot) {
    ++seen->epoch;
    seen->refused.clear();
  }
  seen->boot = node.boot;
  seen->node = node;
  return node;
}

Result<std::set<std::string>> KongGateway::NameRoutes() const {
  std::set<std::string> names;
  PATCHBAY_CHECK(admin_.List("/routes", "", [&](const Json& route) {
    names.insert(StrCat(FindString(route, {"id"}), "@", FindInt(route, {"updated_at"})));
  }));
  return names;
}

void KongGateway::Notice(const std::map<std::string, std::string>& digests) {
  std::string all = "-";
  for (const auto& [route, digest] : digests) all += StrCat(route, " ", digest, "\n");
  const std::string fingerprint = Sha256(all);
  auto seen = seen_.Lock();
  if (!seen->fingerprint.empty() && seen->fingerprint != fingerprint && seen->writing == 0) ++seen->epoch;
  seen->fingerprint = fingerprint;
}

Result<GatewayState> KongGateway::Read() {
  const bool ask = [&] {
    auto seen = seen_.Lock();
    return !seen->node || !seen->node->has_database;
  }();
  if (ask) PATCHBAY_CHECK(AskNode());
  PATCHBAY_TRY(const auto state, ReadKong(admin_, mark_, targets_));
  GatewayState served{"", DigestKong(state)};
  Notice(served.routes);
  if (const auto serving = serving_.Copy(); !serving.empty()) {
    PATCHBAY_TRY(const auto present, NameRoutes());
    AddDigests(serving, present, served.routes);
  }
  served.epoch = StrCat(seen_.Lock()->epoch);
  return served;
}

Result<std::map<std::string, int>> KongGateway::InFlight() {
  PATCHBAY_CHECK(AskNode());
  return Error{Code::kUnsupported, "Kong does not tell how many requests are under way at an upstream"};
}

Result<std::map<std::string, AnswerCount>> KongGateway::Answers() {
  return Error{Code::kUnsupported, "Kong's Admin API does not tell what upstreams answer"};
}

}  // namespace patchbay::driver

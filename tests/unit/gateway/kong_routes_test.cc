#include "driver/gateway/kong_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace patchbay::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;
using testing::StartsWith;
using Type = PathMatch::Type;

constexpr char kMark[] = "patchbay-12345678";

GatewayRoute Route() {
  GatewayRoute route;
  route.id = "uid";
  route.name = "default/shop";
  route.paths = {{Type::kPrefix, "/api"}};
  route.upstreams = {{"10.0.0.1:80"}};
  return route;
}

std::vector<Json> BodiesOf(const GatewayRoute& route, KongKind kind, KongVersion version = {}) {
  const auto entities = MapToKong(route, kMark, version);
  EXPECT_TRUE(entities.ok()) << entities.error().message;
  std::vector<Json> bodies;
  for (const auto& entity : *entities)
    if (entity.kind == kind) bodies.push_back(entity.body);
  return bodies;
}

Json Plugin(const GatewayRoute& route, const std::string& name) {
  for (const auto& body : BodiesOf(route, KongKind::kPlugin))
    if (body["name"] == name) return body["config"];
  return nullptr;
}

std::string Refusal(const GatewayRoute& route) {
  const auto entities = MapToKong(route, kMark);
  return entities.ok() ? "" : entities.error().message;
}

TEST(KongRoutes, MatchesWholeSegmentsExactPathsAndRegexes) {
  EXPECT_EQ(MapKongPath({Type::kPrefix, "/"}), "/.*");
  EXPECT_EQ(MapKongPath({Type::kPrefix, "/api/"}), "/api(?:/|$)");
  EXPECT_EQ(MapKongPath({Type::kPrefix, "/a.b"}), "/a\\.b(?:/|$)");
  EXPECT_EQ(MapKongPath({Type::kExact, "/x.y"}), "/x\\.y$");
  EXPECT_EQ(MapKongPath({Type::kRegex, "^/v[0-9]+"}), "/{0}(?:/v[0-9]+)");
  EXPECT_EQ(MapKongPath({Type::kRegex, "/a|/b"}), "/{0}(?:/a|/b)");
}

TEST(KongRoutes, MarksRegexesForThreeOnly) {
  EXPECT_EQ(BodiesOf(Route(), KongKind::kRoute, {2, 8})[0]["paths"], Json::array({"/api(?:/|$)"}));
  EXPECT_EQ(BodiesOf(Route(), KongKind::kRoute, {3, 4})[0]["paths"], Json::array({"~/api(?:/|$)"}));
  const auto two = MapToKong(Route(), kMark, {2, 8});
  const auto three = MapToKong(Route(), kMark, {3, 4});
  for (std::size_t i = 0; i < two->size(); ++i) EXPECT_EQ((*two)[i].text, (*three)[i].text);
}

TEST(KongRoutes, RanksPriorityThenHostThenKindOfPathThenLength) {
  const std::vector<int> ranks = {
      RankKongPath(-1000, 0, {Type::kPrefix, "/"}),   RankKongPath(0, 0, {Type::kPrefix, "/"}),
      RankKongPath(0, 0, {Type::kRegex, "/v[0-9]+"}), RankKongPath(0, 0, {Type::kPrefix, "/api"}),
      RankKongPath(0, 0, {Type::kPrefix, "/api/v2"}), RankKongPath(0, 0, {Type::kExact, "/a"}),
      RankKongPath(0, 13, {Type::kPrefix, "/"}),      RankKongPath(0, 15, {Type::kPrefix, "/"}),
      RankKongPath(1, 0, {Type::kPrefix, "/"}),       RankKongPath(1000, 253, {Type::kExact, std::string(1024, '/')})};
  for (std::size_t i = 1; i < ranks.size(); ++i) EXPECT_LT(ranks[i - 1], ranks[i]) << i;
  EXPECT_GE(ranks.front(), 0);
}

TEST(KongRoutes, SplitsHostsByKindAndKeepsTheirIdsWhenHostsCome) {
  auto route = Route();
  route.hosts = {"A.example.org", "*.example.org", "*.b.example.org", "c.example.org"};
  const auto routes = BodiesOf(route, KongKind::kRoute);
  ASSERT_THAT(routes, SizeIs(3));
  EXPECT_EQ(routes[0]["hosts"], Json({"a.example.org", "c.example.org"}));
  EXPECT_EQ(routes[1]["hosts"], Json::array({"*.b.example.org"}));
  EXPECT_EQ(routes[2]["hosts"], Json::array({"*.example.org"}));
  EXPECT_GT(routes[1]["regex_priority"], routes[2]["regex_priority"]);
  const auto before = MapToKong(route, kMark);
  route.hosts.push_back("d.example.org");
  const auto after = MapToKong(route, kMark);
  ASSERT_EQ(before->size(), after->size());
  for (std::size_t i = 0; i < before->size(); ++i) EXPECT_EQ((*before)[i].id, (*after)[i].id);
}

TEST(KongRoutes, StripsPrefixesAndExactPathsButNotRegexes) {
  auto route = Route();
  route.strip_path = true;
  route.paths = {{Type::kPrefix, "/api"}, {Type::kExact, "/x"}, {Type::kRegex, "/v[0-9]"}, {Type::kPrefix, "/"}};
  std::vector<bool> strips;
  for (const auto& body : BodiesOf(route, KongKind::kRoute)) strips.push_back(body["strip_path"]);
  EXPECT_THAT(strips, ElementsAre(true, true, false, false));
}

TEST(KongRoutes, MergesAndReducesWeightsAndLeavesOutWhatGetsNothing) {
  const auto weights = [](std::vector<Upstream> upstreams) {
    std::vector<std::string> out;
    for (const auto& one : WeighForKong(upstreams)) out.push_back(StrCat(one.address, "=", one.weight));
    return out;
  };
  EXPECT_THAT(weights({{"a:1", false, 30}, {"b:1", false, 10}, {"c:1", false, 0}}), ElementsAre("a:1=3", "b:1=1"));
  EXPECT_THAT(weights({{"a:1", false, 1}, {"a:1", false, 2}}), ElementsAre("a:1=1"));
  EXPECT_THAT(weights({{"a:1", false, 1'000'000}, {"b:1", false, 1}}), ElementsAre("a:1=1000", "b:1=1"));
  EXPECT_THAT(weights({{"a:1", false, 0}}), SizeIs(0));
}

TEST(KongRoutes, SendsTimeoutsRetriesAndTls) {
  auto route = Route();
  route.timeout = std::chrono::milliseconds(2'000);
  route.retries = 2;
  auto service = BodiesOf(route, KongKind::kService)[0];
  EXPECT_EQ(service["read_timeout"], 2000);
  EXPECT_EQ(service["connect_timeout"], 2000);
  EXPECT_EQ(service["retries"], 2);
  EXPECT_EQ(service["protocol"], "http");
  EXPECT_EQ(BodiesOf(route, KongKind::kRoute)[0]["preserve_host"], true);
  route.upstreams = {{"shop.example.org:443", true}};
  route.timeout = std::chrono::minutes(2);
  service = BodiesOf(route, KongKind::kService)[0];
  EXPECT_EQ(service["protocol"], "https");
  EXPECT_EQ(service["connect_timeout"], 3000);
  EXPECT_EQ(BodiesOf(route, KongKind::kRoute)[0]["preserve_host"], false);
}

TEST(KongRoutes, AnswersUnavailableWithRetryAfterWithoutTargets) {
  auto route = Route();
  route.upstreams.clear();
  EXPECT_EQ(Plugin(route, "request-termination")["status_code"], 503);
  EXPECT_EQ(Plugin(route, "response-transformer")["add"]["headers"], Json::array({"Retry-After:1"}));
  EXPECT_EQ(Plugin(Route(), "request-termination"), nullptr);
  EXPECT_EQ(Plugin(Route(), "response-transformer"), nullptr);
}

TEST(KongRoutes, SetsHeadersThatAreThereAndThatAreNot) {
  auto route = Route();
  route.request_headers = {{{"X-Set", "a:b"}}, {{"X-Add", "2"}}, {"X-Gone"}};
  route.response_headers.set = {{"Server", "#1"}};
  const auto request = Plugin(route, "request-transformer");
  EXPECT_EQ(request["replace"]["headers"], Json::array({"X-Set:a:b"}));
  EXPECT_EQ(request["add"]["headers"], Json::array({"X-Set:a:b"}));
  EXPECT_EQ(request["append"]["headers"], Json::array({"X-Add:2"}));
  EXPECT_EQ(request["remove"]["headers"], Json::array({"X-Gone"}));
  EXPECT_EQ(Plugin(route, "response-transformer")["replace"]["headers"], Json::array({"Server:#1"}));
}

TEST(KongRoutes, LetsNobodyRunTemplatesInKong) {
  auto route = Route();
  route.request_headers.set = {{"X-Leak", "a $(headers.authorization)"}};
  EXPECT_THAT(Refusal(route), HasSubstr("request header \"X-Leak\" has a value that Kong would evaluate"));
  route.request_headers.set = {{"X-Leak", "# os.exit()"}};
  EXPECT_THAT(Refusal(route), HasSubstr("X-Leak"));
  route.request_headers.set = {{"X-Bad Name", "a"}};
  EXPECT_THAT(Refusal(route), HasSubstr("is not a header name"));
}

TEST(KongRoutes, LimitsRatesByWhatKongCanCount) {
  auto route = Route();
  route.rate_limit = RateLimit{10, "minute", 0, "header:X-Team"};
  const auto config = Plugin(route, "rate-limiting");
  EXPECT_EQ(config["minute"], 10);
  EXPECT_EQ(config["limit_by"], "header");
  EXPECT_EQ(config["header_name"], "X-Team");
  route.rate_limit->key = "client-ip";
  EXPECT_EQ(Plugin(route, "rate-limiting")["limit_by"], "ip");
  route.rate_limit->key = "host";
  EXPECT_THAT(Refusal(route), HasSubstr("cannot count requests by \"host\""));
}

TEST(KongRoutes, TakesOriginsAsTheyAreWritten) {
  auto route = Route();
  route.cors = CrossOrigin{
      {"https://example.org", "https://a+b.example.org"}, {"GET"}, {}, {"X-Id"}, true, std::chrono::minutes(10)};
  const auto config = Plugin(route, "cors");
  EXPECT_EQ(config["origins"], Json({"https://example.org", "^https://a\\+b\\.example\\.org$"}));
  EXPECT_EQ(config["max_age"], 600);
  EXPECT_EQ(config["credentials"], true);
  EXPECT_EQ(config["exposed_headers"], Json::array({"X-Id"}));
  EXPECT_FALSE(config.contains("headers"));
}

TEST(KongRoutes, RefusesWhatIsNoAddressAndMixedBackends) {
  auto route = Route();
  route.upstreams = {{"unix//run/docker.sock"}};
  EXPECT_THAT(Refusal(route), HasSubstr("is not an address and a port"));
  route.upstreams = {{"a:80"}, {"b:443", true}};
  EXPECT_THAT(Refusal(route), HasSubstr("http and https"));
}

TEST(KongRoutes, NamesAndTagsEverythingAfterInstallationAndRoute) {
  const auto entities = MapToKong(Route(), kMark);
  for (const auto& entity : *entities) {
    EXPECT_EQ(entity.body["tags"], Json({kMark, "patchbay-12345678.uid"}));
    EXPECT_EQ(entity.id.size(), 36U);
    EXPECT_EQ(RouteOfTags(entity.body, kMark), "uid");
    EXPECT_EQ(RouteOfTags(entity.body, "patchbay-1234"), "");
  }
  EXPECT_THAT(std::string(entities->front().body["name"]), StartsWith("patchbay-12345678-uid"));
}

TEST(KongEntities, AreTheSameWhateverKongFilledIn) {
  const auto service = BodiesOf(Route(), KongKind::kService)[0];
  auto real = service;
  real["id"] = "x";
  real["tls_verify"] = nullptr;
  real["created_at"] = 1;
  real["path"] = nullptr;
  std::reverse(real["tags"].begin(), real["tags"].end());
  EXPECT_EQ(PrintKongEntity(KongKind::kService, real), PrintKongEntity(KongKind::kService, service));
  real["path"] = "/theirs";
  EXPECT_NE(PrintKongEntity(KongKind::kService, real), PrintKongEntity(KongKind::kService, service));
  const Json plugin{{"name", "rate-limiting"}, {"config", {{"second", 5}, {"policy", "local"}}}};
  Json filled = plugin;
  filled["config"]["second"] = 5.0;
  filled["config"]["redis"] = {{"host", nullptr}, {"port", 6379}};
  filled["consumer"] = nullptr;
  EXPECT_EQ(PrintKongEntity(KongKind::kPlugin, filled), PrintKongEntity(KongKind::kPlugin, plugin));
}

}  // namespace
}  // namespace patchbay::driver

#include "driver/gateway/caddy_routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "object/json.h"

namespace patchbay::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Type = PathMatch::Type;
constexpr char kMark[] = "patchbay-abc-";

GatewayRoute Route(const std::string& id, std::vector<PathMatch> paths = {}, std::vector<std::string> hosts = {}) {
  GatewayRoute route;
  route.id = id;
  route.name = "default/" + id;
  route.paths = std::move(paths);
  route.hosts = std::move(hosts);
  route.upstreams = {{"10.0.0.1:80"}};
  return route;
}

Json Only(const GatewayRoute& route) {
  const auto pieces = MapToCaddy(route, kMark);
  EXPECT_TRUE(pieces.ok()) << pieces.error().message;
  EXPECT_EQ(pieces->size(), 1u);
  return *ParseJson(pieces->front().text);
}

std::vector<std::string> OrderOf(const std::vector<GatewayRoute>& routes) {
  std::vector<CaddyRoute> all;
  for (const auto& route : routes) {
    const auto pieces = MapToCaddy(route, kMark);
    all.insert(all.end(), pieces->begin(), pieces->end());
  }
  std::sort(all.begin(), all.end(), StandsBefore);
  std::vector<std::string> ids;
  for (const auto& piece : all) ids.push_back(piece.id.substr(sizeof kMark - 1));
  return ids;
}

TEST(CaddyRoutes, MapEveryField) {
  auto route = Route("u1", {{Type::kPrefix, "/api/"}}, {"B.example.org", "a.example.org", "a.example.org"});
  route.methods = {"GET", "POST"};
  route.strip_path = true;
  route.request_headers.set = {{"X-A", "{env.HOME}"}};
  route.response_headers.remove = {"Server"};
  route.timeout = std::chrono::milliseconds(1500);
  route.retries = 2;
  route.retry_for = std::chrono::seconds(5);
  EXPECT_EQ(MapToCaddy(route, kMark)->front().text,
            R"({"@id":"patchbay-abc-u1","handle":[)"
            R"({"handler":"headers","request":{"set":{"X-A":["\\{env.HOME}"]}},)"
            R"("response":{"deferred":true,"delete":["Server"]}},)"
            R"({"handler":"rewrite","strip_path_prefix":"/api"},)"
            R"({"handler":"reverse_proxy","load_balancing":{"retries":2,"selection_policy":{"policy":"round_robin"},)"
            R"("try_duration":"5000ms","try_interval":"50ms"},)"
            R"("transport":{"dial_timeout":"1500ms","protocol":"http","response_header_timeout":"1500ms"},)"
            R"("upstreams":[{"dial":"10.0.0.1:80"}]}],)"
            R"("match":[{"host":["a.example.org","b.example.org"],"method":["GET","POST"],)"
            R"x("path_regexp":{"pattern":"^/api(?:/|$)"}}],"terminal":true})x");
}

TEST(CaddyRoutes, LetGoOfAnIdleConnectionBeforeAContainerDoes) {
  auto route = Route("u1", {{Type::kPrefix, "/api"}});
  EXPECT_THAT(MapToCaddy(route, kMark)->front().text, testing::Not(HasSubstr("transport")));
  route.moving = true;
  EXPECT_THAT(MapToCaddy(route, kMark)->front().text,
              HasSubstr(R"("transport":{"keep_alive":{"idle_timeout":"1500ms","max_idle_conns_per_host":32,"probe_interval":"30s"},"protocol":"http"})"));
}

TEST(CaddyRoutes, PrintExactlyWhatCanonicalPrintingGives) {
  auto route = Route("u1", {{Type::kRegex, "/a<b>&\\d"}});
  route.response_headers.add = {{"x-b", "1"}, {"X-B", "2"}, {"A", "é"}};
  const auto text = MapToCaddy(route, kMark)->front().text;
  const auto parsed = ParseJson(text);
  ASSERT_TRUE(parsed.ok());
  EXPECT_THAT(text, HasSubstr(R"("add":{"A":["é"],"x-b":["1","2"]})"));
  EXPECT_THAT(text, HasSubstr(R"x("pattern":"^(?:/a\u003cb\u003e\u0026\\d)")x"));
}

TEST(CaddyRoutes, MatchEverythingWithoutAMatcher) {
  EXPECT_EQ(Find(Only(Route("a")), {"match"}), nullptr);
  EXPECT_EQ(Find(Only(Route("a", {{Type::kPrefix, "/"}})), {"match"}), nullptr);
}

TEST(CaddyRoutes, QuotePathsThatLookLikePatterns) {
  EXPECT_EQ((*Find(Only(Route("a", {{Type::kExact, "/a.b*{c}"}})), {"match"}))[0]["path_regexp"]["pattern"],
            "^/a\\.b\\*\\{c\\}$");
}

TEST(CaddyRoutes, StandWhereEachPathBelongs) {
  const auto hosted = [](const char* id, std::vector<PathMatch> paths, const char* host) {
    return Route(id, std::move(paths), {host});
  };
  auto urgent = Route("urgent");
  urgent.priority = 1;
  EXPECT_THAT(OrderOf({Route("root", {{Type::kPrefix, "/"}}), Route("api", {{Type::kPrefix, "/api"}}),
                       Route("both", {{Type::kPrefix, "/"}, {Type::kPrefix, "/api/v2"}}),
                       Route("exact", {{Type::kExact, "/api"}}), Route("regex", {{Type::kRegex, "/a.*"}}),
                       hosted("wild", {{Type::kExact, "/x"}}, "*.example.org"),
                       hosted("host", {{Type::kPrefix, "/"}}, "a.example.org"), urgent}),
              ElementsAre("urgent", "host", "wild", "exact", "both~1", "api", "regex", "both", "root"));
}

TEST(CaddyRoutes, GiveExactHostsBeforeWildcardsOfTheSameRoute) {
  EXPECT_THAT(OrderOf({Route("mixed", {}, {"*.example.org", "a.example.org"}), Route("b", {}, {"b.example.org"})}),
              ElementsAre("b", "mixed", "mixed~1"));
}

TEST(CaddyRoutes, TakeWildcardsForAllBelow) {
  const auto pieces = MapToCaddy(Route("w", {}, {"*.Example.org", "*.b.example.org", "*.example.net"}), kMark);
  ASSERT_EQ(pieces->size(), 2u);
  const Json first = *ParseJson(pieces->at(0).text);
  const Json second = *ParseJson(pieces->at(1).text);
  EXPECT_EQ(first["match"][0]["header_regexp"]["Host"]["pattern"], "(?i)^[^:]+(?:\\.b\\.example\\.org)(?::[0-9]+)?$");
  EXPECT_EQ(second["match"][0]["header_regexp"]["Host"]["pattern"],
            "(?i)^[^:]+(?:\\.example\\.net|\\.example\\.org)(?::[0-9]+)?$");
  EXPECT_TRUE(StandsBefore(pieces->at(0), pieces->at(1)));
}

TEST(CaddyRoutes, FindTheRouteOfAnAtId) {
  EXPECT_EQ(RouteIdOf("patchbay-abc-u1", kMark), "u1");
  EXPECT_EQ(RouteIdOf("patchbay-abc-u1~12", kMark), "u1");
  EXPECT_EQ(RouteIdOf(MapToNotFound(kMark).id, kMark), "");
  EXPECT_EQ(RouteIdOf("patchbay-other-u1", kMark), "");
}

TEST(CaddyRoutes, AnswerServiceUnavailableWithoutUpstreams) {
  auto route = Route("a");
  route.upstreams.clear();
  const auto none = Only(route);
  EXPECT_EQ(none["handle"][0]["status_code"], 503);
  EXPECT_EQ(none["handle"][0]["headers"]["Retry-After"][0], "1");
  route.upstreams = {{"10.0.0.1:80", false, 0}};
  EXPECT_EQ(Only(route), none);
}

TEST(CaddyRoutes, SpeakTlsWithTheUpstreamsOwnName) {
  auto route = Route("a");
  route.upstreams = {{"example.org:443", true}};
  const Json proxy = Only(route)["handle"][0];
  EXPECT_EQ(proxy["transport"]["tls"], Json::object());
  EXPECT_EQ(proxy["headers"]["request"]["set"]["Host"][0], "{http.reverse_proxy.upstream.hostport}");
  route.request_headers.set = {{"host", "other"}};
  EXPECT_EQ(Find(Only(route)["handle"][1], {"headers"}), nullptr);
}

TEST(CaddyRoutes, RefuseWhatCaddyWouldTakeButNotDo) {
  const auto refusal = [](const std::function<void(GatewayRoute&)>& spoil) {
    auto route = Route("a");
    spoil(route);
    const auto pieces = MapToCaddy(route, kMark);
    EXPECT_FALSE(pieces.ok());
    return pieces.ok() ? "" : pieces.error().message;
  };
  EXPECT_THAT(refusal([](auto& route) { route.upstreams.push_back({"10.0.0.2:443", true}); }), HasSubstr("https"));
  for (const char* address : {"unix//var/run/docker.sock", "{env.X}:80", "10.0.0.1", "10.0.0.1:80-90", ":80", "a:0"})
    EXPECT_THAT(refusal([&](auto& route) { route.upstreams = {{address}}; }), HasSubstr("not an address")) << address;
  EXPECT_THAT(refusal([](auto& route) { route.request_headers.set = {{"a b", "c"}}; }), HasSubstr("header"));
  EXPECT_THAT(refusal([](auto& route) { route.response_headers.remove = {"X-*"}; }), HasSubstr("header"));
  EXPECT_THAT(refusal([](auto& route) { route.response_headers.add = {{"a", "b\r\nc: d"}}; }), HasSubstr("control"));
}

TEST(SpreadByWeight, RepeatsAndMixes) {
  EXPECT_THAT(SpreadByWeight({{"a:1", false, 3}, {"b:1", false, 1}}), ElementsAre("a:1", "a:1", "b:1", "a:1"));
  EXPECT_THAT(SpreadByWeight({{"a:1", false, 50}, {"b:1", false, 50}, {"c:1", false, 0}}), ElementsAre("a:1", "b:1"));
  EXPECT_THAT(SpreadByWeight({{"a:1", false, 0}}), IsEmpty());
}

TEST(SpreadByWeight, StaysSmallAndNearTheRatio) {
  const auto spread = SpreadByWeight({{"a:1", false, 99'991}, {"b:1", false, 10'007}, {"c:1", false, 1}});
  EXPECT_LE(spread.size(), 103u);
  EXPECT_NEAR(static_cast<double>(std::count(spread.begin(), spread.end(), "a:1")), 91, 1);
  EXPECT_EQ(std::count(spread.begin(), spread.end(), "c:1"), 1);
}

}  // namespace
}  // namespace patchbay::driver

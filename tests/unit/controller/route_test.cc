#include <gmock/gmock.h>

#include "controller/resolve.h"
#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Route, LeadsToTheReadyContainers) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  EXPECT_THAT(world.Upstreams("r"), ElementsAre("172.17.0.2:8080", "172.17.0.3:8080"));
  for (const char* type : {"Accepted", "ResolvedRefs", "Programmed", "Ready"})
    EXPECT_EQ(world.ConditionOf(world.RouteKey("r"), type).substr(0, 4), "True") << type;
  EXPECT_EQ(world.Get(world.RouteKey("r"))["status"]["backends"].size(), 2u);
}

TEST(Route, OfABurstIsPublishedOnce) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  const int before = world.gateway.publishes();
  for (int i = 0; i < 50; ++i) world.ApplyRoute(StrCat("r", i), RouteSpec("echo"));
  world.Settle();
  EXPECT_EQ(world.gateway.publishes(), before + 1);
  EXPECT_THAT(world.gateway.Served(), SizeIs(50));
}

TEST(Route, SaysThatItsPluginIsMissingAndIsServedWhenItComes) {
  World world;
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  EXPECT_EQ(world.ConditionOf(world.RouteKey("r"), "ResolvedRefs"), "False/BackendNotFound");
  EXPECT_EQ(world.ConditionOf(world.RouteKey("r"), "Ready"), "False/BackendNotFound");
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  EXPECT_EQ(world.ConditionOf(world.RouteKey("r"), "Ready"), "True/Programmed");
}

TEST(Route, ThatIsRefusedCostsOnlyItself) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.ApplyRoute("good", RouteSpec("echo"));
  world.ApplyRoute("bad", RouteSpec("echo"));
  world.gateway.Refuse(UidOf(world.Get(world.RouteKey("bad"))), "regexp: missing paren");
  world.Settle();
  EXPECT_EQ(world.ConditionOf(world.RouteKey("good"), "Ready"), "True/Programmed");
  EXPECT_EQ(world.ConditionOf(world.RouteKey("bad"), "Programmed"), "False/RefusedByGateway");
  EXPECT_THAT(FindCondition(world.Get(world.RouteKey("bad")), "Programmed")->message, HasSubstr("missing paren"));
  world.gateway.Accept(UidOf(world.Get(world.RouteKey("bad"))));
  world.Patch(world.RouteKey("bad"), {{"stripPath", true}});
  world.Settle();
  EXPECT_EQ(world.ConditionOf(world.RouteKey("bad"), "Ready"), "True/Programmed");
}

TEST(Route, IsNotServedWithoutAFieldTheGatewayCannotDo) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  Json spec = RouteSpec("echo");
  spec["rateLimit"] = {{"requests", 5}};
  world.ApplyRoute("r", spec);
  world.Settle();
  EXPECT_EQ(world.ConditionOf(world.RouteKey("r"), "Accepted"), "False/UnsupportedByGateway");
  EXPECT_THAT(FindCondition(world.Get(world.RouteKey("r")), "Accepted")->message, HasSubstr("spec.rateLimit"));
  EXPECT_THAT(world.gateway.Served(), IsEmpty());
}

TEST(Route, ComesBackWithinTwoSecondsWhenTheGatewayRestartsEmpty) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  const int written = world.op->store.units_committed();
  world.gateway.Restart();
  EXPECT_THAT(world.gateway.Served(), IsEmpty());
  world.Advance(seconds(2));
  EXPECT_THAT(world.Upstreams("r"), SizeIs(1));
  EXPECT_EQ(world.op->store.units_committed(), written);
}

TEST(Route, IsPutRightWhenSomebodyChangedItBehindOurBack) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  world.gateway.SetForeign("theirs", "{}");
  world.gateway.DropRoute(UidOf(world.Get(world.RouteKey("r"))));
  world.Advance(seconds(2));
  EXPECT_THAT(world.Upstreams("r"), SizeIs(1));
  EXPECT_EQ(world.gateway.Foreign().size(), 1u);
  EXPECT_THAT(world.EventReasons(), testing::Contains("Drifted"));
}

TEST(Route, SaysSoWhileTheGatewayIsAwayAndRecovers) {
  World world;
  world.gateway.SetUnavailable(true);
  world.ApplyPlugin("echo", PluginSpec());
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  world.Advance(minutes(60));
  EXPECT_EQ(world.ConditionOf(world.RouteKey("r"), "Programmed"), "Unknown/GatewayUnavailable");
  world.gateway.SetUnavailable(false);
  world.Advance(seconds(3));
  EXPECT_EQ(world.ConditionOf(world.RouteKey("r"), "Ready"), "True/Programmed");
  EXPECT_EQ(world.Phase("echo"), "Running");
}

TEST(Route, IsWithdrawnWhenDisabledAndGoneWhenDeleted) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  world.Patch(world.RouteKey("r"), {{"enabled", false}});
  world.Settle();
  EXPECT_THAT(world.gateway.Served(), IsEmpty());
  EXPECT_EQ(world.ConditionOf(world.RouteKey("r"), "Ready"), "True/Disabled");
  world.Patch(world.RouteKey("r"), {{"enabled", true}});
  world.Settle();
  EXPECT_THAT(world.gateway.Served(), SizeIs(1));
  world.Delete(world.RouteKey("r"));
  world.Settle();
  EXPECT_THAT(world.gateway.Served(), IsEmpty());
  EXPECT_TRUE(world.Get(world.RouteKey("r")).is_null());
}

TEST(Route, KeepsWhatTheGatewayServesWhileTheEngineIsAwayAtStart) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  world.KillOperator();
  world.runtime.faults().SetAway(true);
  world.StartOperator();
  world.Advance(minutes(5));
  EXPECT_THAT(world.Upstreams("r"), SizeIs(2));
}

Target TargetOf(int port, const std::vector<std::string>& ips) {
  Target target{{{"http", port}}, {}};
  for (const std::string& ip : ips) target.endpoints.members.push_back({ip, ip});
  return target;
}

TEST(Resolve, AsksEachContainerAtThePortItWasMadeWith) {
  const Json route = {{"metadata", {{"name", "r"}, {"namespace", "default"}, {"uid", "u"}}},
                      {"spec", {{"backends", {{{"plugin", "a"}, {"port", "http"}}}}}}};
  const auto resolved = Resolve(ReadRoute(route, {}), [](const Key&) {
    Target target = TargetOf(9'000, {"10.0.0.1"});
    target.endpoints.members.push_back({"old", "10.0.0.2", std::vector<NamedPort>{{"http", 80}}});
    target.endpoints.members.push_back({"older", "10.0.0.3", std::vector<NamedPort>{{"grpc", 81}}});
    target.endpoints.leaving.push_back({"oldest", "10.0.0.4", std::vector<NamedPort>{{"http", 82}}});
    return target;
  });
  std::vector<std::string> addresses;
  for (const auto& upstream : resolved.route.upstreams) addresses.push_back(upstream.address);
  EXPECT_THAT(addresses, ElementsAre("10.0.0.1:9000", "10.0.0.2:80"));
  EXPECT_THAT(resolved.route.leaving, ElementsAre("10.0.0.4:82"));
  EXPECT_TRUE(resolved.route.moving);
}

TEST(Resolve, SharesAWeightAmongTheContainersOfABackend) {
  const Json route = {{"metadata", {{"name", "r"}, {"namespace", "default"}, {"uid", "u"}}},
                      {"spec", {{"backends", {{{"plugin", "a"}, {"weight", 90}}, {{"plugin", "b"}, {"weight", 10}},
                                              {{"url", "https://example.org"}, {"weight", 0}}}}}}};
  const auto resolved = Resolve(ReadRoute(route, {}), [](const Key& key) -> std::optional<Target> {
    if (key.name == "a") return TargetOf(80, {"10.0.0.1", "10.0.0.2", "10.0.0.3"});
    return TargetOf(81, {"10.0.0.4"});
  });
  std::vector<std::string> shares;
  for (const auto& upstream : resolved.route.upstreams)
    shares.push_back(StrCat(upstream.address, " ", upstream.weight, upstream.tls ? " tls" : ""));
  EXPECT_THAT(shares, ElementsAre("10.0.0.1:80 3", "10.0.0.2:80 3", "10.0.0.3:80 3", "10.0.0.4:81 1",
                                  "example.org:443 0 tls"));
}

TEST(Resolve, NamesAPortThatIsNotThere) {
  const Json route = {{"metadata", {{"name", "r"}, {"namespace", "default"}}},
                      {"spec", {{"backends", {{{"plugin", "a"}, {"port", "grpc"}}}}}}};
  const auto resolved = Resolve(ReadRoute(route, {}), [](const Key&) { return TargetOf(80, {"10.0.0.1"}); });
  EXPECT_EQ(resolved.missing_reason, "PortNotFound");
  EXPECT_THAT(resolved.missing, ElementsAre(HasSubstr("grpc")));
}

TEST(Routes, NameAValueThatTheGatewayCannotDo) {
  const Json route = *ParseJson(R"({"metadata":{"name":"r","namespace":"default"},"spec":{"paths":[{"value":"/"}],"backends":[],
    "rateLimit":{"requests":5,"per":"minute","key":"host"},"cors":{"allowOrigins":["*"],"maxAge":"10m"}}})");
  const auto wish = ReadRoute(route, {{"rateLimit.burst", "a"}, {"rateLimit.key=host", "b"}, {"rateLimit.key=consumer", "b"}});
  EXPECT_EQ(wish.unsupported, std::vector<std::string>{"spec.rateLimit.key=host (b)"});
  EXPECT_EQ(wish.route.rate_limit, (driver::RateLimit{5, "minute", 0, "host"}));
  ASSERT_TRUE(wish.route.cors);
  EXPECT_EQ(wish.route.cors->allow_origins, std::vector<std::string>{"*"});
  EXPECT_EQ(wish.route.cors->max_age, std::chrono::minutes(10));
}

TEST(Routes, LetInWhomTheirSecretNames) {
  const auto resolve = [](const std::string& auth, std::optional<std::map<std::string, std::string>> secret) {
    const auto wish = ReadRoute(*ParseJson(StrCat(R"({"metadata":{"name":"r","namespace":"default"},"spec":{"paths":[{"value":"/"}],"backends":[],"auth":)", auth, "}}")), {});
    auto resolved = Resolve(wish, [](const Key&) { return std::nullopt; });
    ResolveCallers(wish, [&](const Key& key) { return key.name == "s" ? secret : std::nullopt; }, resolved);
    return resolved;
  };
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(resolve(R"({"type":"Basic","secretRef":{"name":"s"}})", {{{"username", "u"}, {"password", "p\n"}}}).route.auth->credentials, (Pairs{{"u", "p"}}));
  EXPECT_EQ(resolve(R"({"type":"Basic","secretRef":{"name":"s"}})", {{{"a", "1"}, {"b", "2"}}}).route.auth->credentials, (Pairs{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(resolve(R"({"type":"Key","secretRef":{"name":"s","key":"b"}})", {{{"a", "1"}, {"b", "2"}}}).route.auth->credentials, (Pairs{{"b", "2"}}));
  EXPECT_EQ(resolve(R"({"type":"JWT","issuer":"i","secretRef":{"name":"s"}})", {{{"key", "1"}}}).route.auth->credentials, (Pairs{{"i", "1"}}));
  // Nobody, rather than everybody.
  const auto missing = resolve(R"({"type":"Key","secretRef":{"name":"gone"}})", std::nullopt);
  ASSERT_TRUE(missing.route.auth);
  EXPECT_THAT(missing.route.auth->credentials, IsEmpty());
  EXPECT_EQ(missing.missing_reason, "SecretNotFound");
  EXPECT_FALSE(resolve(R"({"type":"None"})", std::nullopt).route.auth);
}

}  // namespace
}  // namespace patchbay::controller

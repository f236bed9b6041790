#include <algorithm>

#include "unit/gateway/kong_stage.h"

namespace patchbay::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

TEST_F(KongGatewayTest, MakesWhatRequestsNeedBeforeWhatLeadsThemThere) {
  auto route = Route("a", {{"10.0.0.1:80"}, {"10.0.0.2:80"}});
  route.request_headers.set = {{"X-A", "1"}};
  Publish({route});
  EXPECT_THAT(Writes(), ElementsAre("PUT upstreams", "POST targets", "POST targets", "PUT services", "PUT plugins",
                                    "PUT routes"));
  Publish({});
  EXPECT_THAT(Writes(), ElementsAre("DELETE routes", "DELETE services", "DELETE upstreams"));
  EXPECT_EQ(kong_.WithoutTag("-"), Json::object());
}

TEST_F(KongGatewayTest, ReplacesOneTargetWithTwoWritesAndTheNewOneFirst) {
  Publish({Route("a", {{"10.0.0.1:80"}}), Route("b")});
  Writes();
  Publish({Route("a", {{"10.0.0.2:80"}}), Route("b")});
  EXPECT_THAT(Writes(), ElementsAre("POST targets", "DELETE targets"));
  Publish({Route("a", {{"10.0.0.2:80", false, 3}, {"10.0.0.3:80", false, 1}}), Route("b")});
  EXPECT_THAT(Writes(), ElementsAre("PATCH targets", "POST targets"));
}

TEST_F(KongGatewayTest, PutsAnAnswerBeforeAnUpstreamThatRunsEmpty) {
  Publish({Route("a")});
  Writes();
  Publish({Route("a", {})});
  EXPECT_THAT(Writes(), ElementsAre("PUT plugins", "PUT plugins", "DELETE targets"));
  Publish({Route("a")});
  EXPECT_THAT(Writes(), ElementsAre("POST targets", "DELETE plugins", "DELETE plugins"));
}

TEST_F(KongGatewayTest, SendsNothingWhenAllIsSo) {
  auto route = Route("a");
  route.rate_limit = RateLimit{5, "hour", 0, "client-ip"};
  route.cors = CrossOrigin{{"*"}, {}, {}, {}, false, {}};
  route.response_headers.remove = {"Server"};
  EXPECT_TRUE(Publish({route}).changed);
  Writes();
  EXPECT_FALSE(Publish({route}).changed);
  Renew();
  EXPECT_FALSE(Publish({route}).changed);
  EXPECT_THAT(Writes(), IsEmpty());
  EXPECT_EQ(gateway_->Read()->routes, Digests({route}));
}

TEST_F(KongGatewayTest, NoticesWhatAHandChangedAndMendsIt) {
  const std::vector<GatewayRoute> routes = {Route("a", {{"10.0.0.1:80", false, 1}, {"10.0.0.2:80", false, 2}})};
  Publish(routes);
  const auto find = [&](const std::string& kind) {
    return StrCat("/", kind, "/", FindString(kong_.All(kind).front(), {"id"}));
  };
  const std::string targets = find("upstreams") + "/targets";
  const std::vector<std::function<void()>> hands = {
      [&] { kong_.Delete(targets + "/" + FindString(kong_.All("targets").front(), {"id"})); },
      [&] {
        kong_.Put(targets + "/" + FindString(kong_.All("targets").front(), {"id"}), {{"weight", 99}});
      },
      [&] {
        kong_.Put(targets, {{"target", "10.9.9.9:80"}});
      },
      [&] {
        kong_.Put(find("services"), {{"retries", 31}});
      },
      [&] {
        kong_.Put(find("services"), {{"path", "/elsewhere"}});
      },
      [&] {
        kong_.Put(find("services"), {{"enabled", false}});
      },
      [&] {
        kong_.Put(find("routes"), {{"methods", {"GET"}}});
      },
      [&] {
        kong_.Put(find("routes"), {{"headers", {{"x-a", {"1"}}}}});
      },
      [&] { kong_.Delete(find("routes")); },
  };
  for (std::size_t i = 0; i < hands.size(); ++i) {
    const auto before = *gateway_->Read();
    hands[i]();
    const auto after = *gateway_->Read();
    EXPECT_NE(after.routes, before.routes) << i;
    EXPECT_NE(after.epoch, before.epoch) << i;
    EXPECT_TRUE(Publish(routes).changed) << i;
    EXPECT_EQ(gateway_->Read()->routes, Digests(routes)) << i;
  }
}

TEST_F(KongGatewayTest, AdoptsATargetThatSomebodyElseMade) {
  Publish({Route("a")});
  const auto upstream = FindString(kong_.All("upstreams").front(), {"id"});
  kong_.Put(StrCat("/upstreams/", upstream, "/targets"), {{"target", "10.0.0.2:80"}, {"weight", 7}});
  Writes();
  const std::vector<GatewayRoute> routes = {Route("a", {{"10.0.0.1:80"}, {"10.0.0.2:80"}})};
  Publish(routes);
  EXPECT_THAT(Writes(), ElementsAre("PATCH targets"));
  EXPECT_EQ(gateway_->Read()->routes, Digests(routes));
}

TEST_F(KongGatewayTest, SaysKongsWordsWithItsFieldsAndRemovesWhatWasServed) {
  Publish({Route("a"), Route("b")});
  auto bad = Route("a");
  bad.hosts = {"not a host"};
  const auto published = Publish({bad, Route("b")});
  ASSERT_THAT(published.refused, SizeIs(1));
  EXPECT_THAT(published.refused.at("a"), HasSubstr("schema violation (hosts.1: invalid value: not a host)"));
  EXPECT_THAT(published.refused.at("a"), HasSubstr(R"(fields: {"hosts":["invalid value: not a host"]})"));
  EXPECT_EQ(gateway_->Read()->routes, Digests({Route("b")}));
  EXPECT_THAT(kong_.All("services"), SizeIs(1));
  EXPECT_THAT(kong_.All("targets"), SizeIs(1));
  Writes();
  EXPECT_FALSE(Publish({bad, Route("b")}).changed);
  EXPECT_THAT(Writes(), IsEmpty());
}

TEST_F(KongGatewayTest, AsksAgainAfterAMinuteWhetherARouteIsStillRefused) {
  kong_.Put("/routes", {{"name", "theirs"}, {"paths", {"/"}}});
  // Somebody has our name.
  const auto name = FindString((*MapToKong(Route("a"), gateway_->mark())).back().body, {"name"});
  const auto theirs = kong_.Put("/routes", {{"name", name}, {"paths", {"/x"}}});
  EXPECT_THAT(Publish({Route("a")}).refused["a"], HasSubstr("UNIQUE violation detected on"));
  kong_.Delete("/routes/" + FindString(theirs, {"id"}));
  EXPECT_THAT(Publish({Route("a")}).refused, SizeIs(1));
  clock_.Advance(std::chrono::minutes(2));
  EXPECT_THAT(Publish({Route("a")}).refused, IsEmpty());
  EXPECT_EQ(gateway_->Read()->routes, Digests({Route("a")}));
}

TEST_F(KongGatewayTest, LeavesAServiceThatOthersLeadTo) {
  Publish({Route("a"), Route("b")});
  const auto service = kong_.All("services").front();
  kong_.Put("/routes", {{"name", "theirs"}, {"paths", {"/theirs"}}, {"service", {{"id", service["id"]}}}});
  const auto left = RouteOfTags(service, gateway_->mark()) == "a" ? "b" : "a";
  EXPECT_TRUE(Publish({Route(left)}).changed);
  EXPECT_EQ(gateway_->Read()->routes, Digests({Route(left)}));
  EXPECT_THAT(kong_.All("services"), SizeIs(2));
  EXPECT_THAT(kong_.All("routes"), SizeIs(2));
}

TEST_F(KongGatewayTest, ReadsEveryPage) {
  for (int i = 0; i < 1'050; ++i)
    kong_.Put("/plugins",
              {{"name", "cors"},
               {"tags", {"many"}},
               {"consumer", {{"id", FindString(kong_.Put("/consumers", {{"username", StrCat("c", i)}}), {"id"})}}}});
  const auto admin = *KongAdmin::At("http://kong", "", *client_, std::chrono::seconds(1));
  int count = 0;
  EXPECT_TRUE(admin.List("/plugins", "many", [&](const Json&) { ++count; }).ok());
  EXPECT_EQ(count, 1'050);
}

TEST_F(KongGatewayTest, LooksAgainAfterAFailureThatTookEffect) {
  for (const bool after : {false, true})
    for (int n = 1; n <= 5; ++n) {
      Publish({});
      kong_.FailWrite(n, after);
      EXPECT_TRUE(Publish({Route("a")}).changed);
      EXPECT_EQ(gateway_->Read()->routes, Digests({Route("a")})) << n;
    }
}

TEST_F(KongGatewayTest, WorksWithTheVersionsItKnows) {
  FakeKong old({2, 7, true, ""});
  auto client = std::make_shared<FakeKongClient>(old);
  KongOptions options;
  options.installation = "abc";
  const auto gateway = *KongGateway::New(client, options);
  EXPECT_THAT(gateway->Publish({}).error().message, HasSubstr("Kong 2.7.1 is not one we know: 2.8 to 3.x"));
}

TEST_F(KongGatewayTest, SendsItsTokenAndSaysWhatIsMissing) {
  FakeKong guarded({3, 4, true, "secret"});
  auto client = std::make_shared<FakeKongClient>(guarded);
  KongOptions options;
  options.installation = "abc";
  const auto without = *KongGateway::New(client, options);
  EXPECT_EQ(without->Read().error().code, Code::kForbidden);
  EXPECT_THAT(without->Publish({}).error().message, HasSubstr("--gateway-token-file"));
  options.token = "secret";
  EXPECT_TRUE((*KongGateway::New(client, options))->Publish({Route("a")}).ok());
}

TEST_F(KongGatewayTest, HasNoCountsButSaysWhenItIsAway) {
  EXPECT_EQ(gateway_->InFlight().error().code, Code::kUnsupported);
  client_->CutAfterWrites(0);
  EXPECT_EQ(gateway_->InFlight().error().code, Code::kUnavailable);
}

TEST_F(KongGatewayTest, RefusesAddressesThatAreNone) {
  KongOptions options;
  options.installation = "abc";
  for (const char* address : {"", "127.0.0.1:8001", "tcp://x", "unix:relative"}) {
    options.admin = address;
    EXPECT_EQ(KongGateway::New(client_, options).error().code, Code::kInvalid) << address;
  }
}

// The fake is worth something only if it is as strict as Kong.
TEST(FakeKong, IsStrict) {
  FakeKong kong;
  const auto ask = [&](const std::string& method, const std::string& target, const std::string& body = "") {
    const auto answer = kong.Ask(method, target, body);
    return StrCat(answer.status, " ", answer.body);
  };
  const std::string id = "00000000-0000-4000-8000-000000000001";
  EXPECT_THAT(
      ask("PUT", "/services/" + id, R"#({"name":"a","host":"h","prot":1})#"),
      StartsWith(R"#(400 {"code":2,"name":"schema violation","message":"schema violation (prot: unknown field)")#"));
  EXPECT_THAT(ask("PUT", "/services/" + id, R"#({"name":"a"})#"), HasSubstr("host: required field missing"));
  EXPECT_THAT(ask("PUT", "/services/" + id, R"#({"name":"a","host":"h"})#"), StartsWith("200 "));
  EXPECT_THAT(
      ask("POST", "/services", R"#({"name":"a","host":"h"})#"),
      StartsWith(
          R"#(409 {"code":5,"name":"unique constraint violation","message":"UNIQUE violation detected on '{name=\"a\"}'")#"));
  EXPECT_THAT(ask("POST", "/routes", R"#({"paths":["/x"],"service":{"id":"00000000-0000-4000-8000-000000000009"}})#"),
              HasSubstr("does not reference an existing 'services' entity"));
  EXPECT_THAT(ask("POST", "/routes", StrCat(R"#({"paths":["/x"],"service":{"id":")#", id, R"#("}})#")),
              StartsWith("201 "));
  EXPECT_THAT(ask("DELETE", "/services/" + id),
              HasSubstr("an existing 'routes' entity references this 'services' entity"));
  EXPECT_THAT(ask("PUT", StrCat("/upstreams/u/targets/", id), R"#({"target":"a:1"})#"), StartsWith("404 "));
  EXPECT_THAT(ask("PUT", "/upstreams/u", "{}"), StartsWith("200 "));
  EXPECT_THAT(ask("PUT", StrCat("/upstreams/u/targets/", id), R"#({"target":"a:1"})#"), StartsWith("404 "));
  EXPECT_THAT(ask("POST", "/upstreams/u/targets", R"#({"target":"a:1"})#"), StartsWith("201 "));
  EXPECT_THAT(ask("POST", "/upstreams/u/targets", R"#({"target":"a:1"})#"), StartsWith("409 "));
  EXPECT_THAT(ask("GET", "/services?size=1001"), HasSubstr("invalid size"));
  EXPECT_THAT(ask("GET", "/targets"), StartsWith("404 "));
  EXPECT_THAT(ask("POST", "/config", "{}"), HasSubstr("only available when Kong is configured to not use a database"));
  EXPECT_THAT(ask("POST", "/routes", R"#({"paths":["/x(y)"]})#"), HasSubstr("reserved list of RFC 3986"));
  FakeKong two({2, 8, true, ""});
  EXPECT_EQ(two.Ask("POST", "/routes", R"#({"paths":["/x(y)"]})#").status, 201);
  EXPECT_EQ(two.Ask("POST", "/routes", R"#({"paths":["~/x"]})#").status, 400);
}

}  // namespace
}  // namespace patchbay::driver

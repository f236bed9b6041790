#include "driver/gateway/caddy_gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "driver/gateway/caddy_trial.h"
#include "harness/clock/fake_clock.h"
#include "harness/gateway/fake_caddy.h"
#include "object/caddy_entries.h"

namespace patchbay::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;

using testing::Pair;
using testing::SizeIs;
using testing::StartsWith;

constexpr char kForeign[] = R"({
  "admin": {"listen": "unix//x"},
  "apps": {
    "http": {"servers": {"theirs": {"listen": [":81"], "routes": [{"handle": []}]}}},
    "tls": {"automation": {"policies": []}}
  },
  "logging": {"logs": {}}
})";

GatewayRoute Route(const std::string& id, const std::string& path = "/") {
  GatewayRoute route;
  route.id = id;
  route.name = "default/" + id;
  route.paths = {{PathMatch::Type::kPrefix, path}};
  route.upstreams = {{"10.0.0.1:80"}};
  return route;
}

std::vector<GatewayRoute> Routes(int count) {
  std::vector<GatewayRoute> routes;
  for (int i = 0; i < count; ++i) routes.push_back(Route(StrCat("r", i), StrCat("/p", i)));
  return routes;
}

// The mark of installation "abc": the first 8 digits of its SHA-256.
std::string Ours(const std::string& id) { return "patchbay-ba7816bf-" + id; }

class CaddyGatewayTest : public testing::Test {
 protected:
  Published Publish(const std::vector<GatewayRoute>& routes) {
    auto published = gateway_->Publish(routes);
    EXPECT_TRUE(published.ok()) << published.error().message;
    return published.ok() ? *published : Published{};
  }
  std::vector<std::string> Ids() {
    std::vector<std::string> ids;
    const auto config = caddy_->config();
    const Json* routes = Find(config, {"apps", "http", "servers", "patchbay", "routes"});
    for (std::size_t i = 0; routes != nullptr && i < routes->size(); ++i)
      ids.push_back(FindString((*routes)[i], {"@id"}, "foreign"));
    return ids;
  }
  Json& RoutesOf(Json& config) { return config["apps"]["http"]["servers"]["patchbay"]["routes"]; }
  void Edit(const std::function<void(Json& config)>& edit) {
    auto config = caddy_->config();
    edit(config);
    caddy_->SetConfig(config);
  }

  std::shared_ptr<FakeCaddy> caddy_ = std::make_shared<FakeCaddy>();
  FakeClock clock_;
  std::unique_ptr<CaddyGateway> gateway_ = [this] {
    CaddyOptions options;
    options.installation = "abc";
    options.clock = &clock_;
    return *CaddyGateway::New(caddy_, options);
  }();
};

TEST_F(CaddyGatewayTest, CreatesItsServerInAnEmptyCaddy) {
  EXPECT_TRUE(Publish({Route("a")}).changed);
  EXPECT_THAT(Ids(), ElementsAre(Ours("a"), Ours("~")));
  const auto config = caddy_->config();
  const Json* server = Find(config, {"apps", "http", "servers", "patchbay"});
  EXPECT_TRUE(FindBool(*server, {"automatic_https", "disable"}));
  EXPECT_EQ((*server)["listen"], Json({":80"}));
  EXPECT_EQ(caddy_->reloads(), 1);
}

TEST_F(CaddyGatewayTest, LeavesACaddyAloneThatNoRouteNeeds) {
  EXPECT_FALSE(Publish({}).changed);
  EXPECT_EQ(caddy_->attempts(), 0);
}

TEST_F(CaddyGatewayTest, SendsNothingWhenAllIsSo) {
  Publish(Routes(5));
  EXPECT_FALSE(Publish(Routes(5)).changed);
  EXPECT_EQ(caddy_->attempts(), 1);
}

TEST_F(CaddyGatewayTest, SendsOneSmallChangeForOneRoute) {
  auto routes = Routes(50);
  Publish(routes);
  routes[20].upstreams = {{"10.0.0.9:80"}};
  Publish(routes);
  EXPECT_THAT(caddy_->log().back(), StartsWith("PATCH /config/apps/http/servers/patchbay/routes/"));
  routes.erase(routes.begin() + 7);
  Publish(routes);
  EXPECT_THAT(caddy_->log().back(), StartsWith("DELETE /config/apps/http/servers/patchbay/routes/"));
  routes.push_back(Route("new", "/new"));
  Publish(routes);
  EXPECT_THAT(caddy_->log().back(), StartsWith("PUT /config/apps/http/servers/patchbay/routes/"));
  EXPECT_EQ(caddy_->reloads(), 4);
  EXPECT_THAT(gateway_->Read()->routes, SizeIs(50));
}

TEST_F(CaddyGatewayTest, ReadsTheDigestItPromised) {
  auto odd = Route("odd");
  odd.paths = {{PathMatch::Type::kRegex, "/<&>"}, {PathMatch::Type::kExact, "/x"}, {PathMatch::Type::kPrefix, "/y"}};
  Publish({odd, Route("a", "/a")});
  EXPECT_THAT(gateway_->Read()->routes,
              ElementsAre(Pair("a", gateway_->Digest(Route("a", "/a"))), Pair("odd", gateway_->Digest(odd))));
}

TEST_F(CaddyGatewayTest, KeepsWhatIsForeign) {
  caddy_->SetConfig(*ParseJson(kForeign));
  Publish(Routes(3));
  auto config = caddy_->config();
  config["apps"]["http"]["servers"].erase("patchbay");
  EXPECT_EQ(config, *ParseJson(kForeign));
}

TEST_F(CaddyGatewayTest, KeepsForeignRoutesInItsServerInPlace) {
  Publish(Routes(2));
  Edit([&](Json& config) {
    auto& routes = RoutesOf(config);
    routes.insert(routes.begin(), *ParseJson(R"({"handle":[{"handler":"vars","first":1}]})"));
    routes.push_back(*ParseJson(R"({"@id":"patchbay-other-x","handle":[]})"));
  });
  Publish({Route("only")});
  EXPECT_THAT(Ids(), ElementsAre("foreign", Ours("only"), "patchbay-other-x", Ours("~")));
  Publish({});
  EXPECT_THAT(Ids(), ElementsAre("foreign", "patchbay-other-x", Ours("~")));
}

TEST_F(CaddyGatewayTest, DoesNotOverwriteAConcurrentWriter) {
  Publish(Routes(2));
  caddy_->BeforeNextChange(
      [&] { Edit([&](Json& config) { RoutesOf(config).push_back(*ParseJson(R"({"handle":[]})")); }); });
  Publish(Routes(3));
  EXPECT_THAT(Ids(), ElementsAre(Ours("r0"), Ours("r1"), Ours("r2"), "foreign", Ours("~")));
}

TEST_F(CaddyGatewayTest, GivesUpAgainstAWriterThatNeverRests) {
  Publish(Routes(1));
  int writes = 0;
  std::function<void()> fight = [&] {
    Edit([&](Json& config) { RoutesOf(config).push_back({{"handle", Json::array()}, {"group", StrCat(writes++)}}); });
    caddy_->BeforeNextChange(fight);
  };
  caddy_->BeforeNextChange(fight);
  const auto published = gateway_->Publish(Routes(2));
  ASSERT_FALSE(published.ok());
  EXPECT_EQ(published.error().code, Code::kConflict);
  caddy_->BeforeNextChange(nullptr);
  EXPECT_TRUE(Publish(Routes(2)).changed);
}

TEST_F(CaddyGatewayTest, LooksAgainWhenInDoubt) {
  for (const bool after : {false, true}) {
    caddy_->FailNextChange({Code::kInDoubt, "cut"}, after);
    EXPECT_TRUE(Publish({Route("a", after ? "/x" : "/y")}).changed);
    EXPECT_EQ(gateway_->Read()->routes.at("a"), gateway_->Digest(Route("a", after ? "/x" : "/y")));
  }
}

TEST_F(CaddyGatewayTest, SaysWhenCaddyIsAway) {
  caddy_->FailNextChange({Code::kUnavailable, "refused"}, false);
  EXPECT_EQ(gateway_->Publish({Route("a")}).error().code, Code::kUnavailable);
  EXPECT_TRUE(Publish({Route("a")}).changed);
}

TEST_F(CaddyGatewayTest, LeavesOutOneBadRouteOfManyAtThePlaceCaddyNames) {
  auto routes = Routes(300);
  routes[217].upstreams = {{"bad:1"}};
  caddy_->RefuseWord("bad:1");
  const auto published = Publish(routes);
  EXPECT_THAT(published.refused, ElementsAre(Pair("r217", "no place for bad:1")));
  EXPECT_THAT(gateway_->Read()->routes, SizeIs(299));
  EXPECT_EQ(caddy_->attempts(), 2);
}

TEST_F(CaddyGatewayTest, FindsTheBadRouteByHalvesWhenCaddyNamesNoPlace) {
  Publish(Routes(300));
  auto routes = Routes(300);
  routes[217].upstreams = {{"bad:1"}};
  caddy_->RefuseWord("bad:1", false);
  const int before = caddy_->attempts();
  const auto published = Publish(routes);
  EXPECT_THAT(published.refused, ElementsAre(Pair("r217", HasSubstr("no place for bad:1"))));
  EXPECT_LE(caddy_->attempts() - before, 25);
  EXPECT_THAT(gateway_->Read()->routes, SizeIs(299));
  EXPECT_EQ(caddy_->config()["apps"]["http"]["servers"].size(), 1u);
}

TEST_F(CaddyGatewayTest, FindsEveryBadRoute) {
  for (const bool name_place : {true, false}) {
    caddy_->RefuseWord("bad:1", name_place);
    auto routes = Routes(40);
    for (const int i : {0, 1, 17, 38, 39}) routes[static_cast<std::size_t>(i)].upstreams = {{"bad:1"}};
    const auto published = Publish(routes);
    EXPECT_THAT(published.refused, ElementsAre(Key("r0"), Key("r1"), Key("r17"), Key("r38"), Key("r39")));
    EXPECT_THAT(gateway_->Read()->routes, SizeIs(35));
  }
}

TEST_F(CaddyGatewayTest, RemembersARefusalUntilTheRouteChanges) {
  caddy_->RefuseWord("bad:1");
  auto routes = Routes(10);
  routes[4].upstreams = {{"bad:1"}};
  Publish(routes);
  const int before = caddy_->attempts();
  const auto again = Publish(routes);
  EXPECT_THAT(again.refused, ElementsAre(Pair("r4", "no place for bad:1")));
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(caddy_->attempts(), before);
  EXPECT_THAT(Publish(Routes(10)).refused, IsEmpty());
  EXPECT_THAT(gateway_->Read()->routes, SizeIs(10));
}

TEST_F(CaddyGatewayTest, AsksAgainAboutARefusalWhenCaddyRestarted) {
  caddy_->RefuseWord("bad:1");
  auto routes = Routes(3);
  routes[1].upstreams = {{"bad:1"}};
  Publish(routes);
  const int before = caddy_->attempts();
  caddy_->Restart();
  EXPECT_THAT(gateway_->Read()->routes, IsEmpty());
  EXPECT_THAT(Publish(routes).refused, SizeIs(1));
  EXPECT_EQ(caddy_->attempts() - before, 2);
}

TEST_F(CaddyGatewayTest, SaysCaddysWordsWhenItRefusesEverything) {
  Publish(Routes(1));
  caddy_->RefuseWord(Ours("~"));
  const auto published = gateway_->Publish(Routes(2));
  ASSERT_FALSE(published.ok());
  EXPECT_EQ(published.error().code, Code::kInvalid);
  EXPECT_THAT(published.error().message, HasSubstr("no place for " + Ours("~")));
}

TEST_F(CaddyGatewayTest, ChangesItsEpochWhenOthersChangeOrEmptyItsServer) {
  Publish(Routes(2));
  const auto first = gateway_->Read()->epoch;
  EXPECT_EQ(gateway_->Read()->epoch, first);
  Publish(Routes(3));
  EXPECT_EQ(gateway_->Read()->epoch, first);
  caddy_->Restart();
  const auto second = gateway_->Read()->epoch;
  EXPECT_NE(second, first);
  Publish(Routes(3));
  EXPECT_EQ(gateway_->Read()->epoch, second);
  Edit([&](Json& config) { RoutesOf(config).erase(0); });
  EXPECT_NE(gateway_->Read()->epoch, second);
}

TEST_F(CaddyGatewayTest, RepairsWhatOthersChanged) {
  Publish(Routes(4));
  Edit([&](Json& config) { std::swap(RoutesOf(config)[0], RoutesOf(config)[2]); });
  EXPECT_TRUE(Publish(Routes(4)).changed);
  Edit([&](Json& config) { RoutesOf(config)[1]["handle"] = Json::array(); });
  EXPECT_NE(gateway_->Read()->routes.at("r1"), gateway_->Digest(Routes(4)[1]));
  EXPECT_TRUE(Publish(Routes(4)).changed);
  Edit([&](Json& config) { config["apps"]["http"]["servers"]["patchbay"]["listen"] = {":9"}; });
  EXPECT_TRUE(Publish(Routes(4)).changed);
  Edit([&](Json& config) { config["apps"]["http"]["servers"]["patchbay"].erase("routes"); });
  EXPECT_TRUE(Publish(Routes(4)).changed);
  EXPECT_FALSE(Publish(Routes(4)).changed);
}

TEST_F(CaddyGatewayTest, KeepsSettingsThatOthersGaveItsServer) {
  Publish(Routes(1));
  Edit([&](Json& config) { config["apps"]["http"]["servers"]["patchbay"]["logs"] = Json::object(); });
  Publish(Routes(2));
  const auto config = caddy_->config();
  EXPECT_NE(Find(config, {"apps", "http", "servers", "patchbay", "logs"}), nullptr);
}

TEST_F(CaddyGatewayTest, RemovesATrialThatACrashLeftBehind) {
  caddy_->SetConfig(*ParseJson(R"({"apps":{"http":{"servers":{"patchbay-trial":{"routes":[]}}}}})"));
  Publish(Routes(1));
  const auto config = caddy_->config();
  EXPECT_EQ(Find(config, {"apps", "http", "servers", "patchbay-trial"}), nullptr);
}

TEST_F(CaddyGatewayTest, SaysWhatItCannotMap) {
  auto mixed = Route("mixed");
  mixed.upstreams = {{"10.0.0.1:80"}, {"10.0.0.2:443", true}};
  const auto published = Publish({mixed, Route("good")});
  EXPECT_THAT(published.refused, ElementsAre(Pair("mixed", HasSubstr("https"))));
  EXPECT_THAT(gateway_->Read()->routes, ElementsAre(Key("good")));
}

TEST_F(CaddyGatewayTest, CountsRequestsUnderWay) {
  EXPECT_THAT(*gateway_->InFlight(), IsEmpty());
  caddy_->SetInFlight("10.0.0.1:80", 3);
  EXPECT_THAT(*gateway_->InFlight(), ElementsAre(Pair("10.0.0.1:80", 3)));
}

TEST(CaddyOptions, AreCheckedBeforeUse) {
  const auto caddy = std::make_shared<FakeCaddy>();
  const auto error = [&](const std::function<void(CaddyOptions&)>& spoil) {
    CaddyOptions options;
    options.installation = "abc";
    spoil(options);
    const auto gateway = CaddyGateway::New(caddy, options);
    return gateway.ok() ? Code::kInternal : gateway.error().code;
  };
  EXPECT_EQ(error([](auto& options) { options.server = "a/b"; }), Code::kInvalid);
  EXPECT_EQ(error([](auto& options) { options.installation = ""; }), Code::kInvalid);
  EXPECT_EQ(error([](auto& options) { options.listen.clear(); }), Code::kInvalid);
  EXPECT_EQ(error([](auto& options) { options.admin = "ftp://x"; }), Code::kInvalid);
  EXPECT_EQ(error([](auto& options) { options.admin = "unix//run/x.sock"; }), Code::kInternal);
}

// As Caddy 2.6.2 words it.
constexpr char kRefusal[] =
    "loading new config: loading http app module: provision http: server patchbay: setting up route matchers: route "
    "17: "
    "loading matcher modules: module name 'path_regexp': provision http.matchers.path_regexp: compiling matcher regexp "
    "a((: error parsing regexp: missing closing ): `a((`";

TEST(CaddyMessage, NamesThePlace) {
  EXPECT_EQ(PlaceInMessage(kRefusal, "patchbay"), 17);
  EXPECT_EQ(PlaceInMessage(kRefusal, "other"), std::nullopt);
  EXPECT_EQ(PlaceInMessage("server patchbay: route x: no", "patchbay"), std::nullopt);
  EXPECT_THAT(WithoutPlace(kRefusal), StartsWith("loading matcher modules: module name 'path_regexp'"));
  EXPECT_EQ(WithoutPlace("no place"), "no place");
}

// Routes go into a server that somebody else has configured.
class CaddySharedServer : public CaddyGatewayTest {
 protected:
  CaddySharedServer() {
    CaddyOptions options;
    options.installation = "abc";
    options.server = "srv0";
    options.shared = true;
    gateway_ = *CaddyGateway::New(caddy_, options);
    Load();
  }
  void Load() {
    caddy_->SetConfig(*ParseJson(R"({"apps":{"http":{"servers":{"srv0":{"listen":[":443"],"routes":[
      {"handle":[{"handler":"subroute","routes":[
         {"handle":[{"handler":"encode"}]},
         {"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"10.0.0.9:80"}]}]}]}],"match":[{"host":["old.example.org"]}]}]}}}}})"));
  }
  Json Server() { return *Find(caddy_->config(), {"apps", "http", "servers", "srv0"}); }
  GatewayRoute Adopting() {
    GatewayRoute route = Route("r");
    route.entries = {"caddy:" + NameCaddyEntries("srv0", Server()["routes"]).at("[0].handle[0].routes[1]")};
    return route;
  }
};

TEST_F(CaddySharedServer, KeepsItsAddressesAndWhatItSaysToTheRest) {
  Publish({Route("r")});
  EXPECT_EQ(Server()["listen"], Json({":443"}));
  ASSERT_EQ(Server()["routes"].size(), 2u) << "no 404 of ours";
  EXPECT_EQ(FindString(Server()["routes"][0], {"@id"}), Ours("r"));
  Publish({});
  EXPECT_EQ(Server()["routes"].size(), 1u);
}

TEST_F(CaddySharedServer, IsNotCreated) {
  caddy_->Restart();
  const auto published = gateway_->Publish({Route("r")});
  EXPECT_EQ(published.error().code, Code::kUnavailable);
  EXPECT_EQ(published.error().message, "Caddy's configuration has no server \"srv0\", which --caddy-server names");
  EXPECT_TRUE(caddy_->config().is_null());
}

TEST_F(CaddySharedServer, PutsOursInAnEntrysPlaceInOneChange) {
  auto route = Adopting();
  EXPECT_FALSE(Publish({route}).changed);
  route.entry_use = EntryUse::kReplace;
  Publish({route});
  EXPECT_EQ(caddy_->reloads(), 1);
  ASSERT_EQ(Server()["routes"].size(), 2u);
  EXPECT_EQ(Server()["routes"][1]["handle"][0]["routes"], *ParseJson(R"([{"handle":[{"handler":"encode"}]}])"));
}

TEST_F(CaddySharedServer, DoesNotTakeEntriesForGoneWhileItIsAway) {
  const auto route = Adopting();
  Publish({route});
  caddy_->Restart();
  EXPECT_EQ(gateway_->Publish({route}).error().code, Code::kUnavailable);
  Load();
  EXPECT_THAT(Publish({route}).missing, IsEmpty());
}

TEST_F(CaddySharedServer, TakesOursOutOfTheServersWhereTheyWereBefore) {
  Json config = caddy_->config();
  config["apps"]["http"]["servers"]["patchbay"] = {{"routes", {{{"@id", Ours("r")}}, {{"@id", Ours("~")}}}}};
  config["apps"]["http"]["servers"]["mixed"] = {{"routes", {{{"@id", Ours("r")}}, {{"handle", Json::array()}}}}};
  caddy_->SetConfig(config);
  Publish({Route("r")});
  const Json servers = *Find(caddy_->config(), {"apps", "http", "servers"});
  EXPECT_FALSE(servers.contains("patchbay"));
  EXPECT_EQ(servers["mixed"]["routes"], *ParseJson(R"([{"handle":[]}])"));
  EXPECT_EQ(Server()["routes"].size(), 2u);
}

// The operator was started for another server than before, it seems.
TEST_F(CaddySharedServer, DoesNothingForAnEntryInAnotherServer) {
  auto route = Adopting();
  route.entries = {"caddy:srv1:0123456789abcdef"};
  for (const auto use : {EntryUse::kServe, EntryUse::kReplace, EntryUse::kRemove}) {
    route.entry_use = use;
    const auto published = Publish({route});
    EXPECT_FALSE(published.changed);
    EXPECT_THAT(published.elsewhere, ElementsAre(Pair("r", "the entry srv1:0123456789abcdef is in Caddy's server \"srv1\", and routes go to "
                                                           "\"srv0\": start the operator with --caddy-server srv1")));
  }
}

}  // namespace
}  // namespace patchbay::driver

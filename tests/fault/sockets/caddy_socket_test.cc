// D4, D5 and D6 with the real CaddyGateway, on Caddy's admin socket that fails in every way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include "driver/gateway/caddy_gateway.h"
#include "fault/world/shop.h"
#include "harness/gateway/fake_caddy.h"
#include "harness/http/faulty_server.h"

namespace patchbay::controller {
namespace {

using http::SocketFault;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kTheirs[] = R"({
  "admin": {"listen": "unix//x"},
  "apps": {"http": {"servers": {"theirs": {"listen": [":81"], "routes": [{"handle": []}]}}}, "tls": {"automation": {"policies": []}}},
  "logging": {"logs": {}}
})";

Json WithoutOurs(Json config) {
  if (Find(config, {"apps", "http", "servers"}) != nullptr) config["apps"]["http"]["servers"].erase("patchbay");
  return config;
}

// Where requests are led to. A route that nobody can match counts those who are leaving.
void FindDials(const Json& config, std::set<std::string>& dials) {
  if (config.is_object() && FindString(config, {"@id"}).ends_with("~leaving")) return;
  if (config.is_object() && config.contains("dial")) dials.insert(config["dial"].get<std::string>());
  if (!config.is_structured()) return;
  for (const Json& member : config) FindDials(member, dials);
}

// The operator with the real gateway, over a Unix socket on which a fake Caddy answers.
class CaddyStage {
 public:
  CaddyStage() {
    caddy.SetConfig(*ParseJson(kTheirs));
    driver::CaddyOptions options;
    options.admin = "unix/" + path_;
    options.installation = "test";
    options.call_deadline = std::chrono::milliseconds(500);  // real
    options.clock = &world.clock;
    auto made = driver::CaddyGateway::New(http::NewCurlClient(), options);
    EXPECT_TRUE(made.ok()) << made.error().message;
    gateway = *std::move(made);
    world.Hold(nullptr, gateway.get());
  }
  ~CaddyStage() { world.KillOperator(); }

  std::set<std::string> Dials() const {
    std::set<std::string> dials;
    FindDials(caddy.config(), dials);
    return dials;
  }
  std::set<std::string> Running() const {
    std::set<std::string> addresses;
    for (const auto& container : world.Containers())
      if (container.state == driver::ContainerState::kRunning) addresses.insert(container.ip + ":8080");
    return addresses;
  }
  void Open(const std::string& strategy = "RollingUpdate") {
    OpenShop(world, 2, strategy);
    EXPECT_EQ(Dials(), Running());
    EXPECT_THAT(Dials(), SizeIs(2));
  }
  // From now on: whenever the configuration changed it led to somebody.
  void Watch() { watching_ = true; }
  std::vector<std::string> starved;

 private:
  http::FaultyServer::Reply Serve(const http::Call& call) {
    http::Call passed = call;
    passed.url = "http://caddy" + call.url;
    auto answer = caddy.Send(passed);
    if (watching_ && call.method != "GET") {
      const auto dials = Dials();
      const auto running = Running();
      if (std::none_of(dials.begin(), dials.end(), [&](const std::string& dial) { return running.contains(dial); }))
        starved.push_back(StrCat(call.method, " ", call.url));
    }
    return {*answer};
  }

  const std::string path_ = StrCat("/tmp/patchbay-fault-caddy-", getpid(), ".sock");
  std::atomic<bool> watching_ = false;

 public:
  World world;
  driver::FakeCaddy caddy;
  http::FaultyServer server{"unix:" + path_, [this](const http::Call& call) { return Serve(call); }};
  std::unique_ptr<driver::CaddyGateway> gateway;
};

struct Failure {
  const char* name;
  SocketFault fault;
  int status = 0;
};

class CaddySocket : public testing::TestWithParam<Failure> {};

TEST_P(CaddySocket, AtAnyCallOfARolloutConvergesAndTheRouteAlwaysLeadsToSomebody) {
  CaddyStage stage;
  stage.Open();
  stage.Watch();
  bool met = true;
  int nth = 1;
  for (; met && nth < 60; ++nth) {
    SCOPED_TRACE(StrCat("at call ", nth));
    const std::string image = nth % 2 == 1 ? "app:2" : "app:1";
    Watchman watchman(stage.world);
    stage.server.Fail(GetParam().fault, nth, nullptr, {GetParam().status, {}, "{\"error\":\"on purpose\"}\n"});
    stage.world.Patch(stage.world.PluginKey("shop"), {{"image", image}});
    stage.world.Settle();
    // Beyond the rollout the gateway is asked every second: one of those calls does not count.
    met = stage.server.waiting() == 0;
    stage.server.ForgetFaults();
    stage.world.Advance(seconds(30));
    EXPECT_THAT(stage.world.RunningImages(), ElementsAre(image, image));
    EXPECT_EQ(stage.Dials(), stage.Running());
    EXPECT_EQ(watchman.stops, 2);
    EXPECT_THAT(stage.starved, IsEmpty());
    EXPECT_EQ(WithoutOurs(stage.caddy.config()), WithoutOurs(*ParseJson(kTheirs)));
    EXPECT_EQ(stage.world.ConditionOf(stage.world.RouteKey("shop"), "Ready"), "True/Programmed");
    if (HasFailure()) return;
  }
  EXPECT_GT(nth, 5);
}

INSTANTIATE_TEST_SUITE_P(Fails, CaddySocket,
                         testing::Values(Failure{"Timeout", SocketFault::kHangBefore}, Failure{"TimeoutAfterItWasApplied", SocketFault::kHangAfter},
                                         Failure{"Overwritten", SocketFault::kInstead, 412}, Failure{"TooManyRequests", SocketFault::kInstead, 429},
                                         Failure{"ServerErrorAfterItWasApplied", SocketFault::kAfter, 500},
                                         Failure{"CutBeforeItWasApplied", SocketFault::kCutBefore},
                                         Failure{"CutAfterItWasApplied", SocketFault::kCutAfter},
                                         Failure{"CutWithinTheAnswer", SocketFault::kCutHalf}),
                         [](const auto& test) { return std::string(test.param.name); });

enum class Return { kEmpty, kOld, kForeign };

class CaddyLoss : public testing::TestWithParam<Return> {
 protected:
  static void ComeBack(CaddyStage& stage, const Json& long_ago) {
    stage.server.Stop();
    if (GetParam() == Return::kEmpty) stage.caddy.Restart();
    if (GetParam() == Return::kOld) stage.caddy.SetConfig(long_ago);
    if (GetParam() == Return::kForeign) stage.caddy.SetConfig(*ParseJson(kTheirs));
    stage.server.Start();
  }
};

TEST_P(CaddyLoss, AtAnyActionOfARolloutIsMendedWithoutAHumanAndTouchesNothingForeign) {
  CaddyStage stage;
  stage.Open();
  const Json long_ago = stage.caddy.config();
  bool lost = true;
  int nth = 1;
  for (; lost && nth < 40; ++nth) {
    SCOPED_TRACE(StrCat("before action ", nth));
    const std::string image = nth % 2 == 1 ? "app:2" : "app:1";
    lost = false;
    int left = nth;
    stage.world.runtime.faults().SetHook([&](driver::RuntimeCall call, const std::string&) {
      if (!driver::IsAction(call) || --left != 0) return;
      lost = true;
      ComeBack(stage, long_ago);
    });
    stage.world.Patch(stage.world.PluginKey("shop"), {{"image", image}});
    stage.world.Settle();
    stage.world.Advance(seconds(30));
    EXPECT_THAT(stage.world.RunningImages(), ElementsAre(image, image));
    EXPECT_EQ(stage.Dials(), stage.Running());
    const Json foreign = WithoutOurs(stage.caddy.config());
    if (GetParam() != Return::kEmpty) { EXPECT_EQ(foreign, WithoutOurs(*ParseJson(kTheirs))); }
    if (HasFailure()) return;
  }
  EXPECT_GT(nth, 5);
}

TEST_P(CaddyLoss, WithoutARolloutIsMendedByOneChangeWithinTwoSeconds) {
  CaddyStage stage;
  stage.Open();
  const Json long_ago = stage.caddy.config();
  stage.world.Patch(stage.world.PluginKey("shop"), {{"image", "app:2"}});
  stage.world.Settle();
  stage.world.Advance(seconds(5));
  ComeBack(stage, long_ago);
  stage.world.Advance(seconds(2));
  EXPECT_EQ(stage.Dials(), stage.Running());
  const int reloads = stage.caddy.reloads();
  stage.world.Advance(minutes(2));
  EXPECT_EQ(stage.caddy.reloads(), reloads) << "no storm";
}

INSTANTIATE_TEST_SUITE_P(ComingBack, CaddyLoss, testing::Values(Return::kEmpty, Return::kOld, Return::kForeign), [](const auto& test) {
  return test.param == Return::kEmpty ? "Empty" : test.param == Return::kOld ? "WithWhatItWasLongAgo" : "WithSomebodyElses";
});

TEST(BadRoutesOnCaddy, CostOnlyThemselvesAndCarryItsOwnWordsAfterARestartToo) {
  CaddyStage stage;
  stage.caddy.RefuseWord("badness");
  stage.world.ApplyPlugin("shop", PluginSpec("app:1", 2));
  for (int i = 0; i < 100; ++i) {
    Json spec = RouteSpec("shop");
    spec["paths"][0]["value"] = StrCat(i % 9 == 4 ? "/badness" : "/p", i);
    stage.world.ApplyRoute(StrCat("r", i), spec);
  }
  const auto look = [&] {
    for (int i = 0; i < 100; ++i) {
      const Key key = stage.world.RouteKey(StrCat("r", i));
      EXPECT_EQ(stage.world.ConditionOf(key, "Programmed"), i % 9 == 4 ? "False/RefusedByGateway" : "True/Programmed") << i;
      if (i % 9 == 4) { EXPECT_THAT(FindCondition(stage.world.Get(key), "Programmed")->message, HasSubstr("no place for badness")); }
    }
    EXPECT_EQ(stage.Dials(), stage.Running());
    EXPECT_EQ(DumpJson(stage.caddy.config()).find("badness"), std::string::npos);
  };
  stage.world.Settle();
  stage.world.Advance(seconds(10));
  look();
  stage.caddy.Restart();
  stage.world.Advance(seconds(10));
  look();
  stage.world.Patch(stage.world.RouteKey("r4"), {{"paths", {{{"type", "Prefix"}, {"value", "/good"}}}}});
  stage.world.Settle();
  stage.world.Advance(seconds(5));
  EXPECT_EQ(stage.world.ConditionOf(stage.world.RouteKey("r4"), "Ready"), "True/Programmed");
}

}  // namespace
}  // namespace patchbay::controller

// D3, D8, D9, D10 and D14 with the real DockerRuntime, on an engine's socket that fails in every way.
#include "fault/sockets/engine_stage.h"

#include <random>

namespace patchbay::controller {
namespace {

using driver::FakeEngine;
using driver::RuntimeEvent;
using http::SocketFault;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

bool IsNoStream(const http::Call& call) { return call.url.find("/events") == std::string::npos; }
bool Changes(const http::Call& call) { return call.method != "GET"; }

class EngineSocket : public testing::TestWithParam<SocketFault> {
 protected:
  // One rollout after the other, the n-th call of each meets the fault, until a rollout needs fewer.
  void FailEverywhere(const http::FaultyServer::Fits& fits) {
    stage_.world.runtime.AddForeign("foreign");
    stage_.Open(2);
    bool met = true;
    int nth = 1;
    for (; met && nth < 100; ++nth) {
      SCOPED_TRACE(StrCat("at call ", nth));
      const std::string image = nth % 2 == 1 ? "app:2" : "app:1";
      Watchman watchman(stage_.world);
      stage_.engine.server().Fail(GetParam(), nth, fits, {500, {}, R"({"message":"on purpose"})"});
      stage_.Wish(image);
      EXPECT_TRUE(stage_.Until([&] { return stage_.IsAsWished(image, 2); })) << stage_.Words();
      met = stage_.engine.server().waiting() == 0;
      stage_.engine.server().ForgetFaults();
      EXPECT_THAT(watchman.broken, IsEmpty());
      EXPECT_GE(watchman.least_serving, 2);
      EXPECT_EQ(watchman.stops, 2) << "the old ones";
      EXPECT_EQ(stage_.world.runtime.All().front().name, "foreign");
      if (HasFailure()) return;
    }
    EXPECT_GT(nth, 5);
  }

  EngineStage stage_;
};

TEST_P(EngineSocket, AtAnyCallThatChangesSomethingEndsWithExactlyTheWishedOnes) { FailEverywhere(Changes); }

INSTANTIATE_TEST_SUITE_P(Fails, EngineSocket,
                         testing::Values(SocketFault::kInstead, SocketFault::kAfter, SocketFault::kCutBefore, SocketFault::kCutAfter,
                                         SocketFault::kCutHalf, SocketFault::kHangBefore, SocketFault::kHangAfter));

class EngineQuestion : public EngineSocket {};

TEST_P(EngineQuestion, ThatFailsEndsWithExactlyTheWishedOnes) {
  FailEverywhere([](const http::Call& call) { return !Changes(call) && IsNoStream(call); });
}

INSTANTIATE_TEST_SUITE_P(Fails, EngineQuestion, testing::Values(SocketFault::kInstead, SocketFault::kCutHalf, SocketFault::kHangBefore));

class EngineDeath : public testing::TestWithParam<std::string> {};

TEST_P(EngineDeath, OfTheOperatorAfterAnyCallOfARolloutDoublesNothingAndStopsNoNewOne) {
  EngineStage stage;
  stage.world.runtime.AddForeign("foreign");
  stage.Open(2, GetParam());
  bool died = true;
  int nth = 1;
  for (; died && nth < 60; ++nth) {
    SCOPED_TRACE(StrCat("dies after call ", nth));
    const std::string image = nth % 2 == 1 ? "app:2" : "app:1";
    Watchman watchman(stage.world);
    std::set<std::string> fresh;  // when it died
    stage.client->DieAfter(nth);
    stage.Wish(image);
    died = false;
    try {
      EXPECT_TRUE(stage.Until([&] { return stage.IsAsWished(image, 2); })) << stage.Words();
    } catch (const Crash&) {
      died = true;
      fresh = RunningIds(stage.world, image);
      stage.Begin();
      watchman.Begin();
      EXPECT_TRUE(stage.Until([&] { return stage.IsAsWished(image, 2); })) << stage.Words();
    }
    stage.client->DieAfter(0);
    EXPECT_THAT(watchman.broken, IsEmpty());
    EXPECT_LE(watchman.stops, 2) << "the old ones; the engine may do what the dead asked for while nobody looks";
    EXPECT_THAT(RunningIds(stage.world), testing::IsSupersetOf(fresh)) << "no new one is stopped";
    EXPECT_GE(watchman.least_serving, GetParam() == "Recreate" ? 0 : 2);
    EXPECT_EQ(stage.world.runtime.All().front().name, "foreign");
    if (HasFailure()) return;
  }
  EXPECT_GT(nth, 8);
}

INSTANTIATE_TEST_SUITE_P(Strategies, EngineDeath, testing::ValuesIn(AllStrategies()), [](const auto& test) { return test.param; });

TEST(EngineEventsOverASocket, LostDoubledAndReorderedChangeNothingButTheTimeItTakes) {
  EngineStage stage;
  stage.Open(3);
  std::mt19937 dice(4);
  stage.engine.TellInstead([&, late = std::make_shared<std::vector<RuntimeEvent>>()](const RuntimeEvent& event) {
    std::vector<RuntimeEvent> told = std::exchange(*late, {});
    const auto face = dice() % 4;
    if (face == 0) return told;
    if (face == 1) return late->push_back(event), told;
    told.insert(told.begin(), face == 2 ? 2 : 1, event);
    return told;
  });
  for (int harm = 0; harm < 12; ++harm) {
    const auto ours = stage.world.Containers();
    const auto& victim = ours[static_cast<std::size_t>(harm) % ours.size()];
    if (harm % 2 == 0) stage.world.runtime.Vanish(victim.id);
    else stage.world.runtime.Pause(victim.id);
    EXPECT_TRUE(stage.Until([&] { return stage.IsAsWished("app:1", 3); }, minutes(3))) << stage.Words();
  }
}

TEST(EngineEventsOverASocket, AreListenedToAgainAfterEveryRestartOfTheDaemon) {
  EngineStage stage;
  stage.Open(2);
  for (int restart = 0; restart < 5; ++restart) {
    stage.engine.server().Stop();
    stage.world.Advance(minutes(1 + restart * 30));
    EXPECT_EQ(Serving(stage.world), 2) << "what serves is left alone";
    stage.world.runtime.Vanish(stage.world.Containers().front().id);
    stage.engine.server().Start();
    EXPECT_TRUE(stage.Until([&] { return stage.IsAsWished("app:1", 2); }, seconds(65))) << stage.Words();
    stage.world.runtime.Vanish(stage.world.Containers().front().id);
    EXPECT_TRUE(stage.Until([&] { return stage.IsAsWished("app:1", 2); }, seconds(65))) << stage.Words();
  }
}

TEST(EngineListOverASocket, ThatIsEmptyOrHalfOrCutCostsNoContainer) {
  EngineStage stage;
  stage.Open(4);
  const auto before = RunningIds(stage.world);
  for (const int keep : {0, 2}) {
    stage.engine.ListInstead([keep](Json list) {
      while (list.size() > static_cast<std::size_t>(keep)) list.erase(list.size() - 1);
      return list;
    });
    stage.world.Advance(minutes(10));
    EXPECT_EQ(RunningIds(stage.world), before);
    EXPECT_THAT(stage.world.Containers(), SizeIs(4));
  }
  stage.engine.ListInstead(nullptr);
  for (int nth = 1; nth < 40; ++nth)
    stage.engine.server().Fail(SocketFault::kCutHalf, nth, [](const http::Call& call) { return call.url.find("/containers/json") != std::string::npos; });
  stage.world.Advance(minutes(10));
  stage.engine.server().ForgetFaults();
  EXPECT_TRUE(stage.Until([&] { return stage.IsAsWished("app:1", 4); })) << stage.Words();
  EXPECT_EQ(RunningIds(stage.world), before);
}

TEST(NameHeldOverASocket, ByAForeignContainerIsSaidAndNotFoughtFor) {
  EngineStage stage;
  stage.Open(1);
  const std::string name = stage.world.Containers()[0].name;
  stage.world.runtime.Vanish(name);
  const std::string foreign = stage.world.runtime.AddForeign(name);
  EXPECT_TRUE(stage.Until([&] { return stage.world.ConditionOf(stage.world.PluginKey("shop"), "Stalled") == "True/NameConflict"; }));
  EXPECT_THAT(stage.Words(), HasSubstr(foreign));
  EXPECT_EQ(stage.world.runtime.All().front().id, foreign);
  stage.world.runtime.Vanish(foreign);
  EXPECT_TRUE(stage.Until([&] { return stage.IsAsWished("app:1", 1); })) << stage.Words();
}

TEST(HostPortOverASocket, ThatIsTakenIsNamedAndTriedAgain) {
  EngineStage stage;
  stage.world.runtime.HoldHostPort(9'000);
  Json spec = PluginSpec();
  spec["ports"][0]["hostPort"] = 9'000;
  stage.world.ApplyPlugin("shop", spec);
  stage.world.ApplyRoute("shop", RouteSpec("shop"));
  EXPECT_TRUE(stage.Until([&] { return stage.world.ConditionOf(stage.world.PluginKey("shop"), "Stalled") == "True/PortConflict"; }));
  EXPECT_THAT(stage.Words(), HasSubstr("9000"));
  stage.world.runtime.ReleaseHostPort(9'000);
  EXPECT_TRUE(stage.Until([&] { return stage.IsAsWished("app:1", 1); })) << stage.Words();
}

class PullOverASocket : public testing::TestWithParam<const char*> {};

TEST_P(PullOverASocket, ThatFailsLeavesTheOldOnesServingAndEndsWellWhenItCanBe) {
  EngineStage stage;
  stage.Open(2);
  const auto before = RunningIds(stage.world);
  stage.world.runtime.SetPullError("new:1", Error{Code::kInternal, GetParam()});
  stage.Wish("new:1");
  EXPECT_TRUE(stage.Until([&] { return stage.world.ConditionOf(stage.world.PluginKey("shop"), "Stalled") == "True/ImagePullBackOff"; }));
  EXPECT_THAT(FindCondition(stage.world.Get(stage.world.PluginKey("shop")), "Stalled")->message, HasSubstr(GetParam()));
  EXPECT_EQ(RunningIds(stage.world), before);
  EXPECT_EQ(Serving(stage.world), 2);
  stage.world.runtime.SetPullError("new:1", std::nullopt);
  EXPECT_TRUE(stage.Until([&] { return stage.IsAsWished("new:1", 2); }, minutes(20))) << stage.Words();
}

INSTANTIATE_TEST_SUITE_P(Words, PullOverASocket,
                         testing::Values("toomanyrequests: retry-after: 90s, allowed: 100/6h", "unauthorized: authentication required",
                                         "manifest for new:1 not found: manifest unknown", "unexpected EOF",
                                         "write /var/lib/docker/tmp/GetImageBlob1: no space left on device"));

TEST(PullOverASocketThat, HangsIsGivenUpAndTriedAgain) {
  EngineStage stage;
  stage.Open(2);
  stage.engine.server().Fail(SocketFault::kHangBefore, 1, [](const http::Call& call) { return call.url.find("/images/create") != std::string::npos; });
  stage.Wish("new:1");
  EXPECT_TRUE(stage.Until([&] { return stage.IsAsWished("new:1", 2); }, minutes(20))) << stage.Words();
  EXPECT_EQ(stage.engine.server().waiting(), 0u);
}

}  // namespace
}  // namespace patchbay::controller

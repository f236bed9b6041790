// D9: a host port that two want, or that somebody holds.
#include "fault/world/shop.h"

namespace patchbay::controller {
namespace {

using driver::RuntimeCall;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

Json AtHostPort(int port, const std::string& image = "app:1") {
  Json spec = PluginSpec(image);
  spec["ports"][0]["hostPort"] = port;
  return spec;
}

std::string Words(const World& world, const std::string& plugin) {
  const auto stalled = FindCondition(world.Get(world.PluginKey(plugin)), "Stalled");
  return stalled ? stalled->message : "";
}

TEST(PortConflict, OfTwoPluginsLeavesTheFirstServingAndNamesThePortToTheSecond) {
  World world;
  world.ApplyPlugin("first", AtHostPort(9'000));
  world.Settle();
  const auto first = RunningIds(world);
  world.ApplyPlugin("second", AtHostPort(9'000, "app:2"));
  world.Advance(minutes(20));
  EXPECT_EQ(world.ConditionOf(world.PluginKey("second"), "Stalled"), "True/PortConflict");
  EXPECT_THAT(Words(world, "second"), HasSubstr("9000"));
  EXPECT_EQ(RunningIds(world), first);
  world.Delete(world.PluginKey("first"));
  world.Advance(minutes(6));
  EXPECT_EQ(world.Phase("second"), "Running");
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:2"));
}

TEST(PortConflict, IsSeenBeforeAnythingIsMadeAndEndsWithTheHolder) {
  World world;
  world.ApplyPlugin("first", AtHostPort(9'000));
  world.Settle();
  world.runtime.faults().ForgetHistory();
  world.ApplyPlugin("second", AtHostPort(9'000, "app:2"));
  world.Advance(minutes(3));
  EXPECT_EQ(world.runtime.faults().Actions(), 0) << "nothing is made that could not start";
  EXPECT_LE(world.runtime.faults().Count(RuntimeCall::kListPublishing), 20) << "no storm";
  const std::string holder = world.Containers().front().name;
  EXPECT_EQ(Words(world, "second"), StrCat("host port 9000 is held by container ", holder, " (plugin default/first)"));
  EXPECT_EQ(world.ConditionOf(world.PluginKey("second"), "Ready"), "False/PortConflict");
  world.Delete(world.PluginKey("first"));
  world.Settle();
  EXPECT_EQ(world.Phase("second"), "Running") << "at once, not at the next try";
}

TEST(PortConflict, WithAContainerOfOthersNamesItAndEndsWithIt) {
  World world;
  const std::string id = world.runtime.AddForeign("legacy");
  world.runtime.Publish(id, {80, "tcp", 9'000, "127.0.0.1"});
  world.ApplyPlugin("shop", AtHostPort(9'000));
  world.Settle();
  EXPECT_EQ(Words(world, "shop"), "host port 9000 is held by container legacy (image foreign, not ours)");
  EXPECT_EQ(world.runtime.faults().Actions(), 0);
  world.runtime.Die(id, 0);
  world.Settle();
  EXPECT_EQ(world.Phase("shop"), "Running");
}

TEST(PortConflict, IsNoneBetweenAddressesAndProtocols) {
  World world;
  Json one = AtHostPort(9'000);
  one["ports"][0]["hostIP"] = "127.0.0.1";
  Json two = one;
  two["ports"][0]["hostIP"] = "127.0.0.2";
  Json udp = AtHostPort(9'000);
  udp["ports"][0]["protocol"] = "UDP";
  world.ApplyPlugin("one", one);
  world.ApplyPlugin("two", two);
  world.ApplyPlugin("udp", udp);
  world.Settle();
  for (const char* name : {"one", "two", "udp"}) EXPECT_EQ(world.Phase(name), "Running") << name;
}

// Of what was written before the API refused it.
TEST(PortConflict, OfAPluginWithItselfIsAvoided) {
  World world;
  Json spec = AtHostPort(9'000);
  spec["replicas"] = 3;
  world.ApplyPlugin("shop", spec);
  world.Settle();
  EXPECT_THAT(world.Containers(), SizeIs(1));
  EXPECT_EQ(world.Phase("shop"), "Running");
  EXPECT_THAT(DumpJson(world.Get(world.PluginKey("shop"))["status"]["conditions"]), HasSubstr("spec.replicas"));
}

TEST(PortConflict, WithAProgramOutsideTheEngineIsTriedAgainWithABackoffUntilItIsFree) {
  World world;
  world.runtime.HoldHostPort(9'000);
  world.ApplyPlugin("shop", AtHostPort(9'000));
  world.Settle();
  EXPECT_EQ(world.ConditionOf(world.PluginKey("shop"), "Stalled"), "True/PortConflict");
  world.runtime.faults().ForgetHistory();
  world.Advance(minutes(60));
  EXPECT_LE(world.runtime.faults().Count(RuntimeCall::kStart), 150) << "no storm";
  EXPECT_GE(world.runtime.faults().Count(RuntimeCall::kStart), 2) << "and no end";
  world.runtime.ReleaseHostPort(9'000);
  world.Advance(minutes(6));
  EXPECT_EQ(world.Phase("shop"), "Running");
  EXPECT_THAT(world.Containers(), SizeIs(1));
}

// moby#20486: "port is already allocated", and nobody has it.
TEST(PortConflict, WithNobodyIsWaitedOut) {
  World world;
  for (int nth = 1; nth <= 8; ++nth)
    world.runtime.faults().FailBefore(RuntimeCall::kStart, nth, Error{Code::kConflict, "host port 9000/tcp is taken: port is already allocated"});
  world.ApplyPlugin("shop", AtHostPort(9'000));
  world.Settle();
  EXPECT_EQ(world.ConditionOf(world.PluginKey("shop"), "Stalled"), "True/PortConflict");
  world.Advance(minutes(5));
  EXPECT_EQ(world.Phase("shop"), "Running");
}

// Two cannot have it: the old one goes first, and not before the new one's image is here.
TEST(PortConflict, OfTheOldAndTheNewOneIsAvoidedAndTheOldServesUntilTheImageIsHere) {
  World world;
  world.ApplyPlugin("shop", AtHostPort(9'000));
  world.ApplyRoute("shop", RouteSpec("shop"));
  world.Settle();
  world.runtime.SetPullError("new:1", Error{Code::kUnavailable, "registry is away"});
  world.Patch(world.PluginKey("shop"), {{"image", "new:1"}});
  world.Advance(minutes(10));
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:1"));
  EXPECT_EQ(Serving(world), 1);
  world.runtime.SetPullError("new:1", std::nullopt);
  world.runtime.faults().ForgetHistory();
  world.Advance(minutes(10));
  EXPECT_THAT(world.RunningImages(), ElementsAre("new:1"));
  EXPECT_EQ(Serving(world), 1);
  EXPECT_EQ(world.runtime.faults().Count(RuntimeCall::kStart), 1) << "no try that could not succeed";
}

TEST(PortConflict, OfAPortThatTheNewSpecAsksForLeavesTheOldOneServing) {
  World world;
  world.ApplyPlugin("shop", PluginSpec());
  world.ApplyRoute("shop", RouteSpec("shop"));
  world.Settle();
  const auto old = RunningIds(world);
  world.runtime.HoldHostPort(9'000);
  world.Patch(world.PluginKey("shop"), {{"ports", AtHostPort(9'000)["ports"]}, {"strategy", {{"autoRollback", false}}}});
  world.Advance(minutes(10));
  EXPECT_EQ(world.ConditionOf(world.PluginKey("shop"), "Stalled"), "True/PortConflict");
  EXPECT_EQ(RunningIds(world), old);
  EXPECT_EQ(Serving(world), 1);
  world.runtime.ReleaseHostPort(9'000);
  world.Advance(minutes(6));
  EXPECT_EQ(world.Phase("shop"), "Running");
  EXPECT_EQ(Serving(world), 1);
  EXPECT_THAT(world.Containers(), SizeIs(1));
}

// The shop at 9000 is to have 9001 too.
struct PortConflictOfASecondPort : ::testing::Test {
  PortConflictOfASecondPort() {
    world.ApplyPlugin("shop", AtHostPort(9'000));
    world.ApplyRoute("shop", RouteSpec("shop"));
    world.Settle();
    old = RunningIds(world);
    world.runtime.faults().ForgetHistory();
  }
  void AskForBoth() {
    Json ports = AtHostPort(9'000)["ports"];
    ports.push_back({{"containerPort", 9'090}, {"hostPort", 9'001}});
    world.Patch(world.PluginKey("shop"), {{"ports", ports}});
  }
  void ExpectOldUntouched() {
    EXPECT_EQ(world.runtime.faults().Actions(), 0);
    EXPECT_EQ(RunningIds(world), old);
    EXPECT_EQ(Serving(world), 1);
    EXPECT_EQ(world.ConditionOf(world.PluginKey("shop"), "Ready"), "False/PortConflict") << "it waits, and is not given up";
  }
  World world;
  std::set<std::string> old;
};

TEST_F(PortConflictOfASecondPort, WithAContainerLeavesTheOldOneUntouched) {
  const std::string id = world.runtime.AddForeign("legacy");
  world.runtime.Publish(id, {80, "tcp", 9'001, ""});
  AskForBoth();
  world.Advance(minutes(20));
  ExpectOldUntouched();
  world.runtime.Vanish(id);
  world.Settle();
  EXPECT_EQ(world.Phase("shop"), "Running");
  EXPECT_EQ(Serving(world), 1);
  EXPECT_THAT(world.Containers(), SizeIs(1));
}

TEST_F(PortConflictOfASecondPort, WithAProgramThatIsSeenLeavesTheOldOneUntouched) {
  world.runtime.HoldHostPort(9'001, true);
  AskForBoth();
  world.Advance(minutes(20));
  ExpectOldUntouched();
  EXPECT_EQ(Words(world, "shop"), "host port 9001 is held by a program outside the container engine");
  world.runtime.ReleaseHostPort(9'001);
  world.Advance(minutes(6));
  EXPECT_EQ(world.Phase("shop"), "Running");
  EXPECT_EQ(Serving(world), 1);
  EXPECT_THAT(world.Containers(), SizeIs(1));
}

// On another host the engine tells it only when the new one is started, and the old one had to make room for it.
TEST_F(PortConflictOfASecondPort, WithAProgramIsGivenUpInTheEndAndTheFormerRevisionServesAgain) {
  world.runtime.HoldHostPort(9'001);
  AskForBoth();
  world.Settle();
  EXPECT_EQ(world.ConditionOf(world.PluginKey("shop"), "Stalled"), "True/PortConflict");
  EXPECT_THAT(Words(world, "shop"), HasSubstr("9001"));
  world.Advance(minutes(13));
  EXPECT_EQ(world.ConditionOf(world.PluginKey("shop"), "Stalled"), "True/RolledBack");
  EXPECT_EQ(Serving(world), 1);
  EXPECT_THAT(world.Containers(), SizeIs(1));
  world.runtime.faults().ForgetHistory();
  world.Advance(minutes(60));
  EXPECT_EQ(world.runtime.faults().Actions(), 0) << "and then it is left alone";
}

TEST_F(PortConflictOfASecondPort, WithAProgramThatGoesInTimeEndsInTheNewOne) {
  world.runtime.HoldHostPort(9'001);
  AskForBoth();
  world.Settle();
  world.runtime.ReleaseHostPort(9'001);
  world.Advance(minutes(5));
  EXPECT_EQ(world.Phase("shop"), "Running");
  EXPECT_EQ(Serving(world), 1);
  EXPECT_THAT(world.Containers(), SizeIs(1));
  EXPECT_NE(RunningIds(world), old);
}

}  // namespace
}  // namespace patchbay::controller

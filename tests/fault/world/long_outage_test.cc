// Level-triggered and never terminal: after a month of failure the first good answer is enough.
#include "fault/world/shop.h"

namespace patchbay::controller {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::SizeIs;

TEST(ThirtyDays, WithoutTheEngineAreOverWithItsFirstGoodAnswer) {
  World world;
  OpenShop(world, 2);
  world.runtime.faults().SetAway(true);
  world.runtime.BreakStreams();
  world.Patch(world.PluginKey("shop"), {{"image", "app:2"}});
  PassDays(world, 30);
  world.runtime.faults().SetAway(false);
  world.Advance(seconds(60));
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2"));
  EXPECT_EQ(world.Phase("shop"), "Running");
  EXPECT_EQ(Serving(world), 2);
}

TEST(ThirtyDays, OfErrorsToEveryCreateAreOverWithinOneInterval) {
  World world;
  OpenShop(world, 1);
  driver::FakeBehaviour broken;
  broken.create_error = Error{Code::kInternal, "500"};
  world.runtime.Script("app:2", broken);
  world.Patch(world.PluginKey("shop"), {{"image", "app:2"}, {"strategy", {{"autoRollback", false}}}});
  PassDays(world, 30);
  EXPECT_EQ(Serving(world), 1);
  world.runtime.Script("app:2", driver::FakeBehaviour{});
  world.Advance(minutes(6));
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:2"));
  EXPECT_EQ(Serving(world), 1);
}

TEST(ThirtyDays, WithoutTheGatewayAreOverWithItsFirstGoodAnswer) {
  World world;
  OpenShop(world, 2);
  world.gateway.SetUnavailable(true);
  world.Patch(world.PluginKey("shop"), {{"replicas", 3}});
  PassDays(world, 30);
  world.gateway.Restart();
  world.gateway.SetUnavailable(false);
  world.Advance(seconds(3));
  EXPECT_EQ(Serving(world), 3);
  world.Advance(seconds(60));
  EXPECT_EQ(world.ConditionOf(world.RouteKey("shop"), "Ready"), "True/Programmed");
  EXPECT_EQ(world.Phase("shop"), "Running");
}

TEST(ThirtyDays, WithoutTheRegistryAreOverWithinOneInterval) {
  World world;
  OpenShop(world, 2);
  world.runtime.SetPullError("new:1", Error{Code::kUnavailable, "no such host"});
  world.Patch(world.PluginKey("shop"), {{"image", "new:1"}});
  PassDays(world, 30);
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:1", "app:1"));
  EXPECT_EQ(world.ConditionOf(world.PluginKey("shop"), "Stalled"), "True/ImagePullBackOff");
  world.runtime.SetPullError("new:1", std::nullopt);
  world.Advance(minutes(8));
  EXPECT_THAT(world.RunningImages(), ElementsAre("new:1", "new:1"));
  EXPECT_EQ(world.Phase("shop"), "Running");
  EXPECT_EQ(Serving(world), 2);
}

TEST(ThirtyDays, OfACrashLoopAreOverWithTheFirstGoodStart) {
  World world;
  driver::FakeBehaviour broken;
  broken.exits_with = 1;
  world.runtime.Script("app:2", broken);
  world.ApplyPlugin("shop", PluginSpec("app:2", 1));
  world.ApplyRoute("shop", RouteSpec("shop"));
  PassDays(world, 30);
  EXPECT_EQ(world.ConditionOf(world.PluginKey("shop"), "Stalled"), "True/CrashLoopBackOff");
  world.runtime.Script("app:2", driver::FakeBehaviour{});
  for (const auto& container : world.Containers()) world.runtime.Die(container.id, 1);  // the engine tries again
  world.Advance(minutes(6));
  EXPECT_EQ(world.Phase("shop"), "Running");
  EXPECT_EQ(Serving(world), 1);
}

}  // namespace
}  // namespace patchbay::controller

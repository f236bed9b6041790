// What keeps containers from being removed, and deletions that end without the engine or the gateway.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/world/world.h"
#include "object/protection.h"

namespace patchbay::controller {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

void Start(World& world, bool guarded) {
  world.ApplyPlugin("shop", PluginSpec("app:1", 2));
  if (guarded) world.Annotate(world.PluginKey("shop"), kProtected, "true");
  world.Settle();
}

TEST(ProtectedContainers, StayWhenTheirPluginIsGoneFromTheDatabase) {
  World world;
  Start(world, true);
  world.DeleteRow(world.PluginKey("shop"));
  world.Advance(minutes(5));
  EXPECT_THAT(world.Containers(), SizeIs(2));
}

TEST(ProtectedContainers, StayThoughTheOperatorDidNotSeeItGo) {
  World world;
  world.ApplyPlugin("shop", PluginSpec("app:1", 2));
  world.Annotate(world.PluginKey("shop"), kProtected, "true");  // before the first visit: on the containers too
  world.Settle();
  world.KillOperator();
  world.database = std::make_shared<store::MemoryDatabase>();
  world.StartOperator();
  world.Advance(minutes(5));
  EXPECT_THAT(world.Containers(), SizeIs(2));
}

TEST(ProtectedContainers, AreGivenUpWhenTheAnnotationWasLiftedFirst) {
  World world;
  Start(world, true);
  world.Annotate(world.PluginKey("shop"), kProtected, "false");
  world.Settle();
  world.DeleteRow(world.PluginKey("shop"));
  world.Advance(minutes(5));
  EXPECT_THAT(world.Containers(), IsEmpty());
}

TEST(ProtectedContainers, AreNotReplacedForTheAnnotationsSake) {
  World world;
  Start(world, false);
  world.runtime.faults().ForgetHistory();
  world.Annotate(world.PluginKey("shop"), kProtected, "true");
  world.Advance(minutes(5));
  EXPECT_EQ(world.runtime.faults().Actions(), 0);
}

TEST(ForcedDelete, EndsThoughTheEngineIsGoneAndSaysWhatWasLeft) {
  World world;
  Start(world, false);
  const std::string name = world.Containers().front().name;
  world.runtime.faults().SetAway(true);
  world.Delete(world.PluginKey("shop"));
  world.Advance(minutes(5));
  EXPECT_FALSE(world.Get(world.PluginKey("shop")).is_null());
  world.Annotate(world.PluginKey("shop"), kForceDelete, "true");
  world.Advance(minutes(1));
  EXPECT_TRUE(world.Get(world.PluginKey("shop")).is_null());
  EXPECT_THAT(world.EventReasons(), Contains("LeftBehind"));
  bool named = false;
  for (const auto& entry : world.op->cache.All(kEvents)) named = named || entry->bytes->find(name) != std::string::npos;
  EXPECT_TRUE(named);
}

TEST(ForcedDelete, LeavesTheContainersToTheSweepWhenTheEngineIsBack) {
  World world;
  Start(world, false);
  world.runtime.faults().SetAway(true);
  world.Delete(world.PluginKey("shop"));
  world.Annotate(world.PluginKey("shop"), kForceDelete, "true");
  world.Advance(minutes(1));
  ASSERT_TRUE(world.Get(world.PluginKey("shop")).is_null());
  world.RestartOperator();
  world.Advance(minutes(60));
  world.runtime.faults().SetAway(false);
  world.Advance(minutes(3));
  EXPECT_THAT(world.Containers(), IsEmpty());
}

TEST(ForcedDelete, RemovesEverythingWhenTheEngineAnswers) {
  World world;
  Start(world, false);
  world.Delete(world.PluginKey("shop"));
  world.Annotate(world.PluginKey("shop"), kForceDelete, "true");
  world.Settle();
  EXPECT_TRUE(world.Get(world.PluginKey("shop")).is_null());
  EXPECT_THAT(world.Containers(), IsEmpty());
  EXPECT_THAT(world.EventReasons(), Not(Contains("LeftBehind")));
}

TEST(ForcedDelete, OfARouteEndsThoughTheGatewayIsGone) {
  World world;
  Start(world, false);
  world.ApplyRoute("shop", RouteSpec("shop"));
  world.Settle();
  world.gateway.SetUnavailable(true);
  world.Delete(world.RouteKey("shop"));
  world.Advance(minutes(1));
  EXPECT_FALSE(world.Get(world.RouteKey("shop")).is_null());
  world.Annotate(world.RouteKey("shop"), kForceDelete, "true");
  world.Advance(seconds(30));
  EXPECT_TRUE(world.Get(world.RouteKey("shop")).is_null());
  EXPECT_THAT(world.EventReasons(), Contains("LeftBehind"));
  world.gateway.SetUnavailable(false);
  world.Advance(seconds(30));
  EXPECT_THAT(world.Upstreams("shop"), IsEmpty());
}

TEST(PruneBudget, IsToldOnceWhenItIsExceeded) {
  World world;
  for (int i = 0; i < 12; ++i) world.ApplyPlugin(StrCat("p", i), PluginSpec());
  world.ApplyPlain({std::string(kNamespaces), "", "patchbay-system"}, "Namespace", Json::object());
  world.Settle();
  for (int i = 0; i < 12; ++i) world.DeleteRow(world.PluginKey(StrCat("p", i)));
  world.Advance(minutes(10));
  EXPECT_THAT(world.Containers(), SizeIs(12));
  const auto reasons = world.EventReasons();
  EXPECT_EQ(std::count(reasons.begin(), reasons.end(), "PruneRefused"), 1);
}

TEST(Plan, TellsWhatBecomesOfContainersWhoseOwnerIsGone) {
  World world;
  Start(world, true);
  world.DeleteRow(world.PluginKey("shop"));
  world.Settle();
  const auto plan = world.op->controllers.Plan({});
  ASSERT_TRUE(plan.ok());
  ASSERT_THAT(*plan, SizeIs(2));
  EXPECT_THAT((*plan)[0]["actions"], IsEmpty());
  EXPECT_THAT(FindString((*plan)[0], {"note"}), HasSubstr("it stays, protected by patchbay.dev/protected"));
}

TEST(Plan, OfADeletionSaysThatItIsRefused) {
  World world;
  Start(world, true);
  Json object = world.Get(world.PluginKey("shop"));
  object["metadata"]["deletionTimestamp"] = "2026-11-21T00:00:00Z";
  const auto plan = world.op->controllers.Plan({object});
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT((*plan)[0]["actions"], IsEmpty());
  EXPECT_THAT(FindString((*plan)[0], {"error"}), HasSubstr("patchbay.dev/protected"));
}

}  // namespace
}  // namespace patchbay::controller

// The operator dies before each single call that changes the world, and another one takes over.
#include <gmock/gmock.h>

#include <functional>

#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using driver::RuntimeCall;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

void Prepare(World& world) {
  world.runtime.AddForeign("foreign");
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.ApplyRoute("r", RouteSpec("echo"));
}

// Runs `change` with a crash before the n-th action, for every n until the change needs fewer.
void CrashEverywhere(const std::function<void(World&)>& prepare, const std::function<void(World&)>& change,
                     const std::function<void(World&)>& expect) {
  bool died = true;
  int nth = 1;
  for (; died && nth < 50; ++nth) {
    SCOPED_TRACE(StrCat("dies before action ", nth));
    World world;
    prepare(world);
    world.CrashAt(nth);
    change(world);
    died = world.SettleThroughCrash();
    world.Advance(minutes(2));
    expect(world);
    EXPECT_EQ(world.runtime.All().front().image, "foreign");
  }
  EXPECT_GT(nth, 2);
}

TEST(Crash, WhileCreatingDoublesNothing) {
  CrashEverywhere([](World&) {}, Prepare, [](World& world) {
    EXPECT_THAT(world.RunningImages(), ElementsAre("app:1", "app:1"));
    EXPECT_THAT(world.Containers(), SizeIs(2));
    EXPECT_EQ(world.Phase("echo"), "Running");
    EXPECT_THAT(world.Upstreams("r"), SizeIs(2));
  });
}

TEST(Crash, WhileReplacingEndsInTheNewRevision) {
  const auto prepare = [](World& world) {
    Prepare(world);
    world.Settle();
  };
  CrashEverywhere(prepare, [](World& world) { world.Patch(world.PluginKey("echo"), {{"image", "app:2"}}); },
                  [](World& world) {
                    EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2"));
                    EXPECT_THAT(world.Containers(), SizeIs(2));
                    EXPECT_EQ(world.Phase("echo"), "Running");
                  });
}

TEST(Crash, WhileDeletingLeavesNothing) {
  const auto prepare = [](World& world) {
    Prepare(world);
    world.Settle();
  };
  CrashEverywhere(prepare, [](World& world) { world.Delete(world.PluginKey("echo")); },
                  [](World& world) {
                    EXPECT_THAT(world.Containers(), IsEmpty());
                    EXPECT_TRUE(world.Get(world.PluginKey("echo")).is_null());
                    EXPECT_THAT(world.Upstreams("r"), IsEmpty());
                  });
}

TEST(Crash, WhileScalingDownKeepsTheRest) {
  const auto prepare = [](World& world) {
    Prepare(world);
    world.Settle();
  };
  CrashEverywhere(prepare, [](World& world) { world.Patch(world.PluginKey("echo"), {{"replicas", 1}}); },
                  [](World& world) {
                    EXPECT_THAT(world.RunningImages(), ElementsAre("app:1"));
                    EXPECT_THAT(world.Containers(), SizeIs(1));
                  });
}

// Every call of every sort fails once, before or after it took effect.
TEST(Doubt, OfAnyCallEndsInTheWishedWorld) {
  for (const RuntimeCall call : {RuntimeCall::kCreate, RuntimeCall::kStart, RuntimeCall::kStop, RuntimeCall::kRemove,
                                 RuntimeCall::kInspect, RuntimeCall::kList, RuntimeCall::kPull}) {
    for (int nth = 1; nth <= 3; ++nth) {
      for (const bool after : {false, true}) {
        SCOPED_TRACE(StrCat(driver::RuntimeCallName(call), " ", nth, after ? " after" : " before"));
        World world;
        world.ApplyPlugin("echo", PluginSpec("app:1", 2));
        world.Settle();
        if (after) world.runtime.faults().FailAfter(call, nth);
        else world.runtime.faults().FailBefore(call, nth);
        world.Patch(world.PluginKey("echo"), {{"image", "pulled:1"}});
        world.Settle();
        world.Advance(minutes(2));
        EXPECT_THAT(world.RunningImages(), ElementsAre("pulled:1", "pulled:1"));
        EXPECT_THAT(world.Containers(), SizeIs(2));
        EXPECT_EQ(world.Phase("echo"), "Running");
      }
    }
  }
}

TEST(Doubt, OfAStoreThatIsAwayKeepsTheWorldRunning) {
  World world;
  Prepare(world);
  world.Settle();
  world.op->store.SetAway(true);
  world.runtime.Vanish(world.Containers()[0].name);
  world.Advance(minutes(5));
  EXPECT_THAT(world.RunningImages(), SizeIs(2));
  world.op->store.SetAway(false);
  world.Advance(minutes(3));
  EXPECT_EQ(world.Phase("echo"), "Running");
}

}  // namespace
}  // namespace patchbay::controller

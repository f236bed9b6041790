// D8: a crash between create and record: orphans, duplicates, name conflicts.
#include "controller/desired.h"
#include "fault/world/shop.h"
#include "harness/gateway/flaky_gateway.h"

namespace patchbay::controller {
namespace {

using driver::RuntimeCall;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// The operator dies right after its n-th call to the engine or the gateway, whatever the call.
class DyingWorld {
 public:
  DyingWorld() : gateway_(world.gateway) {
    gateway_.after = [this](const std::string& call) { Count("gateway " + call); };
    world.Hold(nullptr, &gateway_);
    world.runtime.AddForeign("foreign");
    watchman.Begin();
  }
  ~DyingWorld() { world.KillOperator(); }

  // Lets what is wished happen; starts the operator again when it died. True when it did.
  bool PassWithDeathAfter(int nth) {
    left_ = nth;
    world.runtime.faults().SetHookAfter([this](RuntimeCall call) { Count(driver::RuntimeCallName(call)); });
    try {
      Pass();
      left_ = 0;
      return false;
    } catch (const Crash&) {
      world.RestartOperator();
      watchman.Begin();
      Pass();
      return true;
    }
  }

  World world;
  Watchman watchman{world};
  std::string died_after;

 private:
  void Pass() {
    world.Settle();
    for (int second = 0; second < 60; ++second) {
      world.clock.Advance(seconds(1));
      world.op->controllers.Settle();
    }
  }
  // The gateway is read every second: of those in a row the first counts.
  void Count(const std::string& call) {
    if (std::exchange(last_, call) == call && call == "gateway Read") return;
    if (left_ == 0 || --left_ != 0) return;
    died_after = call;
    throw Crash();
  }

  driver::FlakyGateway gateway_;
  std::string last_;
  int left_ = 0;
};

// Runs `change` with a death after each call, until the change needs fewer.
template <class Prepare, class Change, class Expect>
void DieEverywhere(Prepare prepare, Change change, Expect expect) {
  bool died = true;
  int nth = 0;
  while (died && nth < 400) {
    DyingWorld dying;
    prepare(dying.world);
    dying.watchman.least_serving = 1'000;
    change(dying.world);
    died = dying.PassWithDeathAfter(++nth);
    SCOPED_TRACE(StrCat("dies after call ", nth, ", ", dying.died_after));
    EXPECT_THAT(dying.watchman.broken, IsEmpty());
    EXPECT_EQ(dying.world.runtime.All().front().name, "foreign");
    EXPECT_EQ(dying.world.runtime.All().front().state, driver::ContainerState::kRunning);
    expect(dying);
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(nth, 10);
  EXPECT_LT(nth, 400) << "the change does not end";
}

TEST(CrashBetween, AnyTwoCallsWhileMakingEndsWithExactlyTheWishedOnes) {
  DieEverywhere([](World&) {},
                [](World& world) {
                  world.ApplyPlugin("shop", PluginSpec("app:1", 2));
                  world.ApplyRoute("shop", RouteSpec("shop"));
                },
                [](DyingWorld& dying) {
                  EXPECT_THAT(dying.world.RunningImages(), ElementsAre("app:1", "app:1"));
                  EXPECT_THAT(dying.world.Containers(), SizeIs(2));
                  EXPECT_EQ(dying.watchman.stops, 0) << "what was made is adopted";
                  EXPECT_EQ(Serving(dying.world), 2);
                });
}

TEST(CrashBetween, AnyTwoCallsOfADeletionLeavesNothing) {
  DieEverywhere([](World& world) { OpenShop(world, 2); }, [](World& world) { world.Delete(world.PluginKey("shop")); },
                [](DyingWorld& dying) {
                  EXPECT_THAT(dying.world.Containers(), IsEmpty());
                  EXPECT_TRUE(dying.world.Get(dying.world.PluginKey("shop")).is_null());
                });
}

class CrashInARollout : public testing::TestWithParam<std::string> {};

TEST_P(CrashInARollout, AfterAnyCallEndsWithTheNewOnesAndStopsNoneOfThem) {
  DieEverywhere([](World& world) { OpenShop(world, 2, GetParam()); },
                [](World& world) { world.Patch(world.PluginKey("shop"), {{"image", "app:2"}}); },
                [](DyingWorld& dying) {
                  EXPECT_THAT(dying.world.RunningImages(), ElementsAre("app:2", "app:2"));
                  EXPECT_THAT(dying.world.Containers(), SizeIs(2));
                  EXPECT_EQ(dying.watchman.stops, 2) << "the old ones";
                  EXPECT_GE(dying.watchman.least_serving, GetParam() == "Recreate" ? 0 : 2);
                  EXPECT_EQ(Serving(dying.world), 2);
                  EXPECT_EQ(dying.world.Phase("shop"), "Running");
                });
}

INSTANTIATE_TEST_SUITE_P(Strategies, CrashInARollout, testing::ValuesIn(AllStrategies()),
                         [](const auto& test) { return test.param; });

TEST(AnswerAfterSuccess, OfFiveHundredToAnyCallMakesNothingTwice) {
  for (const RuntimeCall call : {RuntimeCall::kCreate, RuntimeCall::kStart, RuntimeCall::kStop, RuntimeCall::kRemove}) {
    for (int nth = 1; nth <= 2; ++nth) {
      SCOPED_TRACE(StrCat(driver::RuntimeCallName(call), " ", nth));
      World world;
      OpenShop(world, 2);
      Watchman watchman(world);
      world.runtime.faults().FailAfter(call, nth, Error{Code::kInternal, "the container engine answered 500 without a word"});
      world.Patch(world.PluginKey("shop"), {{"image", "app:2"}});
      world.Advance(minutes(2));
      EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2"));
      EXPECT_THAT(world.Containers(), SizeIs(2));
      EXPECT_EQ(watchman.stops, 2) << "the old ones";
      EXPECT_GE(watchman.least_serving, 2);
      EXPECT_EQ(Serving(world), 2);
    }
  }
}

TEST(NameHeld, ByAForeignContainerIsAConditionThatNamesItAndNoFight) {
  World world;
  OpenShop(world, 1);
  const std::string name = world.Containers()[0].name;
  world.runtime.Vanish(name);
  const std::string foreign = world.runtime.AddForeign(name);
  world.Advance(minutes(30));
  EXPECT_EQ(world.ConditionOf(world.PluginKey("shop"), "Stalled"), "True/NameConflict");
  EXPECT_THAT(FindCondition(world.Get(world.PluginKey("shop")), "Stalled")->message, HasSubstr(foreign));
  EXPECT_EQ(world.runtime.All().front().id, foreign);
  EXPECT_EQ(world.runtime.All().front().state, driver::ContainerState::kRunning);
  world.runtime.Vanish(foreign);
  world.Advance(minutes(6));
  EXPECT_EQ(world.Phase("shop"), "Running");
  EXPECT_EQ(Serving(world), 1);
}

// moby#23371: a failed create keeps the name, and nobody has it.
TEST(NameHeld, ByNothingIsWaitedOutAndSaid) {
  World world;
  const std::string word = "the name is taken: Conflict. The container name is already in use";
  for (int nth = 1; nth <= 4; ++nth) world.runtime.faults().FailBefore(RuntimeCall::kCreate, nth, Error{Code::kConflict, word});
  OpenShop(world, 1);
  EXPECT_EQ(world.ConditionOf(world.PluginKey("shop"), "Stalled"), "True/NameConflict");
  EXPECT_THAT(FindCondition(world.Get(world.PluginKey("shop")), "Stalled")->message, HasSubstr("already in use"));
  world.Advance(minutes(10));
  EXPECT_EQ(world.Phase("shop"), "Running");
  EXPECT_THAT(world.Containers(), SizeIs(1));
}

TEST(Adoption, IsByOwnerAndHashAndNotByName) {
  World world;
  OpenShop(world, 2);
  const auto before = RunningIds(world);
  const std::string stranger = world.runtime.AddForeign("shop-0", {{driver::kLabelInstallation, "another"},
                                                                   {driver::kLabelPlugin, "shop"},
                                                                   {driver::kLabelNamespace, "default"}});
  world.RestartOperator();
  world.Advance(minutes(3));
  EXPECT_EQ(world.runtime.RunningNames().size(), 2u);
  for (const auto& container : world.runtime.All())
    EXPECT_TRUE(before.contains(container.id) || container.id == stranger) << container.name;
  EXPECT_THAT(world.runtime.All(), SizeIs(3));
}

}  // namespace
}  // namespace patchbay::controller

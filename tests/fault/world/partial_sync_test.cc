// D6: a publish dies or is refused half way.
#include "fault/world/shop.h"
#include "harness/gateway/flaky_gateway.h"

namespace patchbay::controller {
namespace {

using driver::FailWhen;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

struct Failure {
  std::string call;
  FailWhen when;
  Error error;
};

std::vector<Failure> Failures() {
  std::vector<Failure> failures;
  for (const char* call : {"Publish", "Read", "InFlight"})
    for (const FailWhen when : {FailWhen::kBeforeEffect, FailWhen::kAfterEffect})
      for (const Error& error : {Error{Code::kTimeout, "no answer in time"}, Error{Code::kConflict, "409: somebody else wrote"},
                                 Error{Code::kTooManyRequests, "429", {}, seconds(5)}, Error{Code::kInternal, "500"},
                                 Error{Code::kInDoubt, "the connection was cut"}})
        failures.push_back({call, when, error});
  return failures;
}

void PassTwentySeconds(World& world) {
  world.Settle();
  for (int second = 0; second < 20; ++second) {
    world.clock.Advance(seconds(1));
    world.op->controllers.Settle();
  }
}

TEST(PartialSync, OfAnyCallInAnyWayConvergesWithTheNextPassAndNeverLeavesARouteWithoutAHealthyTarget) {
  for (const Failure& failure : Failures()) {
    for (int nth = 1; nth <= 4; ++nth) {
      SCOPED_TRACE(StrCat(failure.call, " ", nth, failure.when == FailWhen::kAfterEffect ? " after: " : " before: ",
                          failure.error.message));
      World world;
      driver::FlakyGateway flaky(world.gateway);
      world.Hold(nullptr, &flaky);
      OpenShop(world, 2);
      Watchman watchman(world);
      flaky.after = [&](const std::string& call) {
        if (call != "Publish") return;
        EXPECT_GE(Serving(world), 2) << "what is published has somebody behind it";
      };
      flaky.FailCall(failure.call, nth, failure.when, failure.error);
      world.Patch(world.PluginKey("shop"), {{"image", "app:2"}});
      PassTwentySeconds(world);
      EXPECT_THAT(watchman.broken, IsEmpty());
      EXPECT_GE(watchman.least_serving, 2);
      EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2"));
      EXPECT_THAT(world.Upstreams("shop"), SizeIs(2));
      EXPECT_EQ(world.ConditionOf(world.RouteKey("shop"), "Ready"), "True/Programmed");
      world.KillOperator();
    }
  }
}

TEST(PartialSync, OfAllPublishesForAnHourStopsNothingThatIsServedBeforeItsDrainTime) {
  World world;
  driver::FlakyGateway flaky(world.gateway);
  world.Hold(nullptr, &flaky);
  OpenShop(world, 2);
  const auto old = RunningIds(world);
  for (int nth = 1; nth <= 5'000; ++nth)
    flaky.FailCall("Publish", nth, FailWhen::kBeforeEffect, Error{Code::kInternal, "500"});
  world.Patch(world.PluginKey("shop"), {{"image", "app:2"}});
  world.Advance(minutes(60));
  EXPECT_EQ(Serving(world), 2) << "the gateway knows the old ones alone";
  EXPECT_EQ(RunningIds(world, "app:1"), old);
  world.KillOperator();
}

}  // namespace
}  // namespace patchbay::controller

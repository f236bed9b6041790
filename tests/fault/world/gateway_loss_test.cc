// D4: the gateway's configuration is lost: it comes back empty, with what it was long ago, or with somebody else's.
#include "fault/world/shop.h"
#include "harness/gateway/flaky_gateway.h"

namespace patchbay::controller {
namespace {

using driver::RuntimeCall;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr seconds kBack{2};  // a check of the gateway and a publish

struct Loss {
  const char* name;
  std::function<void(World&, const std::vector<driver::GatewayRoute>& long_ago)> lose;
};

void ComeBackEmpty(World& world, const std::vector<driver::GatewayRoute>&) { world.gateway.Restart(); }
void ComeBackOld(World& world, const std::vector<driver::GatewayRoute>& long_ago) {
  world.gateway.Restart();
  static_cast<void>(world.gateway.Publish(long_ago));
}
void ComeBackForeign(World& world, const std::vector<driver::GatewayRoute>&) {
  world.gateway.Restart();
  world.gateway.SetForeign("theirs", "{\"listen\":\":443\"}");
}

class GatewayLoss : public testing::TestWithParam<Loss> {
 protected:
  // With what the gateway served before the present containers were made.
  void Open(World& world) {
    OpenShop(world, 2);
    long_ago_ = world.gateway.Served();
    world.Patch(world.PluginKey("shop"), {{"env", Json::array({{{"name", "N"}, {"value", "2"}}})}});
    world.Settle();
    EXPECT_EQ(world.Phase("shop"), "Running");
  }
  void Lose(World& world) { GetParam().lose(world, long_ago_); }
  std::vector<driver::GatewayRoute> long_ago_;
};

TEST_P(GatewayLoss, IsMendedWithinTwoSecondsByOnePublishAndAtMostOneWrite) {
  World world;
  Open(world);
  const auto served = world.Upstreams("shop");
  const int written = world.op->store.units_committed();
  Lose(world);
  const bool long_ago_told = !world.gateway.Served().empty();
  const auto foreign = world.gateway.Foreign();
  const int changes = world.gateway.changes();
  world.Advance(kBack);
  EXPECT_EQ(world.Upstreams("shop"), served);
  EXPECT_EQ(world.gateway.changes(), changes + 1);
  world.Advance(minutes(5));
  EXPECT_EQ(world.gateway.changes(), changes + 1) << "no storm of publishes";
  // One Event where it served something else than it should; where it had nothing, it was only started anew.
  EXPECT_LE(world.op->store.units_committed(), written + (long_ago_told ? 1 : 0)) << "no storm of writes";
  EXPECT_EQ(world.gateway.Foreign(), foreign);
}

TEST_P(GatewayLoss, AtAnyActionOfARolloutCostsNoContainerItsPlaceAndEndsAsWished) {
  for (const std::string& strategy : AllStrategies()) {
    bool lost = true;
    for (int nth = 1; lost && nth < 60; ++nth) {
      SCOPED_TRACE(StrCat(strategy, ", before action ", nth));
      World world;
      Open(world);
      world.Patch(world.PluginKey("shop"), {{"strategy", StrategyOf(strategy)}});
      world.Settle();
      lost = false;
      int left = nth;
      world.runtime.faults().SetHook([&](RuntimeCall call, const std::string&) {
        if (!driver::IsAction(call) || --left != 0) return;
        lost = true;
        Lose(world);
      });
      world.Patch(world.PluginKey("shop"), {{"image", "app:2"}});
      world.Settle();
      for (int second = 0; second < 60; ++second) {
        world.clock.Advance(seconds(1));
        world.op->controllers.Settle();
      }
      EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2"));
      EXPECT_EQ(Serving(world), 2);
      EXPECT_THAT(world.Upstreams("shop"), SizeIs(2));
      EXPECT_EQ(world.Phase("shop"), "Running");
    }
  }
}

INSTANTIATE_TEST_SUITE_P(ComingBack, GatewayLoss,
                         testing::Values(Loss{"Empty", ComeBackEmpty}, Loss{"WithWhatItWasLongAgo", ComeBackOld},
                                         Loss{"WithSomebodyElses", ComeBackForeign}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(GatewayAway, IsSaidInTheRouteAndStopsNothingThatIsServed) {
  World world;
  OpenShop(world, 2);
  const auto before = RunningIds(world);
  world.gateway.SetUnavailable(true);
  world.Advance(minutes(1));
  EXPECT_EQ(world.ConditionOf(world.RouteKey("shop"), "Programmed"), "Unknown/GatewayUnavailable");
  EXPECT_NE(world.ConditionOf(world.RouteKey("shop"), "Ready").substr(0, 4), "True");
  const int written = world.op->store.units_committed();
  world.Advance(hours(12));
  EXPECT_EQ(world.op->store.units_committed(), written) << "it is said once";
  EXPECT_EQ(RunningIds(world), before);
  world.gateway.Restart();
  world.gateway.SetUnavailable(false);
  world.Advance(kBack);
  EXPECT_EQ(Serving(world), 2);
  world.Settle();
  EXPECT_EQ(world.ConditionOf(world.RouteKey("shop"), "Ready"), "True/Programmed");
}

TEST(GatewayAway, FromTheStartOfTheOperatorIsWaitedForAndThenServesWhoRuns) {
  World world;
  OpenShop(world, 2);
  world.KillOperator();
  world.gateway.Restart();
  world.gateway.SetUnavailable(true);
  world.StartOperator();
  world.Advance(minutes(10));
  EXPECT_THAT(world.RunningImages(), SizeIs(2));
  world.gateway.SetUnavailable(false);
  world.Advance(kBack);
  EXPECT_EQ(Serving(world), 2);
}

}  // namespace
}  // namespace patchbay::controller

// D1: requests dropped in a rollout.
#include "fault/world/shop.h"

namespace patchbay::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class RolloutDropsNothing : public testing::TestWithParam<std::string> {
 protected:
  RolloutDropsNothing() {
    OpenShop(world_, 3, GetParam());
    EXPECT_EQ(world_.Phase("shop"), "Running");
    watchman_.least_serving = 1'000;
  }
  // Requests of 2 s to whoever serves first, while `change` is made.
  void UnderLoad(const std::function<void()>& change) {
    const std::string busy = world_.Upstreams("shop").front();
    world_.gateway.SetInFlight(busy, 2);
    change();
    world_.Settle();
    Pass(seconds(2));
    world_.gateway.SetInFlight(busy, 0);
    Pass(seconds(45));
    EXPECT_EQ(world_.Phase("shop"), "Running");
    EXPECT_EQ(Serving(world_), FindInt(world_.Get(world_.PluginKey("shop")), {"spec", "replicas"}));
  }
  void Pass(seconds time) {
    for (seconds done(0); done < time; ++done) {
      world_.clock.Advance(seconds(1));
      world_.op->controllers.Settle();
    }
  }
  void ExpectNothingDropped(int least) {
    EXPECT_THAT(watchman_.broken, IsEmpty());
    EXPECT_GE(watchman_.least_serving, least);
    EXPECT_EQ(FindInt(world_.Get(world_.PluginKey("shop")), {"status", "rollout", "droppedRequests"}), 0);
    for (const std::string& reason : world_.EventReasons()) EXPECT_NE(reason, "RequestsCut");
  }

  World world_;
  Watchman watchman_{world_};
};

TEST_P(RolloutDropsNothing, InFiftyRolloutsNoneIsStoppedBeforeTheGatewayIsWithoutItAndItsRequestsHaveEnded) {
  for (int rollout = 0; rollout < 50; ++rollout)
    UnderLoad([&] { world_.Patch(world_.PluginKey("shop"), {{"image", rollout % 2 == 0 ? "app:2" : "app:1"}}); });
  EXPECT_EQ(watchman_.stops, 150);
  ExpectNothingDropped(3);
}

TEST_P(RolloutDropsNothing, WhenScaledFromThreeToOneAndBack) {
  for (const int replicas : {1, 3, 1, 3})
    UnderLoad([&] { world_.Patch(world_.PluginKey("shop"), {{"replicas", replicas}}); });
  EXPECT_EQ(watchman_.stops, 4);
  ExpectNothingDropped(1);
}

TEST_P(RolloutDropsNothing, WhenDriftIsMendedByAnotherContainer) {
  for (int repair = 0; repair < 5; ++repair)
    UnderLoad([&] { world_.runtime.Update(world_.Containers().front().id, 64 * 1024 * 1024); });
  EXPECT_GE(watchman_.stops, 5);
  ExpectNothingDropped(3);
}

INSTANTIATE_TEST_SUITE_P(Strategies, RolloutDropsNothing, testing::Values("RollingUpdate", "Atomic", "Canary"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace patchbay::controller

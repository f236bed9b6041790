// What happens between the moment in which the gateway leads to nobody any more and the stop.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Draining : public testing::Test {
 protected:
  Draining() {
    world_.ApplyPlugin("shop", PluginSpec("app:1"));
    world_.ApplyRoute("shop", RouteSpec("shop"));
    world_.Settle();
    EXPECT_EQ(world_.Phase("shop"), "Running");
    old_ = world_.Upstreams("shop").front();
  }
  void Change() {
    world_.Patch(world_.PluginKey("shop"), {{"image", "app:2"}});
    world_.Settle();
  }
  Json Rollout() { return *Find(world_.Get(world_.PluginKey("shop")), {"status", "rollout"}); }

  World world_;
  std::string old_;
};

TEST_F(Draining, WaitsForTheRequestsUnderWayBeforeTheStop) {
  world_.gateway.SetInFlight(old_, 2);
  Change();
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1", "app:2"));
  EXPECT_THAT(world_.Upstreams("shop"), Not(Contains(old_)));
  EXPECT_THAT(world_.ConditionOf(world_.PluginKey("shop"), "Reconciling"), HasSubstr("True"));
  world_.gateway.SetInFlight(old_, 0);
  world_.Advance(seconds(2));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:2"));
  EXPECT_EQ(FindInt(Rollout(), {"droppedRequests"}), 0);
  EXPECT_EQ(FindString(Rollout(), {"drain"}), "Counted");
  EXPECT_FALSE(FindString(Rollout(), {"finished"}).empty());
  EXPECT_THAT(world_.EventReasons(), Not(Contains("RequestsCut")));
}

TEST_F(Draining, SaysHowManyRequestsItCutWhenTheyTakeTooLong) {
  world_.Patch(world_.PluginKey("shop"), {{"strategy", {{"drainTimeoutSeconds", 20}}}});
  world_.Settle();
  world_.gateway.SetInFlight(old_, 3);
  Change();
  world_.Advance(seconds(15));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1", "app:2"));
  world_.Advance(seconds(10));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:2"));
  EXPECT_EQ(FindInt(Rollout(), {"droppedRequests"}), 3);
  EXPECT_EQ(FindInt(Rollout(), {"inFlightAtStop"}), 3);
  EXPECT_THAT(world_.EventReasons(), Contains("RequestsCut"));
}

TEST_F(Draining, WaitsAWhileWhereTheGatewayCannotCountAndSaysSo) {
  world_.gateway.SetCounts(false);
  Change();
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1", "app:2"));
  world_.Advance(seconds(6));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:2"));
  EXPECT_EQ(FindString(Rollout(), {"drain"}), "Timed");
}

TEST_F(Draining, DoesNotWaitForAContainerThatIsDeletedAtOnce) {
  world_.gateway.SetInFlight(old_, 1);
  world_.DeletePod("shop", world_.Containers().front().id, true);
  world_.Settle();
  world_.Advance(seconds(1));
  EXPECT_THAT(world_.Upstreams("shop"), Not(Contains(old_)));
  EXPECT_EQ(world_.Containers().size(), 1u);
}

TEST_F(Draining, WaitsForRequestsToAPluginThatIsDeleted) {
  world_.gateway.SetInFlight(old_, 1);
  world_.Delete(world_.PluginKey("shop"));
  world_.Settle();
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1"));
  world_.gateway.SetInFlight(old_, 0);
  world_.Advance(seconds(2));
  EXPECT_THAT(world_.Containers(), IsEmpty());
}

TEST_F(Draining, BringsBackWhoWasLeavingWhenTheChangeIsTakenBack) {
  world_.gateway.SetInFlight(old_, 1);
  Change();
  world_.Patch(world_.PluginKey("shop"), {{"image", "app:1"}});
  world_.Settle();
  world_.Advance(seconds(2));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1"));
  EXPECT_THAT(world_.Upstreams("shop"), ElementsAre(old_));  // never stopped
}

TEST_F(Draining, KeepsCountingAfterTheOperatorDied) {
  world_.gateway.SetInFlight(old_, 1);
  Change();
  world_.RestartOperator();
  world_.Settle();
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1", "app:2"));
  world_.gateway.SetInFlight(old_, 0);
  world_.Advance(seconds(3));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:2"));
}

TEST_F(Draining, LeadsToEachContainerAtItsOwnPortWhileThePortChanges) {
  world_.gateway.SetInFlight(old_, 1);
  const Json spec = *Find(world_.Get(world_.PluginKey("shop")), {"spec"});
  Json ports = *Find(spec, {"ports"});
  const int before = static_cast<int>(FindInt(ports[0], {"containerPort"}));
  ports[0]["containerPort"] = before + 1;
  world_.Patch(world_.PluginKey("shop"), {{"ports", ports}, {"replicas", 2}});
  world_.Settle();
  for (const std::string& address : world_.Upstreams("shop")) EXPECT_THAT(address, testing::EndsWith(StrCat(":", before + 1)));
  world_.gateway.SetInFlight(old_, 0);
  world_.Advance(seconds(2));
  EXPECT_EQ(world_.Upstreams("shop").size(), 2u);
}

}  // namespace
}  // namespace patchbay::controller

#include <gmock/gmock.h>

#include "controller/left_routes.h"
#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Two routes to one plugin; what is done about `r` is said.
class DriftOfRoute : public testing::Test {
 protected:
  void Begin(const std::string& mode) {
    world_.ApplyPlugin("echo", PluginSpec());
    Json spec = RouteSpec("echo");
    spec["reconcile"] = {{"mode", mode}};
    world_.ApplyRoute("r", spec);
    world_.ApplyRoute("other", RouteSpec("echo"));
    world_.Settle();
    ASSERT_EQ(Ready(), "True/Programmed");
  }
  // As somebody does with the gateway's own tools.
  void ChangeInGateway() {
    auto route = *world_.gateway.Find(Uid());
    route.upstreams = {{"10.9.9.9:80"}};
    world_.gateway.ReplaceRoute(route);
    world_.gateway.ReloadByOthers();
    world_.Advance(seconds(2));
  }
  std::string Uid() { return UidOf(world_.Get(world_.RouteKey("r"))); }
  std::string Ready() { return world_.ConditionOf(world_.RouteKey("r"), "Ready"); }
  Json Drift() {
    const Json route = world_.Get(world_.RouteKey("r"));
    const Json* drift = Find(route, {"status", "drift"});
    return drift == nullptr ? Json::array() : *drift;
  }
  World world_;
};

TEST_F(DriftOfRoute, IsCorrectedAtOnceAndToldInWhatItWas) {
  Begin("Correct");
  ChangeInGateway();
  EXPECT_THAT(world_.Upstreams("r"), ElementsAre("172.17.0.2:8080"));
  EXPECT_THAT(world_.EventReasons(), Contains("Drifted"));
  EXPECT_EQ(Ready(), "True/Programmed");
  EXPECT_EQ(Drift(), Json::array());
}

TEST_F(DriftOfRoute, StaysAndIsToldUnderWarn) {
  Begin("Warn");
  ChangeInGateway();
  EXPECT_THAT(world_.Upstreams("r"), ElementsAre("10.9.9.9:80"));
  ASSERT_EQ(Drift().size(), 1u);
  EXPECT_EQ(FindString(Drift()[0], {"field"}), "gateway.upstreams");
  EXPECT_EQ(FindString(Drift()[0], {"actual"}), "10.9.9.9:80");
  EXPECT_EQ(FindString(Drift()[0], {"desired"}), "172.17.0.2:8080");
  EXPECT_EQ(Ready(), "False/Drifted");
  EXPECT_THAT(world_.EventReasons(), Contains("Drifted"));
}

TEST_F(DriftOfRoute, IsOnlyShownUnderObserve) {
  Begin("Observe");
  ChangeInGateway();
  EXPECT_EQ(Drift().size(), 1u);
  EXPECT_THAT(world_.EventReasons(), Not(Contains("Drifted")));
}

TEST_F(DriftOfRoute, SurvivesThePublishOfOthersAndWritesNothingMore) {
  Begin("Warn");
  ChangeInGateway();
  const std::string since = FindString(Drift()[0], {"firstSeen"});
  world_.Patch(world_.RouteKey("other"), {{"stripPath", true}});
  world_.Settle();
  const int written = world_.op->store.units_committed();
  world_.Advance(seconds(30));
  EXPECT_THAT(world_.Upstreams("r"), ElementsAre("10.9.9.9:80"));
  EXPECT_TRUE(world_.gateway.Find(UidOf(world_.Get(world_.RouteKey("other"))))->strip_path);
  EXPECT_EQ(FindString(Drift()[0], {"firstSeen"}), since);
  EXPECT_EQ(world_.op->store.units_committed(), written);
}

TEST_F(DriftOfRoute, SurvivesTheOperator) {
  Begin("Warn");
  ChangeInGateway();
  world_.RestartOperator();
  world_.Advance(seconds(5));
  EXPECT_THAT(world_.Upstreams("r"), ElementsAre("10.9.9.9:80"));
  EXPECT_EQ(Ready(), "False/Drifted");
}

TEST_F(DriftOfRoute, ThatCameWhileNoOperatorLookedIsLeftToo) {
  Begin("Warn");
  auto route = *world_.gateway.Find(Uid());
  world_.KillOperator();
  route.upstreams = {{"10.9.9.9:80"}};
  world_.gateway.ReplaceRoute(route);
  world_.StartOperator();
  world_.Advance(seconds(5));
  EXPECT_THAT(world_.Upstreams("r"), ElementsAre("10.9.9.9:80"));
  EXPECT_EQ(Drift().size(), 1u);
}

TEST_F(DriftOfRoute, OfARouteThatSomebodyRemovedStaysRemoved) {
  Begin("Warn");
  world_.gateway.DropRoute(Uid());
  world_.Advance(seconds(3));
  EXPECT_FALSE(world_.gateway.Find(Uid()).has_value());
  EXPECT_EQ(FindString(Drift()[0], {"actual"}), "missing");
}

TEST_F(DriftOfRoute, EndsWhenSomebodyPutsItRightInTheGateway) {
  Begin("Warn");
  const auto right = *world_.gateway.Find(Uid());
  ChangeInGateway();
  world_.gateway.ReplaceRoute(right);
  world_.Advance(seconds(3));
  EXPECT_EQ(Drift(), Json::array());
  EXPECT_EQ(Ready(), "True/Programmed");
}

TEST_F(DriftOfRoute, EndsWhenAReconcileIsAskedFor) {
  Begin("Observe");
  ChangeInGateway();
  world_.Annotate(world_.RouteKey("r"), kReconcileAt, "2026-11-22T00:00:00Z");
  world_.Settle();
  EXPECT_THAT(world_.Upstreams("r"), ElementsAre("172.17.0.2:8080"));
  EXPECT_EQ(Ready(), "True/Programmed");
  EXPECT_EQ(FindString(world_.Get(world_.RouteKey("r")), {"status", "lastHandledReconcileAt"}), "2026-11-22T00:00:00Z");
  ChangeInGateway();
  EXPECT_THAT(world_.Upstreams("r"), ElementsAre("10.9.9.9:80"));
}

TEST_F(DriftOfRoute, EndsWhenTheRouteChanges) {
  Begin("Warn");
  ChangeInGateway();
  world_.Patch(world_.RouteKey("r"), {{"stripPath", true}});
  world_.Settle();
  EXPECT_THAT(world_.Upstreams("r"), ElementsAre("172.17.0.2:8080"));
  EXPECT_EQ(Drift(), Json::array());
}

// Or requests would be led to containers that are stopped.
TEST_F(DriftOfRoute, EndsWhenTheContainersChange) {
  Begin("Warn");
  ChangeInGateway();
  world_.Patch(world_.PluginKey("echo"), {{"image", "app:2"}});
  world_.Advance(seconds(60));
  EXPECT_EQ(world_.Phase("echo"), "Running");
  EXPECT_THAT(world_.Upstreams("r"), Not(Contains("10.9.9.9:80")));
  EXPECT_EQ(Ready(), "True/Programmed");
}

TEST_F(DriftOfRoute, IsNotWhatAGatewayHasThatWasStartedAnew) {
  Begin("Observe");
  ChangeInGateway();
  world_.gateway.Restart();
  world_.Advance(seconds(2));
  EXPECT_THAT(world_.Upstreams("r"), ElementsAre("172.17.0.2:8080"));
  EXPECT_EQ(Ready(), "True/Programmed");
}

TEST_F(DriftOfRoute, GoesWithTheRoute) {
  Begin("Observe");
  ChangeInGateway();
  const std::string uid = Uid();
  world_.Delete(world_.RouteKey("r"));
  world_.Settle();
  EXPECT_FALSE(world_.gateway.Find(uid).has_value());
  EXPECT_TRUE(world_.Get(world_.RouteKey("r")).is_null());
}

TEST_F(DriftOfRoute, IsLeftAndChangesOfTheSpecWaitWhileItIsPaused) {
  Begin("Correct");
  const auto before = *world_.gateway.Find(Uid());
  world_.Patch(world_.RouteKey("r"), {{"stripPath", true}, {"reconcile", {{"paused", true}}}});
  world_.Settle();
  EXPECT_EQ(*world_.gateway.Find(Uid()), before);
  EXPECT_EQ(Ready(), "False/Paused");
  world_.RestartOperator();
  world_.Advance(seconds(5));
  world_.Patch(world_.RouteKey("r"), {{"hosts", {"a.example.org"}}});
  world_.Settle();
  EXPECT_EQ(*world_.gateway.Find(Uid()), before);
  world_.ApplyPlugin("echo", PluginSpec("echo:2"));
  world_.Settle();
  EXPECT_THAT(world_.Upstreams("r"), ElementsAre("172.17.0.3:8080")) << "containers are followed";
  EXPECT_FALSE(world_.gateway.Find(Uid())->strip_path);
  ChangeInGateway();
  EXPECT_THAT(world_.Upstreams("r"), ElementsAre("10.9.9.9:80"));
  world_.Patch(world_.RouteKey("r"), {{"reconcile", {{"paused", false}}}});
  world_.Settle();
  EXPECT_THAT(world_.Upstreams("r"), ElementsAre("172.17.0.3:8080"));
  EXPECT_TRUE(world_.gateway.Find(Uid())->strip_path);
  EXPECT_EQ(Ready(), "True/Programmed");
  const Json route = world_.Get(world_.RouteKey("r"));
  EXPECT_EQ(Find(route, {"status", "pausedSpec"}), nullptr);
}

TEST_F(DriftOfRoute, CanBePausedWithoutAChangeAndIsReady) {
  Begin("Correct");
  world_.Patch(world_.RouteKey("r"), {{"reconcile", {{"paused", true}}}});
  world_.Settle();
  EXPECT_EQ(Ready(), "True/Programmed");
  const int written = world_.op->store.units_committed();
  world_.Advance(seconds(30));
  EXPECT_EQ(world_.op->store.units_committed(), written);
}

}  // namespace
}  // namespace patchbay::controller

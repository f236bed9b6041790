// spec.reconcile and status.drift: what deviates, and what is done about it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/desired.h"
#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

driver::FakeBehaviour Crashing() {
  driver::FakeBehaviour behaviour;
  behaviour.exits_with = 1;
  return behaviour;
}

class Reconcile : public testing::Test {
 protected:
  void Begin(const Json& reconcile, int replicas = 1) {
    world_.ApplyPlugin("shop", PluginSpec("app:1", replicas));
    world_.ApplyRoute("shop", RouteSpec("shop"));
    world_.Settle();
    EXPECT_EQ(world_.Phase("shop"), "Running");
    Set({{"reconcile", reconcile}});
  }
  void Set(const Json& spec) {
    world_.Patch(world_.PluginKey("shop"), spec);
    world_.Settle();
  }
  Json Status(const std::string& field) {
    const Json plugin = world_.Get(world_.PluginKey("shop"));
    const Json* found = Find(plugin, {"status"});
    return found->value(field, Json());
  }
  std::vector<std::string> Drift() {
    std::vector<std::string> drift;
    for (const Json& each : Status("drift"))
      drift.push_back(StrCat(FindString(each, {"field"}), ": ", FindString(each, {"desired"}), " -> ", FindString(each, {"actual"})));
    return drift;
  }
  std::string Ready() { return world_.ConditionOf(world_.PluginKey("shop"), "Ready"); }

  World world_;
};

TEST_F(Reconcile, ShowsNoDriftWhenAllIsWell) {
  Begin({{"mode", "Correct"}});
  EXPECT_THAT(Drift(), IsEmpty());
}

TEST_F(Reconcile, ObserveShowsWhatIsMissingAndTouchesNothing) {
  Begin({{"mode", "Observe"}}, 2);
  world_.runtime.Vanish(world_.Containers().front().id);
  world_.Advance(minutes(2));
  EXPECT_THAT(Drift(), ElementsAre("replicas[0]: running -> missing"));
  EXPECT_EQ(world_.Containers().size(), 1u);
  EXPECT_EQ(Ready(), "False/NotCorrected");
  EXPECT_EQ(world_.Upstreams("shop").size(), 1u);  // the gateway is not led to what is gone
  EXPECT_THAT(world_.EventReasons(), Not(Contains("Drifted")));
}

TEST_F(Reconcile, WarnTellsOfItOnce) {
  Begin({{"mode", "Warn"}});
  Set({{"image", "app:2"}});
  EXPECT_THAT(Drift(), Contains("replicas[0].image: app:2 -> app:1"));
  world_.Advance(minutes(5));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1"));
  const auto reasons = world_.EventReasons();
  EXPECT_EQ(std::count(reasons.begin(), reasons.end(), "Drifted"), 2);  // image and revision
}

TEST_F(Reconcile, FirstSeenStaysWhileItDeviates) {
  Begin({{"mode", "Observe"}});
  Set({{"image", "app:2"}});
  const std::string first = FindString(Status("drift")[0], {"firstSeen"});
  world_.Advance(hours(2));
  EXPECT_EQ(FindString(Status("drift")[0], {"firstSeen"}), first);
}

TEST_F(Reconcile, CorrectsOnceWhenAskedTo) {
  Begin({{"mode", "Observe"}});
  Set({{"image", "app:2"}});
  world_.Annotate(world_.PluginKey("shop"), kReconcileAt, "2026-11-21T10:00:00Z");
  world_.Settle();
  world_.Advance(seconds(5));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:2"));
  EXPECT_EQ(Status("lastHandledReconcileAt"), "2026-11-21T10:00:00Z");
  EXPECT_THAT(Drift(), IsEmpty());
  Set({{"image", "app:1"}});
  world_.Advance(minutes(2));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:2"));
}

TEST_F(Reconcile, PausedDoesNothingUntilItIsResumed) {
  Begin({{"paused", true}});
  Set({{"image", "app:2"}});
  world_.Advance(hours(1));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1"));
  EXPECT_EQ(Ready(), "False/Paused");
  Set({{"reconcile", {{"paused", false}}}});
  world_.Advance(seconds(5));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:2"));
  EXPECT_EQ(Ready(), "True/AllReplicasReady");
}

TEST_F(Reconcile, PausedPluginsAreDeletedAllTheSame) {
  Begin({{"paused", true}});
  world_.Delete(world_.PluginKey("shop"));
  world_.Settle();
  world_.Advance(seconds(5));
  EXPECT_THAT(world_.Containers(), IsEmpty());
}

TEST_F(Reconcile, IsQuietWhileItOnlyObserves) {
  Begin({{"mode", "Observe"}});
  Set({{"image", "app:2"}});
  const std::string before = FindString(world_.Get(world_.PluginKey("shop")), {"metadata", "resourceVersion"});
  world_.Advance(hours(3));
  EXPECT_EQ(FindString(world_.Get(world_.PluginKey("shop")), {"metadata", "resourceVersion"}), before);
}

TEST_F(Reconcile, ReplacesAContainerWhoseLimitsOthersChangedAndLosesNobody) {
  Begin({{"mode", "Correct"}});
  const std::string first = world_.Containers().front().id;
  world_.runtime.Update(first, 64'000'000);
  world_.Advance(minutes(2));
  ASSERT_EQ(world_.Containers().size(), 1u);
  EXPECT_NE(world_.Containers().front().id, first);
  EXPECT_EQ(world_.Containers().front().state, driver::ContainerState::kRunning);
  EXPECT_EQ(world_.Upstreams("shop").size(), 1u);
}

TEST_F(Reconcile, ShowsLimitsThatOthersChanged) {
  Begin({{"mode", "Observe"}});
  world_.runtime.Update(world_.Containers().front().id, 64'000'000);
  world_.Advance(minutes(2));
  EXPECT_THAT(Drift(), ElementsAre("replicas[0].resources.limits.memory: no limit -> 64000000"));
}

TEST_F(Reconcile, ShowsWhatAContainerMadeAnewByHandHasOtherwise) {
  Begin({{"mode", "Observe"}});
  Set({{"env", {{{"name", "LEVEL"}, {"value", "info"}}, {{"name", "TOKEN"}, {"value", "s3cret"}}}},
       {"labels", {{"team", "shop"}, {"tier", "front"}}},
       {"volumes", {{{"name", "data"}, {"mountPath", "/data"}, {"volume", "shop-data"}}}},
       {"reconcile", {{"mode", "Correct"}}}});
  world_.Advance(minutes(1));
  EXPECT_THAT(Drift(), IsEmpty());
  Set({{"reconcile", {{"mode", "Observe"}}}});
  const std::string id = world_.Containers().front().id;
  world_.runtime.SetLabel(id, "team", "other");
  world_.runtime.DropLabel(id, "tier");
  world_.runtime.Remake(id, [](driver::Makeup& makeup) {
    makeup.env = {"PATH=/bin", "LEVEL=debug"};
    makeup.mounts.front().source = "elsewhere";
    makeup.ports = {{8080, "tcp", 9000, "127.0.0.1"}};
  });
  world_.Advance(minutes(2));
  EXPECT_THAT(Drift(), ElementsAre("replicas[0].env.LEVEL: as in the spec -> another value",
                                   "replicas[0].env.TOKEN: as in the spec -> missing",
                                   "replicas[0].labels.team: shop -> other", "replicas[0].labels.tier: front -> missing",
                                   "replicas[0].ports: none -> 127.0.0.1:9000->8080/tcp",
                                   "replicas[0].volumes[/data]: volume shop-data -> volume elsewhere"));
  EXPECT_THAT(DumpJson(world_.Get(world_.PluginKey("shop"))["status"]), Not(testing::HasSubstr("s3cret")));
}

TEST_F(Reconcile, ReplacesAContainerThatWasMadeAnewByHand) {
  Begin({{"mode", "Correct"}});
  const std::string first = world_.Containers().front().id;
  world_.runtime.Remake(first, [](driver::Makeup& makeup) { makeup.ports = {{8080, "tcp", 9000, ""}}; });
  world_.Advance(minutes(2));
  ASSERT_EQ(world_.Containers().size(), 1u);
  EXPECT_NE(world_.Containers().front().id, first);
  EXPECT_THAT(Drift(), IsEmpty());
}

TEST_F(Reconcile, ComparesWithoutAskingTheEngineMore) {
  Begin({{"mode", "Correct"}}, 2);
  world_.Advance(minutes(3));
  world_.runtime.faults().ForgetHistory();
  const auto revision = world_.op->cache.revision();
  world_.Advance(minutes(10));
  EXPECT_EQ(world_.runtime.faults().Actions(), 0);
  EXPECT_EQ(world_.runtime.faults().Count(driver::RuntimeCall::kInspect), 0);
  EXPECT_EQ(world_.runtime.faults().Count(driver::RuntimeCall::kListImages), 0);
  EXPECT_LE(world_.runtime.faults().Count(driver::RuntimeCall::kList), 25);  // the whole list, twice a minute
  EXPECT_EQ(world_.op->cache.revision(), revision);
}

// --- strategies ---

TEST_F(Reconcile, AtomicLetsNoNewOneServeBeforeAllAreReady) {
  Begin({}, 3);
  Set({{"strategy", {{"type", "Atomic"}}}});
  bool mixed = false;
  world_.Patch(world_.PluginKey("shop"), {{"image", "app:2"}});
  std::set<std::string> old;
  for (const auto& container : world_.Containers()) old.insert(container.ip);
  for (int i = 0; i < 200; ++i) {
    world_.op->controllers.Step();
    int olds = 0;
    const auto upstreams = world_.Upstreams("shop");
    for (const std::string& address : upstreams) olds += old.contains(address.substr(0, address.rfind(':'))) ? 1 : 0;
    mixed = mixed || (olds > 0 && olds < static_cast<int>(upstreams.size()));
    EXPECT_FALSE(upstreams.empty());
    world_.clock.Advance(std::chrono::milliseconds(20));
  }
  world_.Advance(seconds(5));
  EXPECT_FALSE(mixed);
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:2", "app:2", "app:2"));
}

TEST_F(Reconcile, GivesUpWhatMakesNoProgressForWhatWasReadyLast) {
  Begin({}, 2);
  const auto before = world_.Upstreams("shop");
  world_.runtime.Script("app:2", Crashing());
  Set({{"image", "app:2"}, {"strategy", {{"progressDeadlineSeconds", 60}}}});
  world_.Advance(minutes(10));
  EXPECT_EQ(Ready(), "False/RolledBack");
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1", "app:1"));
  EXPECT_EQ(world_.Upstreams("shop"), before);  // never stopped
  EXPECT_THAT(world_.EventReasons(), Contains("RolledBack"));
  world_.Advance(hours(5));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1", "app:1"));
  world_.RestartOperator();
  world_.Advance(minutes(5));
  EXPECT_EQ(Ready(), "False/RolledBack");
  EXPECT_EQ(world_.Upstreams("shop"), before);
  // Another wish is another chance.
  world_.runtime.AddImage("app:3");
  Set({{"image", "app:3"}});
  world_.Advance(seconds(30));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:3", "app:3"));
  EXPECT_EQ(Ready(), "True/AllReplicasReady");
}

TEST_F(Reconcile, KeepsWhatItWouldGoBackToHoweverManyWishesFail) {
  Begin({});
  world_.runtime.Script("app:2", Crashing());
  for (int i = 0; i < 4; ++i) {
    Set({{"image", "app:2"},
         {"env", {{{"name", "N"}, {"value", StrCat(i)}}}},
         {"revisionHistoryLimit", 2},
         {"strategy", {{"progressDeadlineSeconds", 60}}}});
    world_.Advance(minutes(4));
    EXPECT_EQ(Ready(), "False/RolledBack") << i;
    EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1")) << i;
  }
}

TEST_F(Reconcile, GoesOnTryingWithoutAutoRollback) {
  Begin({});
  world_.runtime.Script("app:2", Crashing());
  Set({{"image", "app:2"}, {"strategy", {{"progressDeadlineSeconds", 60}, {"autoRollback", false}}}});
  world_.Advance(minutes(10));
  EXPECT_THAT(Ready(), testing::StartsWith("False/"));
  EXPECT_NE(Ready(), "False/RolledBack");
  EXPECT_THAT(world_.EventReasons(), Not(Contains("RolledBack")));
}

TEST_F(Reconcile, DoesNotGiveUpAnImageThatCannotBePulledYet) {
  Begin({});
  world_.runtime.SetPullError("late:1", Error{Code::kUnavailable, "the registry is away"});
  Set({{"image", "late:1"}, {"strategy", {{"progressDeadlineSeconds", 60}}}});
  world_.Advance(hours(24 * 2));
  EXPECT_EQ(Ready(), "False/ImagePullBackOff");
  world_.runtime.SetPullError("late:1", std::nullopt);
  world_.Advance(minutes(10));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("late:1"));
}

TEST_F(Reconcile, WaitsUntilANewOneHasBeenReadyForLongEnough) {
  Begin({});
  Set({{"image", "app:2"}, {"strategy", {{"minReadySeconds", 30}}}});
  world_.Advance(seconds(20));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1", "app:2"));
  world_.Advance(seconds(20));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:2"));
}

}  // namespace
}  // namespace patchbay::controller

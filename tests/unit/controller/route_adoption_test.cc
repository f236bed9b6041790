#include <gmock/gmock.h>

#include "controller/adopted_routes.h"
#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Somebody's entry in the gateway leads to what the plugin `echo` runs; the Route `r` takes it over.
class AdoptingRoute : public testing::Test {
 protected:
  void SetUp() override {
    world_.gateway.AddEntry("old");
    world_.ApplyPlugin("echo", PluginSpec());
    world_.Settle();
    changes_ = world_.gateway.changes();
  }
  void Wish(Json spec = RouteSpec("echo"), const std::string& entries = "fake:old") { world_.Apply(Key(), spec, {{kAdopt, entries}}); }
  void Adopt() {
    Wish();
    Wait();
    ASSERT_EQ(Ready(), "True/Adopted");
  }
  void Wait() { world_.Advance(seconds(5)); }
  patchbay::Key Key() { return world_.RouteKey("r"); }
  bool ServesOurs() { return world_.gateway.Find(UidOf(world_.Get(Key()))).has_value(); }
  bool HasOld() { return world_.gateway.Entries().contains("old"); }
  std::string Ready() { return world_.ConditionOf(Key(), "Ready"); }
  std::string Says() {
    const Json route = world_.Get(Key());
    return FindString(route, {"status", "lastError"});
  }
  Json Adopted() {
    const Json route = world_.Get(Key());
    const Json* adopted = Find(route, {"status", "adopted"});
    return adopted == nullptr ? Json() : *adopted;
  }

  World world_;
  int changes_ = 0;
};

TEST_F(AdoptingRoute, ChangesNothingInTheGateway) {
  Adopt();
  EXPECT_EQ(world_.gateway.changes(), changes_);
  EXPECT_TRUE(HasOld());
  EXPECT_FALSE(ServesOurs());
  EXPECT_EQ(Adopted(), Json({"fake:old"}));
  EXPECT_THAT(world_.EventReasons(), Contains("Adopted"));
}

TEST_F(AdoptingRoute, StaysWhileMoreContainersBecomeReady) {
  world_.Delete(world_.PluginKey("echo"));
  world_.Settle();
  Wish();
  Wait();
  EXPECT_EQ(Ready(), "False/BackendNotFound");
  Json two = PluginSpec();
  two["replicas"] = 2;
  world_.ApplyPlugin("echo", two);
  Wait();
  EXPECT_EQ(Ready(), "True/Adopted");
  EXPECT_TRUE(HasOld());
}

TEST_F(AdoptingRoute, IsReplacedWhenAContainerGoesThoughNotAllWereEverReady) {
  Json spec = PluginSpec();
  spec["replicas"] = 2;
  spec["strategy"] = {{"progressDeadlineSeconds", 100'000}};
  world_.runtime.SetPullError("late:1", Error{Code::kUnavailable, "registry is away"});
  spec["image"] = "late:1";
  world_.ApplyPlugin("echo", spec);
  world_.Settle();
  Wish();
  Wait();
  ASSERT_EQ(Ready(), "True/Adopted");
  world_.RestartOperator();
  Wait();
  EXPECT_TRUE(HasOld());
  world_.runtime.Vanish(world_.Containers().front().name);
  Wait();
  EXPECT_FALSE(HasOld());
  EXPECT_TRUE(ServesOurs());
}

TEST_F(AdoptingRoute, IsReplacedByOursWhenTheRouteChanges) {
  Adopt();
  world_.Patch(Key(), {{"stripPath", true}});
  world_.Settle();
  EXPECT_TRUE(ServesOurs());
  EXPECT_FALSE(HasOld());
  EXPECT_EQ(Ready(), "True/Programmed");
  EXPECT_EQ(Adopted(), Json());
  EXPECT_THAT(world_.EventReasons(), Contains("Replaced"));
}

TEST_F(AdoptingRoute, IsReplacedByOursWhenTheContainersChange) {
  Adopt();
  world_.ApplyPlugin("echo", PluginSpec("echo:2"));
  world_.Settle();
  EXPECT_TRUE(ServesOurs());
  EXPECT_FALSE(HasOld());
}

TEST_F(AdoptingRoute, IsReplacedByOursWhenAReconcileIsAskedFor) {
  Adopt();
  world_.Annotate(Key(), kReconcileAt, "2026-11-22T00:00:00Z");
  world_.Settle();
  EXPECT_TRUE(ServesOurs());
  EXPECT_FALSE(HasOld());
}

TEST_F(AdoptingRoute, IsServedByOursWhenTheEntryIsGone) {
  Adopt();
  world_.gateway.RemoveEntry("old");
  world_.Advance(seconds(2));
  EXPECT_TRUE(ServesOurs());
  EXPECT_EQ(Ready(), "True/Programmed");
}

TEST_F(AdoptingRoute, StaysAsItIsOverARestartAndWritesNothingMore) {
  Adopt();
  world_.RestartOperator();
  Wait();
  const int written = world_.op->store.units_committed();
  world_.Advance(seconds(30));
  EXPECT_EQ(Ready(), "True/Adopted");
  EXPECT_EQ(world_.gateway.changes(), changes_);
  EXPECT_EQ(world_.op->store.units_committed(), written);
}

TEST_F(AdoptingRoute, IsReplacedWhenItChangedWhileNoOperatorRan) {
  Adopt();
  world_.KillOperator();
  world_.StartOperator();
  world_.Patch(Key(), {{"stripPath", true}});
  Wait();
  EXPECT_TRUE(ServesOurs());
  EXPECT_FALSE(HasOld());
}

// Ours stands before all entries of others: the wider one would take the requests of the other.
TEST_F(AdoptingRoute, IsReplacedTogetherWithOneThatMayMatchTheSame) {
  world_.gateway.AddEntry("wide");
  world_.gateway.AddEntry("apart");
  const auto spec = [](const char* host, const char* path) {
    Json route = RouteSpec("echo");
    route["hosts"] = {host};
    route["paths"][0]["value"] = path;
    return route;
  };
  world_.Apply(world_.RouteKey("wide"), spec("*.example.org", "/"), {{kAdopt, "fake:wide"}});
  world_.Apply(world_.RouteKey("apart"), spec("apart.net", "/"), {{kAdopt, "fake:apart"}});
  Wish(spec("www.example.org", "/api"));
  Wait();
  ASSERT_EQ(world_.gateway.changes(), changes_);
  world_.Patch(world_.RouteKey("wide"), {{"stripPath", true}});
  world_.Settle();
  EXPECT_FALSE(world_.gateway.Entries().contains("wide"));
  EXPECT_FALSE(HasOld());
  EXPECT_TRUE(ServesOurs());
  EXPECT_TRUE(world_.gateway.Entries().contains("apart"));
}

TEST_F(AdoptingRoute, IsReplacedWhenAnOrdinaryRouteMayMatchTheSame) {
  Adopt();
  world_.ApplyRoute("other", RouteSpec("echo"));
  world_.Settle();
  EXPECT_FALSE(HasOld());
  EXPECT_TRUE(ServesOurs());
}

TEST_F(AdoptingRoute, HappensOnceThoughTheEntryComesBack) {
  Adopt();
  world_.Patch(Key(), {{"stripPath", true}});
  world_.Settle();
  world_.gateway.AddEntry("old");
  world_.gateway.ReloadByOthers();
  world_.RestartOperator();
  Wait();
  EXPECT_TRUE(ServesOurs());
  EXPECT_TRUE(HasOld()) << "it is somebody's again";
}

TEST_F(AdoptingRoute, StaysWhenTheRouteIsPausedOrItsModeChanges) {
  Adopt();
  world_.Patch(Key(), {{"reconcile", {{"mode", "Warn"}}}});
  Wait();
  EXPECT_TRUE(HasOld());
  world_.Patch(Key(), {{"stripPath", true}, {"reconcile", {{"paused", true}}}});
  Wait();
  EXPECT_TRUE(HasOld());
  EXPECT_EQ(Ready(), "False/Paused");
  world_.Patch(Key(), {{"reconcile", {{"paused", false}}}});
  Wait();
  EXPECT_FALSE(HasOld());
  EXPECT_TRUE(ServesOurs());
}

// The operator was started with other flags, it seems.
TEST_F(AdoptingRoute, ChangesNothingWhileTheEntryIsWhereOursDoesNotGo) {
  Adopt();
  world_.gateway.MoveEntry("old");
  world_.RestartOperator();
  Wait();
  EXPECT_EQ(Ready(), "False/AdoptionNotFound");
  EXPECT_THAT(Says(), HasSubstr("the entry is elsewhere"));
  world_.Patch(Key(), {{"stripPath", true}});
  Wait();
  EXPECT_FALSE(ServesOurs());
  world_.gateway.AddEntry("old");
  Wait();
  EXPECT_TRUE(ServesOurs());
  EXPECT_FALSE(HasOld());
  EXPECT_EQ(Ready(), "True/Programmed");
}

TEST_F(AdoptingRoute, GivesTheEntryBackWhenItIsDeleted) {
  Adopt();
  world_.Delete(Key());
  world_.Settle();
  EXPECT_TRUE(world_.Get(Key()).is_null());
  EXPECT_TRUE(HasOld());
  EXPECT_EQ(world_.gateway.changes(), changes_);
}

TEST_F(AdoptingRoute, IsServedByNeitherWhenItIsDisabled) {
  Adopt();
  world_.Patch(Key(), {{"enabled", false}});
  world_.Settle();
  EXPECT_FALSE(HasOld());
  EXPECT_FALSE(ServesOurs());
  EXPECT_EQ(Ready(), "True/Disabled");
  world_.Patch(Key(), {{"enabled", true}});
  world_.Settle();
  EXPECT_TRUE(ServesOurs());
}

TEST_F(AdoptingRoute, KeepsTheEntryWhileOursIsRefused) {
  Adopt();
  world_.gateway.Refuse(UidOf(world_.Get(Key())), "no such thing");
  world_.Patch(Key(), {{"stripPath", true}});
  world_.Settle();
  EXPECT_TRUE(HasOld());
  EXPECT_EQ(Ready(), "False/RefusedByGateway");
}

TEST_F(AdoptingRoute, PublishesNothingWhileTheEntryCannotBeFound) {
  Wish(RouteSpec("echo"), "fake:other");
  Wait();
  EXPECT_FALSE(ServesOurs());
  EXPECT_EQ(Ready(), "False/AdoptionNotFound");
  EXPECT_THAT(Says(), HasSubstr("other"));
  world_.gateway.AddEntry("other");
  Wait();
  EXPECT_EQ(Ready(), "True/Adopted");
}

TEST_F(AdoptingRoute, SaysThatTheEntryIsAnotherGatewaysOrNone) {
  Wish(RouteSpec("echo"), "kong:1@2");
  Wait();
  EXPECT_FALSE(ServesOurs());
  EXPECT_EQ(Says(), "\"kong:1@2\" is in kong, and the operator's gateway is fake; import it again, or remove the annotation patchbay.dev/adopt");
  Wish(RouteSpec("echo"), "nonsense");
  Wait();
  EXPECT_THAT(Says(), HasSubstr("\"nonsense\" is no name of an entry"));
}

TEST_F(AdoptingRoute, IsLikeAnyOtherWithoutTheAnnotation) {
  Adopt();
  Json object = world_.Get(Key());
  object["metadata"].erase("annotations");
  object["metadata"].erase("resourceVersion");
  ASSERT_TRUE(world_.op->committer.Write({.key = Key(), .object = object}).ok());
  Wait();
  EXPECT_TRUE(ServesOurs());
  EXPECT_FALSE(HasOld());
  EXPECT_EQ(Adopted(), Json());
  world_.Annotate(Key(), kAdopt, "fake:old");
  Wait();
  EXPECT_TRUE(ServesOurs()) << "ours is not given up for an entry";
  EXPECT_EQ(Ready(), "True/Programmed");
}

TEST_F(AdoptingRoute, IsReplacedWhenTheAnnotationNamesAnother) {
  Adopt();
  world_.Annotate(Key(), kAdopt, "fake:typo");
  Wait();
  EXPECT_FALSE(HasOld());
  EXPECT_TRUE(ServesOurs());
  EXPECT_EQ(Ready(), "True/Programmed");
}

TEST_F(AdoptingRoute, TakesAnEntryAwayThatStandsBesideOurs) {
  world_.ApplyRoute("r", RouteSpec("echo"));
  Wait();
  world_.Annotate(Key(), kAdopt, "fake:old");
  Wait();
  EXPECT_TRUE(ServesOurs());
  EXPECT_FALSE(HasOld());
}

TEST_F(AdoptingRoute, IsReplacedWhenTheContainersChangedBeforeTheGatewayWasThere) {
  world_.gateway.SetUnavailable(true);
  Wish();
  Wait();
  world_.ApplyPlugin("echo", PluginSpec("echo:2"));
  Wait();
  world_.gateway.SetUnavailable(false);
  Wait();
  Wait();
  EXPECT_FALSE(HasOld());
  EXPECT_TRUE(ServesOurs());
}

// It would lead to containers that are stopped, or to somebody else's by then.
TEST_F(AdoptingRoute, ServesNobodyWhenOursIsRefusedAndTheContainersChange) {
  Adopt();
  world_.gateway.Refuse(UidOf(world_.Get(Key())), "no such thing");
  world_.ApplyPlugin("echo", PluginSpec("echo:2"));
  Wait();
  EXPECT_FALSE(HasOld());
  EXPECT_EQ(Ready(), "False/RefusedByGateway");
}

TEST_F(AdoptingRoute, StaysWhileItsSpecIsInvalidAndItsContainersAreThere) {
  Adopt();
  world_.Patch(Key(), {{"timeout", "nonsense"}});
  Wait();
  EXPECT_TRUE(HasOld());
  world_.ApplyRoute("other", RouteSpec("echo"));
  Wait();
  EXPECT_TRUE(HasOld());
  EXPECT_FALSE(ServesOurs());
  world_.ApplyPlugin("echo", PluginSpec("echo:2"));
  Wait();
  EXPECT_FALSE(HasOld());
}

TEST_F(AdoptingRoute, IsPlannedBeforeItIsDone) {
  Json object = {{"apiVersion", "patchbay.dev/v1"}, {"kind", "Route"}, {"spec", RouteSpec("echo")}};
  object["metadata"] = {{"name", "r"}, {"namespace", "default"}, {"annotations", {{kAdopt, "fake:old"}}}};
  const auto actions = [&](const Json& wished) {
    std::vector<std::string> all;
    const auto plan = world_.op->controllers.Plan({wished});
    EXPECT_TRUE(plan.ok());
    for (const Json& action : (*plan)[0]["actions"]) all.push_back(StrCat(FindString(action, {"action"}), ": ", FindString(action, {"reason"})));
    return all;
  };
  EXPECT_THAT(actions(object), ElementsAre("adopt: patchbay.dev/adopt names fake:old: it serves on"));
  Adopt();
  object = world_.Get(Key());
  EXPECT_THAT(actions(object), IsEmpty());
  object["spec"]["stripPath"] = true;
  object["metadata"]["generation"] = 2;
  EXPECT_THAT(actions(object), ElementsAre("publish: it takes the place of fake:old"));
}

}  // namespace
}  // namespace patchbay::controller

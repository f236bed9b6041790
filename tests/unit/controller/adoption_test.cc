#include "controller/adoption.h"

#include <gmock/gmock.h>

#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using driver::ContainerState;
using driver::RuntimeCall;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// A container made by hand, and the plugin that is to take it over.
class Adopting : public testing::Test {
 protected:
  std::string RunByHand(const std::string& name, const std::string& image = "app:1") {
    return world_.runtime.AddForeign(name, {}, image);
  }
  void Wish(const std::string& plugin, const std::string& ids, const Json& spec = PluginSpec()) {
    world_.Apply(world_.PluginKey(plugin), spec, {{kAdopt, ids}});
  }
  Json Status(const std::string& plugin) { return world_.Get(world_.PluginKey(plugin))["status"]; }
  int Changes() { return world_.runtime.faults().Actions(); }
  std::vector<std::string> RunningNames() {
    std::vector<std::string> names;
    for (const auto& container : world_.runtime.All())
      if (container.state == ContainerState::kRunning) names.push_back(container.name);
    return names;
  }

  World world_;
};

TEST_F(Adopting, TakesTheContainerOverAsItRuns) {
  const std::string id = RunByHand("web");
  const auto started = world_.runtime.Inspect(id)->started;
  Wish("web", id);
  world_.ApplyRoute("r", RouteSpec("web"));
  world_.Settle();
  EXPECT_EQ(Changes(), 0) << testing::PrintToString(world_.runtime.faults().History());
  EXPECT_THAT(world_.runtime.All(), SizeIs(1));
  EXPECT_EQ(world_.runtime.Inspect(id)->started, started);
  EXPECT_EQ(world_.Phase("web"), "Running");
  const Json status = Status("web");
  EXPECT_EQ(FindString(status, {"ready"}), "1/1");
  ASSERT_THAT(status["adopted"], SizeIs(1));
  EXPECT_EQ(status["adopted"][0]["id"], id);
  EXPECT_EQ(status["adopted"][0]["revision"], status["currentRevision"]);
  EXPECT_EQ(status["lastHandledAdoption"], id);
  EXPECT_EQ(status["instances"][0]["name"], "web");
  EXPECT_FALSE(status.contains("drift"));
  EXPECT_THAT(world_.Upstreams("r"), ElementsAre(world_.runtime.Inspect(id)->ip + ":8080"));
  EXPECT_EQ(FindString(world_.Pod("web"), {"metadata", "labels", driver::kLabelClaimed}), "true");
  EXPECT_THAT(world_.EventReasons(), testing::Contains("Adopted"));
}

TEST_F(Adopting, WritesNothingOnceItIsDone) {
  Wish("web", RunByHand("web"));
  world_.Settle();
  const int written = world_.op->store.units_committed();
  world_.Advance(minutes(10));
  EXPECT_EQ(world_.op->store.units_committed(), written);
  EXPECT_EQ(Changes(), 0);
}

TEST_F(Adopting, IsRememberedOverARestart) {
  const std::string id = RunByHand("web");
  Wish("web", id);
  world_.Settle();
  // As another program finds it.
  ASSERT_TRUE(world_.runtime.Claim(UidOf(world_.Get(world_.PluginKey("web"))), {}).ok());
  world_.RestartOperator();
  world_.Settle();
  world_.Advance(minutes(1));
  EXPECT_EQ(Changes(), 0);
  EXPECT_EQ(Status("web")["adopted"][0]["id"], id);
  EXPECT_EQ(world_.Phase("web"), "Running");
}

TEST_F(Adopting, IsReplacedByTheNextChangeAndThenForgotten) {
  const std::string id = RunByHand("web");
  Wish("web", id);
  world_.ApplyRoute("r", RouteSpec("web"));
  world_.Settle();
  bool served = true;
  world_.runtime.faults().SetHook([&](RuntimeCall call, const std::string& subject) {
    if (call == RuntimeCall::kStop && subject == "web")
      served = world_.Upstreams("r").size() == 1 && world_.Containers().size() == 1;
  });
  world_.Patch(world_.PluginKey("web"), {{"image", "app:2"}});
  world_.Settle();
  EXPECT_TRUE(served) << "the new one comes first";
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:2"));
  EXPECT_EQ(world_.runtime.Inspect(id).error().code, Code::kNotFound);
  EXPECT_FALSE(Status("web").contains("adopted"));
  EXPECT_EQ(world_.Phase("web"), "Running");
  world_.RestartOperator();
  world_.Settle();
  EXPECT_EQ(world_.ConditionOf(world_.PluginKey("web"), "Ready"), "True/AllReplicasReady")
      << "the annotation is done with";
}

TEST_F(Adopting, OfAnotherImageIsReplacedAtOnceNewOneFirst) {
  Wish("web", RunByHand("web", "app:0"));
  world_.Settle();
  EXPECT_THAT(world_.runtime.faults().History(), testing::Contains("stop web"));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1"));
  EXPECT_THAT(world_.runtime.All(), SizeIs(1));
}

TEST_F(Adopting, WaitsForWhatTheSpecRefersTo) {
  Json spec = PluginSpec();
  spec["env"] =
      Json::array({{{"name", "TOKEN"}, {"valueFrom", {{"secretKeyRef", {{"name", "s"}, {"key", "token"}}}}}}});
  Wish("web", RunByHand("web"), spec);
  world_.Settle();
  EXPECT_EQ(world_.ConditionOf(world_.PluginKey("web"), "Ready"), "False/ReferenceNotFound");
  world_.ApplyPlain({std::string(kSecrets), "default", "s"}, "Secret", {{"data", {{"token", "eA=="}}}});
  world_.Settle();
  EXPECT_EQ(world_.Phase("web"), "Running");
  EXPECT_EQ(Changes(), 0);
}

TEST_F(Adopting, FillsTheOtherPlacesWithNewOnes) {
  const std::string a = RunByHand("a");
  const std::string b = RunByHand("b");
  Wish("web", a + ", " + b, PluginSpec("app:1", 3));
  world_.Settle();
  EXPECT_THAT(world_.Containers(), SizeIs(1));
  EXPECT_EQ(FindString(Status("web"), {"ready"}), "3/3");
  EXPECT_THAT(RunningNames(), SizeIs(3));
}

TEST_F(Adopting, ThatDiesIsStartedAgain) {
  const std::string id = RunByHand("web");
  Wish("web", id);
  world_.Settle();
  world_.runtime.Die(id, 1);
  world_.Advance(minutes(1));
  EXPECT_EQ(world_.runtime.Inspect(id)->state, ContainerState::kRunning);
  EXPECT_EQ(world_.Phase("web"), "Running");
}

TEST_F(Adopting, ThatVanishesIsReplaced) {
  const std::string id = RunByHand("web");
  Wish("web", id);
  world_.Settle();
  world_.runtime.Vanish(id);
  world_.Advance(minutes(1));
  EXPECT_THAT(world_.Containers(), SizeIs(1));
  EXPECT_EQ(world_.Phase("web"), "Running");
  EXPECT_FALSE(Status("web").contains("adopted"));
}

TEST_F(Adopting, NothingIsMadeWhenTheContainerDoesNotExist) {
  Wish("web", std::string(64, 'a'));
  world_.Settle();
  EXPECT_THAT(world_.runtime.All(), IsEmpty());
  EXPECT_EQ(world_.ConditionOf(world_.PluginKey("web"), "Stalled"), "True/AdoptionNotFound");
  const int written = world_.op->store.units_committed();
  world_.Advance(minutes(10));
  EXPECT_EQ(world_.op->store.units_committed(), written);
  world_.Annotate(world_.PluginKey("web"), kAdopt, "");
  world_.Settle();
  EXPECT_EQ(world_.Phase("web"), "Running");
}

TEST_F(Adopting, OfAnotherInstallationIsRefused) {
  const std::string id = world_.runtime.AddForeign("theirs", {{driver::kLabelInstallation, "another"}}, "app:1");
  Wish("web", id);
  world_.Settle();
  EXPECT_EQ(world_.ConditionOf(world_.PluginKey("web"), "Stalled"), "True/AdoptionConflict");
  EXPECT_EQ(Changes(), 0);
  EXPECT_THAT(RunningNames(), ElementsAre("theirs"));
}

TEST_F(Adopting, OfTwoPluginsNeitherGetsItUntilOneLetsGo) {
  const std::string id = RunByHand("web");
  Wish("one", id);
  Wish("two", id);
  world_.Settle();
  EXPECT_EQ(Changes(), 0);
  EXPECT_EQ(world_.ConditionOf(world_.PluginKey("two"), "Stalled"), "True/AdoptionConflict");
  EXPECT_EQ(world_.ConditionOf(world_.PluginKey("one"), "Stalled"), "True/AdoptionConflict");
  world_.Annotate(world_.PluginKey("two"), kAdopt, "");
  world_.Advance(minutes(1));
  EXPECT_EQ(Status("one")["adopted"][0]["id"], id);
  EXPECT_EQ(world_.Phase("two"), "Running") << "a new one";
  EXPECT_THAT(world_.Containers(), SizeIs(1));
}

TEST_F(Adopting, OfOneThatAnotherHasIsRefused) {
  const std::string id = RunByHand("web");
  Wish("one", id);
  world_.Settle();
  world_.RestartOperator();
  Wish("two", id);
  world_.Settle();
  EXPECT_EQ(world_.Phase("one"), "Running");
  EXPECT_EQ(world_.ConditionOf(world_.PluginKey("two"), "Stalled"), "True/AdoptionConflict");
  EXPECT_EQ(Changes(), 0);
}

TEST_F(Adopting, NeedsAPlaceAndAContainerThatRuns) {
  const std::string a = RunByHand("a");
  const std::string b = RunByHand("b");
  Wish("web", a + "," + b, PluginSpec("app:1", 1));
  world_.Settle();
  EXPECT_EQ(world_.ConditionOf(world_.PluginKey("web"), "Stalled"), "True/AdoptionConflict");
  ASSERT_TRUE(world_.runtime.Stop(b, std::chrono::seconds(1)).ok());
  world_.Patch(world_.PluginKey("web"), {{"replicas", 2}});
  world_.Settle();
  EXPECT_THAT(FindString(Status("web"), {"lastError"}), HasSubstr("is not running but exited"));
  ASSERT_TRUE(world_.runtime.Start(b).ok());
  world_.Advance(minutes(1));
  EXPECT_EQ(world_.Phase("web"), "Running");
  EXPECT_THAT(world_.Containers(), IsEmpty());
}

TEST_F(Adopting, NamesTheFullIdOfAContainerThatIsNamedOtherwise) {
  const std::string id = RunByHand("web");
  Wish("web", "web");
  world_.Settle();
  EXPECT_THAT(FindString(Status("web"), {"lastError"}), HasSubstr(id));
}

TEST_F(Adopting, GoesWithThePlugin) {
  const std::string id = RunByHand("web");
  RunByHand("other");
  Wish("web", id);
  world_.Settle();
  world_.Delete(world_.PluginKey("web"));
  world_.Settle();
  EXPECT_TRUE(world_.Get(world_.PluginKey("web")).is_null());
  EXPECT_THAT(RunningNames(), ElementsAre("other"));
}

TEST_F(Adopting, StaysWhenTheRowGoesWithoutAWord) {
  Wish("web", RunByHand("web"));
  world_.Settle();
  world_.DeleteRow(world_.PluginKey("web"));
  world_.Advance(minutes(10));
  EXPECT_THAT(RunningNames(), ElementsAre("web"));
}

TEST_F(Adopting, WaitsForAnEngineThatDoesNotAnswer) {
  const std::string id = RunByHand("web");
  world_.runtime.faults().SetAway(true);
  Wish("web", id);
  world_.Settle();
  EXPECT_FALSE(Status("web").contains("adopted"));
  world_.runtime.faults().SetAway(false);
  world_.Advance(minutes(1));
  EXPECT_EQ(Status("web")["adopted"][0]["id"], id);
  EXPECT_EQ(Changes(), 0);
}

TEST_F(Adopting, KeepsItWhileTheEngineIsAway) {
  const std::string id = RunByHand("web");
  Wish("web", id);
  world_.Settle();
  world_.runtime.faults().SetAway(true);
  world_.RestartOperator();
  world_.Advance(minutes(30));
  EXPECT_EQ(Status("web")["adopted"][0]["id"], id);
  world_.runtime.faults().SetAway(false);
  world_.Advance(minutes(1));
  EXPECT_EQ(Changes(), 0);
  EXPECT_THAT(RunningNames(), ElementsAre("web"));
}

TEST_F(Adopting, IsPlannedAndCostsNothing) {
  const std::string id = RunByHand("web");
  Json object = {
      {"apiVersion", "patchbay.dev/v1"}, {"kind", "Plugin"}, {"metadata", {{"name", "web"}, {"namespace", "default"}}}};
  object["metadata"]["annotations"][kAdopt] = id;
  object["spec"] = PluginSpec();
  const auto plan = world_.op->controllers.Plan({object});
  ASSERT_TRUE(plan.ok());
  ASSERT_THAT((*plan)[0]["actions"], SizeIs(1)) << DumpJson(*plan);
  EXPECT_EQ((*plan)[0]["actions"][0]["action"], "adopt");
  EXPECT_EQ((*plan)[0]["actions"][0]["target"], "web");
  object["metadata"]["annotations"][kAdopt] = std::string(64, 'b');
  const auto none = world_.op->controllers.Plan({object});
  EXPECT_THAT(FindString((*none)[0], {"error"}), HasSubstr("there is no container"));
  EXPECT_THAT((*none)[0]["actions"], IsEmpty());
}

}  // namespace
}  // namespace patchbay::controller

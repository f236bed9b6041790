#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using driver::ContainerState;
using driver::RuntimeCall;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

Json WithProbe(Json spec) {
  spec["readinessProbe"] = {{"tcpSocket", {{"port", "http"}}}, {"periodSeconds", 5}};
  return spec;
}

TEST(World, IsStillWhenNothingIsWished) {
  World world;
  world.Settle();
  EXPECT_TRUE(world.Containers().empty());
  EXPECT_EQ(world.op->store.units_committed(), 0);
}

TEST(Plugin, RunsWhatIsWished) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 3));
  world.Settle();
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:1", "app:1", "app:1"));
  const Json plugin = world.Get(world.PluginKey("echo"));
  EXPECT_EQ(FindString(plugin, {"status", "phase"}), "Running");
  EXPECT_EQ(FindString(plugin, {"status", "ready"}), "3/3");
  EXPECT_EQ(FindInt(plugin, {"status", "observedGeneration"}), 1);
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Ready"), "True/AllReplicasReady");
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Reconciling"), "False/AllReplicasReady");
  EXPECT_EQ(plugin["status"]["instances"].size(), 3u);
}

TEST(Plugin, WritesNothingOnceConverged) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  const int written = world.op->store.units_committed();
  const int acted = world.runtime.faults().Actions();
  const int changed = world.gateway.changes();
  world.Advance(minutes(10));
  EXPECT_EQ(world.op->store.units_committed(), written);
  EXPECT_EQ(world.runtime.faults().Actions(), acted);
  EXPECT_EQ(world.gateway.changes(), changed);
}

TEST(Plugin, LeavesForeignContainersAlone) {
  World world;
  world.runtime.AddForeign("database");
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  world.Delete(world.PluginKey("echo"));
  world.Settle();
  ASSERT_THAT(world.runtime.All(), SizeIs(1));
  EXPECT_EQ(world.runtime.All()[0].state, ContainerState::kRunning);
}

TEST(Plugin, TellsOfANameTakenByAForeigner) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  const std::string name = world.Containers()[0].name;
  world.runtime.Vanish(name);
  world.runtime.AddForeign(name);
  world.Settle();
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Stalled"), "True/NameConflict");
  EXPECT_EQ(world.runtime.All()[0].image, "foreign");
  world.runtime.Vanish(name);
  world.Advance(minutes(2));
  EXPECT_EQ(world.Phase("echo"), "Running");
}

TEST(Plugin, ReplacesEverythingWhenTheImageChanges) {
  World world;
  world.ApplyPlugin("echo", WithProbe(PluginSpec("app:1", 2)));
  world.Settle();
  world.Patch(world.PluginKey("echo"), {{"image", "app:2"}});
  world.Settle();
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2"));
  EXPECT_EQ(world.Phase("echo"), "Running");
  EXPECT_THAT(world.Containers(), SizeIs(2));
}

TEST(Plugin, NeverHasFewerServingThanWishedWhileReplacing) {
  World world;
  world.ApplyPlugin("echo", WithProbe(PluginSpec("app:1", 2)));
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  ASSERT_THAT(world.Upstreams("r"), SizeIs(2));
  std::size_t least = 2;
  world.runtime.faults().SetHook([&](RuntimeCall call, const std::string&) {
    if (call == RuntimeCall::kStop) least = std::min(least, world.Upstreams("r").size());
  });
  world.Patch(world.PluginKey("echo"), {{"image", "app:2"}});
  world.Settle();
  EXPECT_EQ(least, 2u);
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2"));
}

TEST(Plugin, IsStoppedOnlyWhenTheGatewayIsConfirmedWithoutIt) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 3));
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  bool asked_too_early = false;
  world.runtime.faults().SetHook([&](RuntimeCall call, const std::string& name) {
    if (call != RuntimeCall::kStop) return;
    const auto container = world.runtime.Spec(name);
    for (const auto& seen : world.runtime.All())
      if (seen.name == name || seen.id == name)
        for (const auto& address : world.Upstreams("r"))
          asked_too_early = asked_too_early || address.starts_with(seen.ip + ":");
  });
  world.Patch(world.PluginKey("echo"), {{"replicas", 1}});
  world.Settle();
  world.Patch(world.PluginKey("echo"), {{"image", "app:2"}});
  world.Settle();
  world.Patch(world.PluginKey("echo"), {{"enabled", false}});
  world.Settle();
  EXPECT_FALSE(asked_too_early);
  EXPECT_THAT(world.RunningImages(), IsEmpty());
}

TEST(Plugin, StopsThoughTheGatewayIsGoneWhenItsDrainTimeIsOver) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  world.gateway.SetUnavailable(true);
  world.Delete(world.PluginKey("echo"));
  world.Settle();
  EXPECT_THAT(world.Containers(), SizeIs(1));
  world.Advance(seconds(40));
  EXPECT_THAT(world.Containers(), IsEmpty());
  EXPECT_THAT(world.EventReasons(), Contains("GatewayUnconfirmed"));
  EXPECT_TRUE(world.Get(world.PluginKey("echo")).is_null());
}

TEST(Plugin, AFailedNewRevisionCostsNoHealthyOldContainer) {
  World world;
  driver::FakeBehaviour broken;
  broken.exits_with = 1;
  world.runtime.Script("app:2", broken);
  world.ApplyPlugin("echo", WithProbe(PluginSpec("app:1", 2)));
  world.Settle();
  world.Patch(world.PluginKey("echo"), {{"image", "app:2"}});
  world.Advance(minutes(8));
  const auto running = world.RunningImages();
  EXPECT_EQ(std::count(running.begin(), running.end(), "app:1"), 2);
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Stalled"), "True/CrashLoopBackOff");
  world.Advance(minutes(30));
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:1", "app:1"));
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Stalled"), "True/RolledBack");
  world.Patch(world.PluginKey("echo"), {{"image", "app:1"}});
  world.Settle();
  EXPECT_EQ(world.Phase("echo"), "Running");
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:1", "app:1"));
}

TEST(Plugin, ScalesUpAndStopsTheHighestOrdinalsWhenScaledDown) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 1));
  world.Settle();
  world.Patch(world.PluginKey("echo"), {{"replicas", 4}});
  world.Settle();
  EXPECT_THAT(world.Containers(), SizeIs(4));
  world.Patch(world.PluginKey("echo"), {{"replicas", 2}});
  world.Settle();
  std::set<std::string> ordinals;
  for (const auto& container : world.Containers()) ordinals.insert(container.labels.at(driver::kLabelOrdinal));
  EXPECT_THAT(ordinals, ElementsAre("0", "1"));
  EXPECT_THAT(world.EventReasons(), Contains("Scaled"));
}

TEST(Plugin, StaysDisabledThroughARestartOfTheOperator) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.Settle();
  world.Patch(world.PluginKey("echo"), {{"enabled", false}});
  world.Settle();
  EXPECT_THAT(world.Containers(), IsEmpty());
  EXPECT_EQ(world.Phase("echo"), "Disabled");
  EXPECT_NE(FindString(world.Get(world.PluginKey("echo")), {"status", "disabledAt"}), "");
  world.RestartOperator();
  world.Advance(minutes(5));
  EXPECT_THAT(world.Containers(), IsEmpty());
  world.Patch(world.PluginKey("echo"), {{"enabled", true}});
  world.Settle();
  EXPECT_EQ(world.Phase("echo"), "Running");
  EXPECT_EQ(Find(world.Get(world.PluginKey("echo")), {"status", "disabledAt"}), nullptr);
}

TEST(Plugin, IsGoneWithItsContainersWhenDeleted) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.Settle();
  world.Delete(world.PluginKey("echo"));
  EXPECT_FALSE(world.Get(world.PluginKey("echo")).is_null());
  world.Settle();
  EXPECT_THAT(world.Containers(), IsEmpty());
  EXPECT_TRUE(world.Get(world.PluginKey("echo")).is_null());
}

TEST(Plugin, MadeAgainUnderTheSameNameSharesNothingWithTheOldOne) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  const std::string old = world.Containers()[0].id;
  world.DeleteRow(world.PluginKey("echo"));
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  world.Advance(seconds(10));
  ASSERT_THAT(world.Containers(), SizeIs(1));
  EXPECT_NE(world.Containers()[0].id, old);
}

TEST(Plugin, IsRepairedWhenAContainerIsGone) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.Settle();
  world.runtime.Vanish(world.Containers()[0].name);
  world.Settle();
  EXPECT_THAT(world.RunningImages(), SizeIs(2));
  EXPECT_EQ(world.Phase("echo"), "Running");
}

TEST(Plugin, IsRepairedAtTheNextResyncWhenNoEventToldOfIt) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.Settle();
  world.runtime.MuteEvents(true);
  world.runtime.Vanish(world.Containers()[1].name);
  world.Settle();
  EXPECT_THAT(world.RunningImages(), SizeIs(1));
  world.Advance(seconds(65));
  EXPECT_THAT(world.RunningImages(), SizeIs(2));
}

TEST(Plugin, ReplacesAPausedContainer) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 1));
  world.Settle();
  world.runtime.Pause(world.Containers()[0].name);
  world.Settle();
  EXPECT_THAT(world.RunningImages(), SizeIs(1));
  EXPECT_EQ(world.Phase("echo"), "Running");
}

TEST(Plugin, StartsWhatEndedAtOnceAndThenWithBackoff) {
  World world;
  Json spec = PluginSpec();
  spec["restartPolicy"] = "OnFailure";
  world.ApplyPlugin("echo", spec);
  world.Settle();
  const std::string name = world.Containers()[0].name;
  ASSERT_TRUE(world.runtime.Stop(name, seconds(0)).ok());
  world.Settle();
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Stalled"), "True/Completed");
  world.Patch(world.PluginKey("echo"), {{"restartPolicy", "Always"}});
  world.Settle();
  const std::string next = world.Containers()[0].name;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(world.runtime.Stop(next, seconds(0)).ok());
    world.Settle();
  }
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Stalled"), "True/CrashLoopBackOff");
  EXPECT_NE(FindString(world.Get(world.PluginKey("echo")), {"status", "nextRetryTime"}), "");
  world.Advance(seconds(12));
  EXPECT_EQ(world.Phase("echo"), "Running");
}

TEST(Plugin, WaitsForItsReadinessProbe) {
  World world;
  world.refused.emplace_back("172.17.0.2", 8080);
  world.ApplyPlugin("echo", WithProbe(PluginSpec()));
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  EXPECT_EQ(world.Phase("echo"), "Starting");
  EXPECT_THAT(world.Upstreams("r"), IsEmpty());
  world.refused.clear();
  world.Advance(seconds(6));
  EXPECT_EQ(world.Phase("echo"), "Running");
  EXPECT_THAT(world.Upstreams("r"), ElementsAre("172.17.0.2:8080"));
}

TEST(Plugin, LeavesTheGatewayWhileItIsNotReady) {
  World world;
  world.ApplyPlugin("echo", WithProbe(PluginSpec("app:1", 2)));
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  world.refused.emplace_back("172.17.0.2", 8080);
  world.Advance(seconds(20));
  EXPECT_THAT(world.Upstreams("r"), ElementsAre("172.17.0.3:8080"));
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Ready").substr(0, 5), "False");
  EXPECT_THAT(world.RunningImages(), SizeIs(2));
  world.refused.clear();
  world.Advance(seconds(10));
  EXPECT_THAT(world.Upstreams("r"), SizeIs(2));
}

TEST(Plugin, IsReplacedWhenItsLivenessProbeFails) {
  World world;
  Json spec = PluginSpec();
  spec["livenessProbe"] = {{"tcpSocket", {{"port", "http"}}}, {"periodSeconds", 2}};
  world.ApplyPlugin("echo", spec);
  world.Settle();
  const std::string old = world.Containers()[0].id;
  world.refused.emplace_back("172.17.0.2", 8080);
  world.Advance(seconds(7));
  world.refused.clear();
  world.Advance(seconds(3));
  ASSERT_THAT(world.RunningImages(), SizeIs(1));
  EXPECT_NE(world.Containers()[0].id, old);
}

// What they all ask is away, and others in their place fare no better.
TEST(Plugin, GoesOnServingWhileAllFailTheirLivenessProbe) {
  World world;
  Json spec = PluginSpec("app:1", 3);
  spec["livenessProbe"] = {{"tcpSocket", {{"port", "http"}}}, {"periodSeconds", 2}};
  world.ApplyPlugin("echo", spec);
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  const std::string first = world.Containers()[0].id;
  for (const auto& container : world.Containers()) world.refused.emplace_back(container.ip, 8080);
  for (int second = 0; second < 60; ++second) {
    world.Advance(seconds(1));
    ASSERT_GE(world.Upstreams("r").size(), 2U) << "after " << second << " s";
  }
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Ready").substr(0, 5), "False");
  for (const auto& container : world.Containers()) EXPECT_NE(container.id, first) << "one is tried again";
  std::set<std::string> serving;
  for (const auto& container : world.Containers()) serving.insert(container.id);
  world.refused.clear();
  world.Advance(minutes(6));
  EXPECT_EQ(world.Phase("echo"), "Running");
  EXPECT_THAT(world.Upstreams("r"), SizeIs(3));
  const auto after = world.Containers();
  EXPECT_GE(std::count_if(after.begin(), after.end(), [&](const auto& one) { return serving.contains(one.id); }), 2) << "who served is well again";
}

TEST(Plugin, PullsAMissingImageOnceForAll) {
  World world;
  for (const char* name : {"a", "b", "c"}) world.ApplyPlugin(name, PluginSpec("other:1", 2));
  world.Settle();
  EXPECT_EQ(world.runtime.faults().Count(RuntimeCall::kPull), 1);
  EXPECT_THAT(world.RunningImages(), SizeIs(6));
}

TEST(Plugin, BacksOffWhenItsImageCannotBePulledAndRecovers) {
  World world;
  world.runtime.SetPullError("other:1", Error{Code::kTooManyRequests, "slow down", {}, seconds(60)});
  world.ApplyPlugin("echo", PluginSpec("other:1"));
  world.Settle();
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Stalled"), "True/ImagePullBackOff");
  EXPECT_NE(FindString(world.Get(world.PluginKey("echo")), {"status", "nextRetryTime"}), "");
  world.Advance(seconds(50));
  EXPECT_EQ(world.runtime.faults().Count(RuntimeCall::kPull), 1);
  world.runtime.SetPullError("other:1", std::nullopt);
  world.Advance(seconds(60));
  EXPECT_EQ(world.Phase("echo"), "Running");
}

TEST(Plugin, TellsOfAPullThatFailsAgainAndAgainOnce) {
  World world;
  world.runtime.SetPullError("other:1", Error{Code::kNotFound, "no such tag"});
  world.Apply(world.WebhookKey("w"), {{"url", "http://h/1"}, {"events", {"plugin.*"}}});
  world.ApplyPlugin("echo", PluginSpec("other:1"));
  world.Advance(hours(3));
  EXPECT_GT(world.runtime.faults().Count(RuntimeCall::kPull), 20);
  EXPECT_LT(world.runtime.faults().Count(RuntimeCall::kPull), 80);
  EXPECT_THAT(world.notifier.Sent(), SizeIs(1));
}

TEST(Plugin, KeepsTheOldOneWhileTheNewImageCannotBePulled) {
  World world;
  Json spec = PluginSpec();
  spec["ports"][0]["hostPort"] = 9000;
  world.ApplyPlugin("echo", spec);
  world.Settle();
  world.runtime.SetPullError("other:1", Error{Code::kNotFound, "no such tag"});
  world.Patch(world.PluginKey("echo"), {{"image", "other:1"}});
  world.Advance(minutes(10));
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:1"));
  world.runtime.SetPullError("other:1", std::nullopt);
  world.Advance(minutes(10));
  EXPECT_THAT(world.RunningImages(), ElementsAre("other:1"));
}

TEST(Plugin, SaysWhichSecretIsMissingAndRunsWhenItComes) {
  World world;
  Json spec = PluginSpec();
  spec["env"] = {{{"name", "TOKEN"}, {"valueFrom", {{"secretKeyRef", {{"name", "s"}, {"key", "token"}}}}}}};
  world.ApplyPlugin("echo", spec);
  world.Settle();
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Ready"), "False/ReferenceNotFound");
  EXPECT_THAT(world.Containers(), IsEmpty());
  world.ApplyPlain({std::string(kSecrets), "default", "s"}, "Secret", {{"data", {{"token", "aGk="}}}});
  world.Settle();
  ASSERT_THAT(world.Containers(), SizeIs(1));
  EXPECT_THAT(world.runtime.Spec(world.Containers()[0].id)->env, Contains(std::make_pair("TOKEN", "hi")));
  const std::string first = world.Containers()[0].id;
  world.ApplyPlain({std::string(kSecrets), "default", "s"}, "Secret", {{"data", {{"token", "aG8="}}}});
  world.Settle();
  ASSERT_THAT(world.Containers(), SizeIs(1));
  EXPECT_NE(world.Containers()[0].id, first);
}

Json SettingFrom(const char* ref, const std::string& name, const std::string& key) {
  return {{"name", "SETTING"}, {"valueFrom", {{ref, {{"name", name}, {"key", key}}}}}};
}

TEST(Plugin, RollsWhenAConfigMapThatItReadsChanges) {
  World world;
  const Key map{std::string(kConfigMaps), "default", "settings"};
  world.ApplyPlain(map, "ConfigMap", {{"data", {{"color", "blue"}, {"unused", "1"}}}});
  Json spec = PluginSpec("app:1", 2);
  spec["env"] = Json::array({SettingFrom("configMapKeyRef", "settings", "color")});
  world.ApplyPlugin("echo", spec);
  world.Settle();
  const auto ids = [&] {
    std::set<std::string> all;
    for (const auto& container : world.Containers()) all.insert(container.id);
    return all;
  };
  const auto first = ids();
  ASSERT_THAT(first, SizeIs(2));
  world.ApplyPlain(map, "ConfigMap", {{"data", {{"color", "blue"}, {"unused", "2"}}}});
  world.Advance(minutes(2));
  EXPECT_EQ(ids(), first) << "what it does not read is nothing to it";
  world.ApplyPlain(map, "ConfigMap", {{"data", {{"color", "green"}, {"unused", "2"}}}});
  world.Advance(minutes(2));
  const auto second = ids();
  ASSERT_THAT(second, SizeIs(2));
  for (const std::string& id : second) {
    EXPECT_FALSE(first.contains(id));
    EXPECT_THAT(world.runtime.Spec(id)->env, Contains(std::make_pair("SETTING", "green")));
  }
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Ready"), "True/AllReplicasReady");
}

TEST(Plugin, RunsOnWhileWhatItReadsIsGone) {
  World world;
  const Key secret{std::string(kSecrets), "default", "s"};
  world.ApplyPlain(secret, "Secret", {{"data", {{"token", "aGk="}}}});
  Json spec = PluginSpec();
  spec["env"] = Json::array({SettingFrom("secretKeyRef", "s", "token")});
  world.ApplyPlugin("echo", spec);
  world.Settle();
  ASSERT_THAT(world.Containers(), SizeIs(1));
  const std::string first = world.Containers()[0].id;
  world.DeleteRow(secret);
  world.Advance(minutes(5));
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Ready"), "False/ReferenceNotFound");
  EXPECT_THAT(DumpJson(world.Get(world.PluginKey("echo"))["status"]), testing::HasSubstr("Secret \\\"s\\\""));
  ASSERT_THAT(world.Containers(), SizeIs(1));
  EXPECT_EQ(world.Containers()[0].id, first);
  EXPECT_EQ(world.Containers()[0].state, ContainerState::kRunning);
  world.ApplyPlain(secret, "Secret", {{"data", {{"token", "aGk="}}}});
  world.Advance(minutes(2));
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Ready"), "True/AllReplicasReady");
  EXPECT_EQ(world.Containers()[0].id, first) << "the same value is no change";
}

TEST(Plugin, NeverTellsTheValueOfASecret) {
  World world;
  const Key secret{std::string(kSecrets), "default", "s"};
  world.ApplyPlain(secret, "Secret", {{"data", {{"token", "b3Blbi1zZXNhbWU="}}}});
  world.Apply(world.WebhookKey("w"), {{"url", "http://h/1"}, {"events", {"*"}}});
  Json spec = PluginSpec();
  spec["env"] = Json::array({SettingFrom("secretKeyRef", "s", "token")});
  world.ApplyPlugin("echo", spec);
  world.Settle();
  world.ApplyPlain(secret, "Secret", {{"data", {{"token", "b3Blbi1zZXNhbWUy"}}}});
  world.Advance(minutes(2));
  ASSERT_THAT(world.runtime.Spec(world.Containers()[0].id)->env, Contains(std::make_pair("SETTING", "open-sesame2")));
  const auto stored = world.database->Copy();
  for (const auto& [key, row] : stored.objects) {
    if (key.resource == kSecrets) continue;
    EXPECT_THAT(row.body, Not(testing::HasSubstr("sesame"))) << key.ToString();
  }
  EXPECT_THAT(world.notifier.Sent(), Not(IsEmpty()));
  for (const auto& message : world.notifier.Sent()) EXPECT_THAT(message.payload, Not(testing::HasSubstr("sesame")));
}

TEST(Plugin, RestartsWhenAskedByAnnotation) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  const std::string first = world.Containers()[0].id;
  world.Annotate(world.PluginKey("echo"), "patchbay.dev/restartedAt", "2026-11-21T10:00:00Z");
  world.Settle();
  ASSERT_THAT(world.Containers(), SizeIs(1));
  EXPECT_NE(world.Containers()[0].id, first);
}

TEST(Plugin, StartsAfterThoseItDependsOn) {
  World world;
  Json spec = PluginSpec();
  spec["dependsOn"] = {"db"};
  world.ApplyPlugin("echo", spec);
  world.Settle();
  EXPECT_THAT(world.Containers(), IsEmpty());
  EXPECT_EQ(world.ConditionOf(world.PluginKey("echo"), "Ready"), "False/DependencyNotReady");
  world.ApplyPlugin("db", PluginSpec("app:2"));
  world.Settle();
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:1", "app:2"));
  EXPECT_EQ(world.Phase("echo"), "Running");
}

TEST(Plugin, IsHealedThoughWhatItDependsOnIsGone) {
  World world;
  world.ApplyPlugin("db", PluginSpec("app:2"));
  Json spec = PluginSpec("app:1", 2);
  spec["dependsOn"] = {"db"};
  world.ApplyPlugin("echo", spec);
  world.Settle();
  world.Delete(world.PluginKey("db"));
  world.Settle();
  for (const auto& container : world.Containers())
    if (container.image == "app:1") {
      world.runtime.Vanish(container.id);
      break;
    }
  world.Settle();
  world.Advance(minutes(2));
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:1", "app:1"));
}

TEST(Plugin, NamesTheFieldsThatHaveNoEffectYet) {
  World world;
  Json spec = PluginSpec();
  spec["strategy"] = {{"type", "Atomic"}, {"steps", {{{"weight", 10}}}}};
  world.ApplyPlugin("echo", spec);
  world.Settle();
  const auto condition = FindCondition(world.Get(world.PluginKey("echo")), "Effective");
  ASSERT_TRUE(condition);
  EXPECT_EQ(condition->reason, "FieldsNotActedOn");
  EXPECT_THAT(condition->message, testing::HasSubstr("spec.strategy.steps"));
}

TEST(Plugin, RunsOnAsItWasWhileTheEngineIsAwayForHours) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.Settle();
  world.runtime.faults().SetAway(true);
  world.runtime.BreakStreams();
  world.ApplyPlugin("late", PluginSpec());
  world.Advance(hours(6));
  world.runtime.faults().SetAway(false);
  world.Advance(seconds(70));
  EXPECT_EQ(world.Phase("echo"), "Running");
  EXPECT_EQ(world.Phase("late"), "Running");
  EXPECT_THAT(world.RunningImages(), SizeIs(3));
}

TEST(Plugin, RemovesContainersWhoseOwnerIsGone) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  world.KillOperator();
  {
    store::MemoryStore store(world.clock, store::MemoryStore::Turn::kInline, world.database);
    store::Unit unit;
    unit.writes.push_back({.key = world.PluginKey("echo"), .op = store::Write::Op::kDelete, .body = "{}"});
    ASSERT_TRUE(CommitAndWait(store, std::move(unit)).ok());
  }
  world.StartOperator();
  world.Advance(seconds(20));
  EXPECT_THAT(world.Containers(), IsEmpty());
}

TEST(Plugin, LeavesALotOfOwnerlessContainersAlone) {
  World world;
  for (int i = 0; i < 12; ++i) world.ApplyPlugin(StrCat("p", i), PluginSpec());
  world.Settle();
  ASSERT_THAT(world.Containers(), SizeIs(12));
  world.KillOperator();
  world.database = std::make_shared<store::MemoryDatabase>();
  world.StartOperator();
  world.Advance(minutes(5));
  EXPECT_THAT(world.Containers(), SizeIs(12));
}

TEST(Plugin, IsAdoptedByTheNextOperatorWithoutARestart) {
  World world;
  world.ApplyPlugin("echo", WithProbe(PluginSpec("app:1", 2)));
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  world.runtime.faults().ForgetHistory();
  const int changes = world.gateway.changes();
  world.RestartOperator();
  const int written = world.op->store.units_committed();
  world.Advance(minutes(3));
  EXPECT_THAT(world.runtime.faults().History(), IsEmpty());
  EXPECT_EQ(world.gateway.changes(), changes);
  EXPECT_EQ(world.op->store.units_committed(), written);
}

}  // namespace
}  // namespace patchbay::controller

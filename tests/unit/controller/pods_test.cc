#include <gmock/gmock.h>

#include <future>

#include "controller/pods.h"
#include "object/selector.h"
#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using driver::ContainerState;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::vector<std::string> NamesOf(const std::vector<Json>& pods) {
  std::vector<std::string> names;
  for (const Json& pod : pods) names.push_back(NameOf(pod));
  return names;
}

driver::FakeBehaviour ExitsWith(int code) {
  driver::FakeBehaviour behaviour;
  behaviour.exits_with = code;
  return behaviour;
}

std::vector<std::string> ContainerNames(const World& world) {
  std::vector<std::string> names;
  for (const auto& container : world.Containers()) names.push_back(container.name);
  std::sort(names.begin(), names.end());
  return names;
}

const Json& StatusOf(const Json& pod) { return pod["status"]["containerStatuses"][0]; }
std::string PhaseOf(const Json& pod) { return FindString(pod, {"status", "phase"}); }
std::string WaitingFor(const Json& pod) { return FindString(StatusOf(pod), {"state", "waiting", "reason"}); }

std::string ConditionOf(const Json& pod, const std::string& type) {
  const auto condition = FindCondition(pod, type);
  return condition ? condition->status : "";
}

TEST(Pods, ShowEveryContainer) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.Settle();
  const auto pods = world.Pods();
  EXPECT_EQ(NamesOf(pods), ContainerNames(world));
  const Json& pod = pods[0];
  const auto container = *world.runtime.Inspect(NameOf(pod));
  EXPECT_EQ(FindString(pod, {"kind"}), "Pod");
  EXPECT_EQ(PhaseOf(pod), "Running");
  EXPECT_EQ(FindString(pod, {"status", "podIP"}), container.ip);
  EXPECT_EQ(FindString(pod, {"spec", "nodeName"}), "host-1");
  EXPECT_EQ(pod["spec"]["containers"][0]["name"], "echo");
  EXPECT_EQ(pod["spec"]["containers"][0]["image"], "app:1");
  EXPECT_EQ(pod["spec"]["containers"][0]["ports"][0]["containerPort"], 8080);
  EXPECT_EQ(StatusOf(pod)["ready"], true);
  EXPECT_EQ(StatusOf(pod)["containerID"], "docker://" + container.id);
  EXPECT_TRUE(StatusOf(pod)["state"].contains("running"));
  for (const char* type : {"PodScheduled", "Initialized", "ContainersReady", "Ready"})
    EXPECT_EQ(ConditionOf(pod, type), "True") << type;
  const Json plugin = world.Get(world.PluginKey("echo"));
  EXPECT_EQ(pod["metadata"]["ownerReferences"][0]["uid"], UidOf(plugin));
  EXPECT_EQ(pod["metadata"]["ownerReferences"][0]["controller"], true);
  EXPECT_NE(UidOf(pods[0]), UidOf(pods[1]));
}

TEST(Pods, AreSelectedByThePluginsSelectorAndItsLabels) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.ApplyPlugin("other", PluginSpec());
  const auto labelled = world.op->committer.Update(world.PluginKey("echo"), "", [](Json& plugin, cache::Committer::Notes&) {
    plugin["metadata"]["labels"] = {{"app", "x"}};
  });
  ASSERT_TRUE(labelled.ok());
  world.Settle();
  const Json plugin = world.Get(world.PluginKey("echo"));
  for (const std::string& selector : {FindString(plugin, {"status", "selector"}), std::string("app=x")}) {
    const auto parsed = LabelSelector::Parse(selector);
    ASSERT_TRUE(parsed.ok());
    int selected = 0;
    for (const Json& pod : world.Pods()) selected += parsed->Matches(LabelsOf(pod)) ? 1 : 0;
    EXPECT_EQ(selected, 1) << selector;
  }
}

TEST(Pods, HoldNoValueOfASecret) {
  World world;
  world.ApplyPlain({std::string(kSecrets), "default", "s"}, "Secret", {{"data", {{"key", EncodeBase64("hidden")}}}});
  Json spec = PluginSpec();
  spec["env"] = {{{"name", "PASSWORD"}, {"valueFrom", {{"secretKeyRef", {{"name", "s"}, {"key", "key"}}}}}},
                 {{"name", "PLAIN"}, {"value", "seen"}}};
  world.ApplyPlugin("echo", spec);
  world.Settle();
  ASSERT_THAT(world.Pods(), SizeIs(1));
  const std::string text = DumpJson(world.Pods()[0]);
  EXPECT_THAT(text, HasSubstr("PASSWORD"));
  EXPECT_THAT(text, HasSubstr("secretKeyRef"));
  EXPECT_THAT(text, HasSubstr("seen"));
  EXPECT_THAT(text, Not(HasSubstr("hidden")));
  EXPECT_THAT(text, Not(HasSubstr(EncodeBase64("hidden"))));
}

TEST(Pods, GoWithTheirContainers) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 3));
  world.Settle();
  world.Patch(world.PluginKey("echo"), {{"replicas", 1}});
  world.Settle();
  EXPECT_EQ(NamesOf(world.Pods()), ContainerNames(world));
  EXPECT_THAT(world.Pods(), SizeIs(1));
  world.Delete(world.PluginKey("echo"));
  world.Settle();
  EXPECT_THAT(world.Pods(), IsEmpty());
}

TEST(Pods, AreWhatIsThereAfterTheOperatorWasAway) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.ApplyPlugin("other", PluginSpec());
  world.Settle();
  const std::string gone = world.Containers()[0].name;
  const std::string uid = UidOf(world.Pods().back());
  const std::string stays = NameOf(world.Pods().back());
  world.KillOperator();
  world.runtime.Vanish(gone);
  world.StartOperator();
  world.Settle();
  EXPECT_EQ(NamesOf(world.Pods()), ContainerNames(world));
  EXPECT_EQ(UidOf(world.Pod(stays)), uid);
}

TEST(Pods, CannotBeReadBeforeEveryContainerWasLookedAt) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  world.KillOperator();
  world.runtime.faults().SetAway(true);
  world.StartOperator();
  world.Settle();
  EXPECT_FALSE(world.op->pods.Poll().ok());
  world.runtime.faults().SetAway(false);
  world.Advance(minutes(1));
  EXPECT_TRUE(world.op->pods.Poll().ok());
  EXPECT_THAT(world.Pods(), SizeIs(1));
}

TEST(Pods, StayAsTheyWereWhileTheEngineIsAway) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  const auto before = world.Pods();
  world.runtime.faults().SetAway(true);
  world.runtime.BreakStreams();
  world.Advance(minutes(2));
  EXPECT_EQ(world.Pods(), before);
}

TEST(Pods, ChangeNothingOnceConverged) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.Settle();
  world.Pods();
  const Revision before = world.op->pods.revision();
  world.Advance(minutes(10));
  EXPECT_EQ(world.op->pods.revision(), before);
}

TEST(Pods, TellOfACrashLoop) {
  World world;
  world.runtime.Script("app:1", ExitsWith(3));
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  world.Advance(seconds(5));
  ASSERT_THAT(world.Pods(), SizeIs(1));
  const Json pod = world.Pods()[0];
  EXPECT_EQ(PhaseOf(pod), "Running");
  EXPECT_EQ(WaitingFor(pod), "CrashLoopBackOff");
  EXPECT_EQ(FindInt(StatusOf(pod), {"lastState", "terminated", "exitCode"}), 3);
  EXPECT_EQ(FindString(StatusOf(pod), {"lastState", "terminated", "reason"}), "Error");
  EXPECT_GE(FindInt(StatusOf(pod), {"restartCount"}), 1);
  EXPECT_EQ(ConditionOf(pod, "Ready"), "False");
}

TEST(Pods, SayThatTheRunBeforeEndedThoughNobodyLooked) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  world.runtime.Die(world.Containers()[0].id, 137, true);
  world.Settle();
  const Json pod = world.Pods()[0];
  EXPECT_TRUE(StatusOf(pod)["state"].contains("running"));
  EXPECT_EQ(FindString(StatusOf(pod), {"lastState", "terminated", "reason"}), "ContainerStatusUnknown");
  EXPECT_NE(FindString(StatusOf(pod), {"lastState", "terminated", "finishedAt"}), "");
  EXPECT_EQ(FindInt(StatusOf(pod), {"restartCount"}), 1);
}

TEST(Pods, RememberHowTheRunBeforeEnded) {
  const Json plugin = {{"metadata", {{"name", "echo"}, {"namespace", "default"}}}};
  Desired desired;
  desired.key = {std::string(kPlugins), "default", "echo"};
  driver::Container container;
  container.id = container.name = "one";
  container.state = ContainerState::kRestarting;
  container.exit_code = 137;
  container.oom_killed = true;
  container.finished = WallTime(seconds(1'000));
  const Replica replica{.id = "one", .name = "one", .hash = ""};
  PodMemory memory;
  Remember(memory, desired, container, replica, "");
  container.state = ContainerState::kRunning;
  container.oom_killed = false;
  container.exit_code = 0;
  const Json pod = BuildPod({plugin, desired, container, replica, memory, 1, "host"});
  EXPECT_EQ(FindString(StatusOf(pod), {"lastState", "terminated", "reason"}), "OOMKilled");
  EXPECT_EQ(FindInt(StatusOf(pod), {"lastState", "terminated", "exitCode"}), 137);
  EXPECT_TRUE(StatusOf(pod)["state"].contains("running"));
}

TEST(Pods, OfWhatNeedNotRunAgainSucceedOrFail) {
  World world;
  Json spec = PluginSpec();
  spec["restartPolicy"] = "Never";
  world.runtime.Script("app:1", ExitsWith(0));
  world.ApplyPlugin("good", spec);
  world.Settle();
  EXPECT_EQ(PhaseOf(world.Pods()[0]), "Succeeded");
  EXPECT_EQ(FindString(StatusOf(world.Pods()[0]), {"state", "terminated", "reason"}), "Completed");
  world.Delete(world.PluginKey("good"));
  world.Settle();
  world.runtime.Script("app:1", ExitsWith(1));
  world.ApplyPlugin("bad", spec);
  world.Settle();
  EXPECT_EQ(PhaseOf(world.Pods()[0]), "Failed");
  EXPECT_EQ(FindString(StatusOf(world.Pods()[0]), {"state", "terminated", "reason"}), "Error");
}

TEST(Pods, WaitForAnImageThatCannotBePulled) {
  World world;
  world.runtime.SetPullError("app:9", Error{Code::kNotFound, "no such image"});
  world.ApplyPlugin("echo", PluginSpec("app:9"));
  world.Settle();
  ASSERT_THAT(world.Pods(), SizeIs(1));
  EXPECT_EQ(PhaseOf(world.Pods()[0]), "Pending");
  EXPECT_EQ(WaitingFor(world.Pods()[0]), "ImagePullBackOff");
  const std::string uid = UidOf(world.Pods()[0]);
  world.Advance(minutes(1));
  EXPECT_EQ(UidOf(world.Pods()[0]), uid);
  world.runtime.SetPullError("app:9", std::nullopt);
  world.Advance(minutes(10));
  EXPECT_EQ(NamesOf(world.Pods()), ContainerNames(world));
  EXPECT_EQ(PhaseOf(world.Pods()[0]), "Running");
}

TEST(Pods, HaveEventsOfTheirOwn) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  const Json pod = world.Pods()[0];
  std::vector<std::string> reasons;
  for (const auto& entry : world.op->cache.All(kEvents)) {
    const Json event = *ParseJson(*entry->bytes);
    if (FindString(event, {"involvedObject", "uid"}) != UidOf(pod)) continue;
    EXPECT_EQ(FindString(event, {"involvedObject", "kind"}), "Pod");
    EXPECT_EQ(FindString(event, {"involvedObject", "name"}), NameOf(pod));
    EXPECT_EQ(FindString(event, {"involvedObject", "namespace"}), "default");
    reasons.push_back(FindString(event, {"reason"}));
  }
  EXPECT_THAT(reasons, testing::UnorderedElementsAre("Created", "Started"));
}

TEST(DeletedPods, AreReplaced) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  const auto old = world.Containers()[0];
  world.DeletePod("echo", old.id);
  world.Settle();
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:1", "app:1"));
  EXPECT_EQ(world.runtime.Inspect(old.id).error().code, Code::kNotFound);
  EXPECT_EQ(NamesOf(world.Pods()), ContainerNames(world));
  EXPECT_EQ(Find(world.Get(world.PluginKey("echo")), {"status", "evictions"}), nullptr);
  EXPECT_EQ(FindString(world.Get(world.PluginKey("echo")), {"status", "ready"}), "2/2");
  EXPECT_THAT(world.Upstreams("r"), SizeIs(2));
  EXPECT_THAT(world.EventReasons(), Not(Contains("Degraded")));
}

TEST(DeletedPods, AreOnTheirWayOutUntilAnotherOneServes) {
  World world;
  Json spec = PluginSpec();
  spec["readinessProbe"] = {{"tcpSocket", {{"port", "http"}}}, {"periodSeconds", 1}};
  world.ApplyPlugin("echo", spec);
  world.Settle();
  const auto old = world.Containers()[0];
  world.refused = {{"172.17.0.3", 8080}};  // the next one's
  world.DeletePod("echo", old.id);
  world.Advance(seconds(10));
  ASSERT_THAT(world.Pods(), SizeIs(2));
  EXPECT_TRUE(IsDeleting(world.Pod(old.name)));
  EXPECT_EQ(StatusOf(world.Pod(old.name))["ready"], true);
  EXPECT_EQ(FindString(world.Get(world.PluginKey("echo")), {"status", "ready"}), "1/1");
  world.refused.clear();
  world.Advance(seconds(30));
  ASSERT_THAT(world.Pods(), SizeIs(1));
  EXPECT_FALSE(IsDeleting(world.Pods()[0]));
  EXPECT_NE(NameOf(world.Pods()[0]), old.name);
}

TEST(DeletedPods, OfACrashLoopBeginAnewAtOnce) {
  World world;
  world.runtime.Script("app:1", ExitsWith(3));
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  world.Advance(minutes(10));
  const auto old = world.Containers()[0];
  world.runtime.Script("app:1", driver::FakeBehaviour());
  world.DeletePod("echo", old.id);
  world.Settle();
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:1"));
  EXPECT_NE(world.Containers()[0].id, old.id);
}

TEST(DeletedPods, OfADisabledPluginAreNotReplaced) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  const std::string id = world.Containers()[0].id;
  world.Patch(world.PluginKey("echo"), {{"enabled", false}});
  world.DeletePod("echo", id);
  world.Settle();
  EXPECT_THAT(world.Containers(), IsEmpty());
  EXPECT_EQ(Find(world.Get(world.PluginKey("echo")), {"status", "evictions"}), nullptr);
}

TEST(DeletedPods, AreReplacedThoughTheOperatorDiesAnywhere) {
  bool died = true;
  int nth = 1;
  for (; died && nth < 20; ++nth) {
    SCOPED_TRACE(StrCat("dies before action ", nth));
    World world;
    world.ApplyPlugin("echo", PluginSpec());
    world.Settle();
    const std::string old = world.Containers()[0].id;
    world.CrashAt(nth);
    world.DeletePod("echo", old);
    died = world.SettleThroughCrash();
    world.Advance(minutes(2));
    ASSERT_THAT(world.Containers(), SizeIs(1));
    EXPECT_NE(world.Containers()[0].id, old);
    EXPECT_EQ(world.Containers()[0].state, ContainerState::kRunning);
    EXPECT_EQ(Find(world.Get(world.PluginKey("echo")), {"status", "evictions"}), nullptr);
  }
  EXPECT_GT(nth, 2);
}

class Pages : public http::Stream {
 public:
  bool Write(std::shared_ptr<const std::string> piece) override {
    text += *piece;
    return true;
  }
  void Close() override {}
  bool gone() const override { return false; }
  std::string text;
};

struct LogOf {
  World& world;
  Result<void> result = {};
  std::string operator()(LogQuery query) {
    auto pages = std::make_shared<Pages>();
    query.ns = "default";
    query.instance = world.Containers()[0].name;
    result = world.op->controllers.Logs(query, [&] { return pages; });
    return pages->text;
  }
};

LogQuery Previous(int tail = -1) {
  LogQuery query;
  query.previous = true;
  query.tail = tail;
  return query;
}

TEST(PodLogs, AreOfThePresentRunAndOfTheOneBefore) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  LogOf read{world};
  const std::string id = world.Containers()[0].id;
  for (const char* line : {"one", "two"}) world.runtime.Print(id, line);
  EXPECT_EQ(read(LogQuery()), "one\ntwo\n");
  read(Previous());
  ASSERT_FALSE(read.result.ok());
  EXPECT_EQ(read.result.error().code, Code::kInvalid);
  EXPECT_THAT(read.result.error().message, HasSubstr("previous terminated container \"echo\" in pod"));
  world.Advance(minutes(1));
  world.runtime.Die(id, 1);
  world.Advance(minutes(1));
  world.runtime.Print(id, "three");
  EXPECT_EQ(read(LogQuery()), "three\n");
  EXPECT_EQ(read(Previous()), "one\ntwo\n");
  EXPECT_EQ(read(Previous(1)), "two\n");
}

TEST(Usage, IsARateBetweenTwoLooks) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.Settle();
  const auto containers = world.Containers();
  world.runtime.SetUsage(containers[0].id, 0.5, 1 << 20);
  world.runtime.SetUsage(containers[1].id, 0.25, 2 << 20);
  auto asked = std::async(std::launch::async, [&] {
    return world.op->controllers.Usage({containers[0].id, "nothing", containers[1].id});
  });
  while (asked.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) world.clock.Advance(std::chrono::milliseconds(10));
  const auto used = asked.get();
  ASSERT_TRUE(used.ok());
  ASSERT_THAT(*used, SizeIs(3));
  ASSERT_TRUE((*used)[0] && (*used)[2]);
  EXPECT_FALSE((*used)[1]);
  EXPECT_NEAR(static_cast<double>((*used)[0]->cpu_nanocores), 0.5e9, 1e6);
  EXPECT_NEAR(static_cast<double>((*used)[2]->cpu_nanocores), 0.25e9, 1e6);
  EXPECT_EQ((*used)[0]->memory_bytes, 1 << 20);
}

TEST(Usage, AsksTheEngineOnlyWhenAskedAndNotTwiceInAMoment) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  world.Advance(minutes(10));
  EXPECT_EQ(world.runtime.faults().Count(driver::RuntimeCall::kUsage), 0);
  const std::vector<std::string> ids = {world.Containers()[0].id};
  auto asked = std::async(std::launch::async, [&] { return world.op->controllers.Usage(ids); });
  while (asked.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) world.clock.Advance(std::chrono::milliseconds(10));
  ASSERT_TRUE(asked.get().ok());
  const int looks = world.runtime.faults().Count(driver::RuntimeCall::kUsage);
  EXPECT_TRUE(world.op->controllers.Usage(ids).ok());
  EXPECT_EQ(world.runtime.faults().Count(driver::RuntimeCall::kUsage), looks);
}

}  // namespace
}  // namespace patchbay::controller

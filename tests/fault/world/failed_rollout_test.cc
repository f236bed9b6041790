// D11: a failed rollout, or going back, takes the healthy ones with it.
#include "fault/world/shop.h"

namespace patchbay::controller {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// How the new version is bad.
struct Badness {
  const char* name;
  std::function<void(World&)> script;                  // before the rollout
  std::function<void(World&)> meanwhile = [](World&) {};  // every second of it
};

driver::FakeBehaviour Exiting() {
  driver::FakeBehaviour behaviour;
  behaviour.exits_with = 1;
  return behaviour;
}

driver::FakeBehaviour NeverReady() {
  driver::FakeBehaviour behaviour;
  behaviour.exec = [](const driver::ContainerSpec&, const std::vector<std::string>&) { return Result<int>(1); };
  return behaviour;
}

driver::FakeBehaviour RefusedByTheEngine() {
  driver::FakeBehaviour behaviour;
  behaviour.start_error = Error{Code::kInvalid, "exec: \"/app\": permission denied"};
  return behaviour;
}

void KillTheNewAfterThirtySeconds(World& world) {
  for (const auto& container : world.Containers())
    if (container.image == "app:2" && container.started && world.clock.Wall() - *container.started >= seconds(30))
      world.runtime.Die(container.id, 1);
}

const Badness kBadnesses[] = {
    {"Exits", [](World& world) { world.runtime.Script("app:2", Exiting()); }},
    {"IsNeverReady", [](World& world) { world.runtime.Script("app:2", NeverReady()); }},
    {"CannotBeStarted", [](World& world) { world.runtime.Script("app:2", RefusedByTheEngine()); }},
    {"IsReadyAndDiesAfterThirtySeconds", [](World&) {}, KillTheNewAfterThirtySeconds},
};

class FailedRollout : public testing::TestWithParam<std::tuple<std::string, Badness>> {
 protected:
  static constexpr int kReplicas = 3;

  FailedRollout() {
    Json spec = PluginSpec("app:1", kReplicas);
    spec["strategy"] = StrategyOf(std::get<0>(GetParam()));
    spec["strategy"]["minReadySeconds"] = 40;
    spec["strategy"]["progressDeadlineSeconds"] = 120;
    spec["readinessProbe"] = {{"exec", {{"command", {"ready"}}}}, {"periodSeconds", 1}};
    world_.ApplyPlugin("shop", spec);
    world_.ApplyRoute("shop", RouteSpec("shop"));
    world_.Advance(minutes(2));
    EXPECT_EQ(world_.Phase("shop"), "Running");
    healthy_ = RunningIds(world_);
    bad().script(world_);
  }
  const Badness& bad() const { return std::get<1>(GetParam()); }
  void Wish(const std::string& image) { world_.Patch(world_.PluginKey("shop"), {{"image", image}}); }
  // Time in which the healthy ones have to serve at every moment.
  void Pass(seconds time) {
    for (seconds done(0); done < time; ++done) {
      world_.Advance(seconds(1));
      bad().meanwhile(world_);
      const auto running = RunningIds(world_, "app:1");
      EXPECT_TRUE(std::includes(running.begin(), running.end(), healthy_.begin(), healthy_.end())) << "after " << done.count() << " s";
      EXPECT_GE(Serving(world_), kReplicas) << "after " << done.count() << " s";
      if (HasFailure()) return;
    }
  }

  World world_;
  std::set<std::string> healthy_;
};

TEST_P(FailedRollout, IsTakenBackToTheVerySameContainersWhichServedAllTheTime) {
  Wish("app:2");
  Pass(minutes(6));
  EXPECT_EQ(world_.ConditionOf(world_.PluginKey("shop"), "Stalled"), "True/RolledBack");
  EXPECT_EQ(IdsOf(world_.Containers()), healthy_);
  EXPECT_THAT(world_.Upstreams("shop"), SizeIs(kReplicas));
}

TEST_P(FailedRollout, IsLeftBehindByTheNextWishInItsMiddle) {
  Wish("app:2");
  Pass(seconds(20));
  Wish("app:1");
  Pass(minutes(2));
  EXPECT_EQ(IdsOf(world_.Containers()), healthy_);
  EXPECT_EQ(world_.Phase("shop"), "Running");
}

TEST_P(FailedRollout, AndOneAfterItAndTheWayBackEndWithTheVerySameContainers) {
  world_.runtime.AddImage("app:3");
  world_.runtime.Script("app:3", Exiting());
  Wish("app:2");
  Pass(minutes(5));
  Wish("app:3");
  Pass(minutes(5));
  Wish("app:2");
  Pass(minutes(5));
  Wish("app:1");
  Pass(minutes(2));
  EXPECT_EQ(IdsOf(world_.Containers()), healthy_);
  EXPECT_EQ(world_.Phase("shop"), "Running");
}

TEST_P(FailedRollout, IsTakenBackThoughTheOperatorDiesAgainAndAgain) {
  Wish("app:2");
  for (int death = 0; death < 8; ++death) {
    Pass(seconds(41));
    world_.RestartOperator();
  }
  Pass(minutes(4));
  EXPECT_EQ(world_.ConditionOf(world_.PluginKey("shop"), "Stalled"), "True/RolledBack");
  EXPECT_EQ(IdsOf(world_.Containers()), healthy_);
}

INSTANTIATE_TEST_SUITE_P(Strategies, FailedRollout,
                         testing::Combine(testing::Values("RollingUpdate", "Atomic", "Canary"), testing::ValuesIn(kBadnesses)),
                         [](const auto& test) { return StrCat(std::get<0>(test.param), "Where", "TheNewOne", std::get<1>(test.param).name); });

}  // namespace
}  // namespace patchbay::controller

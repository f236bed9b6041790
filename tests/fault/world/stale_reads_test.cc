// D14: acting on stale or empty reads.
#include "fault/world/shop.h"
#include "harness/runtime/flaky_runtime.h"

namespace patchbay::controller {
namespace {

using driver::Container;
using driver::RuntimeCall;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

enum class Lie { kNone, kEmpty, kHalf, kOld };

// An engine whose lists are not what is there. What is asked for by id is told truly.
class LyingRuntime : public driver::FlakyRuntime {
 public:
  explicit LyingRuntime(driver::FakeRuntime& inner) : FlakyRuntime(inner) {}

  Lie lie = Lie::kNone;
  void Remember() {
    lie = Lie::kNone;
    old_ = *List();
    for (const Container& container : old_) old_of_[container.labels.at(driver::kLabelOwnerUid)].push_back(container);
  }

  Result<std::vector<Container>> List() override {
    auto truth = FlakyRuntime::List();
    return truth.ok() ? Garble(*truth, old_) : truth;
  }
  Result<std::vector<Container>> ListOf(const std::string& owner_uid) override {
    auto truth = FlakyRuntime::ListOf(owner_uid);
    return truth.ok() ? Garble(*truth, old_of_[owner_uid]) : truth;
  }

 private:
  std::vector<Container> Garble(std::vector<Container> truth, const std::vector<Container>& old) const {
    if (lie == Lie::kEmpty) truth.clear();
    if (lie == Lie::kHalf) truth.resize(truth.size() / 2);
    if (lie == Lie::kOld) return old;
    return truth;
  }

  std::vector<Container> old_;
  std::map<std::string, std::vector<Container>> old_of_;
};

class StaleList : public testing::TestWithParam<Lie> {
 protected:
  StaleList() {
    world_.Hold(&engine_, nullptr);
    for (int i = 0; i < 5; ++i) {
      world_.ApplyPlugin(StrCat("p", i), PluginSpec("app:1", 2));
      world_.ApplyRoute(StrCat("p", i), RouteSpec(StrCat("p", i)));
    }
    world_.Settle();
    engine_.Remember();
  }
  ~StaleList() override { world_.KillOperator(); }
  void ExpectAllAsWished(const std::string& image) {
    EXPECT_THAT(RunningIds(world_, image), SizeIs(10));
    EXPECT_THAT(world_.Containers(), SizeIs(10));
    for (int i = 0; i < 5; ++i) EXPECT_EQ(Serving(world_, StrCat("p", i)), 2);
  }

  World world_;
  LyingRuntime engine_{world_.runtime};
};

TEST_P(StaleList, CostsNoContainerAndMakesNoneTwice) {
  const auto before = RunningIds(world_);
  engine_.lie = GetParam();
  world_.Advance(minutes(30));
  EXPECT_EQ(RunningIds(world_), before);
  EXPECT_THAT(world_.Containers(), SizeIs(10));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Serving(world_, StrCat("p", i)), 2);
  engine_.lie = Lie::kNone;
  world_.Advance(minutes(3));
  EXPECT_EQ(RunningIds(world_), before);
}

TEST_P(StaleList, DuringARolloutEndsWithTheWishedOnesAndNoOthers) {
  engine_.lie = GetParam();
  for (int i = 0; i < 5; ++i) world_.Patch(world_.PluginKey(StrCat("p", i)), {{"image", "app:2"}});
  world_.Advance(minutes(10));
  for (int i = 0; i < 5; ++i) EXPECT_GE(Serving(world_, StrCat("p", i)), 2);
  EXPECT_LE(world_.Containers().size(), 20u) << "nothing is made again and again";
  engine_.lie = Lie::kNone;
  world_.Advance(minutes(10));
  ExpectAllAsWished("app:2");
}

TEST_P(StaleList, AtTheStartOfTheOperatorEndsWithTheSameContainers) {
  const auto before = RunningIds(world_);
  world_.KillOperator();
  engine_.lie = GetParam();
  world_.StartOperator();
  world_.Advance(minutes(10));
  engine_.lie = Lie::kNone;
  world_.Advance(minutes(10));
  EXPECT_EQ(RunningIds(world_), before);
  ExpectAllAsWished("app:1");
}

INSTANTIATE_TEST_SUITE_P(Lies, StaleList, testing::Values(Lie::kEmpty, Lie::kHalf, Lie::kOld), [](const auto& test) {
  return test.param == Lie::kEmpty ? "Empty" : test.param == Lie::kHalf ? "Half" : "Old";
});

TEST(EmptyDatabase, DeletesNothingBeyondTheBudget) {
  World world;
  for (int i = 0; i < 12; ++i) world.ApplyPlugin(StrCat("p", i), PluginSpec());
  world.Settle();
  const auto before = RunningIds(world);
  world.KillOperator();
  world.database = std::make_shared<store::MemoryDatabase>();
  world.StartOperator();
  world.Advance(hours(2));
  EXPECT_EQ(RunningIds(world), before);
}

TEST(FixedPoint, ThePassAfterConvergenceWritesNothingAndDoesNothing) {
  for (const std::string& strategy : AllStrategies()) {
    SCOPED_TRACE(strategy);
    World world;
    OpenShop(world, 3, strategy);
    world.Patch(world.PluginKey("shop"), {{"image", "app:2"}});
    world.Advance(minutes(2));
    const int written = world.op->store.units_committed();
    const int acted = world.runtime.faults().Actions();
    const int changed = world.gateway.changes();
    world.Advance(hours(1));
    EXPECT_EQ(world.op->store.units_committed(), written);
    EXPECT_EQ(world.runtime.faults().Actions(), acted);
    EXPECT_EQ(world.gateway.changes(), changed);
  }
}

TEST(MadeAgain, UnderTheSameNameWithinAMillisecondSharesNothingWithTheOneBefore) {
  World world;
  OpenShop(world, 2);
  const auto before = IdsOf(world.Containers());
  const std::string uid = UidOf(world.Get(world.PluginKey("shop")));
  world.DeleteRow(world.PluginKey("shop"));
  world.clock.Advance(std::chrono::microseconds(500));
  world.ApplyPlugin("shop", PluginSpec("app:2", 2));
  world.Settle();
  world.Advance(seconds(60));
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2"));
  EXPECT_THAT(world.Containers(), SizeIs(2));
  for (const auto& container : world.Containers()) {
    EXPECT_FALSE(before.contains(container.id));
    EXPECT_NE(container.labels.at(driver::kLabelOwnerUid), uid);
  }
  EXPECT_EQ(Serving(world), 2);
}

// The engine has made it, and neither its answer nor its list nor its events say so yet.
TEST(SecondCreate, WaitsUntilTheFirstIsSeen) {
  World world;
  LyingRuntime engine(world.runtime);
  world.Hold(&engine, nullptr);
  engine.Remember();
  engine.lie = Lie::kOld;
  world.runtime.MuteEvents(true);
  world.runtime.faults().FailAfter(RuntimeCall::kCreate);
  world.ApplyPlugin("shop", PluginSpec("app:1", 1));
  world.Advance(minutes(2));
  EXPECT_THAT(world.Containers(), SizeIs(1));
  engine.lie = Lie::kNone;
  world.Advance(minutes(2));
  EXPECT_THAT(world.Containers(), SizeIs(1));
  EXPECT_EQ(world.Phase("shop"), "Running");
  world.KillOperator();
}

}  // namespace
}  // namespace patchbay::controller

// D3: lost, doubled and reordered events of the engine; its restart; an engine that is away for long.
#include <random>

#include "fault/world/shop.h"
#include "harness/runtime/flaky_runtime.h"

namespace patchbay::controller {
namespace {

using driver::RuntimeCall;
using driver::RuntimeEvent;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Tells of events as a dice says: not at all, twice, or after the next one.
class GarblingRuntime : public driver::FlakyRuntime {
 public:
  GarblingRuntime(driver::Runtime& inner, unsigned seed) : FlakyRuntime(inner), dice_(seed) {}

  Result<std::unique_ptr<driver::RuntimeStream>> Watch(std::optional<WallTime> since,
                                                       std::function<void(const RuntimeEvent&)> on_event,
                                                       std::function<void(Result<void>)> on_end) override {
    return FlakyRuntime::Watch(
        since, [this, on_event = std::move(on_event)](const RuntimeEvent& event) { Garble(event, on_event); },
        std::move(on_end));
  }

 private:
  void Garble(const RuntimeEvent& event, const std::function<void(const RuntimeEvent&)>& tell) {
    const auto late = std::exchange(late_, std::nullopt);
    switch (dice_() % 4) {
      case 0: break;
      case 1: late_ = event; break;
      case 2: tell(event); [[fallthrough]];
      default: tell(event);
    }
    if (late) tell(*late);
  }

  std::mt19937 dice_;
  std::optional<RuntimeEvent> late_;
};

// Counts what is counted, by name.
class CountingMeter : public Meter {
 public:
  Counter& AddCounter(const std::string& name, const std::string&, const MeterLabels&) override { return counters_[name]; }
  Gauge& AddGauge(const std::string& name, const std::string& help, const MeterLabels& labels) override {
    return NullMeter().AddGauge(name, help, labels);
  }
  Histogram& AddHistogram(const std::string& name, const std::string& help, const MeterLabels& labels,
                          const std::vector<double>& bounds) override {
    return NullMeter().AddHistogram(name, help, labels, bounds);
  }
  double Of(const std::string& name) { return counters_[name].total; }

 private:
  struct Total : Counter {
    void Add(double amount) override { total += amount; }
    double total = 0;
  };
  std::map<std::string, Total> counters_;
};

void HarmSomebody(World& world, std::mt19937& dice) {
  const auto ours = world.Containers();
  if (ours.empty()) return;
  const auto& victim = ours[dice() % ours.size()];
  switch (dice() % 3) {
    case 0: return world.runtime.Vanish(victim.id);
    case 1: return world.runtime.Die(victim.id, 1);
    default: return world.runtime.Pause(victim.id);
  }
}

TEST(EngineEvents, LostDoubledAndReorderedOnesChangeNothingButTheTimeItTakes) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(StrCat("seed ", seed));
    World world(seed);
    GarblingRuntime garbling(world.runtime, seed);
    world.Hold(&garbling, nullptr);
    OpenShop(world, 3);
    std::mt19937 dice(seed);
    for (int harm = 0; harm < 6; ++harm) {
      HarmSomebody(world, dice);
      if (dice() % 2 == 0) world.Patch(world.PluginKey("shop"), {{"image", StrCat("app:", 1 + dice() % 2)}});
      world.Advance(seconds(3));
    }
    const std::string wished = FindString(world.Get(world.PluginKey("shop")), {"spec", "image"});
    world.Advance(minutes(6));  // the longest pause between starts, and a resync
    EXPECT_THAT(world.RunningImages(), ElementsAre(wished, wished, wished));
    EXPECT_THAT(world.Containers(), SizeIs(3));
    EXPECT_EQ(Serving(world), 3);
    EXPECT_EQ(world.Phase("shop"), "Running");
    world.KillOperator();
  }
}

TEST(EngineEvents, ThatAllAreLostAreMadeUpForWithinOneResync) {
  World world;
  OpenShop(world, 3);
  world.runtime.MuteEvents(true);
  const auto victims = world.Containers();
  world.runtime.Vanish(victims[0].id);
  world.runtime.Pause(victims[1].id);
  world.Advance(seconds(61));
  EXPECT_THAT(world.RunningImages(), SizeIs(3));
  EXPECT_EQ(Serving(world), 3);
}

// What happens between the look and the subscription is in the events since the last one.
TEST(EngineEvents, OfTheTimeBetweenTwoSubscriptionsAreNotMissed) {
  World world;
  OpenShop(world, 2);
  world.runtime.faults().FailBefore(RuntimeCall::kWatch);
  world.runtime.BreakStreams();
  world.Advance(seconds(1));
  world.runtime.Vanish(world.Containers()[0].id);
  world.Advance(seconds(3));
  EXPECT_THAT(world.RunningImages(), SizeIs(2));
}

TEST(EngineEvents, ARestartOfTheDaemonAtAnyCallOfARolloutEndsInTheWishedWorldAndIsCounted) {
  for (const bool live_restore : {true, false}) {
    bool restarted = true;
    for (int nth = 1; restarted && nth < 60; ++nth) {
      SCOPED_TRACE(StrCat("before action ", nth, live_restore ? ", containers live on" : ", containers end"));
      CountingMeter meter;
      World world;
      world.meter = &meter;
      world.RestartOperator();
      OpenShop(world, 2);
      restarted = false;
      int left = nth;
      world.runtime.faults().SetHook([&](RuntimeCall call, const std::string&) {
        if (!driver::IsAction(call) || --left != 0) return;
        restarted = true;
        world.runtime.RestartEngine(live_restore);
      });
      world.Patch(world.PluginKey("shop"), {{"image", "app:2"}});
      world.Advance(minutes(2));
      EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2"));
      EXPECT_THAT(world.Containers(), SizeIs(2));
      EXPECT_EQ(Serving(world), 2);
      EXPECT_EQ(meter.Of("patchbay_engine_event_gaps_total"), restarted ? 1 : 0);
      world.KillOperator();
    }
  }
}

class EngineAway : public testing::TestWithParam<int> {};

TEST_P(EngineAway, ForDaysIsAskedCalmlyAndWhatWasMissedIsDoneWithinOneResync) {
  World world;
  OpenShop(world, 2);
  world.runtime.faults().SetAway(true);
  world.runtime.BreakStreams();
  world.ApplyPlugin("late", PluginSpec("app:2"));
  world.Patch(world.PluginKey("shop"), {{"image", "app:2"}});
  world.runtime.faults().ForgetHistory();
  PassDays(world, GetParam());
  EXPECT_EQ(world.ConditionOf(world.PluginKey("late"), "Ready"), "Unknown/EngineUnavailable");
  EXPECT_EQ(Serving(world), 2) << "what serves is left alone";
  EXPECT_LE(world.runtime.faults().Count(RuntimeCall::kWatch), 4 * 10 * GetParam()) << "once a second, of those looked at";
  world.runtime.faults().SetAway(false);
  world.Advance(seconds(60));
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2", "app:2"));
  EXPECT_EQ(world.Phase("late"), "Running");
  EXPECT_EQ(Serving(world), 2);
  world.runtime.Vanish(world.Containers()[0].id);  // it listens again
  world.Settle();
  EXPECT_THAT(world.RunningImages(), SizeIs(3));
}

INSTANTIATE_TEST_SUITE_P(Days, EngineAway, testing::Values(1, 30));

TEST(EngineEvents, AreStillHeardAfterThirtyDaysOfStreamsThatBreak) {
  World world;
  OpenShop(world, 2);
  for (int day = 0; day < 30; ++day) {
    world.runtime.BreakStreams();
    PassDays(world, 1);
  }
  world.runtime.Vanish(world.Containers()[0].id);
  world.Settle();
  EXPECT_THAT(world.RunningImages(), SizeIs(2));
  EXPECT_EQ(Serving(world), 2);
}

}  // namespace
}  // namespace patchbay::controller

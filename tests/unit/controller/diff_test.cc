#include "controller/diff.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "base/random.h"
#include "base/text.h"

namespace patchbay::controller {
namespace {

using driver::ContainerState;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

Desired Wish(int replicas, const std::string& hash = "bbbbbbbbbbbbbbbb") {
  Desired desired;
  desired.key = {std::string(kPlugins), "default", "echo"};
  desired.uid = "12345678-0000";
  desired.asked = desired.replicas = replicas;
  desired.hash = hash;
  return desired;
}

Replica Serving(const Desired& desired, int ordinal, const std::string& hash = "") {
  Desired named = desired;
  if (!hash.empty()) named.hash = hash;
  return {.id = StrCat("id-", named.hash, "-", ordinal), .name = ContainerName(named, ordinal), .hash = named.hash,
          .ordinal = ordinal, .state = ContainerState::kRunning, .readiness = Readiness::kReady, .member = true};
}

std::vector<std::string> Words(const std::vector<Step>& steps) {
  std::vector<std::string> words;
  for (const Step& step : steps) words.push_back(StrCat(ActionName(step.action), " ", step.ordinal));
  return words;
}

constexpr const char* kOld = "aaaaaaaaaaaaaaaa";

TEST(Diff, WantsNothingWhenAllIsWell) {
  const Desired desired = Wish(2);
  EXPECT_THAT(Diff(desired, {{Serving(desired, 0), Serving(desired, 1)}}), IsEmpty());
}

TEST(Diff, MakesAllMissingAtOnce) {
  EXPECT_THAT(Words(Diff(Wish(2), {})), ElementsAre("create 0", "start 0", "create 1", "start 1"));
}

TEST(Diff, StartsTheNewBeforeItStopsTheOld) {
  const Desired desired = Wish(1);
  EXPECT_THAT(Words(Foresee(desired, {{Serving(desired, 0, kOld)}})),
              ElementsAre("create 0", "start 0", "wait ready 0", "add to gateway 0", "wait served 0", "drain 0",
                          "wait drained 0", "stop 0", "remove 0"));
}

TEST(Diff, StopsTheOldFirstWhenTheyNeedTheSameHostPort) {
  Desired desired = Wish(1);
  desired.exclusive = true;
  EXPECT_THAT(Words(Foresee(desired, {{Serving(desired, 0, kOld)}})),
              ElementsAre("drain 0", "wait drained 0", "stop 0", "remove 0", "create 0", "start 0", "wait ready 0",
                          "add to gateway 0", "wait served 0"));
}

TEST(Diff, MakesNothingAndStopsNothingHealthyWhileTheSpecHasAProblem) {
  for (const bool exclusive : {false, true}) {
    Desired desired = Wish(1);
    desired.exclusive = desired.strategy.recreate = exclusive;
    desired.problems.push_back({"spec.env[0]", "FieldValueNotFound", "missing"});
    EXPECT_THAT(Diff(desired, {{Serving(desired, 0, kOld)}}), IsEmpty());
  }
}

TEST(Diff, ReplacesTheEvictedAfterAnotherServes) {
  Desired desired = Wish(1);
  const Replica evicted = Serving(desired, 0);
  desired.evicted[evicted.id] = {};
  const auto steps = Foresee(desired, {{evicted}});
  EXPECT_THAT(Words(steps), ElementsAre("create 0", "start 0", "wait ready 0", "add to gateway 0", "wait served 0",
                                        "drain 0", "wait drained 0", "stop 0", "remove 0"));
  EXPECT_EQ(steps.front().target, ContainerName(desired, 0, evicted.id));
  EXPECT_NE(steps.front().target, evicted.name);
  EXPECT_EQ(steps.back().target, evicted.name);
}

TEST(Diff, ReplacesTheEvictedFirstWhereTwoCannotBe) {
  Desired desired = Wish(1);
  desired.exclusive = true;
  const Replica evicted = Serving(desired, 0);
  desired.evicted[evicted.id] = {};
  const auto steps = Foresee(desired, {{evicted}});
  EXPECT_THAT(Words(steps), ElementsAre("drain 0", "wait drained 0", "stop 0", "remove 0", "create 0", "start 0",
                                        "wait ready 0", "add to gateway 0", "wait served 0"));
  EXPECT_EQ(steps.back().target, evicted.name);
}

TEST(Diff, DoesNotWaitForAnotherWhenTheEvictedServesNobodyOrWhoAskedMinds) {
  Desired desired = Wish(1);
  Replica evicted = Serving(desired, 0);
  desired.evicted[evicted.id] = {"", true};
  EXPECT_THAT(Words(Diff(desired, {{evicted}})), Contains("drain 0"));
  desired.evicted[evicted.id] = {};
  EXPECT_THAT(Words(Diff(desired, {{evicted}})), testing::Not(Contains("drain 0")));
  evicted.readiness = Readiness::kNotReady;
  EXPECT_THAT(Words(Diff(desired, {{evicted}})), Contains("drain 0"));
  evicted.state = ContainerState::kExited;
  evicted.member = false;
  EXPECT_THAT(Words(Diff(desired, {{evicted}})), Contains("remove 0"));
}

TEST(Diff, TheNameOfAnotherOneIsFreeOrNew) {
  Desired desired = Wish(1);
  const Replica first = Serving(desired, 0);
  Replica second = first;
  second.id = "id-second";
  second.name = ContainerName(desired, 0, first.id);
  desired.evicted[first.id] = desired.evicted[second.id] = {};
  desired.strategy.max_surge = 3;
  const auto steps = Diff(desired, {{first, second}});
  const auto made = std::find_if(steps.begin(), steps.end(), [](const Step& step) { return step.action == Action::kCreate; });
  ASSERT_NE(made, steps.end());
  EXPECT_EQ(made->target, ContainerName(desired, 0, second.id));
  EXPECT_LE(made->target.size(), 63u);
}

TEST(Diff, WaitsForTheBackoff) {
  const Desired desired = Wish(1);
  Replica ended = Serving(desired, 0);
  ended.state = ContainerState::kExited;
  ended.member = false;
  ended.held = true;
  EXPECT_THAT(Diff(desired, {{ended}}), IsEmpty());
  ended.held = false;
  EXPECT_THAT(Words(Diff(desired, {{ended}})), ElementsAre("start 0"));
}

TEST(Diff, DoesNotTakeOutTheOldWhoseHealthIsUnknownForANewOneThatIsNotReady) {
  const Desired desired = Wish(1);
  Replica old = Serving(desired, 0, kOld);
  old.readiness = Readiness::kUnknown;
  Replica fresh = Serving(desired, 0);
  fresh.readiness = Readiness::kNotReady;
  fresh.member = false;
  EXPECT_THAT(Words(Diff(desired, {{old, fresh}})), ElementsAre("wait ready 0"));
}

// All fail their liveness probe at once.
Observed AllCondemned(const Desired& desired, Readiness readiness) {
  Observed world;
  for (int ordinal = 0; ordinal < desired.replicas; ++ordinal) {
    world.replicas.push_back(Serving(desired, ordinal));
    world.replicas.back().condemned = true;
    world.replicas.back().readiness = readiness;
  }
  return world;
}

TEST(Diff, ReplacesOneAfterTheOtherWhatFailsItsLivenessProbeAndServes) {
  const Desired desired = Wish(3);
  Observed world = AllCondemned(desired, Readiness::kReady);
  EXPECT_THAT(Words(Diff(desired, world)), ElementsAre("take out of gateway 0", "wait ready 1", "wait ready 2"));
  const auto serving = [&] {
    return std::count_if(world.replicas.begin(), world.replicas.end(), [](const Replica& replica) {
      return replica.state == ContainerState::kRunning && replica.readiness == Readiness::kReady && replica.member;
    });
  };
  for (int round = 0; round < 50; ++round) {
    world = Imagine(desired, std::move(world), Diff(desired, world));
    ASSERT_GE(serving(), 2);
  }
  EXPECT_EQ(serving(), 3);
  for (const Replica& replica : world.replicas) EXPECT_FALSE(replica.condemned);
}

TEST(Diff, ReplacesAtOnceWhatFailsItsLivenessProbeAndServesNobody) {
  const Desired desired = Wish(3);
  EXPECT_THAT(Words(Diff(desired, AllCondemned(desired, Readiness::kNotReady))), ElementsAre("take out of gateway 0", "take out of gateway 1", "take out of gateway 2"));
}

// A random world of a plugin: some current, some old, in any state.
Observed RandomWorld(Random& random, const Desired& desired) {
  Observed world;
  const auto count = random.Below(8);
  std::set<std::string> ids;
  for (std::uint64_t i = 0; i < count; ++i) {
    Replica replica = Serving(desired, static_cast<int>(random.Below(5)), random.Below(2) == 0 ? kOld : "");
    if (random.Below(6) == 0) replica.id += "-twin", replica.name += "-twin";
    if (!ids.insert(replica.id).second) continue;
    constexpr ContainerState kStates[] = {ContainerState::kRunning, ContainerState::kRunning, ContainerState::kRunning,
                                          ContainerState::kCreated, ContainerState::kExited,  ContainerState::kPaused,
                                          ContainerState::kDead,    ContainerState::kRestarting, ContainerState::kRemoving};
    replica.state = kStates[random.Below(9)];
    replica.readiness = replica.state == ContainerState::kRunning ? static_cast<Readiness>(random.Below(3)) : Readiness::kNotReady;
    replica.member = random.Below(2) == 0;
    replica.leaving = !replica.member && random.Below(3) == 0;
    replica.condemned = replica.state == ContainerState::kRunning && random.Below(8) == 0;
    if (replica.condemned && random.Below(2) == 0) replica.readiness = Readiness::kNotReady;
    world.replicas.push_back(replica);
  }
  world.settled = random.Below(2) == 0;
  return world;
}

// Some of what is there is to be replaced.
void Evict(Random& random, const Observed& world, Desired& desired) {
  for (const Replica& replica : world.replicas)
    if (random.Below(3) == 0) desired.evicted[replica.id] = {};
}

Desired RandomWish(Random& random) {
  Desired desired = Wish(static_cast<int>(random.Below(5)));
  desired.enabled = desired.replicas > 0;
  desired.exclusive = random.Below(4) == 0;
  desired.strategy.recreate = random.Below(4) == 0;
  desired.strategy.max_surge = static_cast<int>(random.Below(3));
  desired.strategy.max_unavailable = desired.strategy.max_surge == 0 ? 1 : static_cast<int>(random.Below(2));
  return desired;
}

int CountServing(const Observed& world) {
  return static_cast<int>(std::count_if(world.replicas.begin(), world.replicas.end(), [](const Replica& replica) {
    return replica.state == ContainerState::kRunning && replica.readiness == Readiness::kReady && !replica.condemned && !replica.leaving;
  }));
}

class DiffLaws : public testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, DiffLaws, testing::Range<std::uint64_t>(0, 20));

TEST_P(DiffLaws, ThePlanAfterThePlanIsEmptyAndTheWorldIsAsWished) {
  for (std::uint64_t i = 0; i < 200; ++i) {
    Random random(GetParam() * 1000 + i);
    Desired desired = RandomWish(random);
    Observed world = RandomWorld(random, desired);
    Evict(random, world, desired);
    std::vector<Step> steps = Diff(desired, world);
    for (int round = 0; round < 200 && !steps.empty(); ++round) {
      world = Imagine(desired, std::move(world), steps);
      steps = Diff(desired, world);
    }
    ASSERT_THAT(Words(steps), IsEmpty()) << "seed " << GetParam() * 1000 + i;
    ASSERT_EQ(world.replicas.size(), static_cast<std::size_t>(desired.replicas)) << "seed " << GetParam() * 1000 + i;
    for (const Replica& replica : world.replicas) {
      ASSERT_EQ(replica.hash, desired.hash);
      ASSERT_TRUE(replica.member);
      ASSERT_FALSE(desired.evicted.contains(replica.id));
    }
  }
}

TEST_P(DiffLaws, NamesNothingThatIsNotOurs) {
  for (std::uint64_t i = 0; i < 200; ++i) {
    Random random(GetParam() * 1000 + i);
    Desired desired = RandomWish(random);
    const Observed world = RandomWorld(random, desired);
    Evict(random, world, desired);
    std::set<std::string> ours;
    for (const Replica& replica : world.replicas) ours.insert(replica.name);
    for (int ordinal = 0; ordinal < desired.replicas; ++ordinal) {
      ours.insert(ContainerName(desired, ordinal));
      for (const Replica& replica : world.replicas) ours.insert(ContainerName(desired, ordinal, replica.id));
    }
    for (const Step& step : Diff(desired, world)) ASSERT_THAT(ours, Contains(step.target));
  }
}

TEST_P(DiffLaws, NeverTakesOutMoreThanMayBeMissing) {
  for (std::uint64_t i = 0; i < 200; ++i) {
    Random random(GetParam() * 1000 + i);
    Desired desired = RandomWish(random);
    if (desired.replicas == 0 || desired.exclusive || desired.strategy.recreate) continue;
    Observed world = RandomWorld(random, desired);
    Evict(random, world, desired);
    for (Replica& replica : world.replicas) replica.leaving = false;
    const int least = std::min(CountServing(world), desired.replicas - desired.strategy.max_unavailable);
    for (int round = 0; round < 200; ++round) {
      const std::vector<Step> steps = Diff(desired, world);
      if (steps.empty()) break;
      world = Imagine(desired, std::move(world), steps);
      ASSERT_GE(CountServing(world), least) << "seed " << GetParam() * 1000 + i;
    }
  }
}

}  // namespace
}  // namespace patchbay::controller

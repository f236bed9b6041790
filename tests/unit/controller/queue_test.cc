#include "controller/queue.h"

#include <gmock/gmock.h>

#include "harness/clock/fake_clock.h"

namespace patchbay::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Key kA{"plugins.patchbay.dev", "default", "a"};
const Key kB{"plugins.patchbay.dev", "default", "b"};

struct QueueWorld {
  FakeClock clock;
  Random random{1};
  WorkQueue queue{clock, random, NullMeter()};
};

TEST(WorkQueue, HoldsAKeyOnce) {
  QueueWorld world;
  world.queue.Add(kA);
  world.queue.Add(kA);
  world.queue.Add(kB);
  EXPECT_EQ(world.queue.TryTake(), kA);
  EXPECT_EQ(world.queue.TryTake(), kB);
  EXPECT_EQ(world.queue.TryTake(), std::nullopt);
}

TEST(WorkQueue, GivesAKeyToOneWorkerAndAgainWhenItWasAddedMeanwhile) {
  QueueWorld world;
  world.queue.Add(kA);
  ASSERT_EQ(world.queue.TryTake(), kA);
  world.queue.Add(kA);
  world.queue.Add(kA);
  EXPECT_EQ(world.queue.TryTake(), std::nullopt);
  world.queue.Done(kA);
  EXPECT_EQ(world.queue.TryTake(), kA);
  world.queue.Done(kA);
  EXPECT_EQ(world.queue.TryTake(), std::nullopt);
}

TEST(WorkQueue, DelaysUntilTheEarliestTimeAskedFor) {
  QueueWorld world;
  world.queue.AddAfter(kA, seconds(10));
  world.queue.AddAfter(kA, seconds(2));
  world.queue.AddAfter(kA, seconds(20));
  world.clock.Advance(seconds(1));
  EXPECT_EQ(world.queue.TryTake(), std::nullopt);
  world.clock.Advance(seconds(1));
  EXPECT_EQ(world.queue.TryTake(), kA);
  world.queue.Done(kA);
  world.clock.Advance(seconds(30));
  EXPECT_EQ(world.queue.TryTake(), std::nullopt);
}

TEST(WorkQueue, BacksOffLongerWithEveryFailureUntilForgotten) {
  QueueWorld world;
  for (int i = 0; i < 20; ++i) {
    world.queue.AddFailed(kA);
    world.clock.Advance(seconds(60));
    ASSERT_EQ(world.queue.TryTake(), kA);
    world.queue.Done(kA);
  }
  EXPECT_EQ(world.queue.failures(kA), 20);
  world.queue.AddFailed(kA);
  world.clock.Advance(seconds(20));
  EXPECT_EQ(world.queue.TryTake(), std::nullopt);
  world.clock.Advance(seconds(40));
  EXPECT_EQ(world.queue.TryTake(), kA);
  world.queue.Done(kA);
  world.queue.Forget(kA);
  world.queue.AddFailed(kA);
  world.clock.Advance(milliseconds(200));
  EXPECT_EQ(world.queue.TryTake(), kA);
}

TEST(WorkQueue, TakeEndsWhenStopped) {
  QueueWorld world;
  std::optional<Key> taken = kB;
  {
    std::jthread worker([&](std::stop_token stop) { taken = world.queue.Take(stop); });
  }
  EXPECT_EQ(taken, std::nullopt);
}

}  // namespace
}  // namespace patchbay::controller

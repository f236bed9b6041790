#include "controller/observer.h"

#include <gmock/gmock.h>

#include "harness/clock/fake_clock.h"
#include "harness/runtime/fake_runtime.h"

namespace patchbay::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// An engine whose lists leave everything out when told so.
class LyingRuntime : public driver::FakeRuntime {
 public:
  using FakeRuntime::FakeRuntime;
  Result<std::vector<driver::Container>> ListOf(const std::string& owner_uid) override {
    auto truth = FakeRuntime::ListOf(owner_uid);
    if (lies) return std::vector<driver::Container>();
    return truth;
  }
  bool lies = false;
};

struct ObserverWorld {
  FakeClock clock;
  LyingRuntime runtime{"test", clock};
  Metrics metrics{NullMeter(), "none"};
  std::vector<std::string> woken;
  Observer observer{runtime, clock, metrics, seconds(60), [this](const std::string& uid) { woken.push_back(uid); }};

  std::string Run(const std::string& name) {
    runtime.AddImage("app:1");
    driver::ContainerSpec spec;
    spec.name = name;
    spec.image = "app:1";
    spec.labels = {{driver::kLabelInstallation, "test"}, {driver::kLabelOwnerUid, "u"}};
    const auto id = runtime.Create(spec);
    EXPECT_TRUE(id.ok() && runtime.Start(*id).ok());
    return *id;
  }
};

TEST(Observer, DoesNotBelieveAListThatLostWhatIsThere) {
  ObserverWorld world;
  world.Run("a");
  ASSERT_THAT(world.observer.Of("u").value(), SizeIs(1));
  world.runtime.lies = true;
  world.observer.Doubt("u");
  const auto seen = world.observer.Of("u");
  ASSERT_FALSE(seen.ok());
  EXPECT_EQ(seen.error().code, Code::kUnavailable);
  world.runtime.lies = false;
  EXPECT_THAT(world.observer.Of("u").value(), SizeIs(1));
}

TEST(Observer, BelievesThatAContainerIsGoneWhenTheEngineSaysSoTwice) {
  ObserverWorld world;
  const std::string id = world.Run("a");
  ASSERT_TRUE(world.observer.Of("u").ok());
  world.runtime.Vanish(id);
  world.observer.Doubt("u");
  EXPECT_THAT(world.observer.Of("u").value(), IsEmpty());
}

TEST(Observer, AsksOnlyWhenSomethingHappened) {
  ObserverWorld world;
  world.Run("a");
  world.observer.Step();
  ASSERT_TRUE(world.observer.Of("u").ok());
  world.runtime.faults().ForgetHistory();
  ASSERT_TRUE(world.observer.Of("u").ok());
  EXPECT_EQ(world.runtime.faults().Count(driver::RuntimeCall::kList), 0);
  EXPECT_EQ(world.runtime.faults().Count(driver::RuntimeCall::kInspect), 0);
}

TEST(Observer, WakesTheOwnerOfWhatHappenedAndKeepsQuietAboutOurOwnDoing) {
  ObserverWorld world;
  const std::string id = world.Run("a");
  world.observer.Step();
  ASSERT_TRUE(world.observer.Of("u").ok());
  world.woken.clear();
  world.observer.Expect(id, {"die"});
  ASSERT_TRUE(world.runtime.Stop(id, seconds(1)).ok());
  EXPECT_THAT(world.woken, IsEmpty());
  world.clock.Advance(seconds(3));
  ASSERT_TRUE(world.runtime.Start(id).ok());
  EXPECT_THAT(world.woken, ElementsAre("u"));
  EXPECT_EQ(world.observer.Of("u")->at(0).state, driver::ContainerState::kRunning);
}

TEST(Observer, HearsOfAStartByTheEngineThoughItsOwnWasAMomentAgo) {
  ObserverWorld world;
  world.observer.Step();
  world.runtime.AddImage("app:1");
  driver::ContainerSpec spec;
  spec.name = "a";
  spec.image = "app:1";
  spec.restart_policy = "always";
  spec.labels = {{driver::kLabelInstallation, "test"}, {driver::kLabelOwnerUid, "u"}};
  const auto id = world.runtime.Create(spec);
  ASSERT_TRUE(id.ok());
  world.observer.Expect(*id, {"start"});
  ASSERT_TRUE(world.runtime.Start(*id).ok());
  ASSERT_THAT(world.observer.Of("u").value(), SizeIs(1));
  world.woken.clear();
  world.runtime.Die(*id, 1);
  EXPECT_THAT(world.woken, ElementsAre("u", "u"));
}

TEST(Observer, SubscribesAgainAndLooksAtEverythingWhenTheStreamIsLost) {
  ObserverWorld world;
  const std::string id = world.Run("a");
  world.observer.Step();
  ASSERT_TRUE(world.observer.Of("u").ok());
  world.woken.clear();
  world.runtime.BreakStreams();
  world.runtime.Vanish(id);
  world.clock.Advance(seconds(1));
  EXPECT_TRUE(world.observer.Step());
  EXPECT_THAT(world.woken, testing::Contains(""));
  EXPECT_THAT(world.observer.Of("u").value(), IsEmpty());
}

}  // namespace
}  // namespace patchbay::controller

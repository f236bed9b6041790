// D10: an image cannot be pulled.
#include "fault/world/shop.h"

namespace patchbay::controller {
namespace {

using driver::RuntimeCall;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

struct Refusal {
  const char* name;
  const char* strategy;
  Error error;
};

class PullFails : public testing::TestWithParam<Refusal> {
 protected:
  PullFails() {
    OpenShop(world_, 2);
    old_ = RunningIds(world_);
    world_.runtime.SetPullError("new:1", GetParam().error);
    world_.runtime.faults().ForgetHistory();
  }
  int Pulls() { return world_.runtime.faults().Count(RuntimeCall::kPull); }

  World world_;
  std::set<std::string> old_;
};

TEST_P(PullFails, AndTheOldOnesServeOnUntilItCanBe) {
  world_.Patch(world_.PluginKey("shop"), {{"image", "new:1"}, {"strategy", StrategyOf(GetParam().strategy)}});
  world_.Advance(minutes(30));
  EXPECT_EQ(RunningIds(world_), old_);
  EXPECT_EQ(Serving(world_), 2);
  EXPECT_EQ(world_.ConditionOf(world_.PluginKey("shop"), "Stalled"), "True/ImagePullBackOff");
  const Json plugin = world_.Get(world_.PluginKey("shop"));
  EXPECT_THAT(FindCondition(plugin, "Stalled")->message, HasSubstr(GetParam().error.message));
  EXPECT_GT(FindString(plugin, {"status", "nextRetryTime"}), FormatTime(world_.clock.Wall()));
  world_.runtime.SetPullError("new:1", std::nullopt);
  world_.Advance(minutes(15));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("new:1", "new:1"));
  EXPECT_EQ(Serving(world_), 2);
}

TEST_P(PullFails, AndIsAskedForOnceForAllWhoWantItAndLessAndLess) {
  for (int i = 0; i < 8; ++i) world_.ApplyPlugin(StrCat("p", i), PluginSpec("new:1"));
  world_.Settle();
  EXPECT_EQ(Pulls(), 1);
  world_.Advance(hours(1));
  const int first_hour = Pulls();
  EXPECT_LE(first_hour, 25);
  EXPECT_GE(first_hour, 5);
  world_.Advance(hours(2));
  EXPECT_LE(Pulls() - first_hour, 2 * 15) << "one in five minutes and a little";
  world_.runtime.SetPullError("new:1", std::nullopt);
  world_.Advance(minutes(8));
  EXPECT_THAT(RunningIds(world_, "new:1"), SizeIs(8));
}

const Refusal kRefusals[] = {
    {"TooManyRequests", "RollingUpdate", {Code::kTooManyRequests, "toomanyrequests: you have reached your pull rate limit", {}, seconds(60)}},
    {"Unauthorized", "Recreate", {Code::kForbidden, "unauthorized: authentication required"}},
    {"NoSuchTag", "Atomic", {Code::kNotFound, "manifest unknown"}},
    {"NoAnswer", "Canary", {Code::kTimeout, "the container engine took too long"}},
    {"HalfALayer", "RollingUpdate", {Code::kInternal, "unexpected EOF"}},
    {"DiskFull", "Recreate", {Code::kUnavailable, "write /var/lib/docker/tmp: no space left on device"}},
};

INSTANTIATE_TEST_SUITE_P(With, PullFails, testing::ValuesIn(kRefusals), [](const auto& test) { return std::string(test.param.name); });

TEST(PullAgain, IsNotAskedBeforeTheMomentThatTheRegistryNames) {
  World world;
  world.runtime.SetPullError("new:1", Error{Code::kTooManyRequests, "toomanyrequests", {}, minutes(40)});
  world.ApplyPlugin("shop", PluginSpec("new:1"));
  world.Settle();
  for (int i = 0; i < 5; ++i) {  // denied tries lengthen the ban: neither others nor other wishes ask
    world.Patch(world.PluginKey("shop"), {{"replicas", 1 + i % 3}});
    world.ApplyPlugin(StrCat("p", i), PluginSpec("new:1"));
    world.Advance(minutes(6));
  }
  EXPECT_EQ(world.runtime.faults().Count(RuntimeCall::kPull), 1);
  world.runtime.SetPullError("new:1", std::nullopt);
  world.Advance(minutes(20));
  EXPECT_EQ(world.runtime.faults().Count(RuntimeCall::kPull), 2);
  EXPECT_EQ(world.Phase("shop"), "Running");
}

}  // namespace
}  // namespace patchbay::controller

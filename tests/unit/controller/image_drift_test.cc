// A tag that means another image than the containers run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/desired.h"
#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using driver::RuntimeCall;
using std::chrono::minutes;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kOther = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

Json DriftOf(const World& world, const std::string& plugin) {
  const Json object = world.Get(world.PluginKey(plugin));
  const Json* drift = Find(object, {"status", "drift"});
  return drift ? *drift : Json::array();
}

struct ImageDrift : ::testing::Test {
  ImageDrift() {
    world.ApplyPlugin("shop", PluginSpec("app:1"));
    world.Settle();
  }
  World world;
};

TEST_F(ImageDrift, IsShownAtOnceAndNothingIsDoneAboutIt) {
  const auto before = world.Containers();
  EXPECT_THAT(DriftOf(world, "shop"), IsEmpty());
  world.runtime.faults().ForgetHistory();
  world.runtime.Retag("app:1", kOther);
  world.Settle();
  const Json drift = DriftOf(world, "shop");
  ASSERT_THAT(drift, SizeIs(1));
  EXPECT_EQ(drift[0]["field"], "replicas[0].imageID");
  EXPECT_EQ(drift[0]["desired"], "0123456789ab");
  EXPECT_EQ(drift[0]["actual"], before.front().image_id.substr(7, 12));
  world.Advance(minutes(30));
  EXPECT_EQ(world.runtime.faults().Actions(), 0);
  EXPECT_EQ(world.ConditionOf(world.PluginKey("shop"), "Ready"), "True/AllReplicasReady");
}

TEST_F(ImageDrift, IsToldToEveryUserThoughOnlyOneAskedSinceAnotherImageChanged) {
  world.ApplyPlugin("other", PluginSpec("app:1"));
  world.Settle();
  world.runtime.Retag("app:2", kOther);
  world.Patch(world.PluginKey("other"), {{"strategy", {{"drainTimeoutSeconds", 7}}}});
  world.Settle();
  world.runtime.Retag("app:1", kOther);
  world.Settle();
  EXPECT_THAT(DriftOf(world, "shop"), SizeIs(1));
  EXPECT_THAT(DriftOf(world, "other"), SizeIs(1));
}

TEST_F(ImageDrift, EndsWithARestart) {
  world.runtime.Retag("app:1", kOther);
  world.Settle();
  world.Annotate(world.PluginKey("shop"), kRestartedAt, "2026-01-01T00:00:00Z");
  world.Settle();
  EXPECT_THAT(DriftOf(world, "shop"), IsEmpty());
  EXPECT_EQ(world.Containers().front().image_id, kOther);
}

TEST_F(ImageDrift, IsFoundAfterAWhileWithoutAnEvent) {
  world.runtime.MuteEvents(true);
  world.runtime.Retag("app:1", kOther);
  world.runtime.MuteEvents(false);
  world.Advance(minutes(7));
  EXPECT_THAT(DriftOf(world, "shop"), SizeIs(1));
}

TEST_F(ImageDrift, CostsOneQuestionForAllWhoUseTheReference) {
  for (const char* name : {"a", "b", "c", "d"}) world.ApplyPlugin(name, PluginSpec("docker.io/library/app:1", 2));
  world.Settle();
  world.runtime.faults().ForgetHistory();
  world.Advance(minutes(20));
  EXPECT_LE(world.runtime.faults().Count(RuntimeCall::kImageId), 5);
  EXPECT_GE(world.runtime.faults().Count(RuntimeCall::kImageId), 2);
}

TEST_F(ImageDrift, IsNoneOfAnImageThatIsGoneOrNamedByDigest) {
  world.runtime.DropImage("app:1");
  world.Advance(minutes(20));
  EXPECT_THAT(DriftOf(world, "shop"), IsEmpty());
}

TEST_F(ImageDrift, IsNoMatterWhileTheEngineDoesNotTell) {
  world.runtime.faults().FailBefore(RuntimeCall::kImageId, 1, Error{Code::kInternal, "no"});
  world.Advance(minutes(6));
  EXPECT_EQ(world.ConditionOf(world.PluginKey("shop"), "Ready"), "True/AllReplicasReady");
  EXPECT_THAT(DriftOf(world, "shop"), IsEmpty());
}

}  // namespace
}  // namespace patchbay::controller

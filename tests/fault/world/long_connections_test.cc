// D7: long connections are cut, or a drain never ends.
#include "fault/world/shop.h"

namespace patchbay::controller {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(LongConnections, OfOnePluginSeeNothingOfAHundredChangesOfAnother) {
  World world;
  OpenShop(world, 2);
  world.ApplyPlugin("other", PluginSpec("app:1", 1));
  world.ApplyRoute("other", RouteSpec("other"));
  world.Settle();
  const auto upstreams = world.Upstreams("shop");
  for (const std::string& address : upstreams) world.gateway.SetInFlight(address, 200);
  const auto before = world.gateway.Find(UidOf(world.Get(world.RouteKey("shop"))));
  const auto ids = IdsOf(world.Containers());
  for (int change = 0; change < 100; ++change) {
    world.Patch(world.PluginKey("other"), {{"image", change % 2 == 0 ? "app:2" : "app:1"}});
    world.Settle();
    EXPECT_EQ(world.gateway.Find(UidOf(world.Get(world.RouteKey("shop")))), before);
    EXPECT_EQ(Serving(world, "other"), 1);
  }
  EXPECT_EQ(world.Upstreams("shop"), upstreams);
  int kept = 0;
  for (const auto& container : world.Containers()) kept += ids.contains(container.id) ? 1 : 0;
  EXPECT_EQ(kept, 2) << "those of the shop";
}

class EndlessStream : public testing::TestWithParam<std::string> {};

TEST_P(EndlessStream, EndsAtTheDrainTimeoutAndAnEventSaysHowManyWereCut) {
  World world;
  OpenShop(world, 2, GetParam());
  world.Patch(world.PluginKey("shop"), {{"strategy", {{"drainTimeoutSeconds", 60}}}});
  world.Settle();
  const std::string busy = world.Upstreams("shop").front();
  world.gateway.SetInFlight(busy, 7);
  const MonoTime began = world.clock.Mono();
  std::optional<MonoTime> cut;
  world.runtime.faults().SetHook([&](driver::RuntimeCall call, const std::string& subject) {
    if (call != driver::RuntimeCall::kStop) return;
    for (const auto& container : world.runtime.All())
      if ((container.name == subject || container.id == subject) && container.ip + ":8080" == busy) cut = world.clock.Mono();
  });
  world.Patch(world.PluginKey("shop"), {{"image", "app:2"}});
  world.Advance(seconds(55));
  EXPECT_FALSE(cut) << "it has its time";
  world.Advance(minutes(2));
  ASSERT_TRUE(cut);
  EXPECT_GE(*cut - began, seconds(60));
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2"));
  EXPECT_EQ(FindInt(world.Get(world.PluginKey("shop")), {"status", "rollout", "droppedRequests"}), 7);
  std::vector<std::string> told;
  for (const auto& entry : world.op->cache.All(kEvents)) {
    const Json event = Json::parse(*entry->bytes);
    if (FindString(event, {"reason"}) == "RequestsCut") told.push_back(FindString(event, {"message"}));
  }
  EXPECT_THAT(told, ElementsAre(HasSubstr("7")));
}

TEST_P(EndlessStream, HasItsWholeDrainTimeThoughTheOperatorDiesMeanwhile) {
  World world;
  OpenShop(world, 2, GetParam());
  const std::string busy = world.Upstreams("shop").front();
  world.gateway.SetInFlight(busy, 1);
  world.Patch(world.PluginKey("shop"), {{"image", "app:2"}, {"strategy", {{"drainTimeoutSeconds", 60}}}});
  world.Advance(seconds(30));
  world.RestartOperator();
  world.Advance(seconds(20));
  EXPECT_THAT(world.RunningImages(), Contains("app:1"));
  world.Advance(minutes(3));
  EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2"));
}

INSTANTIATE_TEST_SUITE_P(Strategies, EndlessStream, testing::Values("RollingUpdate", "Atomic", "Recreate"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace patchbay::controller

// D4 with two gateways: one of them restarts empty, is away or refuses, and the other goes on.
#include "driver/gateway/gateway_group.h"
#include "fault/world/shop.h"
#include "harness/gateway/flaky_gateway.h"

namespace patchbay::controller {
namespace {

using driver::FakeGateway;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// world.gateway and another one, "second". REQUIRES: it outlives the world's last operator.
class Pair {
 public:
  explicit Pair(World& world) : world_(world) {
    std::vector<std::unique_ptr<driver::Gateway>> members;
    for (FakeGateway* fake : {&world.gateway, &second}) members.push_back(std::make_unique<driver::FlakyGateway>(*fake));
    group_ = std::make_unique<driver::GatewayGroup>(std::move(members));
    world.Hold(nullptr, group_.get());
  }
  ~Pair() { world_.KillOperator(); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  // What a request that comes in there may meet.
  static std::vector<std::string> Upstreams(const FakeGateway& gateway) {
    std::vector<std::string> addresses;
    for (const auto& route : gateway.Served())
      for (const auto& upstream : route.upstreams) addresses.push_back(upstream.address);
    return addresses;
  }
  // Looks before each action whether a container that is to be stopped is still served by either.
  void Watch(std::function<void()> before_action = nullptr) {
    world_.runtime.faults().SetHook([this, before_action](driver::RuntimeCall call, const std::string& subject) {
      if (!driver::IsAction(call)) return;
      if (before_action) before_action();
      if (call != driver::RuntimeCall::kStop) return;
      for (const auto& container : world_.Containers())
        for (const FakeGateway* gateway : {&world_.gateway, &second})
          for (const std::string& address : Upstreams(*gateway))
            if ((container.id == subject || container.name == subject) && address == container.ip + ":8080")
              broken.push_back(StrCat(gateway->name(), " leads to ", container.name, ", which is stopped"));
    });
  }

  FakeGateway second{"second"};
  std::vector<std::string> broken;

 private:
  World& world_;
  std::unique_ptr<driver::GatewayGroup> group_;
};

TEST(TwoGateways, AreMendedWhenOneRestartsEmptyAndTheOtherIsLeftAlone) {
  World world;
  Pair pair(world);
  OpenShop(world, 2);
  ASSERT_THAT(world.Upstreams("shop"), SizeIs(2));
  const int written = world.op->store.units_committed();
  for (FakeGateway* lost : {&world.gateway, &pair.second}) {
    FakeGateway& other = lost == &pair.second ? world.gateway : pair.second;
    const int changes = other.changes();
    lost->Restart();
    world.Advance(seconds(2));
    EXPECT_EQ(Pair::Upstreams(world.gateway), Pair::Upstreams(pair.second));
    EXPECT_THAT(Pair::Upstreams(*lost), SizeIs(2));
    EXPECT_EQ(other.changes(), changes);
  }
  world.Advance(minutes(1));
  EXPECT_EQ(world.op->store.units_committed(), written) << "no storm of writes";
}

TEST(TwoGateways, AreMendedWhenSomebodyChangesARouteInOneOfThem) {
  World world;
  Pair pair(world);
  OpenShop(world, 2);
  auto changed = pair.second.Served().front();
  changed.upstreams = {{"10.6.6.6:80"}};
  pair.second.ReplaceRoute(changed);
  world.Advance(seconds(2));
  EXPECT_EQ(Pair::Upstreams(pair.second), Pair::Upstreams(world.gateway));
}

TEST(TwoGateways, NothingIsStoppedForARolloutWhileEitherIsAway) {
  for (const bool second : {false, true}) {
    World world;
    Pair pair(world);
    OpenShop(world, 2);
    FakeGateway& away = second ? pair.second : world.gateway;
    FakeGateway& there = second ? world.gateway : pair.second;
    const auto old = RunningIds(world);
    away.SetUnavailable(true);
    world.Patch(world.PluginKey("shop"), {{"image", "app:2"}});
    world.Advance(minutes(5));
    const auto running = RunningIds(world);
    EXPECT_TRUE(std::includes(running.begin(), running.end(), old.begin(), old.end()));
    EXPECT_THAT(Pair::Upstreams(there), SizeIs(running.size())) << "who is there gets the new ones at once";
    const auto ready = FindCondition(world.Get(world.RouteKey("shop")), "Ready");
    EXPECT_EQ(ready->reason, "GatewayUnavailable");
    EXPECT_EQ(ready->message, away.name() + ": the fake gateway is away");
    pair.Watch();
    away.SetUnavailable(false);
    world.Advance(minutes(2));
    EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2"));
    EXPECT_THAT(pair.broken, IsEmpty());
    EXPECT_EQ(Pair::Upstreams(away), Pair::Upstreams(there));
    EXPECT_EQ(world.ConditionOf(world.RouteKey("shop"), "Ready"), "True/Programmed");
  }
}

TEST(TwoGateways, LostAtAnyActionOfARolloutEndAsWishedAndNeitherLeadsToAStoppedContainer) {
  for (const bool second : {false, true}) {
    bool lost = true;
    for (int nth = 1; lost && nth < 40; ++nth) {
      SCOPED_TRACE(StrCat(second ? "second" : "first", " before action ", nth));
      World world;
      Pair pair(world);
      OpenShop(world, 2);
      FakeGateway& loser = second ? pair.second : world.gateway;
      lost = false;
      int left = nth;
      pair.Watch([&] {
        if (--left != 0) return;
        lost = true;
        loser.Restart();
      });
      world.Patch(world.PluginKey("shop"), {{"image", "app:2"}});
      world.Settle();
      world.Advance(minutes(1));
      EXPECT_THAT(world.RunningImages(), ElementsAre("app:2", "app:2"));
      EXPECT_THAT(pair.broken, IsEmpty());
      EXPECT_EQ(Pair::Upstreams(pair.second), Pair::Upstreams(world.gateway));
      EXPECT_THAT(Pair::Upstreams(pair.second), SizeIs(2));
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(TwoGateways, ServeInOneWhatTheOtherRefusesAndTheRouteSaysWho) {
  World world;
  Pair pair(world);
  OpenShop(world, 1);
  pair.second.Refuse(UidOf(world.Get(world.RouteKey("shop"))), "not such a path");
  world.Patch(world.RouteKey("shop"), {{"priority", 3}});
  world.Settle();
  const auto programmed = FindCondition(world.Get(world.RouteKey("shop")), "Programmed");
  EXPECT_EQ(programmed->reason, "RefusedByGateway");
  EXPECT_EQ(programmed->message, "second: not such a path");
  EXPECT_THAT(world.Upstreams("shop"), SizeIs(1));
  const int published = world.gateway.publishes();
  world.Advance(minutes(1));
  EXPECT_EQ(world.gateway.publishes(), published) << "what is refused is not tried for ever";
  world.gateway.DropRoute(UidOf(world.Get(world.RouteKey("shop"))));
  world.Advance(seconds(2));
  EXPECT_THAT(world.Upstreams("shop"), SizeIs(1));
}

}  // namespace
}  // namespace patchbay::controller

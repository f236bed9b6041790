// D4, D5 and D6 with the real KongGateway, on Kong's admin socket that fails in every way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "driver/gateway/gateway_group.h"
#include "driver/gateway/kong_gateway.h"
#include "fault/world/shop.h"
#include "harness/gateway/fake_gateway.h"
#include "harness/gateway/fake_kong.h"
#include "harness/gateway/flaky_gateway.h"
#include "harness/gateway/plain_route.h"
#include "harness/http/faulty_server.h"

namespace patchbay::driver {
namespace {

using http::SocketFault;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Failure {
  const char* name;
  SocketFault fault;
  int status = 0;
};

const Failure kFailures[] = {
    {"Timeout", SocketFault::kHangBefore},
    {"TimeoutAfterItWasApplied", SocketFault::kHangAfter},
    {"Conflict", SocketFault::kInstead, 409},
    {"TooManyRequests", SocketFault::kInstead, 429},
    {"ServerError", SocketFault::kInstead, 500},
    {"ServerErrorAfterItWasApplied", SocketFault::kAfter, 500},
    {"CutBeforeItWasApplied", SocketFault::kCutBefore},
    {"CutAfterItWasApplied", SocketFault::kCutAfter},
    {"CutWithinTheAnswer", SocketFault::kCutHalf},
};

// Kong on a socket, and our gateway on it.
class KongStage {
 public:
  explicit KongStage(Clock& clock, FakeKong::Options options = {}) : kong(options) {
    KongOptions ours;
    ours.admin = StrCat("http://127.0.0.1:", server.port());
    ours.installation = "test";
    ours.call_deadline = std::chrono::milliseconds(500);  // real
    ours.clock = &clock;
    gateway = *KongGateway::New(http::NewCurlClient(), ours);
    foreign = kong.WithoutTag(gateway->mark());
    if (!options.database) return;
    const auto service = kong.Put("/services", {{"name", "theirs"}, {"host", "theirs.example.org"}});
    kong.Put("/routes", {{"name", "theirs"}, {"paths", {"/theirs"}}, {"service", {{"id", service["id"]}}}});
    foreign = kong.WithoutTag(gateway->mark());
  }
  // Entities of ours by kind and what tells them apart.
  std::map<std::string, int> Count() const {
    std::map<std::string, int> counts;
    for (const char* kind : {"services", "routes", "upstreams", "targets", "plugins"}) counts[kind] = static_cast<int>(kong.All(kind).size());
    return counts;
  }
  // Addresses that requests to any route of ours may come to.
  std::set<std::string> Targets() const {
    std::set<std::string> targets;
    for (const Json& target : kong.All("targets")) targets.insert(FindString(target, {"target"}));
    return targets;
  }

  FakeKong kong;
  http::FaultyServer server{"tcp", [this](const http::Call& call) -> http::FaultyServer::Reply {
                              return {kong.Ask(call.method, call.url, call.body)};
                            }};
  std::unique_ptr<KongGateway> gateway;
  Json foreign;
};

class KongSocket : public testing::TestWithParam<Failure> {
 protected:
  void FailEverywhere(FakeKong::Options options) {
    const std::vector<GatewayRoute> before = {Route("a", {{"10.0.0.1:80"}, {"10.0.0.2:80"}}), Route("b", {{"10.0.0.3:80"}})};
    std::vector<GatewayRoute> after = {Route("a", {{"10.0.0.4:80"}, {"10.0.0.5:80"}}), Route("c", {{"10.0.0.6:80"}})};
    after[0].hosts = {"a.example.org"};
    KongStage calm(clock_, options);
    ASSERT_TRUE(calm.gateway->Publish(before).ok());
    ASSERT_TRUE(calm.gateway->Publish(after).ok());
    bool met = true;
    for (int nth = 1; met; ++nth) {
      SCOPED_TRACE(StrCat("at call ", nth));
      KongStage stage(clock_, options);
      ASSERT_TRUE(stage.gateway->Publish(before).ok());
      stage.server.Fail(GetParam().fault, nth, nullptr, {GetParam().status, {}, R"({"message":"on purpose"})"});
      static_cast<void>(stage.gateway->Publish(after));
      met = stage.server.waiting() == 0;
      stage.server.ForgetFaults();
      const auto next = stage.gateway->Publish(after);
      ASSERT_TRUE(next.ok()) << next.error().message;
      EXPECT_THAT(next->refused, IsEmpty());
      std::map<std::string, std::string> digests;
      for (const auto& route : after) digests[route.id] = stage.gateway->Digest(route);
      EXPECT_EQ(stage.gateway->Read()->routes, digests);
      EXPECT_FALSE(stage.gateway->Publish(after)->changed) << "the pass after it makes no write";
      EXPECT_THAT(stage.kong.starved(), IsEmpty()) << "a route was without a target";
      EXPECT_EQ(stage.Count(), calm.Count()) << "no entity is there twice";
      EXPECT_EQ(stage.kong.WithoutTag(stage.gateway->mark()), stage.foreign);
      if (HasFailure()) return;
    }
  }

  FakeClock clock_;
};

TEST_P(KongSocket, AtAnyCallIsMendedByTheNextPassAndNoRouteIsEverWithoutATarget) { FailEverywhere({}); }

TEST_P(KongSocket, AtAnyCallWithoutADatabaseIsMendedByTheNextPass) { FailEverywhere({3, 4, false, ""}); }

// Beside a healthy gateway, which is told at once whatever becomes of Kong.
TEST_P(KongSocket, AtAnyCallCostsTheOtherGatewayOfAGroupNothing) {
  const std::vector<GatewayRoute> before = {Route("a", {{"10.0.0.1:80"}}), Route("b", {{"10.0.0.3:80"}})};
  const std::vector<GatewayRoute> after = {Route("a", {{"10.0.0.4:80"}}), Route("c", {{"10.0.0.6:80"}})};
  bool met = true;
  for (int nth = 1; met; ++nth) {
    SCOPED_TRACE(StrCat("at call ", nth));
    KongStage stage(clock_, {});
    FakeGateway healthy("healthy");
    std::vector<std::unique_ptr<Gateway>> members;
    members.push_back(std::move(stage.gateway));
    members.push_back(std::make_unique<FlakyGateway>(healthy));
    GatewayGroup group(std::move(members));
    ASSERT_TRUE(group.Publish(before).ok());
    stage.server.Fail(GetParam().fault, nth, nullptr, {GetParam().status, {}, R"({"message":"on purpose"})"});
    const auto told = group.Publish(after);
    EXPECT_EQ(healthy.Served(), after);
    if (!told.ok()) { EXPECT_THAT(told.error().message, testing::StartsWith("kong: ")); }
    met = stage.server.waiting() == 0;
    stage.server.ForgetFaults();
    const auto next = group.Publish(after);
    ASSERT_TRUE(next.ok()) << next.error().message;
    std::map<std::string, std::string> digests;
    for (const auto& route : after) digests[route.id] = group.Digest(route);
    EXPECT_EQ(group.Read()->routes, digests);
    EXPECT_EQ(healthy.changes(), 2);
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Fails, KongSocket, testing::ValuesIn(kFailures), [](const auto& test) { return std::string(test.param.name); });

// The operator on it, in the middle of a rollout.
class KongLoss : public testing::TestWithParam<bool> {
 protected:
  static std::set<std::string> Addresses(const controller::World& world) {
    std::set<std::string> addresses;
    for (const auto& container : world.Containers())
      if (container.state == ContainerState::kRunning) addresses.insert(container.ip + ":8080");
    return addresses;
  }
};

TEST_P(KongLoss, OfEverythingAtAnyActionOfARolloutIsMendedWithoutAHuman) {
  const bool database = GetParam();
  bool lost = true;
  for (int nth = 1; lost && nth < 40; ++nth) {
    SCOPED_TRACE(StrCat("before action ", nth));
    controller::World world;
    KongStage stage(world.clock, {3, 4, database, ""});
    world.Hold(nullptr, stage.gateway.get());
    controller::OpenShop(world, 2);
    ASSERT_EQ(stage.Targets(), Addresses(world));
    lost = false;
    int left = nth;
    world.runtime.faults().SetHook([&](RuntimeCall call, const std::string&) {
      if (!IsAction(call) || --left != 0) return;
      lost = true;
      if (database) stage.kong.LoseEverything();
      else stage.kong.Restart();
    });
    world.Patch(world.PluginKey("shop"), {{"image", "app:2"}});
    world.Settle();
    world.Advance(seconds(60));
    EXPECT_THAT(world.RunningImages(), testing::ElementsAre("app:2", "app:2"));
    EXPECT_EQ(stage.Targets(), Addresses(world));
    EXPECT_EQ(world.ConditionOf(world.RouteKey("shop"), "Ready"), "True/Programmed");
    world.KillOperator();
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Database, KongLoss, testing::Bool());

TEST(BadRoutesOnKong, CostOnlyThemselvesAndCarryItsOwnWordsAfterARestartToo) {
  controller::World world;
  KongStage stage(world.clock);
  world.Hold(nullptr, stage.gateway.get());
  world.ApplyPlugin("shop", controller::PluginSpec("app:1", 2));
  for (int i = 0; i < 30; ++i) {
    Json spec = controller::RouteSpec("shop");
    if (i % 7 == 3) spec["hosts"] = {"not a host"};
    world.ApplyRoute(StrCat("r", i), spec);
  }
  const auto look = [&] {
    for (int i = 0; i < 30; ++i) {
      const Key key = world.RouteKey(StrCat("r", i));
      EXPECT_EQ(world.ConditionOf(key, "Programmed"), i % 7 == 3 ? "False/RefusedByGateway" : "True/Programmed") << i;
      if (i % 7 == 3) { EXPECT_THAT(FindCondition(world.Get(key), "Programmed")->message, HasSubstr("invalid value: not a host")); }
    }
    EXPECT_THAT(stage.kong.All("routes"), SizeIs(26 + 1));
  };
  world.Settle();
  world.Advance(seconds(5));
  look();
  stage.kong.LoseEverything();
  stage.kong.Put("/routes", {{"name", "theirs"}, {"paths", {"/theirs"}}});
  world.Advance(seconds(5));
  look();
  world.KillOperator();
}

}  // namespace
}  // namespace patchbay::driver

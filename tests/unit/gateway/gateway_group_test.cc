#include "driver/gateway/gateway_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

#include "base/clock.h"
#include "base/text.h"
#include "harness/gateway/fake_gateway.h"
#include "harness/gateway/flaky_gateway.h"
#include "harness/gateway/plain_route.h"

namespace patchbay::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class RecordedGauge : public Gauge {
 public:
  explicit RecordedGauge(double& value) : value_(value) {}
  void Set(double value) override { value_ = value; }
  void Add(double amount) override { value_ += amount; }

 private:
  double& value_;
};

// Gauges by the gateway that they tell of.
class GaugeBoard : public Meter {
 public:
  Counter& AddCounter(const std::string& name, const std::string& help, const MeterLabels& labels) override {
    return NullMeter().AddCounter(name, help, labels);
  }
  Gauge& AddGauge(const std::string& name, const std::string&, const MeterLabels& labels) override {
    EXPECT_EQ(name, "patchbay_gateway_up");
    gauges_.push_back(std::make_unique<RecordedGauge>(up[labels.at(0).second]));
    return *gauges_.back();
  }
  Histogram& AddHistogram(const std::string& name, const std::string& help, const MeterLabels& labels,
                          const std::vector<double>& bounds) override {
    return NullMeter().AddHistogram(name, help, labels, bounds);
  }
  std::map<std::string, double> up;

 private:
  std::vector<std::unique_ptr<Gauge>> gauges_;
};

class GatewayGroupTest : public testing::Test {
 protected:
  GatewayGroupTest() {
    std::vector<std::unique_ptr<Gateway>> members;
    for (FakeGateway* fake : {&a_, &b_}) {
      auto member = std::make_unique<FlakyGateway>(*fake);
      member->before_publish = [this, fake] { told_.push_back(fake->name()); };
      members.push_back(std::move(member));
    }
    group_ = std::make_unique<GatewayGroup>(std::move(members), board_);
  }
  Published Publish(const std::vector<GatewayRoute>& routes) {
    auto published = group_->Publish(routes);
    EXPECT_TRUE(published.ok()) << published.error().message;
    return published.ok() ? *published : Published{};
  }
  std::map<std::string, std::string> Read() {
    const auto state = group_->Read();
    EXPECT_TRUE(state.ok()) << state.error().message;
    return state.ok() ? state->routes : std::map<std::string, std::string>();
  }
  std::map<std::string, std::string> Digests(const std::vector<GatewayRoute>& routes) {
    std::map<std::string, std::string> digests;
    for (const auto& route : routes) digests[route.id] = group_->Digest(route);
    return digests;
  }

  GaugeBoard board_;
  FakeGateway a_{"a", {"auth", "cors"}};
  FakeGateway b_{"b", {"cors", "auth.url"}};
  std::vector<std::string> told_;
  std::unique_ptr<GatewayGroup> group_;
};

TEST_F(GatewayGroupTest, ServesEveryRouteInEachGateway) {
  EXPECT_EQ(group_->name(), "a+b");
  EXPECT_TRUE(Publish({Route("x"), Route("y")}).changed);
  EXPECT_THAT(a_.Served(), SizeIs(2));
  EXPECT_THAT(b_.Served(), SizeIs(2));
  EXPECT_EQ(Read(), Digests({Route("x"), Route("y")}));
  EXPECT_FALSE(Publish({Route("x"), Route("y")}).changed);
}

TEST_F(GatewayGroupTest, TellsTheHealthyOneAlthoughTheOtherFailsAndNamesWhoFailed) {
  for (auto* away : {&a_, &b_}) {
    FakeGateway& healthy = away == &a_ ? b_ : a_;
    away->SetUnavailable(true);
    const auto published = group_->Publish({Route("x", {{"10.0.0.9:80"}})});
    EXPECT_EQ(published.error().code, Code::kUnavailable);
    EXPECT_EQ(published.error().message, away->name() + ": the fake gateway is away");
    EXPECT_EQ(healthy.Find("x")->upstreams[0].address, "10.0.0.9:80");
    EXPECT_EQ(group_->Read().error().message, away->name() + ": the fake gateway is away");
    EXPECT_EQ(board_.up[away->name()], 0);
    EXPECT_EQ(board_.up[healthy.name()], 1);
    away->SetUnavailable(false);
    Publish({});
    EXPECT_EQ(board_.up[away->name()], 1);
  }
  a_.SetUnavailable(true);
  b_.SetUnavailable(true);
  EXPECT_EQ(group_->Publish({}).error().message, "a: the fake gateway is away; b: the fake gateway is away");
}

TEST_F(GatewayGroupTest, TellsThoseLastThatFailedBefore) {
  a_.SetUnavailable(true);
  static_cast<void>(group_->Publish({}));
  EXPECT_THAT(told_, ElementsAre("a", "b"));
  a_.SetUnavailable(false);
  Publish({});
  Publish({});
  EXPECT_THAT(told_, ElementsAre("a", "b", "b", "a", "a", "b"));
}

TEST_F(GatewayGroupTest, LetsTheOtherServeWhatOneRefuses) {
  b_.Refuse("x", "no such host");
  const auto published = Publish({Route("x"), Route("y")});
  EXPECT_THAT(published.refused, ElementsAre(Pair("x", "b: no such host")));
  EXPECT_TRUE(a_.Find("x"));
  EXPECT_EQ(Read(), Digests({Route("y")}));
  EXPECT_FALSE(Publish({Route("x"), Route("y")}).changed);
  a_.Refuse("x", "nor here");
  EXPECT_EQ(Publish({Route("x"), Route("y")}).refused.at("x"), "a: nor here; b: no such host");
  EXPECT_EQ(Read(), Digests({Route("y")}));
}

TEST_F(GatewayGroupTest, ShowsWhenTheOneThatServesARefusedRouteHasItNoLongerAsTold) {
  b_.Refuse("x", "no such host");
  const auto good = Digests({Route("y")});
  Publish({Route("x"), Route("y")});
  a_.DropRoute("x");
  EXPECT_NE(Read(), good);
  Publish({Route("x"), Route("y")});
  EXPECT_EQ(Read(), good);
  a_.ReplaceRoute(Route("x", {{"10.6.6.6:80"}}));
  EXPECT_NE(Read(), good);
}

TEST_F(GatewayGroupTest, DoesNotCallARouteServedThatOneGatewayLostOrHasOtherwise) {
  Publish({Route("x"), Route("y")});
  b_.DropRoute("x");
  EXPECT_EQ(Read(), Digests({Route("y")}));
  Publish({Route("x"), Route("y")});
  b_.ReplaceRoute(Route("x", {{"10.6.6.6:80"}}));
  EXPECT_NE(Read().at("x"), group_->Digest(Route("x")));
  EXPECT_TRUE(Publish({Route("x"), Route("y")}).changed);
  EXPECT_EQ(Read(), Digests({Route("x"), Route("y")}));
}

TEST_F(GatewayGroupTest, ShowsARouteThatIsLeftInOneGatewayAlone) {
  Publish({Route("y")});
  ASSERT_TRUE(b_.Publish({Route("old"), Route("y")}).ok());
  EXPECT_THAT(Read(), UnorderedElementsAre(Pair("old", testing::_), Pair("y", group_->Digest(Route("y")))));
  EXPECT_TRUE(Publish({Route("y")}).changed);
  EXPECT_EQ(Read(), Digests({Route("y")}));
}

TEST_F(GatewayGroupTest, SaysInWhichGatewayARouteIsServedOtherwise) {
  b_.Refuse("z", "not that one");
  Publish({Route("x"), Route("y"), Route("z")});
  a_.DropRoute("y");
  b_.ReplaceRoute(Route("x", {{"10.6.6.6:80"}}));
  const auto found = *group_->Compare({Route("x"), Route("y"), Route("z")});
  EXPECT_THAT(found, UnorderedElementsAre(
                         Pair("x", ElementsAre(RouteDifference{"b.upstreams", "10.0.0.1:80", "10.6.6.6:80"})),
                         Pair("y", ElementsAre(RouteDifference{"a", "there", "missing"}))));
  b_.SetUnavailable(true);
  EXPECT_EQ(group_->Compare({Route("x")}).error().message, "b: the fake gateway is away");
}

TEST_F(GatewayGroupTest, LeavesWhatOthersChangedInOneGatewayAsItWasFound) {
  Publish({Route("x"), Route("y")});
  b_.ReplaceRoute(Route("x", {{"10.6.6.6:80"}}));
  const auto found = Read();
  auto left = Route("x");
  left.as_found = true;
  EXPECT_FALSE(Publish({left, Route("y")}).changed);
  EXPECT_EQ(b_.Find("x")->upstreams[0].address, "10.6.6.6:80");
  EXPECT_EQ(Read(), found);
}

TEST_F(GatewayGroupTest, HasAnotherEpochWhenOneOfThemHas) {
  const std::string before = group_->Read()->epoch;
  b_.ReloadByOthers();
  const std::string after = group_->Read()->epoch;
  EXPECT_NE(after, before);
  a_.ReloadByOthers();
  EXPECT_NE(group_->Read()->epoch, after);
}

TEST_F(GatewayGroupTest, CannotDoWhatOneOfThemCannotDo) {
  EXPECT_THAT(group_->Unsupported(), ElementsAre(FieldNotDone{"auth", "a"}, FieldNotDone{"cors", "a, b"}, FieldNotDone{"auth.url", "b"}));
}

TEST_F(GatewayGroupTest, AddsWhatIsUnderWayInEach) {
  a_.SetInFlight("10.0.0.1:80", 2);
  b_.SetInFlight("10.0.0.1:80", 3);
  b_.SetInFlight("10.0.0.2:80", 1);
  EXPECT_THAT(*group_->InFlight(), ElementsAre(Pair("10.0.0.1:80", 5), Pair("10.0.0.2:80", 1)));
  a_.AddAnswers("10.0.0.1:80", 10, 1);
  b_.AddAnswers("10.0.0.1:80", 5, 2);
  EXPECT_EQ(group_->Answers()->at("10.0.0.1:80").requests(), 15);
  EXPECT_EQ(group_->Answers()->at("10.0.0.1:80").failed(), 3);
}

TEST_F(GatewayGroupTest, DoesNotCountWhatOneOfThemCannotCount) {
  b_.SetCounts(false);
  EXPECT_EQ(group_->InFlight().error().code, Code::kUnsupported);
  EXPECT_EQ(group_->InFlight().error().message, "b: the fake gateway does not count");
  a_.SetTells(false);
  EXPECT_EQ(group_->Answers().error().code, Code::kUnsupported);
  EXPECT_THAT(group_->Answers().error().message, HasSubstr("a: "));
  a_.SetUnavailable(true);
  EXPECT_EQ(group_->InFlight().error().code, Code::kUnavailable) << "this may end";
  EXPECT_EQ(group_->InFlight().error().message, "a: the fake gateway is away; b: the fake gateway does not count");
}

TEST(GatewayGroup, GoesOnWithTheOthersWhileOneDoesNotAnswer) {
  FakeGateway healthy("a");
  FakeGateway silent("b");
  std::latch answers(1);
  std::vector<std::unique_ptr<Gateway>> members;
  members.push_back(std::make_unique<FlakyGateway>(healthy));
  auto hanging = std::make_unique<FlakyGateway>(silent);
  hanging->FailCall("Publish", 1, FailWhen::kBeforeEffect, {Code::kTimeout, "no answer"});
  std::atomic<int> asked = 0;
  hanging->before_publish = [&] {
    if (++asked == 2) answers.wait();
  };
  members.push_back(std::move(hanging));
  GatewayGroup group(std::move(members), NullMeter(), std::chrono::milliseconds(1));
  EXPECT_FALSE(group.Publish({Route("x")}).ok());
  for (int count = 2; count < 4; ++count) {
    std::vector<GatewayRoute> routes;
    for (int i = 0; i < count; ++i) routes.push_back(Route(StrCat("r", i)));
    const auto published = group.Publish(routes);
    EXPECT_EQ(published.error().code, Code::kUnavailable);
    EXPECT_EQ(published.error().message, "b: it does not answer");
    EXPECT_THAT(healthy.Served(), SizeIs(count));
  }
  const auto deadline = SystemClock().Mono() + std::chrono::seconds(10);
  while (asked < 2 && SystemClock().Mono() < deadline) std::this_thread::yield();
  EXPECT_EQ(asked, 2) << "not asked twice at once";
  answers.count_down();
  EXPECT_TRUE(silent.WaitUntil([](const auto& routes) { return routes.size() == 2; }));
  while (!group.Publish({Route("x")}).ok() && SystemClock().Mono() < deadline) std::this_thread::yield();
  EXPECT_THAT(silent.Served(), SizeIs(1));
  EXPECT_THAT(healthy.Served(), SizeIs(1));
}

TEST(GatewayGroup, OfOneIsThatGatewayWithItsOwnWords) {
  FakeGateway only("only", {"cors"});
  std::vector<std::unique_ptr<Gateway>> members;
  members.push_back(std::make_unique<FlakyGateway>(only));
  GatewayGroup group(std::move(members));
  EXPECT_EQ(group.name(), "only");
  EXPECT_EQ(group.Digest(Route("x")), only.Digest(Route("x")));
  EXPECT_THAT(group.Unsupported(), ElementsAre(FieldNotDone{"cors", "only"}));
  only.Refuse("x", "its own words");
  EXPECT_THAT(group.Publish({Route("x"), Route("y")})->refused, ElementsAre(Pair("x", "its own words")));
  EXPECT_EQ(group.Read()->routes, only.Read()->routes);
  EXPECT_EQ(group.Read()->epoch, only.Read()->epoch);
  only.SetUnavailable(true);
  EXPECT_EQ(group.Publish({}).error().message, "the fake gateway is away");
}

}  // namespace
}  // namespace patchbay::driver

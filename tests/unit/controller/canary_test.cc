#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controller/desired.h"
#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class Canary : public testing::Test {
 protected:
  void Begin(const Json& steps, int replicas = 4) {
    Json spec = PluginSpec("app:1", replicas);
    spec["strategy"] = {{"type", "Canary"}, {"steps", steps}, {"progressDeadlineSeconds", 60}};
    world_.ApplyPlugin("shop", spec);
    world_.ApplyRoute("shop", RouteSpec("shop"));
    world_.Settle();
    EXPECT_EQ(world_.Phase("shop"), "Running");
    for (const auto& container : world_.Containers()) old_.insert(container.ip);
  }
  void Change() {
    world_.Patch(world_.PluginKey("shop"), {{"image", "app:2"}});
    world_.Settle();
    world_.Advance(seconds(1));
  }
  int New() const {
    const auto images = world_.RunningImages();
    return static_cast<int>(std::count(images.begin(), images.end(), "app:2"));
  }
  // Percent of the requests that go to new ones.
  int Share() const {
    int all = 0;
    int fresh = 0;
    for (const auto& route : world_.gateway.Served())
      for (const auto& upstream : route.upstreams) {
        all += upstream.weight;
        if (!old_.contains(upstream.address.substr(0, upstream.address.rfind(':')))) fresh += upstream.weight;
      }
    return all == 0 ? -1 : fresh * 100 / all;
  }
  std::string Message() { return FindCondition(world_.Get(world_.PluginKey("shop")), "Ready")->message; }
  void Promote(const std::string& past) {
    const std::string hash = FindString(world_.Get(world_.PluginKey("shop")), {"status", "currentRevision"});
    world_.Annotate(world_.PluginKey("shop"), kPromote, StrCat(hash, "/", past));
    world_.Settle();
    world_.Advance(seconds(1));
  }

  World world_;
  std::set<std::string> old_;
};

TEST_F(Canary, FirstComesAtOnce) {
  Begin(Json::array({{{"weight", 10}, {"pause", "manual"}}}));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1", "app:1", "app:1", "app:1"));
}

TEST_F(Canary, GoesThroughItsStepsByTheClock) {
  Begin(Json::array({{{"weight", 10}, {"pause", "5m"}}, {{"weight", 50}, {"replicas", 2}, {"pause", "10m"}}}));
  Change();
  EXPECT_EQ(New(), 1);
  EXPECT_EQ(Share(), 10);
  EXPECT_EQ(world_.Containers().size(), 5u);  // no old one went
  EXPECT_THAT(Message(), HasSubstr("canary step 1 of 2"));
  world_.Advance(minutes(4));
  EXPECT_EQ(Share(), 10);
  world_.Advance(minutes(2));
  EXPECT_EQ(New(), 2);
  EXPECT_EQ(Share(), 50);
  world_.Advance(minutes(8));
  EXPECT_EQ(Share(), 50);
  world_.Advance(minutes(4));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:2", "app:2", "app:2", "app:2"));
  EXPECT_EQ(Share(), 100);
  EXPECT_EQ(world_.Phase("shop"), "Running");
}

TEST_F(Canary, WaitsToBePromotedHoweverLongAndSaysSo) {
  Begin(Json::array({{{"weight", 25}, {"pause", "manual"}}, {{"weight", 75}, {"pause", "manual"}}}));
  Change();
  world_.Advance(std::chrono::hours(30));
  EXPECT_EQ(Share(), 25);
  EXPECT_THAT(Message(), HasSubstr("promote"));
  Promote("0");
  EXPECT_EQ(Share(), 75);
  EXPECT_EQ(New(), 3);
  Promote("1");
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:2", "app:2", "app:2", "app:2"));
}

TEST_F(Canary, IsPromotedPastAllSteps) {
  Begin(Json::array({{{"weight", 25}, {"pause", "manual"}}, {{"weight", 75}, {"pause", "manual"}}}));
  Change();
  Promote("all");
  world_.Advance(seconds(5));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:2", "app:2", "app:2", "app:2"));
}

TEST_F(Canary, MayRunInTheDark) {
  Begin(Json::array({{{"weight", 0}, {"replicas", 1}, {"pause", "manual"}}}));
  Change();
  EXPECT_EQ(New(), 1);
  EXPECT_EQ(Share(), 0);
}

TEST_F(Canary, IsTakenBackAtOnceAndNoOldOneWasStopped) {
  Begin(Json::array({{{"weight", 25}, {"pause", "manual"}}}));
  Change();
  world_.Patch(world_.PluginKey("shop"), {{"image", "app:1"}});
  world_.Settle();
  world_.Advance(seconds(5));
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1", "app:1", "app:1", "app:1"));
  for (const auto& container : world_.Containers()) EXPECT_TRUE(old_.contains(container.ip));
}

TEST_F(Canary, ThatDoesNotBecomeReadyIsGivenUp) {
  Begin(Json::array({{{"weight", 25}, {"pause", "5m"}}}));
  driver::FakeBehaviour broken;
  broken.exits_with = 1;
  world_.runtime.Script("app:2", broken);
  Change();
  world_.Advance(minutes(5));
  EXPECT_EQ(world_.ConditionOf(world_.PluginKey("shop"), "Stalled"), "True/RolledBack");
  EXPECT_THAT(world_.RunningImages(), ElementsAre("app:1", "app:1", "app:1", "app:1"));
  EXPECT_EQ(world_.Containers().size(), 4u);
}

TEST_F(Canary, KeepsItsStepAndItsPauseWhenTheOperatorDies) {
  Begin(Json::array({{{"weight", 10}, {"pause", "10m"}}, {{"weight", 50}, {"pause", "manual"}}}));
  Change();
  world_.Advance(minutes(6));
  world_.RestartOperator();
  world_.Settle();
  world_.Advance(seconds(2));
  EXPECT_EQ(Share(), 10);
  world_.Advance(minutes(5));
  EXPECT_EQ(Share(), 50);
  world_.RestartOperator();
  world_.Settle();
  world_.Advance(seconds(2));
  EXPECT_EQ(Share(), 50);
  EXPECT_EQ(New(), 2);
}

// What the new ones answer, as the gateway sees it.
class JudgedCanary : public Canary {
 protected:
  JudgedCanary() {
    Json spec = PluginSpec("app:1", 4);
    spec["strategy"] = {{"type", "Canary"},
                        {"steps", Json::array({{{"weight", 10}, {"pause", "1m"}}, {{"weight", 50}, {"pause", "1m"}}})},
                        {"analysis", {{"maxErrorPercent", 5}, {"maxLatency", "500ms"}, {"minRequests", 20}}}};
    world_.ApplyPlugin("shop", spec);
    world_.ApplyRoute("shop", RouteSpec("shop"));
    world_.Settle();
    for (const auto& container : world_.Containers()) old_.insert(container.ip);
    Change();
    world_.Advance(seconds(3));  // they are looked at
  }
  void Answer(int count, int failed, milliseconds took = milliseconds(1)) {
    for (const auto& container : world_.Containers())
      if (!old_.contains(container.ip)) world_.gateway.AddAnswers(container.ip + ":8080", count, failed, took);
  }
};

TEST_F(JudgedCanary, AsksTheGatewayToMeasure) {
  ASSERT_FALSE(world_.gateway.Served().empty());
  EXPECT_TRUE(world_.gateway.Served().front().measured);
}

TEST_F(JudgedCanary, GoesOnWhenItAnswersWell) {
  EXPECT_EQ(Share(), 10);
  Answer(100, 5);
  world_.Advance(minutes(1) + seconds(5));
  EXPECT_EQ(Share(), 50);
  Answer(100, 0);
  world_.Advance(minutes(1) + seconds(5));
  EXPECT_EQ(world_.Phase("shop"), "Running");
  EXPECT_EQ(New(), 4);
}

TEST_F(JudgedCanary, IsTakenBackAtOnceWhenItAnswersWrong) {
  Answer(100, 6);
  world_.Advance(seconds(5));
  EXPECT_EQ(New(), 0);
  EXPECT_EQ(Share(), 0);
  EXPECT_EQ(world_.ConditionOf(world_.PluginKey("shop"), "Ready"), "False/RolledBack");
  EXPECT_THAT(Message(), HasSubstr("6 of 100 answers of the new ones were errors"));
  for (const auto& container : world_.Containers()) EXPECT_TRUE(old_.contains(container.ip));
}

TEST_F(JudgedCanary, IsTakenBackWhenItIsSlow) {
  Answer(90, 0);
  Answer(10, 0, milliseconds(900));
  world_.Advance(seconds(5));
  EXPECT_EQ(New(), 0);
  EXPECT_THAT(Message(), HasSubstr("10 of 100 answers of the new ones took longer than 500 ms"));
}

TEST_F(JudgedCanary, WaitsForEnoughAnswersHoweverLong) {
  Answer(19, 19);
  world_.Advance(minutes(30));
  EXPECT_EQ(Share(), 10);
  EXPECT_THAT(Message(), HasSubstr("waits for 20 answers"));
  EXPECT_THAT(Message(), HasSubstr("19 so far"));
}

TEST_F(JudgedCanary, IsJudgedByWhatCameInEachStepAlone) {
  Answer(100, 0);
  world_.Advance(minutes(1) + seconds(5));
  EXPECT_EQ(Share(), 50);
  Answer(9, 0);  // each of the two
  world_.Advance(minutes(5));
  EXPECT_EQ(Share(), 50);
  EXPECT_NE(world_.Phase("shop"), "Running");
}

TEST_F(JudgedCanary, WaitsToBePromotedWhereTheGatewayCannotTell) {
  world_.gateway.SetTells(false);
  world_.Advance(minutes(30));
  EXPECT_EQ(Share(), 10);
  EXPECT_THAT(Message(), HasSubstr("cannot be judged: the fake gateway does not tell; waits to be promoted"));
  Promote("all");
  world_.Advance(minutes(1));
  EXPECT_EQ(world_.Phase("shop"), "Running");
}

TEST_F(JudgedCanary, BeginsToCountAnewWhenTheOperatorDies) {
  Answer(15, 0);
  world_.RestartOperator();
  world_.Advance(seconds(10));
  Answer(15, 0);
  world_.Advance(minutes(10));
  EXPECT_EQ(Share(), 10);
  EXPECT_THAT(Message(), HasSubstr("15 so far"));
  Answer(10, 0);
  world_.Advance(seconds(10));
  EXPECT_EQ(Share(), 50);
}

}  // namespace
}  // namespace patchbay::controller

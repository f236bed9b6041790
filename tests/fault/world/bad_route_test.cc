// D5: one invalid route blocks or kills all the others, and again after a restart.
#include <random>

#include "fault/world/shop.h"

namespace patchbay::controller {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::SizeIs;

constexpr int kRoutes = 100;

std::string Name(int i) { return StrCat("r", i); }

// A hundred routes, some of them bad: refused by the gateway, more than it can do, or to a plugin that is not there.
class BadRoutes : public testing::TestWithParam<unsigned> {
 protected:
  BadRoutes() {
    world_.ApplyPlugin("shop", PluginSpec("app:1", 2));
    std::mt19937 dice(GetParam());
    for (int i = 0; i < kRoutes; ++i) {
      world_.ApplyRoute(Name(i), RouteSpec("shop"));
      switch (dice() % 8) {
        case 0: Refuse(i); break;
        case 1: AskTooMuch(i); break;
        case 2: LeadNowhere(i); break;
        default: break;
      }
    }
    world_.Settle();
  }
  std::string Words(int i) const { return StrCat("error parsing regexp: missing closing ): ", i); }
  void Refuse(int i) {
    world_.gateway.Refuse(UidOf(world_.Get(world_.RouteKey(Name(i)))), Words(i));
    refused_.insert(i);
  }
  void AskTooMuch(int i) {
    world_.Patch(world_.RouteKey(Name(i)), {{"rateLimit", {{"requests", 5}}}});
    too_much_.insert(i);
  }
  void LeadNowhere(int i) {
    world_.Patch(world_.RouteKey(Name(i)), {{"backends", {{{"plugin", "gone"}, {"port", "http"}}}}});
    nowhere_.insert(i);
  }
  bool IsBad(int i) const { return refused_.contains(i) || too_much_.contains(i) || nowhere_.contains(i); }
  void ExpectEachToHaveItsOwnFate() {
    for (int i = 0; i < kRoutes; ++i) {
      SCOPED_TRACE(Name(i));
      const Json route = world_.Get(world_.RouteKey(Name(i)));
      EXPECT_EQ(FindInt(route, {"status", "observedGeneration"}), GenerationOf(route));
      if (!IsBad(i)) {
        EXPECT_EQ(world_.ConditionOf(world_.RouteKey(Name(i)), "Ready"), "True/Programmed");
        EXPECT_EQ(Serving(world_, Name(i)), 2);
      }
      if (refused_.contains(i)) {
        EXPECT_EQ(world_.ConditionOf(world_.RouteKey(Name(i)), "Programmed"), "False/RefusedByGateway");
        EXPECT_THAT(FindCondition(route, "Programmed")->message, HasSubstr(Words(i)));
      }
      const bool accepted = !too_much_.contains(i);
      EXPECT_EQ(world_.ConditionOf(world_.RouteKey(Name(i)), "Accepted"), accepted ? "True/Accepted" : "False/UnsupportedByGateway");
      const bool found = !nowhere_.contains(i);
      EXPECT_EQ(world_.ConditionOf(world_.RouteKey(Name(i)), "ResolvedRefs"), found ? "True/ResolvedRefs" : "False/BackendNotFound");
    }
  }

  World world_;
  std::set<int> refused_, too_much_, nowhere_;
};

TEST_P(BadRoutes, CostOnlyThemselvesAndCarryTheGatewaysOwnWords) {
  ASSERT_GT(refused_.size() + too_much_.size() + nowhere_.size(), 10u);
  ExpectEachToHaveItsOwnFate();
}

TEST_P(BadRoutes, CostOnlyThemselvesAfterARestartOfTheGatewayToo) {
  world_.gateway.Restart();
  world_.Advance(seconds(2));
  ExpectEachToHaveItsOwnFate();
  world_.gateway.Restart();
  world_.RestartOperator();
  world_.Advance(seconds(10));
  ExpectEachToHaveItsOwnFate();
}

TEST_P(BadRoutes, DoNotKeepLaterFixesOfTheirsOrOthersBack) {
  world_.Patch(world_.PluginKey("shop"), {{"image", "app:2"}});  // every good one leads elsewhere
  world_.Settle();
  ExpectEachToHaveItsOwnFate();
  for (const int i : refused_) {
    world_.gateway.Accept(UidOf(world_.Get(world_.RouteKey(Name(i)))));
    world_.Patch(world_.RouteKey(Name(i)), {{"stripPath", true}});
  }
  for (const int i : too_much_) world_.Patch(world_.RouteKey(Name(i)), {{"rateLimit", nullptr}});
  for (const int i : nowhere_) world_.Patch(world_.RouteKey(Name(i)), RouteSpec("shop"));
  refused_.clear(), too_much_.clear(), nowhere_.clear();
  world_.Settle();
  world_.Advance(seconds(5));
  ExpectEachToHaveItsOwnFate();
}

INSTANTIATE_TEST_SUITE_P(Seeds, BadRoutes, testing::Range(0u, 4u));

}  // namespace
}  // namespace patchbay::controller

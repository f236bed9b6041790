// What every Gateway promises, whatever stands behind it. Each gateway instantiates this suite with a world of its own.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "driver/gateway/gateway.h"

namespace patchbay::driver {

// A gateway and what a test may do to the thing behind it.
class GatewayWorld {
 public:
  virtual ~GatewayWorld() = default;
  virtual Gateway& gateway() = 0;
  // Makes this gateway refuse the route, with `words` somewhere in its message.
  virtual GatewayRoute Spoil(GatewayRoute route, const std::string& words) = 0;
  virtual void RestartEmpty() = 0;
  virtual void GoAway() = 0;
  virtual void ComeBack() = 0;
  virtual void AddForeign() = 0;
  virtual std::string ForeignAsItIs() = 0;  // compared as text
  // Entries of somebody else that serve the host of route `number`, one in each gateway, by the names that routes know
  // them by (GatewayRoute::entries).
  virtual std::vector<std::string> AddEntries(int number) = 0;
  virtual bool HasEntry(const std::string& entry) = 0;
  virtual void RemoveEntry(const std::string& entry) = 0;
  // False: the gateway can only be given everything at once, so it refuses to while foreign configuration is there.
  virtual bool Shares() const { return true; }
};

class GatewayContract : public testing::TestWithParam<std::function<std::unique_ptr<GatewayWorld>()>> {
 protected:
  static GatewayRoute Route(int number) {
    GatewayRoute route;
    route.id = StrCat("uid-", number);
    route.name = StrCat("default/route-", number);
    route.hosts = {StrCat("h", number, ".example.org")};
    route.paths = {{PathMatch::Type::kPrefix, "/api"}};
    route.upstreams = {{StrCat("127.0.0.1:", 20'000 + number)}};
    return route;
  }
  static std::vector<GatewayRoute> Routes(int count) {
    std::vector<GatewayRoute> routes;
    for (int i = 0; i < count; ++i) routes.push_back(Route(i));
    return routes;
  }
  Published Publish(const std::vector<GatewayRoute>& routes) {
    auto published = world_->gateway().Publish(routes);
    EXPECT_TRUE(published.ok()) << published.error().message;
    return published.ok() ? *std::move(published) : Published{};
  }
  GatewayState Read() {
    auto state = world_->gateway().Read();
    EXPECT_TRUE(state.ok()) << state.error().message;
    return state.ok() ? *std::move(state) : GatewayState{};
  }
  std::map<std::string, std::string> DigestsOf(const std::vector<GatewayRoute>& routes) {
    std::map<std::string, std::string> digests;
    for (const auto& route : routes) digests[route.id] = world_->gateway().Digest(route);
    return digests;
  }

  std::unique_ptr<GatewayWorld> world_ = GetParam()();
};

TEST_P(GatewayContract, ServesWhatWasPublishedAndSaysSo) {
  EXPECT_THAT(Read().routes, testing::IsEmpty());
  const auto published = Publish(Routes(5));
  EXPECT_TRUE(published.changed);
  EXPECT_THAT(published.refused, testing::IsEmpty());
  EXPECT_EQ(Read().routes, DigestsOf(Routes(5)));
}

TEST_P(GatewayContract, SendsNothingWhenAllIsSo) {
  Publish(Routes(5));
  EXPECT_FALSE(Publish(Routes(5)).changed);
  auto other_order = Routes(5);
  std::reverse(other_order.begin(), other_order.end());
  EXPECT_FALSE(Publish(other_order).changed);
}

TEST_P(GatewayContract, GivesOtherDigestsToOtherRoutes) {
  auto& gateway = world_->gateway();
  auto other = Route(1);
  other.upstreams = {{"127.0.0.1:1"}};
  EXPECT_EQ(gateway.Digest(Route(1)), gateway.Digest(Route(1)));
  EXPECT_NE(gateway.Digest(Route(1)), gateway.Digest(other));
  EXPECT_NE(gateway.Digest(Route(1)), gateway.Digest(Route(2)));
}

TEST_P(GatewayContract, ChangesAndDeletesRoutes) {
  auto routes = Routes(4);
  Publish(routes);
  routes[1].upstreams = {{"127.0.0.1:1"}};
  EXPECT_TRUE(Publish(routes).changed);
  EXPECT_EQ(Read().routes, DigestsOf(routes));
  routes.erase(routes.begin() + 2);
  EXPECT_TRUE(Publish(routes).changed);
  EXPECT_EQ(Read().routes, DigestsOf(routes));
  EXPECT_TRUE(Publish({}).changed);
  EXPECT_THAT(Read().routes, testing::IsEmpty());
}

TEST_P(GatewayContract, RefusesOneBadRouteOfTwentyAloneInItsOwnWords) {
  auto routes = Routes(20);
  const auto good = routes[13];
  routes[13] = world_->Spoil(routes[13], "missing closing");
  const auto published = Publish(routes);
  EXPECT_THAT(published.refused, testing::ElementsAre(testing::Pair(good.id, testing::HasSubstr("missing closing"))));
  auto others = Routes(20);
  others.erase(others.begin() + 13);
  EXPECT_EQ(Read().routes, DigestsOf(others));
  const auto again = Publish(routes);
  EXPECT_FALSE(again.changed);
  EXPECT_EQ(again.refused, published.refused);
}

TEST_P(GatewayContract, SaysInWhatARouteIsServedOtherwise) {
  Publish(Routes(3));
  auto wanted = Routes(4);
  wanted[1].upstreams = {{"127.0.0.1:1"}};
  const auto differences = world_->gateway().Compare(wanted);
  ASSERT_TRUE(differences.ok()) << differences.error().message;
  ASSERT_EQ(differences->size(), 2u);
  std::string told;
  for (const auto& each : differences->at("uid-1")) told += StrCat(each.field, ": ", each.served, " wanted ", each.wanted, "\n");
  EXPECT_THAT(told, testing::HasSubstr("20001"));
  EXPECT_EQ(differences->at("uid-3").front().served, "missing");
  Publish(wanted);
  EXPECT_THAT(*world_->gateway().Compare(wanted), testing::IsEmpty());
}

TEST_P(GatewayContract, LeavesARouteAsItWasFound) {
  Publish(Routes(3));
  const auto before = DigestsOf(Routes(3));
  auto wanted = Routes(4);
  wanted[1].upstreams = {{"127.0.0.1:1"}};
  wanted[2].hosts = {"other.example.org"};
  wanted[1].as_found = wanted[3].as_found = true;
  Publish(wanted);
  auto expected = DigestsOf(wanted);
  if (world_->Shares()) {
    expected["uid-1"] = before.at("uid-1");
    expected.erase("uid-3");
  }
  EXPECT_EQ(Read().routes, expected);
  EXPECT_FALSE(Publish(wanted).changed);
  wanted[1].as_found = wanted[3].as_found = false;
  EXPECT_TRUE(Publish(wanted).changed || !world_->Shares());
  EXPECT_EQ(Read().routes, DigestsOf(wanted));
}

TEST_P(GatewayContract, IsProgrammedAgainAfterItRestartedEmpty) {
  Publish(Routes(3));
  const auto before = Read();
  EXPECT_EQ(Read().epoch, before.epoch);
  world_->RestartEmpty();
  const auto after = Read();
  EXPECT_NE(after.epoch, before.epoch);
  EXPECT_THAT(after.routes, testing::IsEmpty());
  EXPECT_TRUE(Publish(Routes(3)).changed);
  EXPECT_EQ(Read().routes, before.routes);
  EXPECT_EQ(Read().epoch, after.epoch);
}

TEST_P(GatewayContract, LeavesForeignConfigurationAsItIs) {
  world_->AddForeign();
  const auto before = world_->ForeignAsItIs();
  if (!world_->Shares()) {
    EXPECT_EQ(world_->gateway().Publish(Routes(3)).error().code, Code::kInvalid);
    EXPECT_EQ(world_->ForeignAsItIs(), before);
    return;
  }
  Publish(Routes(3));
  EXPECT_EQ(world_->ForeignAsItIs(), before);
  Publish({Route(1)});
  Publish({});
  EXPECT_EQ(world_->ForeignAsItIs(), before);
}

TEST_P(GatewayContract, SaysThatItIsAwayAndGoesOnLater) {
  Publish(Routes(2));
  world_->GoAway();
  EXPECT_EQ(world_->gateway().Publish(Routes(3)).error().code, Code::kUnavailable);
  EXPECT_EQ(world_->gateway().Read().error().code, Code::kUnavailable);
  EXPECT_EQ(world_->gateway().InFlight().error().code, Code::kUnavailable);
  world_->ComeBack();
  EXPECT_TRUE(Publish(Routes(3)).changed);
  EXPECT_EQ(Read().routes, DigestsOf(Routes(3)));
}

// A route that somebody else's entries serve as they stand; for gateways that share.
class TakeOver : public GatewayContract {
 protected:
  void SetUp() override {
    Publish({Route(0)});
    adopted_ = Route(1);
    adopted_.entries = world_->AddEntries(1);
    Publish({Route(0)});
  }
  bool HasEntries() {
    return std::all_of(adopted_.entries.begin(), adopted_.entries.end(), [this](const auto& entry) { return world_->HasEntry(entry); });
  }
  bool HasNoEntry() {
    return std::none_of(adopted_.entries.begin(), adopted_.entries.end(), [this](const auto& entry) { return world_->HasEntry(entry); });
  }
  GatewayRoute adopted_;
};

TEST_P(TakeOver, ChangesNothingAtFirst) {
  const auto published = Publish({Route(0), adopted_});
  EXPECT_FALSE(published.changed);
  EXPECT_THAT(published.missing, testing::IsEmpty());
  EXPECT_TRUE(HasEntries());
  EXPECT_EQ(Read().routes, DigestsOf({Route(0), adopted_}));
  EXPECT_THAT(*world_->gateway().Compare({adopted_}), testing::IsEmpty());
  Publish({Route(0)});
  EXPECT_TRUE(HasEntries()) << "given back as it was";
}

TEST_P(TakeOver, PutsOursInTheirPlace) {
  Publish({Route(0), adopted_});
  adopted_.entry_use = EntryUse::kReplace;
  EXPECT_TRUE(Publish({Route(0), adopted_}).changed);
  EXPECT_TRUE(HasNoEntry());
  EXPECT_EQ(Read().routes, DigestsOf({Route(0), Route(1)}));
  EXPECT_FALSE(Publish({Route(0), adopted_}).changed);
  EXPECT_FALSE(Publish({Route(0), Route(1)}).changed);
}

TEST_P(TakeOver, SaysWhichEntryIsNotThereAnyMore) {
  Publish({Route(0), adopted_});
  world_->RemoveEntry(adopted_.entries.front());
  EXPECT_EQ(Read().routes, DigestsOf({Route(0)}));
  const std::string name = adopted_.entries.front().substr(adopted_.entries.front().find(':') + 1);
  EXPECT_THAT(Publish({Route(0), adopted_}).missing, testing::ElementsAre(testing::Pair(adopted_.id, testing::HasSubstr(name))));
  EXPECT_EQ(world_->gateway().Compare({adopted_})->at(adopted_.id).front().served, "missing");
}

// Who says that an entry is to serve may not know that ours took its place.
TEST_P(TakeOver, KeepsOursWhileAnEntryIsMissing) {
  adopted_.entry_use = EntryUse::kReplace;
  Publish({Route(0), adopted_});
  adopted_.entry_use = EntryUse::kServe;
  const auto published = Publish({Route(0), adopted_});
  EXPECT_FALSE(published.changed);
  EXPECT_THAT(published.missing, testing::SizeIs(1));
  EXPECT_EQ(Read().routes, DigestsOf({Route(0), Route(1)}));
}

TEST_P(TakeOver, RemovesThemWhenNeitherIsToServe) {
  adopted_.entry_use = EntryUse::kRemove;
  EXPECT_TRUE(Publish({Route(0), adopted_}).changed);
  EXPECT_TRUE(HasNoEntry());
  EXPECT_EQ(Read().routes, DigestsOf({Route(0)}));
}

TEST_P(TakeOver, KeepsThemWhileOursIsRefused) {
  auto bad = world_->Spoil(adopted_, "missing closing");
  bad.entry_use = EntryUse::kReplace;
  EXPECT_THAT(Publish({Route(0), bad}).refused, testing::SizeIs(1));
  EXPECT_TRUE(world_->HasEntry(adopted_.entries.back())) << "in the gateway that refuses; of several it is the last";
}

TEST_P(TakeOver, KeepsThemWhileAnotherRouteIsServedByThem) {
  auto other = Route(2);
  other.entries = adopted_.entries;
  adopted_.entry_use = EntryUse::kReplace;
  Publish({Route(0), adopted_, other});
  EXPECT_TRUE(HasEntries());
  other.entry_use = EntryUse::kReplace;
  Publish({Route(0), adopted_, other});
  EXPECT_TRUE(HasNoEntry());
}

}  // namespace patchbay::driver

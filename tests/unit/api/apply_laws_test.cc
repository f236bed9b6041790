// What holds for every object and every configuration, tried on many that chance made from the schemas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/applying.h"
#include "apply_world.h"
#include "base/random.h"
#include "harness/objects/maker.h"
#include "object/object.h"
#include "schema/merge.h"

namespace patchbay::api {
namespace {

constexpr int kRounds = 150;

class Laws : public testing::TestWithParam<const char*> {
 protected:
  const Kind& kind() const { return *Kinds::Embedded().FindResource(GetParam()); }
  Json Empty() const { return ObjectMaker::Empty(kind()); }
  Json MakeConfig() { return maker_.Configuration(kind()); }
  Answer<Applied> Try(const std::string& who, const Json& live, const Json& config, bool force) const {
    const Author author{who, "", "2026-01-01T00:00:00Z"};
    return ApplyTo(kind(), author, force, live, {config, config, {}});
  }
  Json Put(const std::string& who, const Json& live, const Json& config, bool force = true) const {
    Answer<Applied> applied = Try(who, live, config, force);
    EXPECT_TRUE(applied.ok()) << applied.error().message << "\n" << live << "\n" << config;
    if (!applied.ok()) return live;
    Json object = std::move(applied->object);
    object["metadata"].erase("managedFields");
    if (!applied->managed_fields.is_null()) object["metadata"]["managedFields"] = std::move(applied->managed_fields);
    return object;
  }
  // The members of one level deep, dealt to two.
  std::pair<Json, Json> Deal(const Json& config) {
    std::pair<Json, Json> hands{Empty(), Empty()};
    for (const auto& [name, member] : config.items()) {
      if (name == "apiVersion" || name == "kind" || name == "metadata" || !member.is_object()) continue;
      for (const auto& [below, value] : member.items()) {
        (maker_.Is(50) ? hands.first : hands.second)[name][below] = value;
      }
    }
    return hands;
  }
  // Values alone.
  static Json Plain(Json object) {
    object["metadata"].erase("managedFields");
    return object;
  }
  Random random_{20261121};
  ObjectMaker maker_{[this](std::uint64_t bound) { return random_.Below(bound); }};
};

TEST_P(Laws, ApplyTwiceIsApplyOnce) {
  for (int round = 0; round < kRounds; ++round) {
    const Json live = Put("other", Empty(), MakeConfig());
    const Json config = MakeConfig();
    const Json once = Put("me", live, config);
    EXPECT_TRUE(EqualJson(Put("me", once, config, false), once)) << config;
  }
}

TEST_P(Laws, WhatIsAppliedStands) {
  for (int round = 0; round < kRounds; ++round) {
    const Json live = Put("other", Empty(), MakeConfig());
    const Json config = MakeConfig();
    // Whatever was applied before.
    const Json object = Put("me", Put("me", live, MakeConfig()), config);
    EXPECT_TRUE(EqualJson(Plain(Merge(kind(), object, config)), Plain(object))) << object << "\n" << config;
  }
}

TEST_P(Laws, DisjointAppliersNeverConflictInAnyOrder) {
  for (int round = 0; round < kRounds; ++round) {
    const auto [mine, yours] = Deal(MakeConfig());
    const Json left = Put("you", Put("me", Empty(), mine, false), yours, false);
    const Json right = Put("me", Put("you", Empty(), yours, false), mine, false);
    EXPECT_TRUE(EqualJson(left, right)) << left << "\n" << right;
  }
}

TEST_P(Laws, WhoGivesUpAllLeavesWhatOthersHave) {
  for (int round = 0; round < kRounds; ++round) {
    const auto [mine, yours] = Deal(MakeConfig());
    const Json before = Put("you", Empty(), yours);
    const Json after = Put("me", Put("me", before, mine), Empty());
    EXPECT_TRUE(EqualJson(after, before)) << mine << "\n" << before << "\n" << after;
  }
}

TEST_P(Laws, WithoutForceNothingOfOthersChanges) {
  int refused = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Json theirs = MakeConfig();
    const Json live = Put("other", Empty(), theirs);
    const Json config = MakeConfig();
    const Answer<Applied> applied = Try("me", live, config, false);
    if (applied.ok()) {
      EXPECT_TRUE(Compare(kind(), applied->object, Merge(kind(), applied->object, theirs)).same());
    } else {
      ++refused;
      EXPECT_EQ(applied.error().status, 409);
      EXPECT_FALSE(applied.error().causes.empty());
    }
  }
  EXPECT_GT(refused, 0);
}

TEST_P(Laws, OwnersOwnOnlyWhatIsThere) {
  for (int round = 0; round < kRounds; ++round) {
    Json object = Put("a", Empty(), MakeConfig());
    object = Put("b", object, MakeConfig());
    Json changed = Merge(kind(), Put("a", object, MakeConfig()), MakeConfig());
    const Author author{"c", "", "2026-01-02T00:00:00Z"};
    TrackUpdate(kind(), author, object, Json(), changed);
    const FieldSet there = EveryField(kind(), changed, true);
    const FieldSet ghosts = Difference(Ownership::Of(changed).All(), there);
    EXPECT_TRUE(ghosts.empty()) << ghosts.Paths().front() << "\n" << changed;
  }
}

TEST_P(Laws, AConfigurationIsWhatItsFieldsSay) {
  for (int round = 0; round < kRounds; ++round) {
    const Json config = MakeConfig();
    EXPECT_TRUE(CheckApplicable(kind(), config).empty()) << CheckApplicable(kind(), config).front() << config;
    EXPECT_TRUE(Compare(kind(), config, config).same());
    const FieldSet fields = AppliedFields(kind(), config);
    EXPECT_TRUE(Difference(fields, EveryField(kind(), config, true)).Find("f:spec") == nullptr);
    const Json other = MakeConfig();
    const Comparison there = Compare(kind(), config, other);
    const Comparison back = Compare(kind(), other, config);
    EXPECT_EQ(there.added, back.removed);
    EXPECT_EQ(there.removed, back.added);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Laws,
                         testing::Values("plugins.patchbay.dev", "routes.patchbay.dev", "webhooks.patchbay.dev",
                                         "configmaps", "secrets"),
                         [](const testing::TestParamInfo<const char*>& kind) {
                           const std::string name = kind.param;
                           return name.substr(0, name.find('.'));
                         });

}  // namespace
}  // namespace patchbay::api

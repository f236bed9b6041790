// What holds for every object and every configuration, tried on many that chance made from the schemas.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/applying.h"
#include "apply_world.h"
#include "base/random.h"
#include "object/object.h"
#include "schema/merge.h"

namespace patchbay::api {
namespace {

constexpr int kRounds = 150;
constexpr int kFree = 3;  // how deep free objects go

const std::vector<std::string> kWords = {"a", "b", "c", "d"};

// A value that the schema takes, as far as types go.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  Json Make(const Json& schema) {
    const std::string type = FindString(schema, {"type"});
    if (FindBool(schema, {"x-kubernetes-preserve-unknown-fields"})) return MakeFree(kFree);
    if (FindBool(schema, {"x-kubernetes-int-or-string"})) return random_.Unit() < 0.5 ? Json(Number()) : Json(Word());
    if (type == "object") return MakeObject(schema);
    if (type == "array") return MakeList(schema);
    if (type == "boolean") return random_.Unit() < 0.5;
    if (type == "string") return Word();
    return Number();
  }
  bool Chance(double share) { return random_.Unit() < share; }
  std::string Word() { return kWords[random_.Below(kWords.size())]; }

 private:
  int Number() { return static_cast<int>(random_.Below(4)); }
  Json MakeObject(const Json& schema) {
    Json object = Json::object();
    if (const Json* member = Find(schema, {"additionalProperties"})) {
      for (const std::string& word : kWords)
        if (Chance(0.4)) object[word] = Make(*member);
    }
    if (const Json* properties = Find(schema, {"properties"})) {
      for (const auto& [name, member] : properties->items())
        if (Chance(0.4)) object[name] = Make(member);
    }
    return object;
  }
  Json MakeList(const Json& schema) {
    Json list = Json::array();
    const std::string type = FindString(schema, {"x-kubernetes-list-type"});
    for (const std::string& word : kWords) {
      if (!Chance(0.5)) continue;
      Json item = Make(schema["items"]);
      if (type == "set") item = word;
      if (type == "map") {
        for (const Json& key : schema["x-kubernetes-list-map-keys"]) {
          const bool number = FindString(schema, {"items", "properties", key.get<std::string>(), "type"}) == "integer";
          item[key.get<std::string>()] = number ? Json(word[0]) : Json(word);
        }
      }
      list.insert(list.begin() + static_cast<std::ptrdiff_t>(random_.Below(list.size() + 1)), std::move(item));
    }
    return list;
  }
  Json MakeFree(int depth) {
    const double kind = depth == kFree ? 1 : random_.Unit();
    if (depth == 0 || kind < 0.3) return Number();
    Json value = kind < 0.5 ? Json::array() : Json::object();
    for (const std::string& word : kWords) {
      if (!Chance(0.5)) continue;
      if (value.is_array()) {
        value.push_back(MakeFree(depth - 1));
      } else {
        value[word] = MakeFree(depth - 1);
      }
    }
    return value;
  }
  Random random_;
};

class Laws : public testing::TestWithParam<const char*> {
 protected:
  const Kind& kind() const { return *Kinds::Embedded().FindResource(GetParam()); }
  Json Empty() const {
    return {{"apiVersion", kind().ApiVersion()}, {"kind", kind().kind}, {"metadata", {{"name", "x"}}}};
  }
  // A configuration of some of the members of spec (data, ...) and labels.
  Json MakeConfig() {
    Json config = Empty();
    for (const auto& [name, schema] : kind().schema["properties"].items()) {
      const bool wanted = name != "apiVersion" && name != "kind" && name != "metadata" && name != "status";
      if (wanted && name != "stringData") config[name] = maker_.Make(schema);
    }
    for (const std::string& word : kWords)
      if (maker_.Chance(0.3)) config["metadata"]["labels"][word] = maker_.Word();
    return config;
  }
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
        (maker_.Chance(0.5) ? hands.first : hands.second)[name][below] = value;
      }
    }
    return hands;
  }
  // Values alone.
  static Json Plain(Json object) {
    object["metadata"].erase("managedFields");
    return object;
  }
  Maker maker_{20261121};
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
    const Json object = Put("me", live, config);
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

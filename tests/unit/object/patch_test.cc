#include "object/patch.h"

#include "base/clock.h"
#include "base/text.h"
#include "unit/object/random_json.h"

namespace patchbay {
namespace {

std::string Merge(std::string_view target, std::string_view patch) {
  const auto out = MergePatch(Json::parse(target), Json::parse(patch));
  return out ? DumpJson(*out) : out.error().message;
}
std::string Patch(std::string_view target, std::string_view operations) {
  const auto out = JsonPatch(Json::parse(target), Json::parse(operations));
  return out ? DumpJson(*out) : out.error().message;
}

TEST(MergePatch, FollowsTheExamplesOfRfc7396) {
  EXPECT_EQ(Merge(R"({"a":"b"})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(Merge(R"({"a":"b"})", R"({"b":"c"})"), R"({"a":"b","b":"c"})");
  EXPECT_EQ(Merge(R"({"a":"b","b":"c"})", R"({"a":null})"), R"({"b":"c"})");
  EXPECT_EQ(Merge(R"({"a":["b"]})", R"({"a":"c"})"), R"({"a":"c"})");
  EXPECT_EQ(Merge(R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})"), R"({"a":{"b":"d"}})");
  EXPECT_EQ(Merge(R"({"a":[{"b":"c"}]})", R"({"a":[1]})"), R"({"a":[1]})");
  EXPECT_EQ(Merge(R"({"e":null})", R"({"a":1})"), R"({"e":null,"a":1})");
  EXPECT_EQ(Merge(R"([1,2])", R"({"a":"b","c":null})"), R"({"a":"b"})");
  EXPECT_EQ(Merge(R"({})", R"({"a":{"bb":{"ccc":null}}})"), R"({"a":{"bb":{}}})");
  EXPECT_EQ(Merge("{}", "[]"), "a merge patch must be a JSON object");
}
TEST(MergeDiff, TurnsOneIntoTheOther) {
  RandomJson random(4);
  const auto without_nulls = [&](auto&& self, Json value) -> Json {
    if (!value.is_object()) return value;
    Json out = Json::object();
    for (auto& [key, member] : value.items())
      if (!member.is_null()) out[key] = self(self, member);
    return out;
  };
  for (int i = 0; i < 2000; ++i) {
    const Json from = without_nulls(without_nulls, random.Object(4));
    const Json to = without_nulls(without_nulls, random.Object(4));
    const Json diff = MergeDiff(from, to);
    EXPECT_TRUE(EqualJson(*MergePatch(from, diff), to)) << DumpJson(from) << DumpJson(to) << DumpJson(diff);
    EXPECT_EQ(DumpJson(MergeDiff(from, from)), "{}");
    EXPECT_EQ(diff.empty(), EqualJson(from, to));
    EXPECT_EQ(*MergePatch(*MergePatch(from, diff), diff), *MergePatch(from, diff));
  }
}
TEST(MergePatch, AgreesWithTheLibrary) {
  RandomJson random(5);
  for (int i = 0; i < 2000; ++i) {
    const Json target = random.Object(4);
    const Json patch = random.Object(4);
    Json expected = target;
    expected.merge_patch(patch);
    EXPECT_TRUE(EqualJson(*MergePatch(target, patch), expected)) << DumpJson(target) << DumpJson(patch);
  }
}
TEST(MergePatch, TakesManyKeysInLinearTime) {
  Json::object_t members;
  members.reserve(100'000);
  for (int i = 0; i < 100'000; ++i) members.emplace_back(StrCat("k", i), i);
  const Json large = std::move(members);
  const auto start = SystemClock().Mono();
  EXPECT_EQ(MergePatch(large, large)->size(), 100'000u);
  EXPECT_TRUE(MergeDiff(large, large).empty());
  EXPECT_LT(SystemClock().Mono() - start, std::chrono::seconds(20));
}

TEST(JsonPatch, DoesWhatEachOperationSays) {
  EXPECT_EQ(Patch(R"({"a":1})", R"([{"op":"add","path":"/b","value":2}])"), R"({"a":1,"b":2})");
  EXPECT_EQ(Patch(R"({"a":[1,3]})", R"([{"op":"add","path":"/a/1","value":2},{"op":"add","path":"/a/-","value":4}])"),
            R"({"a":[1,2,3,4]})");
  EXPECT_EQ(Patch(R"({"a":1,"b":2})", R"([{"op":"remove","path":"/a"}])"), R"({"b":2})");
  EXPECT_EQ(Patch(R"({"a":[1,2]})", R"([{"op":"remove","path":"/a/0"},{"op":"replace","path":"/a/0","value":9}])"),
            R"({"a":[9]})");
  EXPECT_EQ(
      Patch(R"({"a":{"x":1}})", R"([{"op":"copy","from":"/a","path":"/b"},{"op":"move","from":"/a/x","path":"/c"}])"),
      R"({"a":{},"b":{"x":1},"c":1})");
  EXPECT_EQ(Patch(R"({"a~b":{"c/d":1}})", R"([{"op":"test","path":"/a~0b/c~1d","value":1}])"), R"({"a~b":{"c/d":1}})");
  EXPECT_EQ(Patch(R"({"a":{"x":1,"y":2}})", R"([{"op":"test","path":"/a","value":{"y":2,"x":1}}])"),
            R"({"a":{"x":1,"y":2}})");
  EXPECT_EQ(Patch(R"({"a":1})", R"([{"op":"replace","path":"","value":[]}])"), "[]");
}
TEST(JsonPatch, SaysWhichOperationFailedAndWhy) {
  EXPECT_EQ(Patch(R"({"a":1})", R"([{"op":"test","path":"/a","value":1},{"op":"test","path":"/a","value":2}])"),
            "JSON patch operation 1 (test /a) cannot be applied: the value is another");
  for (const char* bad : {R"({})",
                          R"([5])",
                          R"([{"op":"jump","path":"/a"}])",
                          R"([{"path":"/a","value":1}])",
                          R"([{"op":"add","value":1}])",
                          R"([{"op":"add","path":"/a"}])",
                          R"([{"op":"add","path":"a","value":1}])",
                          R"([{"op":"add","path":"/x/y","value":1}])",
                          R"([{"op":"add","path":"/l/9","value":1}])",
                          R"([{"op":"add","path":"/l/01","value":1}])",
                          R"([{"op":"add","path":"/l/-1","value":1}])",
                          R"([{"op":"remove","path":"/x"}])",
                          R"([{"op":"remove","path":"/l/-"}])",
                          R"([{"op":"remove","path":""}])",
                          R"([{"op":"replace","path":"/x","value":1}])",
                          R"([{"op":"copy","path":"/x"}])",
                          R"([{"op":"copy","from":"/x","path":"/y"}])",
                          R"([{"op":"move","from":"/o","path":"/o/p"}])",
                          R"([{"op":"add","path":"/a~2","value":1}])",
                          R"([{"op":"add","path":"/a/b","value":1}])"})
    EXPECT_EQ(JsonPatch(Json::parse(R"({"a":1,"l":[],"o":{}})"), Json::parse(bad)).error().code, Code::kInvalid) << bad;
}
TEST(JsonPatch, BoundsWhatItMakes) {
  Json many = Json::array();
  for (int i = 0; i < 10'001; ++i) many.push_back({{"op", "test"}, {"path", "/a"}, {"value", 1}});
  EXPECT_EQ(JsonPatch(Json{{"a", 1}}, many).error().code, Code::kTooLarge);
  // Each copy doubles the document.
  Json doubling = Json::array();
  for (int i = 0; i < 60; ++i) doubling.push_back({{"op", "copy"}, {"from", "/l"}, {"path", StrCat("/l/", i)}});
  EXPECT_EQ(JsonPatch(Json{{"l", Json::array({1})}}, doubling).error().code, Code::kInvalid);
  Json deep = Json::array();
  std::string path;
  for (int i = 0; i < 1000; ++i) deep.push_back({{"op", "add"}, {"path", path += "/a"}, {"value", Json::object()}});
  EXPECT_THAT(JsonPatch(Json::object(), deep).error().message, testing::HasSubstr("nested deeper"));
}
TEST(JsonPatch, BoundsHowMuchItMoves) {
  Json large = {{"a", Json::array()}};
  for (int i = 0; i < 20'000; ++i) large["a"].push_back(i);
  const auto repeat = [](int times, Json operations) {
    Json out = Json::array();
    for (int i = 0; i < times; ++i) out.insert(out.end(), operations.begin(), operations.end());
    return out;
  };
  const Json there_and_back = {{{"op", "move"}, {"from", "/a"}, {"path", "/b"}},
                               {{"op", "move"}, {"from", "/b"}, {"path", "/a"}}};
  const Json in_front = {{{"op", "add"}, {"path", "/a/0"}, {"value", 1}}, {{"op", "remove"}, {"path", "/a/0"}}};
  for (const Json& operations : {there_and_back, in_front}) {
    EXPECT_EQ(*JsonPatch(large, repeat(50, operations)), large);
    EXPECT_EQ(JsonPatch(large, repeat(5'000, operations)).error().code, Code::kTooLarge);
  }
}

}  // namespace
}  // namespace patchbay

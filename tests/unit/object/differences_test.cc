#include "object/differences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patchbay {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> PathsOf(const char* left, const char* right) {
  const Json a = *ParseJson(left);
  const Json b = *ParseJson(right);
  std::vector<std::string> paths;
  for (const auto& each : FindDifferences(a, b)) paths.push_back(each.path);
  return paths;
}

TEST(Differences, AreFoundLeafByLeaf) {
  EXPECT_THAT(PathsOf(R"({"a":{"b":[1,{"c":2}]},"d":3})", R"({"d":3,"a":{"b":[1,{"c":4}]}})"), ElementsAre("a.b[1].c"));
}
TEST(Differences, DoNotMindTheOrderOfMembers) { EXPECT_THAT(PathsOf(R"({"a":1,"b":{}})", R"({"b":{},"a":1})"), IsEmpty()); }
TEST(Differences, NameWhatOnlyOneHas) {
  EXPECT_THAT(PathsOf(R"({"a":1,"l":[1,2]})", R"({"b":2,"l":[1]})"), ElementsAre("a", "l[1]", "b"));
  const Json left = Json::object();
  const Json right = {{"x", 1}};
  EXPECT_EQ(FindDifferences(left, right)[0].left, nullptr);
}
TEST(Differences, OfAnotherTypeAreTheWhole) {
  EXPECT_THAT(PathsOf(R"({"a":[1]})", R"({"a":{"0":1}})"), ElementsAre("a"));
  EXPECT_THAT(PathsOf("1", "2"), ElementsAre(""));
}

}  // namespace
}  // namespace patchbay

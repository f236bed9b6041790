#include "driver/gateway/caddy_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patchbay::driver {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(CaddyJson, PrintsTextAsGoDoes) {
  EXPECT_EQ(PrintText("/ü<>&é\"\\\n\t\r\x01"), "\"/ü\\u003c\\u003e\\u0026é\\\"\\\\\\n\\t\\r\\u0001\"");
  EXPECT_EQ(PrintText("a\xE2\x80\xA8"
                      "b\xE2\x80\xA9"),
            "\"a\\u2028b\\u2029\"");
  EXPECT_EQ(PrintText("bad\xFF"
                      "byte"),
            "\"bad\xEF\xBF\xBD"
            "byte\"");
  EXPECT_EQ(PrintText("\x7f"), "\"\x7f\"");
}

TEST(CaddyJson, SortsMembersAndLeavesOutEmptyOnes) {
  EXPECT_EQ(PrintObject({{"b", "1"}, {"@id", "\"x\""}, {"a", ""}, {"B", "[]"}}), R"({"@id":"x","B":[],"b":1})");
  EXPECT_EQ(PrintObject({}), "{}");
}

TEST(CaddyJson, PrintsTheSameValueTheSameWay) {
  EXPECT_EQ(PrintCanonically(R"( { "b" : [ 1 , "\u003c\b" ] , "a" : null } )"), R"({"a":null,"b":[1,"\u003c\u0008"]})");
  EXPECT_EQ(PrintCanonically("{"), std::nullopt);
}

TEST(CaddyJson, SplitsAnArrayAtItsOwnCommas) {
  EXPECT_THAT(*SplitArray(R"([{"a":[1,2]},"x,]\"{",3])"), ElementsAre(R"({"a":[1,2]})", R"("x,]\"{")", "3"));
  EXPECT_THAT(*SplitArray("[]"), ElementsAre());
  EXPECT_EQ(SplitArray("null"), std::nullopt);
}

TEST(CaddyJson, SplitsAnObjectIntoMembers) {
  EXPECT_THAT(*SplitObject(R"({"a":{"x":1,"y":[2]},"b\"c":"}"})"),
              ElementsAre(Pair("a", R"({"x":1,"y":[2]})"), Pair(R"(b\"c)", R"("}")")));
  EXPECT_THAT(*SplitObject("{}"), ElementsAre());
}

TEST(CaddyJson, ComesToAnEndWithBrokenText) {
  for (const char* text : {"[", "{", "[}]", "{,}", "{\"a\"}", "[\"", "{\"a\\", "[[[", "{\"a\":"}) {
    static_cast<void>(SplitArray(text));
    static_cast<void>(SplitObject(text));
  }
  EXPECT_EQ(SplitObject("{,}"), std::nullopt);
  EXPECT_EQ(SplitObject("{\"a\"}"), std::nullopt);
}

}  // namespace
}  // namespace patchbay::driver

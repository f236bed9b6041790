#include "object/json.h"

#include "base/clock.h"
#include "base/text.h"
#include "unit/object/random_json.h"

namespace patchbay {
namespace {

std::string WhyNot(std::string_view text, const JsonLimits& limits = {}) {
  const auto parsed = ParseJson(text, limits);
  return parsed ? "parsed: " + DumpJson(*parsed) : parsed.error().message;
}

TEST(ParseJson, KeepsTheOrderOfKeys) {
  EXPECT_EQ(DumpJson(*ParseJson(R"( {"z":1, "a":[true,false,null], "m":{"y":"x"}} )")),
            R"({"z":1,"a":[true,false,null],"m":{"y":"x"}})");
}
TEST(ParseJson, GivesNumbersTheirOwnType) {
  EXPECT_TRUE(ParseJson("1")->is_number_integer());
  EXPECT_FALSE(ParseJson("1")->is_number_unsigned());
  EXPECT_EQ(ParseJson("-9223372036854775808")->get<std::int64_t>(), INT64_MIN);
  EXPECT_EQ(ParseJson("18446744073709551615")->get<std::uint64_t>(), UINT64_MAX);
  EXPECT_TRUE(ParseJson("1.0")->is_number_float());
  EXPECT_TRUE(ParseJson("1e2")->is_number_float());
  EXPECT_EQ(DumpJson(*ParseJson("[1.0,0.1,-0.5e-3,1e300,100000.0]")), "[1.0,0.1,-0.0005,1e+300,100000.0]");
}
TEST(ParseJson, RefusesNumbersOutOfRange) {
  for (const char* text :
       {"18446744073709551616", "-9223372036854775809", "1e400", "-1e400", "123456789012345678901234"})
    EXPECT_THAT(WhyNot(text), testing::HasSubstr("a number out of range")) << text;
}
TEST(ParseJson, RefusesWhatIsNotJson) {
  for (const char* text :
       {"",         " ",         "{",           "[1,]",    "{\"a\":1,}", "{a:1}",    "'a'",
        "01",       "-",         "1.",          ".5",      "1e",         "+1",       "NaN",
        "Infinity", "tru",       "truex",       "[1 2]",   "{\"a\" 1}",  "{\"a\":}", "\"a",
        "\"\\x\"",  "\"\\u12\"", "\"\\u12G4\"", "1 2",     "[]]",        "// c\n1",  "\xEF\xBB\xBF{}",
        "\"\t\"",   "nul",       "[",           "{\"a\":1"})
    EXPECT_FALSE(ParseJson(text).ok()) << text;
}
TEST(ParseJson, SaysWhereAndWhat) {
  EXPECT_EQ(WhyNot("{\"a\":1 \"b\":2}"), "invalid JSON at byte 8: ',' or '}' is expected");
  EXPECT_EQ(WhyNot("{\"spec\":{\"x\":[{\"image\":1,\"image\":2}]}}"),
            "invalid JSON at byte 26: duplicate key \"spec.x[0].image\"");
  EXPECT_EQ(WhyNot(""), "invalid JSON at byte 1: a value is expected, the text ends");
}
TEST(ParseJson, RefusesBadText) {
  EXPECT_THAT(WhyNot("\"\xff\""), testing::HasSubstr("not valid UTF-8"));
  EXPECT_THAT(WhyNot("\"\xed\xa0\x80\""), testing::HasSubstr("not valid UTF-8"));
  EXPECT_THAT(WhyNot("{\"\xc0\x80\":1}"), testing::HasSubstr("not valid UTF-8"));
  EXPECT_THAT(WhyNot(R"("\ud800")"), testing::HasSubstr("surrogate"));
  EXPECT_THAT(WhyNot(R"("\udc00")"), testing::HasSubstr("surrogate"));
  EXPECT_THAT(WhyNot(R"("\ud800\u0041")"), testing::HasSubstr("surrogate"));
  EXPECT_THAT(WhyNot(R"("a\u0000b")"), testing::HasSubstr("U+0000"));
  EXPECT_THAT(WhyNot(std::string_view("\"a\0b\"", 5)), testing::HasSubstr("control character"));
}
TEST(ParseJson, ReadsEscapes) {
  EXPECT_EQ(ParseJson(R"("\"\\\/\b\f\n\r\t\u00e9\u20ac\ud83d\ude00")")->get<std::string>(), "\"\\/\b\f\n\r\té€😀");
}
TEST(ParseJson, KeepsItsLimits) {
  EXPECT_TRUE(ParseJson(std::string(64, '[') + std::string(64, ']')).ok());
  EXPECT_THAT(WhyNot(std::string(65, '[') + std::string(65, ']')), testing::HasSubstr("nested deeper than 64"));
  EXPECT_THAT(WhyNot(std::string(100'000, '[')), testing::HasSubstr("nested deeper than 64"));
  EXPECT_EQ(ParseJson("\"0123456789\"", {.bytes = 11}).error().code, Code::kTooLarge);
  EXPECT_TRUE(ParseJson("[1,2]", {.values = 3}).ok());
  EXPECT_THAT(WhyNot("[1,2,3]", {.values = 3}), testing::HasSubstr("more than 3 values"));
}

std::string ManyKeys(int count, const std::string& tail) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) text += StrCat("\"k", i, "\":", i, ",");
  return text + tail + "}";
}

TEST(ParseJson, ReadsManyKeysInLinearTime) {
  const auto start = SystemClock().Mono();
  const auto parsed = ParseJson(ManyKeys(300'000, "\"last\":0"), {.bytes = 100'000'000});
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->size(), 300'001u);
  // A quadratic reader takes minutes.
  EXPECT_LT(SystemClock().Mono() - start, std::chrono::seconds(20));
}
TEST(ParseJson, FindsADuplicateAmongManyKeys) {
  EXPECT_THAT(WhyNot(ManyKeys(1000, "\"k500\":0")), testing::HasSubstr("duplicate key \"k500\""));
}
TEST(ParseJson, TellsOfDuplicatesWhenAskedAndTheLastWins) {
  std::vector<std::string> duplicates;
  const auto parsed =
      ParseJson(R"({"spec":{"image":"a","n":1,"image":"b","l":[{"x":1,"x":2}]},"z":1,"z":2,"z":3})", {}, &duplicates);
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(DumpJson(*parsed), R"({"spec":{"image":"b","n":1,"l":[{"x":2}]},"z":3})");
  EXPECT_THAT(duplicates, testing::UnorderedElementsAre("spec.image", "spec.l[0].x", "z", "z"));
  duplicates.clear();
  ASSERT_TRUE(ParseJson(ManyKeys(100, "\"k7\":\"new\",\"k99\":0"), {}, &duplicates).ok());
  EXPECT_THAT(duplicates, testing::UnorderedElementsAre("k7", "k99"));
}
TEST(ParseJson, ReadsWhatDumpJsonWrote) {
  RandomJson random(1);
  for (int i = 0; i < 3000; ++i) {
    const Json value = random.Value();
    const std::string text = DumpJson(value);
    const auto parsed = ParseJson(text);
    ASSERT_TRUE(parsed.ok()) << text << parsed.error().message;
    ASSERT_EQ(*parsed, value) << text;
    ASSERT_EQ(DumpJson(*parsed), text);
    ASSERT_EQ(*ParseJson(DumpJsonPretty(value)), value);
    ASSERT_EQ(Json::parse(text), value) << text;
  }
}
TEST(ParseJson, NeverFallsOverBrokenText) {
  RandomJson random(2);
  for (int i = 0; i < 3000; ++i) {
    std::string text = DumpJson(random.Value());
    for (int change = 0; change < 3 && !text.empty(); ++change)
      text[random.random().Below(text.size())] = static_cast<char>(random.random().Below(256));
    const auto parsed = ParseJson(text);
    if (!parsed) continue;
    EXPECT_EQ(*ParseJson(DumpJson(*parsed)), *parsed) << text;
  }
}

TEST(DumpJson, NeverThrows) {
  EXPECT_EQ(DumpJson(Json("\xff"
                          "a")),
            "\"\xEF\xBF\xBD"
            "a\"");
  EXPECT_EQ(DumpJson(Json(std::nan(""))), "null");
  EXPECT_EQ(DumpJson(Json("\x01\x7f")), "\"\\u0001\\u007f\"");
}
TEST(DumpJsonPretty, LooksAsKubectlWritesIt) {
  EXPECT_EQ(DumpJsonPretty(Json::parse(R"({"a":[1],"b":{}})")), "{\n    \"a\": [\n        1\n    ],\n    \"b\": {}\n}");
}

TEST(Find, WalksObjectsOnly) {
  const Json value = Json::parse(R"({"a":{"b":"c","n":5,"t":true,"l":[1]}})");
  EXPECT_EQ(FindString(value, {"a", "b"}), "c");
  EXPECT_EQ(FindString(value, {"a", "n"}, "x"), "x");
  EXPECT_EQ(FindInt(value, {"a", "n"}), 5);
  EXPECT_EQ(FindInt(value, {"a", "b"}, -1), -1);
  EXPECT_TRUE(FindBool(value, {"a", "t"}));
  EXPECT_EQ(Find(value, {"a", "l", "0"}), nullptr);
  EXPECT_EQ(Find(Json("x"), {"a"}), nullptr);
  EXPECT_EQ(FindInt(Json{{"n", UINT64_MAX}}, {"n"}, 3), 3);
}

TEST(EqualJson, DoesNotMindTheOrderOfMembers) {
  EXPECT_TRUE(EqualJson(Json::parse(R"({"a":1,"b":{"c":[{"x":1,"y":2}],"d":2}})"),
                        Json::parse(R"({"b":{"d":2,"c":[{"y":2,"x":1}]},"a":1})")));
  EXPECT_FALSE(EqualJson(Json::parse("[1,2]"), Json::parse("[2,1]")));
  EXPECT_FALSE(EqualJson(Json::parse(R"({"a":null})"), Json::parse(R"({"b":null})")));
}

TEST(EqualJson, LooksAwayFromMembersNamed) {
  const Json a = Json::parse(R"({"x":1,"y":{"z":2},"w":3})");
  EXPECT_TRUE(EqualJsonBut(a, Json::parse(R"({"w":4,"y":{"z":2},"x":1})"), {"w"}));
  EXPECT_TRUE(EqualJsonBut(a, Json::parse(R"({"y":{"z":2},"x":1})"), {"w", "v"}));
  EXPECT_FALSE(EqualJsonBut(a, Json::parse(R"({"w":3,"y":{"z":5},"x":1})"), {"w"}));
  EXPECT_FALSE(EqualJsonBut(a, Json::parse(R"({"x":1,"y":{"z":2},"v":3})"), {"w"}));
  EXPECT_FALSE(EqualJsonBut(a, Json::parse(R"({"x":1,"w":3})"), {"w"}));
}

TEST(ParseOwnedJson, LeavesWhatManagersOwnAsText) {
  const std::string text =
      R"({"kind":"K","metadata":{"name":"a","managedFields":[{"manager":"m","fieldsV1":{"f:a\"}":{"f:b":{}}}},)"
      R"({"fieldsV1":null},{"fieldsV1":{}}]},"data":{"fieldsV1":{"a":1},"managedFields":[{"x":{"fieldsV1":{"a":1}}}]}})";
  const Json object = ParseOwnedJson(text).value();
  EXPECT_TRUE(object["metadata"]["managedFields"][0]["fieldsV1"].is_binary());
  EXPECT_TRUE(object["metadata"]["managedFields"][1]["fieldsV1"].is_null());
  EXPECT_EQ(object["data"], Json::parse(text)["data"]);
  EXPECT_EQ(DumpJson(object), text);
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(ParseOwnedJson(std::string_view(text).substr(0, size)).ok()) << size;
  }
}

}  // namespace
}  // namespace patchbay

#include "object/yaml.h"

#include "base/clock.h"
#include "base/text.h"
#include "unit/object/random_json.h"

namespace patchbay {
namespace {

Json Read(std::string_view text) {
  const auto parsed = ParseYaml(text, "f.yaml");
  if (!parsed) return "error: " + parsed.error().message;
  return parsed->size() == 1 ? parsed->front().value : Json(parsed->size());
}
std::string WhyNot(std::string_view text, const JsonLimits& limits = {}) {
  const auto parsed = ParseYaml(text, "f.yaml", limits);
  return parsed ? "parsed" : parsed.error().message;
}

TEST(ParseYaml, ResolvesPlainScalarsByTheCoreSchema) {
  const Json value = Read(R"(
t: [true, True, FALSE]
n: [null, ~, Null, ]
i: [1, -1, +1, 010, 0o17, 0xFf, 18446744073709551615]
f: [1.5, .5, 1., 1e3, -1.5E-3, +1.5]
s: [yes, on, off, no, 1_000, 1:30, 0b1, 0o8, 0xg, 1e, ., -, 1.2.3, 2026-01-01, "1", 'true', !!str 1, ! 2, 0x, 0o]
empty:
b: |
  1
)");
  EXPECT_EQ(DumpJson(value["t"]), "[true,true,false]");
  EXPECT_EQ(DumpJson(value["n"]), "[null,null,null]");
  EXPECT_EQ(DumpJson(value["i"]), "[1,-1,1,10,15,255,18446744073709551615]");
  EXPECT_EQ(DumpJson(value["f"]), "[1.5,0.5,1.0,1000.0,-0.0015,1.5]");
  for (const Json& each : value["s"]) EXPECT_TRUE(each.is_string()) << DumpJson(each);
  EXPECT_TRUE(value["empty"].is_null());
  EXPECT_EQ(value["b"], "1\n");
}
TEST(ParseYaml, ReadsSeveralDocumentsAndLeavesEmptyOnesOut) {
  const auto parsed = ParseYaml("# nothing\n---\na: 1\n---\n# c\n---\n~\n---\nb: 2\n...\n", "f.yaml");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  ASSERT_EQ(parsed->size(), 2u);
  EXPECT_EQ((*parsed)[0].start.line, 3);
  EXPECT_EQ((*parsed)[1].value["b"], 2);
  EXPECT_EQ((*parsed)[1].start.line, 9);
  EXPECT_TRUE(ParseYaml("", "f.yaml")->empty());
}
TEST(ParseYaml, SaysFileLineAndColumn) {
  EXPECT_EQ(WhyNot("a: 1\nb:\n  c: 2\n  c: 3\n"), "f.yaml:4:3: duplicate key \"c\"");
  EXPECT_EQ(WhyNot("a: &x 1\n"), "f.yaml:1:4: anchors are not allowed");
  EXPECT_EQ(WhyNot("a:\n  - *x\n"), "f.yaml:2:5: the referenced anchor is not defined");
  EXPECT_EQ(WhyNot("a: 1\nb: \"\x01\"\n"), "f.yaml:2:5: a control character is not allowed");
  EXPECT_EQ(WhyNot("a: !foo 1\n"), "f.yaml:1:4: the tag !foo is not allowed");
  EXPECT_THAT(WhyNot("a: b: c\n"), testing::StartsWith("f.yaml:1:"));
}
TEST(ParseYaml, RefusesWhatIsNotOneMeaning) {
  for (const char* bad : {"a: 1\na: 2",
                          "{a: 1, a: 2}",
                          "? [a]\n: 1",
                          "? {a: 1}\n: 1",
                          "a: &x [1]\nb: *x",
                          "&x a: 1",
                          "!!binary aGk=",
                          "a: !!int 1",
                          "a: !!set {b}",
                          "a: 'open",
                          "a: \"open",
                          "a: [1",
                          "a: {b",
                          "a: 18446744073709551616",
                          "a: 1e400",
                          "a: .inf",
                          "a: -.INF",
                          "a: .NaN",
                          "a: \"\\0\"",
                          "\xff",
                          "a: \x7f",
                          "a: \xC2\x80",
                          "a: 1\n b: 2",
                          "a:\n\t- b",
                          "- a\nb: c",
                          "{a: 1} {b: 2}",
                          "[a] b",
                          "a: \"\\ud800\"",
                          "? \n: 1",
                          "%YAML 9.1\n---\n@",
                          "a: `b`",
                          "'a",
                          "- 'a''"})
    EXPECT_FALSE(ParseYaml(bad, "f.yaml").ok()) << bad << " " << DumpJson(Read(bad));
}
TEST(ParseYaml, RefusesABombOfAliases) {
  std::string bomb = "a0: &a0 [x]\n";
  for (int i = 1; i < 40; ++i) bomb += StrCat("a", i, ": &a", i, " [*a", i - 1, ",*a", i - 1, "]\n");
  EXPECT_THAT(WhyNot(bomb), testing::HasSubstr("anchors are not allowed"));
}
TEST(ParseYaml, KeepsItsLimits) {
  EXPECT_THAT(WhyNot(std::string(65, '[') + std::string(65, ']')), testing::HasSubstr("nested deeper than 64"));
  EXPECT_NE(WhyNot(std::string(100'000, '[')), "parsed");
  EXPECT_NE(WhyNot(std::string(100'000, '{')), "parsed");
  std::string dashes;
  for (int i = 0; i < 50'000; ++i) dashes += "- ";
  EXPECT_NE(WhyNot(dashes), "parsed");
  EXPECT_THAT(WhyNot("[1,2,3]", {.values = 3}), testing::HasSubstr("more than 3 values"));
  EXPECT_EQ(ParseYaml("a: bcd", "f", {.bytes = 5}).error().code, Code::kTooLarge);
}
TEST(ParseYaml, ReadsManyKeysInLinearTime) {
  std::string text;
  for (int i = 0; i < 50'000; ++i) text += StrCat("k", i, ": ", i, "\n");
  const auto start = SystemClock().Mono();
  EXPECT_EQ(Read(text).size(), 50'000u);
  EXPECT_LT(SystemClock().Mono() - start, std::chrono::seconds(20));
}
TEST(ParseYaml, BoundsTheMarksOfALongKeyWithManyValues) {
  const std::string text = StrCat("{", std::string(900, 'k'), ": [", std::string(40'000, 'x'), "]}");
  std::string many = std::string(900, 'k') + ":\n";
  for (int i = 0; i < 20'000; ++i) many += "- 1\n";
  const auto parsed = ParseYaml(many, "f");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_LT(parsed->front().marks.size(), 10'000u);
  EXPECT_EQ(parsed->front().MarkOf(std::string(900, 'k') + "[19999]").line, 1);
}
TEST(ParseYaml, MarksEachField) {
  const auto parsed = ParseYaml("---\nkind: Plugin\nspec:\n  env:\n  - name: A\n    value: b\n  image: x\n", "f.yaml");
  ASSERT_TRUE(parsed.ok());
  const YamlDocument& document = parsed->front();
  EXPECT_EQ(document.MarkOf("kind").line, 2);
  EXPECT_EQ(document.MarkOf("spec.image").line, 7);
  EXPECT_EQ(document.MarkOf("spec.image").column, 3);
  EXPECT_EQ(document.MarkOf("spec.env[0]").line, 5);
  EXPECT_EQ(document.MarkOf("spec.env[0].value").line, 6);
  EXPECT_EQ(document.MarkOf("spec.env[0].nosuch").line, 5);
  EXPECT_EQ(document.MarkOf("spec.nosuch.deeper[3]").line, 3);
  EXPECT_EQ(document.MarkOf("nosuch").line, 2);
}
TEST(ParseYaml, ReadsJsonAsJson) {
  const std::string text = "\n\t{\"a\": \"\\ud83d\\ude00\\/\",\n\t \"b\": [1, {\"c\": 2}]}";
  const auto parsed = ParseYaml(text, "f.json");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->front().value["a"], "😀/");
  EXPECT_EQ(parsed->front().start.line, 2);
  EXPECT_TRUE(ParseYaml(text, "f.json", {}, YamlMarks::kNone)->front().marks.empty());
  EXPECT_EQ(ParseYaml("{\n \"a\": {\n  \"b\": 1}}", "f.json")->front().MarkOf("a.b").line, 3);
  EXPECT_EQ(WhyNot("{\"a\":1,\"a\":2}"), "f.yaml:1:8: duplicate key \"a\"");
  EXPECT_EQ(Read("{\"\x7f\":\"\x7f\"}"), Json({{"\x7f", "\x7f"}}));
  EXPECT_EQ(Read("{a: b, c: [d]}"), Json::parse(R"({"a":"b","c":["d"]})"));
}
TEST(ParseYaml, TakesAByteOrderMarkAndWindowsLines) {
  EXPECT_EQ(Read("\xEF\xBB\xBF"
                 "a: 'x'\r\nb: |\r\n  l1\r\n  l2\r\n"),
            Json::parse(R"({"a":"x","b":"l1\nl2\n"})"));
}

TEST(DumpYaml, LooksAsKubectlWritesIt) {
  EXPECT_EQ(DumpYaml(Json::parse(R"({"apiVersion":"patchbay.dev/v1","metadata":{"name":"echo","labels":{}},
      "spec":{"image":"demo/echo:1","replicas":2,"args":["-v","8080","true","a: b",""],"on":null,"timeout":"30s",
      "config":{"text":"line 1\nline 2\n","list":[[1,2],[],{"a":1,"b":"x"}]},"weight":0.5,"enabled":true}})")),
            R"(apiVersion: patchbay.dev/v1
metadata:
  name: echo
  labels: {}
spec:
  image: demo/echo:1
  replicas: 2
  args:
  - "-v"
  - "8080"
  - "true"
  - "a: b"
  - ""
  "on": null
  timeout: 30s
  config:
    text: |
      line 1
      line 2
    list:
    - - 1
      - 2
    - []
    - a: 1
      b: x
  weight: 0.5
  enabled: true
)");
}
TEST(DumpYaml, ComesBackThroughParseYaml) {
  RandomJson random(6);
  for (int i = 0; i < 4000; ++i) {
    const Json value = random.Value();
    if (value.is_null()) continue;
    const std::string text = DumpYaml(value);
    ASSERT_TRUE(text.ends_with('\n'));
    const auto parsed = ParseYaml(text, "x");
    ASSERT_TRUE(parsed.ok()) << text << parsed.error().message << DumpJson(value);
    ASSERT_EQ(parsed->size(), 1u) << text;
    ASSERT_EQ(parsed->front().value, value) << text << DumpJson(value) << "\n" << DumpJson(parsed->front().value);
  }
}
TEST(DumpYaml, QuotesWhatWouldReadAsAnotherType) {
  for (const std::string text :
       {"true", "Null", "~",   "1",   "-1.5",  "1e3",  "0x1F",       "0o7", ".inf", "yes", "Off", "",    " a",    "a ",
        "a: b", "a #b", "- a", "? a", "[a]",   "{a}",  "&a",         "*a",  "!a",   "|",   ">",   "'a'", "\"a\"", "%a",
        "@a",   "`a",   "a:",  "#a",  "1_000", "1:30", "2026-01-01", "---", "...",  "<<",  "=",   "\t"}) {
    EXPECT_EQ(Read(DumpYaml(Json{{"k", text}}))["k"], text);
    EXPECT_EQ(Read(DumpYaml(Json{{text, 1}}))[text], 1) << DumpYaml(Json{{text, 1}});
    EXPECT_EQ(DumpYaml(Json{{"k", text}})[3], '"') << text;
  }
  const std::string long_key(3000, 'k');
  EXPECT_EQ(Read(DumpYaml(Json{{"a", {{long_key, {{"b", 1}}}, {long_key + "2", "x"}}}}))["a"][long_key]["b"], 1);
}

}  // namespace
}  // namespace patchbay

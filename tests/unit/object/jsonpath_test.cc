#include "object/jsonpath.h"

#include "unit/object/random_json.h"

namespace patchbay {
namespace {

const Json kObject = Json::parse(R"({
  "kind":"List",
  "items":[
    {"kind":"None","metadata":{"name":"127.0.0.1","labels":{"a.b/c":"x"}},"status":{"capacity":{"cpu":"4"},"n":1,
     "conditions":[{"type":"Ready","status":"True"},{"type":"Stalled","status":"False"}]}},
    {"kind":"None","metadata":{"name":"127.0.0.2"},"status":{"capacity":{"cpu":"8"},"n":2,"ok":true}}],
  "users":[{"name":"myself","user":{}},{"name":"e2e","user":{"username":"admin","password":"secret"}}],
  "numbers":[0,1,2,3,4,5], "empty":{}, "nothing":null})");

std::string Render(std::string_view text, bool allow_missing = true) {
  const auto path = JsonPath::ParseTemplate(text);
  if (!path) return "parse: " + path.error().message;
  const auto out = path->Render(kObject, allow_missing);
  return out ? *out : "render: " + out.error().message;
}
std::string SelectAll(std::string_view text) {
  const auto path = JsonPath::ParsePath(text);
  if (!path) return path.error().message;
  std::string out;
  for (const Json* value : path->Select(kObject)) out += DumpJson(*value) + " ";
  return out;
}

TEST(JsonPathTemplate, DoesTheExamplesOfKubectl) {
  EXPECT_EQ(Render("kind is {.kind}"), "kind is List");
  EXPECT_EQ(Render("{['kind']}"), "List");
  EXPECT_EQ(Render("{..name}"), "127.0.0.1 127.0.0.2 myself e2e");
  EXPECT_EQ(Render("{.items[*].metadata.name}"), "127.0.0.1 127.0.0.2");
  EXPECT_EQ(Render("{.users[0].name}"), "myself");
  EXPECT_EQ(Render("{.items[*]['metadata.name','status.n']}"), "");
  EXPECT_EQ(Render("{.items[*].status['n','capacity']}"), R"(1 {"cpu":"4"} 2 {"cpu":"8"})");
  EXPECT_EQ(Render(R"({.users[?(@.name=="e2e")].user.password})"), "secret");
  EXPECT_EQ(Render(R"({range .items[*]}[{.metadata.name}, {.status.capacity.cpu}] {end})"),
            "[127.0.0.1, 4] [127.0.0.2, 8] ");
  EXPECT_EQ(Render(R"({range .items[*]}{.metadata.name}{"\t"}{.status.n}{"\n"}{end})"), "127.0.0.1\t1\n127.0.0.2\t2\n");
  EXPECT_EQ(Render("{.items[0].metadata.labels.a\\.b/c}"), "x");
  EXPECT_EQ(Render("{.items[0].metadata.labels['a.b/c']}"), "x");
  EXPECT_EQ(Render(R"({.items[?(@.status.ok==true)].metadata.name})"), "127.0.0.2");
  EXPECT_EQ(Render("{@}"), DumpJson(kObject));
  EXPECT_EQ(Render("{$.kind}{'!'}"), "List!");
  EXPECT_EQ(Render("{range .users[*]}{$.kind}:{@.name};{end}"), "List:myself;List:e2e;");
  EXPECT_EQ(Render("{ .kind }"), "List");
  EXPECT_EQ(Render("{range .items[*]}{range .status.conditions[*]}{.type},{end}{end}"), "Ready,Stalled,");
}
TEST(JsonPathTemplate, SlicesLists) {
  EXPECT_EQ(Render("{.numbers[1:3]}"), "1 2");
  EXPECT_EQ(Render("{.numbers[-2:]}"), "4 5");
  EXPECT_EQ(Render("{.numbers[:-4]}"), "0 1");
  EXPECT_EQ(Render("{.numbers[-1]}"), "5");
  EXPECT_EQ(Render("{.numbers[::2]}"), "0 2 4");
  EXPECT_EQ(Render("{.numbers[0,2]}"), "0 2");
  EXPECT_EQ(Render("{.numbers[4:100]}"), "4 5");
  EXPECT_EQ(Render("{.numbers[3:1]}"), "");
  EXPECT_EQ(Render("{.numbers}"), "[0,1,2,3,4,5]");
}
TEST(JsonPathTemplate, FiltersByComparisonAndExistence) {
  EXPECT_EQ(Render("{.numbers[?(@>3)]}"), "4 5");
  EXPECT_EQ(Render("{.numbers[?(@ <= 1)]}"), "0 1");
  EXPECT_EQ(Render("{.numbers[?(@!=3)]}"), "0 1 2 4 5");
  EXPECT_EQ(Render("{.users[?(@.user.username)].name}"), "e2e");
  EXPECT_EQ(Render("{.items[?(@.status.n>=2)].metadata.name}"), "127.0.0.2");
  EXPECT_EQ(Render("{.items[?(@.status.conditions[?(@.type=='Ready')].status=='True')].metadata.name}"), "127.0.0.1");
  EXPECT_EQ(Render("{.kind[?(@=='L')]}"), "");
}
TEST(JsonPathTemplate, SaysWhatIsMissing) {
  EXPECT_EQ(Render("{.nope}"), "");
  EXPECT_EQ(Render("{.nope}", false), "render: nope is not found");
  EXPECT_EQ(Render("{.numbers[9]}", false), "render: array index out of bounds: index 9, length 6");
  EXPECT_EQ(Render("{.kind}", false), "List");
  EXPECT_EQ(Render("{..name}", false), "127.0.0.1 127.0.0.2 myself e2e");
}
TEST(JsonPathTemplate, RefusesWhatDoesNotParse) {
  for (const char* bad :
       {"{", "{.a", "{range .a}", "{end}", "{.a[}", "{.a[1}", "{.a['x]}", "{.a[x]}", "{.a[1:2:3:4]}", "{.a[?(@.b==)]}",
        "{.a[?(@.b=1)]}", "{.a[?@.b]}", "{\"x}", "{.a[::0]}", "{a}}b{", "{.a[]}", "{,}"})
    EXPECT_FALSE(JsonPath::ParseTemplate(bad).ok()) << bad;
  std::string nested = "@";
  for (int i = 0; i < 1000; ++i) nested = "@.a[?(" + nested + ")]";
  EXPECT_FALSE(JsonPath::ParsePath("$" + nested.substr(1)).ok());
}
TEST(JsonPath, SelectsWithOrWithoutBracesAndDot) {
  EXPECT_EQ(SelectAll(".kind"), "\"List\" ");
  EXPECT_EQ(SelectAll("kind"), "\"List\" ");
  EXPECT_EQ(SelectAll("{.kind}"), "\"List\" ");
  EXPECT_EQ(SelectAll("$.kind"), "\"List\" ");
  EXPECT_EQ(SelectAll(".nothing"), "null ");
  EXPECT_EQ(SelectAll(".empty.x"), "");
  EXPECT_EQ(SelectAll("['empty','kind']"), "{} \"List\" ");
  EXPECT_EQ(SelectAll(R"(.items[0].status.conditions[?(@.type=="Ready")].status)"), "\"True\" ");
}
TEST(JsonPath, NeverFallsOverRandomText) {
  RandomJson random(8);
  static const std::string_view pieces[] = {".", "..",     "[",   "]",     "*",  "?(", ")", "@",  "$",
                                            "'", "\"",     "a",   "items", "0",  "-1", ":", ",",  "{",
                                            "}", "range ", "end", "==",    "!=", "<",  " ", "\\", "kind"};
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (auto count = random.random().Below(12); count > 0; --count)
      text += pieces[random.random().Below(std::size(pieces))];
    if (const auto path = JsonPath::ParsePath(text)) path->Select(kObject);
    if (const auto path = JsonPath::ParseTemplate(text)) {
      EXPECT_TRUE(path->Render(kObject).ok());
    }
  }
}

}  // namespace
}  // namespace patchbay

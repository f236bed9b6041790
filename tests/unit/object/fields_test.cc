#include "object/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"

namespace patchbay {
namespace {

using ::testing::ElementsAre;

FieldSet Read(const char* text) {
  Result<FieldSet> set = FieldSet::Parse(Json::parse(text));
  EXPECT_TRUE(set.ok()) << text;
  return set.ok() ? *std::move(set) : FieldSet();
}
std::string Write(FieldSet set) { return DumpJson(std::move(set).ToJson()); }

FieldSet RandomSet(Random& random, int depth) {
  std::vector<FieldSet::Branch> branches;
  for (const char* step : {"f:a", "f:b", "k:{\"name\":\"x\"}", "v:1", "v:10", "v:9"}) {
    if (depth > 0 && random.Unit() < 0.4) branches.push_back({step, RandomSet(random, depth - 1)});
  }
  return FieldSet(depth < 4 && random.Unit() < 0.6, std::move(branches));
}

TEST(FieldSet, IsWrittenAsKubernetesWritesIt) {
  const char* text = R"({"f:metadata":{"f:labels":{".":{},"f:app":{}}},)"
                     R"("f:spec":{"f:env":{"k:{\"name\":\"A\"}":{".":{},"f:value":{}}},)"
                     R"("f:hosts":{"v:\"x\"":{}}}})";
  EXPECT_EQ(Write(Read(text)), text);
}

TEST(FieldSet, SpellsEveryStepInOneWay) {
  EXPECT_EQ(Read(R"({"f:p":{"k:{ \"port\":80.0, \"a\":\"x\"}":{}}})"),
            Read(R"({"f:p":{"k:{\"a\":\"x\",\"port\":80}":{}}})"));
  EXPECT_EQ(Read(R"({"v: \"x\"":{}})"), Read(R"({"v:\"\u0078\"":{}})"));
}

TEST(FieldSet, OrdersNumbersBySize) {
  EXPECT_EQ(Write(Read(R"({"v:10":{},"v:9":{},"f:b":{},"f:a10":{},"f:a9":{}})")),
            R"({"f:a10":{},"f:a9":{},"f:b":{},"v:9":{},"v:10":{}})");
  EXPECT_THAT(Read(R"({"f:ports":{"k:{\"port\":8080}":{},"k:{\"port\":443}":{}}})").Paths(),
              ElementsAre(".ports[port=443]", ".ports[port=8080]"));
}

TEST(FieldSet, ListsMembersBeforeWhatIsBelowThem) {
  EXPECT_THAT(Read(R"({"f:spec":{"f:env":{"k:{\"name\":\"A\",\"x\":1}":{".":{},"f:value":{}}},"f:image":{}},)"
                   R"("f:z":{"v:\"x\"":{},"i:3":{}}})")
                  .Paths(),
              ElementsAre(".spec.image", R"(.spec.env[name="A",x=1])", R"(.spec.env[name="A",x=1].value)",
                          R"(.z[="x"])", ".z[3]"));
}

TEST(FieldSet, RefusesWhatIsNone) {
  for (const char* text : {"[]", "1", R"({"f:a":1})", R"({"spec":{}})", R"({"k:[]":{}})", R"({"k:{}":{}})",
                           R"({"i:x":{}})", R"({"v:{":{}})", R"({"":{}})", R"({"v:1":{},"v:1.0":{}})"}) {
    EXPECT_FALSE(FieldSet::Parse(Json::parse(text)).ok()) << text;
  }
}

TEST(FieldSet, TakesOutPathsAndTrees) {
  FieldSet set = Read(R"({"f:a":{".":{},"f:b":{}},"f:c":{}})");
  set.DropPath({"f:a"});
  EXPECT_EQ(Write(set), R"({"f:a":{"f:b":{}},"f:c":{}})");
  set.DropTree({"f:a", "f:b"});
  EXPECT_EQ(Write(set), R"({"f:c":{}})");
  set.DropTree({"f:nosuch", "f:b"});
  set.DropPath({"f:c"});
  EXPECT_TRUE(set.empty());
}

TEST(FieldSet, ObeysTheLawsOfSets) {
  Random random(41);
  for (int round = 0; round < 300; ++round) {
    const FieldSet a = RandomSet(random, 4);
    const FieldSet b = RandomSet(random, 4);
    EXPECT_EQ(Union(a, b), Union(b, a));
    EXPECT_EQ(Intersection(a, b), Intersection(b, a));
    EXPECT_EQ(Union(Difference(a, b), Intersection(a, b)), a);
    EXPECT_TRUE(Intersection(Difference(a, b), b).empty());
    EXPECT_EQ(Difference(Union(a, b), b), Difference(a, b));
    EXPECT_EQ(Union(a, b).size(), a.size() + b.size() - Intersection(a, b).size());
    EXPECT_EQ(a.Paths().size(), a.size());
    EXPECT_EQ(*FieldSet::Parse(FieldSet(a).ToJson()), a);
    EXPECT_EQ(*FieldSet::Parse(Json::parse(a.ToText())), a);
    FieldSet rest = a;
    EXPECT_EQ(rest.Remove(b), !Intersection(a, b).empty());
    EXPECT_EQ(rest, Difference(a, b));
  }
}

TEST(FieldSet, IsReadFromItsTextWhateverTheStepsAre) {
  for (const char* text :
       {R"({"f:a\"b\\c\n\t\u007fd":{}})", R"({"f:\u00e9":{".":{},"v:\"\\u0001\"":{}}})", "{}",
        R"({"f:a":{".":{},"k:{\"x\":\"{}\",\"y\":-1.5}":{".":{},"i:3":{}}}})"}) {
    const FieldSet set = Read(text);
    EXPECT_EQ(*FieldSet::Parse(WrittenJson(set.ToText())), set) << text;
  }
  EXPECT_EQ(*FieldSet::ParseText(R"( {"f:a" : {}, "v:2.0":{}} )"), Read(R"({"f:a":{},"v:2":{}})"));
  for (const char* text : {"", "{", R"({"f:a":{})", R"({"f:a":{}}x)", R"({"f:a)", R"({"a":{}})", R"({"f:a":1})"}) {
    EXPECT_FALSE(FieldSet::ParseText(text).ok()) << text;
  }
}

}  // namespace
}  // namespace patchbay

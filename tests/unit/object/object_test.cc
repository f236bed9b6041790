#include "object/object.h"

#include <unordered_set>

#include "unit/object/random_json.h"

namespace patchbay {
namespace {

const Json kPlugin = Json::parse(R"({
  "status":{"phase":"Running"},"spec":{"image":"a"},"data":1,
  "metadata":{"labels":{"app":"echo","n":5},"resourceVersion":"41","generation":3,"uid":"u","finalizers":["f",1],
              "namespace":"default","name":"echo","annotations":{"k":"v"}},
  "kind":"Plugin","apiVersion":"patchbay.dev/v1"})");

TEST(Object, TellsItsMetadata) {
  EXPECT_EQ(NameOf(kPlugin), "echo");
  EXPECT_EQ(NamespaceOf(kPlugin), "default");
  EXPECT_EQ(UidOf(kPlugin), "u");
  EXPECT_EQ(RevisionOf(kPlugin), 41);
  EXPECT_EQ(GenerationOf(kPlugin), 3);
  EXPECT_EQ(LabelsOf(kPlugin), (Labels{{"app", "echo"}}));
  EXPECT_EQ(AnnotationsOf(kPlugin), (Labels{{"k", "v"}}));
  EXPECT_EQ(FinalizersOf(kPlugin), std::vector<std::string>{"f"});
  EXPECT_FALSE(IsDeleting(kPlugin));
}
TEST(Object, IsEmptyWhereMetadataIsBroken) {
  for (const char* text :
       {"null", "[]", "{}", R"({"metadata":5})", R"({"metadata":{"labels":[],"finalizers":{},"name":1}})",
        R"({"metadata":{"resourceVersion":"x","generation":"y","deletionTimestamp":null}})"}) {
    const Json object = Json::parse(text);
    EXPECT_EQ(NameOf(object), "");
    EXPECT_EQ(RevisionOf(object), 0);
    EXPECT_EQ(GenerationOf(object), 0);
    EXPECT_TRUE(LabelsOf(object).empty());
    EXPECT_TRUE(FinalizersOf(object).empty());
    EXPECT_FALSE(IsDeleting(object));
  }
}

TEST(EncodeBody, PutsMembersInTheOneOrder) {
  EXPECT_EQ(
      EncodeBody(kPlugin),
      R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","metadata":{"name":"echo","namespace":"default","uid":"u",)"
      R"("generation":3,"labels":{"app":"echo","n":5},"finalizers":["f",1],"annotations":{"k":"v"}},)"
      R"("spec":{"image":"a"},"data":1,"status":{"phase":"Running"}})");
}
TEST(EncodeBody, IsTheSameWhenDoneAgain) {
  RandomJson random(3);
  for (int i = 0; i < 500; ++i) {
    Json object = random.Object(3);
    object["kind"] = random.Text();
    object["apiVersion"] = random.Text();
    object["metadata"] = random.Object(2);
    object["metadata"]["resourceVersion"] = "7";
    const std::string body = EncodeBody(object);
    Json read = *ParseJson(body);
    EXPECT_EQ(EncodeBody(read), body);
    object["metadata"].erase("resourceVersion");
    EXPECT_TRUE(EqualJson(read, object)) << body;
  }
}
TEST(SpliceRevision, PutsTheRevisionFirst) {
  EXPECT_EQ(SpliceRevision(R"({"apiVersion":"v1","kind":"X","metadata":{"name":"a"}})", 42),
            R"({"apiVersion":"v1","kind":"X","metadata":{"resourceVersion":"42","name":"a"}})");
  EXPECT_EQ(SpliceRevision(R"({"apiVersion":"v1","kind":"X","metadata":{}})", 1),
            R"({"apiVersion":"v1","kind":"X","metadata":{"resourceVersion":"1"}})");
}
TEST(SpliceRevision, IsNotMisledByAKindThatLooksLikeMetadata) {
  const Json object = {{"apiVersion", "v1\"metadata\":{"}, {"kind", "\\\"metadata\":{"}, {"metadata", {{"name", "a"}}}};
  const Json spliced = *ParseJson(SpliceRevision(EncodeBody(object), 9));
  EXPECT_EQ(RevisionOf(spliced), 9);
  EXPECT_EQ(NameOf(spliced), "a");
}

TEST(SetCondition, AddsAndReplacesByType) {
  Json object = Json::object();
  SetCondition(object, {"Ready", "False", "Starting", "no"}, 1, "2026-01-01T00:00:00Z");
  SetCondition(object, {"Stalled", "False", "", ""}, 1, "2026-01-01T00:00:00Z");
  SetCondition(object, {"Ready", "True", "Up", "yes"}, 2, "2026-01-02T00:00:00Z");
  EXPECT_EQ(DumpJson(object["status"]["conditions"][0]),
            R"({"type":"Ready","status":"True","observedGeneration":2,"lastTransitionTime":"2026-01-02T00:00:00Z",)"
            R"("reason":"Up","message":"yes"})");
  EXPECT_EQ(object["status"]["conditions"].size(), 2u);
  EXPECT_EQ(FindCondition(object, "Ready")->message, "yes");
  EXPECT_FALSE(FindCondition(object, "Nope"));
}
TEST(SetCondition, MovesTheTimeOnlyWithTheStatus) {
  Json object = {{"status", 5}};
  SetCondition(object, {"Ready", "True", "A", ""}, 1, "2026-01-01T00:00:00Z");
  SetCondition(object, {"Ready", "True", "B", "m"}, 2, "2026-01-02T00:00:00Z");
  EXPECT_EQ(object["status"]["conditions"][0]["lastTransitionTime"], "2026-01-01T00:00:00Z");
  EXPECT_EQ(object["status"]["conditions"][0]["reason"], "B");
}

TEST(Key, IsOrderedAndHashed) {
  const Key a{"plugins.patchbay.dev", "default", "a"};
  const Key b{"plugins.patchbay.dev", "default", "b"};
  EXPECT_LT(a, b);
  EXPECT_EQ(a.ToString(), "plugins.patchbay.dev default/a");
  EXPECT_EQ((Key{"namespaces", "", "x"}.ToString()), "namespaces x");
  EXPECT_EQ((std::unordered_set<Key>{a, b, a}.size()), 2u);
}
TEST(CheckSubdomain, FollowsRfc1123) {
  for (const std::string good : {"a", "0", "a-b", "a.b", "a1.2b.c-d"}) EXPECT_EQ(CheckSubdomain(good), "") << good;
  EXPECT_EQ(CheckSubdomain(std::string(253, 'a')), "");
  for (const std::string bad : {"", "A", "-a", "a-", "a..b", ".a", "a.", "a_b", "a/b", "a%b", "ä", "..", "a b", "a\n"})
    EXPECT_NE(CheckSubdomain(bad), "") << bad;
  EXPECT_EQ(CheckSubdomain(std::string(254, 'a')), "must be no more than 253 characters");
  EXPECT_THAT(CheckSubdomain("Bad"), testing::StartsWith("a lowercase RFC 1123 subdomain must consist of"));
}
TEST(CheckLabel, RefusesDots) {
  EXPECT_EQ(CheckLabel("a-1"), "");
  EXPECT_NE(CheckLabel("a.b"), "");
  EXPECT_EQ(CheckLabel(std::string(64, 'a')), "must be no more than 63 characters");
}
TEST(CheckQualifiedName, NamesEachPartThatIsWrong) {
  EXPECT_TRUE(CheckQualifiedName("patchbay.dev/owner").empty());
  EXPECT_TRUE(CheckQualifiedName("A_b.c-D").empty());
  EXPECT_THAT(CheckQualifiedName("/x"), testing::ElementsAre("prefix part must be non-empty"));
  EXPECT_EQ(CheckQualifiedName("a/b/c").size(), 1u);
  EXPECT_THAT(CheckQualifiedName("a b")[0], testing::StartsWith("name part must consist of alphanumeric"));
  EXPECT_THAT(CheckQualifiedName("a~b/c")[0], testing::StartsWith("prefix part a lowercase RFC 1123 subdomain"));
  EXPECT_EQ(CheckQualifiedName("").size(), 2u);
}
TEST(CheckLabelValue, TellsAllRulesBroken) {
  EXPECT_TRUE(CheckLabelValue("").empty());
  EXPECT_EQ(CheckLabelValue(std::string(64, '-')).size(), 2u);
  EXPECT_EQ(CheckLabelValue("demo/alpha:1").size(), 1u);
}

}  // namespace
}  // namespace patchbay

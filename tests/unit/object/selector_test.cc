#include "object/selector.h"

namespace patchbay {
namespace {

bool Matches(std::string_view selector, const Labels& labels) {
  const auto parsed = LabelSelector::Parse(selector);
  if (!parsed) ADD_FAILURE() << parsed.error().message;
  return parsed && parsed->Matches(labels);
}
std::string WhyNot(std::string_view selector) {
  const auto parsed = LabelSelector::Parse(selector);
  return parsed ? "parsed" : parsed.error().message;
}

TEST(LabelSelector, MatchesEqualityAndSets) {
  const Labels labels = {{"app", "echo"}, {"tier", "back"}, {"n", "5"}, {"empty", ""}};
  for (const char* yes : {"",
                          " ",
                          "app=echo",
                          "app==echo",
                          "app = echo , tier=back",
                          "app!=x",
                          "other!=x",
                          "app in (echo,x)",
                          "app in (x, echo)",
                          "app notin (a,b)",
                          "other notin (a)",
                          "app",
                          "!other",
                          "n>4",
                          "n<6",
                          "app,!other,tier in (back)",
                          "empty=",
                          "a.b/c!=d",
                          "in!=in",
                          "app in (in,echo)"})
    EXPECT_TRUE(Matches(yes, labels)) << yes;
  for (const char* no : {"app=x", "app!=echo", "other=x", "other", "!app", "app in (a,b)", "other in (a)",
                         "app notin (echo)", "n>5", "app>1", "other>1", "app=echo,tier=front", "app="})
    EXPECT_FALSE(Matches(no, labels)) << no;
}
TEST(LabelSelector, RefusesInKubernetesWords) {
  EXPECT_EQ(WhyNot("app in ("), "unable to parse requirement: found '', expected: ',', ')' or identifier");
  EXPECT_EQ(WhyNot("a===b"), "unable to parse requirement: found '=', expected: identifier");
  EXPECT_THAT(WhyNot("-bad-=x"),
              testing::StartsWith("unable to parse requirement: invalid label key \"-bad-\": name part "
                                  "must consist of alphanumeric characters"));
  EXPECT_EQ(WhyNot("tier>back"), "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer");
  for (const char* bad : {",", "a,", "a b", "=b", "a in b", "a in (b", "!", "!!a", "a=b=c", "(", "a()", "a=b!", "a=,,"})
    EXPECT_NE(WhyNot(bad), "parsed") << bad;
}
TEST(LabelSelector, ReadsTheJsonForm) {
  const auto selector = LabelSelector::FromJson(Json::parse(
      R"({"matchLabels":{"app":"echo"},"matchExpressions":[{"key":"tier","operator":"NotIn","values":["front"]},
          {"key":"app","operator":"Exists"},{"key":"x","operator":"DoesNotExist"}]})"));
  ASSERT_TRUE(selector.ok());
  EXPECT_TRUE(selector->Matches({{"app", "echo"}}));
  EXPECT_FALSE(selector->Matches({{"app", "echo"}, {"tier", "front"}}));
  EXPECT_FALSE(selector->Matches({{"app", "echo"}, {"x", ""}}));
  EXPECT_TRUE(LabelSelector::FromJson(Json::object())->Matches({}));
  EXPECT_TRUE(LabelSelector::FromJson(Json())->empty());
  for (const char* bad : {"5", R"({"matchExpressions":[{"key":"a","operator":"Is"}]})", R"({"matchLabels":{"a":1}})",
                          R"({"matchExpressions":[{"key":"a","operator":"In"}]})",
                          R"({"matchExpressions":[{"key":"a","operator":"Exists","values":["x"]}]})"})
    EXPECT_FALSE(LabelSelector::FromJson(Json::parse(bad)).ok()) << bad;
}

TEST(FieldSelector, ComparesFieldsAsText) {
  const Json object = Json::parse(R"({"metadata":{"name":"a"},"spec":{"replicas":2},"status":{"ok":true}})");
  for (const char* yes : {"", "metadata.name=a", "metadata.name==a", "metadata.name!=b", "spec.replicas=2",
                          "status.ok=true", "spec.none=", "metadata.name=a,spec.replicas!=3", "spec.none!=x"})
    EXPECT_TRUE(FieldSelector::Parse(yes)->Matches(object)) << yes;
  for (const char* no : {"metadata.name=b", "metadata.name!=a", "spec.none=x", "metadata.name=a,spec.replicas=3"})
    EXPECT_FALSE(FieldSelector::Parse(no)->Matches(object)) << no;
}
TEST(FieldSelector, TellsItsTerms) {
  const auto selector = FieldSelector::Parse(R"(involvedObject.name=a\,b\=c,reason!=x)");
  ASSERT_TRUE(selector.ok());
  ASSERT_EQ(selector->terms().size(), 2u);
  EXPECT_EQ(selector->terms()[0].field, "involvedObject.name");
  EXPECT_EQ(selector->terms()[0].value, "a,b=c");
  EXPECT_FALSE(selector->terms()[1].equal);
  EXPECT_EQ(FieldSelector::Parse("metadata.name").error().message,
            "invalid selector: 'metadata.name'; can't understand 'metadata.name'");
}

}  // namespace
}  // namespace patchbay

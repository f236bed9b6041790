#include "cli/apply.h"

#include "object/patch.h"

namespace patchbay::cli {
namespace {

Json Parse(const char* text) { return ParseJson(text).value(); }

Json Applied(const Json& manifest, const Json& live) { return MergePatch(live, ThreeWayPatch(manifest, live)).value(); }

TEST(Apply, SendsNothingWhenNothingChanged) {
  const Json manifest = Parse(R"({"kind":"Plugin","metadata":{"name":"a"},"spec":{"image":"x"}})");
  const Json live = WithLastApplied(manifest);
  EXPECT_EQ(ThreeWayPatch(manifest, live), Json::object());
}

TEST(Apply, LeavesWhatOthersSet) {
  const Json manifest = Parse(R"({"metadata":{"name":"a"},"spec":{"image":"y"}})");
  Json live = WithLastApplied(Parse(R"({"metadata":{"name":"a"},"spec":{"image":"x"}})"));
  live["spec"]["replicas"] = 3;
  live["metadata"]["labels"] = {{"team", "b"}};
  const Json result = Applied(manifest, live);
  EXPECT_EQ(result["spec"], Parse(R"({"image":"y","replicas":3})"));
  EXPECT_EQ(result["metadata"]["labels"]["team"], "b");
}

TEST(Apply, RemovesWhatTheManifestGaveUp) {
  const Json live = WithLastApplied(Parse(R"({"metadata":{"name":"a","labels":{"x":"1","y":"2"}},"spec":{"image":"x","args":["1"]}})"));
  const Json manifest = Parse(R"({"metadata":{"name":"a","labels":{"x":"1"}},"spec":{"image":"x"}})");
  const Json result = Applied(manifest, live);
  EXPECT_FALSE(result["spec"].contains("args"));
  EXPECT_EQ(result["metadata"]["labels"], Parse(R"({"x":"1"})"));
}

TEST(Apply, ReplacesListsWhole) {
  const Json live = WithLastApplied(Parse(R"({"metadata":{"name":"a"},"spec":{"args":["1","2"]}})"));
  const Json manifest = Parse(R"({"metadata":{"name":"a"},"spec":{"args":["2"]}})");
  EXPECT_EQ(Applied(manifest, live)["spec"]["args"], Parse(R"(["2"])"));
}

TEST(Apply, DoesNotNestTheAnnotationInItself) {
  const Json manifest = Parse(R"({"metadata":{"name":"a"},"spec":{}})");
  const Json once = WithLastApplied(manifest);
  EXPECT_EQ(WithLastApplied(once), once);
}

TEST(Apply, RemovesNothingThatAnotherAlreadyTookAway) {
  Json live = WithLastApplied(Parse(R"({"metadata":{"name":"a"},"spec":{"image":"x","args":["1"]}})"));
  live["spec"].erase("args");
  const Json manifest = Parse(R"({"metadata":{"name":"a"},"spec":{"image":"x"}})");
  EXPECT_FALSE(ThreeWayPatch(manifest, live).contains("spec"));
}

}  // namespace
}  // namespace patchbay::cli

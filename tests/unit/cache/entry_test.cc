#include "cache/entry.h"

#include "objects.h"

namespace patchbay::cache {
namespace {

std::string BytesOf(const Json& object) { return SpliceRevision(EncodeBody(object), 7); }

TEST(ScanLabels, ReadsWhatTheObjectHas) {
  Json object = PluginObject("echo", "default", {{"app", "echo"}, {"tier", ""}});
  object["metadata"]["annotations"] = {{"note", "a \"quoted\" {brace} and \\ [list], labels"}};
  EXPECT_EQ(ScanLabels(BytesOf(object)), (Labels{{"app", "echo"}, {"tier", ""}}));
}
TEST(ScanLabels, LooksPastWhatStandsBeforeThem) {
  Json object = PluginObject("echo");
  object["metadata"]["managedFields"] = {{{"labels", {{"not", "these"}}}, {"n", -1.5e3}, {"t", true}, {"e", Json::array()}}};
  object["metadata"]["labels"] = {{"app", "echo"}};
  EXPECT_EQ(ScanLabels(BytesOf(object)), (Labels{{"app", "echo"}}));
}
TEST(ScanLabels, TakesNoOthersForThem) {
  Json object = PluginObject("echo");
  object["spec"]["labels"] = {{"not", "these"}};
  object["labels"] = {{"nor", "these"}};
  EXPECT_TRUE(ScanLabels(BytesOf(object)).empty());
}
TEST(ScanLabels, ReadsEscapesTheLongWay) {
  const Json object = PluginObject("echo", "default", {{"app", "a\"b"}});
  EXPECT_EQ(ScanLabels(BytesOf(object)), (Labels{{"app", "a\"b"}}));
}
TEST(ScanLabels, FindsNothingInBrokenText) {
  const std::string whole = BytesOf(PluginObject("echo", "default", {{"app", "echo"}}));
  for (std::size_t size = 0; size < whole.size(); ++size) (void)ScanLabels(whole.substr(0, size));
  EXPECT_TRUE(ScanLabels("").empty());
  EXPECT_TRUE(ScanLabels("[1]").empty());
  EXPECT_TRUE(ScanLabels("{\"metadata\":{\"labels\":null}}").empty());
}

TEST(ParseStored, NeverRefusesWhatHasGrownBeyondWhatClientsMaySend) {
  Json object = PluginObject("echo", "default", {{"app", "a\"b"}});
  Json deep = 1;
  for (int i = 0; i < 100; ++i) deep = Json{{"in", std::move(deep)}};
  object["metadata"]["managedFields"] = {{{"fieldsV1", deep}}};
  object["status"]["text"] = std::string(4 * 1024 * 1024, 'x');
  const auto read = ParseStored(BytesOf(object));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ((*read)["metadata"]["managedFields"][0]["fieldsV1"], deep);
  EXPECT_EQ(ScanLabels(BytesOf(object)), (Labels{{"app", "a\"b"}}));
  EXPECT_FALSE(ParseStored("{").ok());
}

TEST(WithRevision, PutsAnotherNumberIn) {
  const std::string body = EncodeBody(PluginObject("echo"));
  EXPECT_EQ(*WithRevision(SpliceRevision(body, 9), 12345), SpliceRevision(body, 12345));
}

}  // namespace
}  // namespace patchbay::cache

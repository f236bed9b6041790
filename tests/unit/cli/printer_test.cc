#include "cli/printer.h"

#include <sstream>

#include "cli/targets.h"

namespace patchbay::cli {
namespace {

const char* const kTable = R"({"kind":"Table","columnDefinitions":[
  {"name":"Name","type":"string","priority":0},{"name":"Image","type":"string","priority":1},{"name":"Ready","type":"string","priority":0}],
  "rows":[{"cells":["echo","img","2/2"],"object":{"metadata":{"name":"echo","namespace":"default","labels":{"a":"b"}}}},
          {"cells":["a-longer-name","img",null],"object":{"metadata":{"name":"x","namespace":"prod"}}}]})";

std::string Print(const OutputFlags& flags, bool wide, bool with_namespace) {
  std::ostringstream out;
  TablePrinter(out, flags, wide, with_namespace, "").Print(ParseJson(kTable).value());
  return out.str();
}

TEST(TablePrinter, AlignsAsKubectlDoes) {
  EXPECT_EQ(Print({}, false, false),
            "NAME            READY\n"
            "echo            2/2\n"
            "a-longer-name   <none>\n");
}

TEST(TablePrinter, ShowsEverythingWhenWide) {
  EXPECT_EQ(Print({}, true, true),
            "NAMESPACE   NAME            IMAGE   READY\n"
            "default     echo            img     2/2\n"
            "prod        a-longer-name   img     <none>\n");
}

TEST(TablePrinter, LeavesOutTheHeaderAndAddsLabelsWhenAsked) {
  OutputFlags flags;
  flags.no_headers = true;
  flags.show_labels = true;
  EXPECT_EQ(Print(flags, false, false),
            "echo            2/2      a=b\n"
            "a-longer-name   <none>   <none>\n");
}

TEST(Output, NamesTheFormsThereAre) {
  EXPECT_EQ(ParseOutput("jsonpath={.a}")->expression, "{.a}");
  const auto bad = ParseOutput("xml");
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().message.find("wide, yaml, json"), std::string::npos);
}

TEST(Targets, TakeKubectlsForms) {
  EXPECT_EQ(ParseTargets({"plg", "a", "b"})->size(), 2U);
  EXPECT_EQ(ParseTargets({"plugins,routes"})->size(), 2U);
  EXPECT_EQ(ParseTargets({"all"})->size(), 4U);  // plugins, routes, webhooks, pods
  const auto slashed = ParseTargets({"plugin/a", "route/b"});
  ASSERT_TRUE(slashed.ok());
  EXPECT_EQ((*slashed)[1].kind->kind, "Route");
}

TEST(Targets, NameTheKindsThereAre) {
  const auto bad = ParseTargets({"pluggins"});
  ASSERT_FALSE(bad.ok());
  EXPECT_NE(bad.error().message.find("plugins"), std::string::npos);
  EXPECT_FALSE(ParseTargets({}).ok());
  EXPECT_FALSE(ParseTargets({"plugin/a", "b"}).ok());
}

TEST(Targets, TakeABareNameAsTheDefaultKind) {
  const Kind* plugin = Kinds::Embedded().FindWord("plugin");
  const auto bare = ParseNamedTargets({"echo"}, plugin);
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ((*bare)[0].name, "echo");
  const auto typed = ParseNamedTargets({"route", "echo"}, plugin);
  ASSERT_TRUE(typed.ok());
  EXPECT_EQ((*typed)[0].kind->kind, "Route");
}

}  // namespace
}  // namespace patchbay::cli

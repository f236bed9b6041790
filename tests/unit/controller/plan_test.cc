#include <gmock/gmock.h>

#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> Actions(const Json& entry) {
  std::vector<std::string> actions;
  for (const Json& action : entry["actions"]) actions.push_back(FindString(action, {"action"}));
  return actions;
}

Json Wished(const World& world, const Key& key, const Json& spec) {
  Json object = world.Get(key);
  if (object.is_null())
    object = {{"apiVersion", "patchbay.dev/v1"}, {"kind", key.resource == kPlugins ? "Plugin" : "Route"},
              {"metadata", {{"name", key.name}, {"namespace", key.ns}}}};
  object["spec"] = spec;
  return object;
}

TEST(Plan, NamesTheStepsOfANewPluginAndDoesNone) {
  World world;
  world.Settle();
  const auto plan = world.op->controllers.Plan({Wished(world, world.PluginKey("echo"), PluginSpec("far:1")),
                                                Wished(world, world.RouteKey("r"), RouteSpec("echo"))});
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(Actions((*plan)[0]),
              ElementsAre("pull", "create", "start", "wait ready", "add to gateway", "wait served"));
  EXPECT_THAT(Actions((*plan)[1]), ElementsAre("publish"));
  EXPECT_EQ(world.runtime.faults().Actions(), 0);
  EXPECT_EQ(world.gateway.publishes(), 1);  // the empty one of the start
}

TEST(Plan, NamesWhoHasAHostPort) {
  World world;
  Json spec = PluginSpec();
  spec["ports"][0]["hostPort"] = 9'000;
  world.ApplyPlugin("first", spec);
  world.Settle();
  const auto plan = world.op->controllers.Plan({Wished(world, world.PluginKey("second"), spec), world.Get(world.PluginKey("first"))});
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(FindString((*plan)[0], {"error"}), testing::HasSubstr("host port 9000 is held by container patchbay-default-first-"));
  EXPECT_EQ(FindString((*plan)[1], {"error"}), "");
}

TEST(Plan, IsEmptyWhenAllIsAsWished) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.ApplyRoute("r", RouteSpec("echo"));
  world.Settle();
  const auto plan = world.op->controllers.Plan({world.Get(world.PluginKey("echo")), world.Get(world.RouteKey("r"))});
  ASSERT_TRUE(plan.ok());
  for (const Json& entry : *plan) EXPECT_THAT(Actions(entry), IsEmpty()) << entry.dump();
}

TEST(Plan, LeavesTheGatewayOutWhenNoRouteLeadsToThePlugin) {
  World world;
  world.ApplyPlugin("echo", PluginSpec());
  world.Settle();
  Json object = world.Get(world.PluginKey("echo"));
  object["spec"]["enabled"] = false;
  const auto plan = world.op->controllers.Plan({object});
  ASSERT_TRUE(plan.ok());
  EXPECT_THAT(Actions((*plan)[0]), ElementsAre("stop", "remove"));
}

TEST(Plan, SaysThatTheEngineIsAway) {
  World world;
  world.runtime.faults().SetAway(true);
  const auto plan = world.op->controllers.Plan({Wished(world, world.PluginKey("echo"), PluginSpec())});
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, Code::kUnavailable);
}

// Collects what is streamed.
class Pages : public http::Stream {
 public:
  bool Write(std::shared_ptr<const std::string> piece) override {
    text += *piece;
    return true;
  }
  void Close() override { closed = true; }
  bool gone() const override { return false; }
  std::string text;
  bool closed = false;
};

TEST(Logs, OfSeveralContainersBeginWithTheirNames) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 2));
  world.Settle();
  for (const auto& container : world.Containers()) world.runtime.Print(container.id, "hello");
  auto pages = std::make_shared<Pages>();
  LogQuery query;
  query.ns = "default";
  query.plugin = "echo";
  ASSERT_TRUE(world.op->controllers.Logs(query, [&] { return pages; }).ok());
  for (const auto& container : world.Containers())
    EXPECT_THAT(pages->text, HasSubstr(StrCat("[", container.name, "] hello\n")));
  EXPECT_TRUE(pages->closed);
  query.instance = world.Containers()[0].name;
  pages->text.clear();
  ASSERT_TRUE(world.op->controllers.Logs(query, [&] { return pages; }).ok());
  EXPECT_EQ(pages->text, "hello\n");
}

TEST(Logs, OfWhatIsNotThereAreRefused) {
  World world;
  world.Settle();
  LogQuery query;
  query.ns = "default";
  query.plugin = "nothing";
  const auto read = world.op->controllers.Logs(query, [] { return std::make_shared<Pages>(); });
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kNotFound);
}

TEST(Checks, NameWhatIsAway) {
  World world;
  world.Settle();
  using Check = std::pair<std::string, std::string>;
  EXPECT_THAT(world.op->controllers.Checks(), ElementsAre(Check("controllers", ""), Check("engine", ""), Check("gateway", "")));
  world.runtime.faults().SetAway(true);
  world.runtime.BreakStreams();
  world.gateway.SetUnavailable(true);
  world.Advance(seconds(5));
  EXPECT_NE(world.op->controllers.Checks()[1].second, "");
  EXPECT_NE(world.op->controllers.Checks()[2].second, "");
}

}  // namespace
}  // namespace patchbay::controller

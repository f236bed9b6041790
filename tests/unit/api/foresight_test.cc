// A dry run tells what would be done as Warning headers, which kubectl prints.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "object/object.h"
#include "world.h"

namespace patchbay::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Objects = std::vector<Json>;

Json Entry(const Json& object, Json actions) {
  return {{"kind", object["kind"]}, {"namespace", NamespaceOf(object)}, {"name", NameOf(object)}, {"actions", std::move(actions)}};
}

// Asked for one object; plans what `actions` makes of it.
Backstage Planning(std::function<Json(const Json&)> actions) {
  Backstage backstage;
  backstage.plan = [actions = std::move(actions)](const Objects& objects) -> Result<Json> {
    Json plan = Json::array();
    for (const Json& object : objects) plan.push_back(Entry(object, actions(object)));
    plan.push_back({{"kind", "Container"}, {"namespace", "default"}, {"name", "orphan"}, {"actions", Json::array()}, {"note", "gone"}});
    return Json{{"objects", std::move(plan)}};
  };
  return backstage;
}

Json CreateOrDrain(const Json& object) {
  const bool going = IsDeleting(object);
  return {{{"action", going ? "drain" : "create"}, {"target", NameOf(object) + "-0"}, {"reason", going ? "it is being deleted" : "it is missing"}}};
}

std::vector<std::string> WarningsOf(const Reply& reply) {
  std::vector<std::string> warnings;
  for (const auto& [name, value] : reply.headers.all())
    if (name == "Warning") warnings.push_back(value);
  return warnings;
}

TEST(Foresight, OfADryRunIsThePlanInItsOrder) {
  World world({}, Planning([](const Json& object) {
                Json actions = CreateOrDrain(object);
                actions.push_back({{"action", "start"}, {"target", "shop-0"}, {"reason", "it was just made"}});
                return actions;
              }));
  const Reply created = world.Post(std::string(kPluginsPath) + "?dryRun=All", MakePlugin("shop"));
  EXPECT_EQ(created.status, 201);
  EXPECT_THAT(WarningsOf(created), ElementsAre("299 - \"plan: 1. create shop-0 (it is missing)\"", "299 - \"plan: 2. start shop-0 (it was just made)\""));
  EXPECT_EQ(world.Get(OneOf("shop")).status, 404) << "nothing was stored";
}

TEST(Foresight, IsToldForEveryKindOfWrite) {
  World world({}, Planning(CreateOrDrain));
  ASSERT_EQ(world.Post(kPluginsPath, MakePlugin("shop")).status, 201);
  const Json image = {{"spec", {{"image", "other"}}}};
  EXPECT_THAT(WarningsOf(world.Merge(OneOf("shop") + "?dryRun=All", image)), SizeIs(1));
  EXPECT_THAT(WarningsOf(world.Merge(OneOf("shop") + "/scale?dryRun=All", {{"spec", {{"replicas", 4}}}})), SizeIs(1));
  EXPECT_THAT(WarningsOf(world.Delete(OneOf("shop") + "?dryRun=All")), ElementsAre("299 - \"plan: 1. drain shop-0 (it is being deleted)\""));
  EXPECT_THAT(WarningsOf(world.Delete(std::string(kPluginsPath) + "?dryRun=All")), SizeIs(1));
}

TEST(Foresight, IsNotForWritesThatAreMeant) {
  World world({}, Planning(CreateOrDrain));
  const Reply created = world.Post(kPluginsPath, MakePlugin("shop"));
  EXPECT_EQ(created.status, 201);
  EXPECT_THAT(WarningsOf(created), IsEmpty());
  EXPECT_THAT(WarningsOf(world.Delete(OneOf("shop"))), IsEmpty());
}

TEST(Foresight, IsNotForKindsThatMoveNothingNorForWhoPlansAllTogether) {
  World world({}, Planning(CreateOrDrain));
  EXPECT_THAT(WarningsOf(world.Post("/api/v1/namespaces/default/secrets?dryRun=All", MakeSecret("s"))), IsEmpty());
  EXPECT_THAT(WarningsOf(world.Post(std::string(kPluginsPath) + "?dryRun=All&plan=false", MakePlugin("shop"))), IsEmpty());
}

TEST(Foresight, OfMuchIsCutAndSaysSo) {
  World world({}, Planning([](const Json& object) {
                Json actions = Json::array();
                for (int i = 0; i < 100; ++i) actions.push_back(CreateOrDrain(object)[0]);
                return actions;
              }));
  const auto warnings = WarningsOf(world.Post(std::string(kPluginsPath) + "?dryRun=All", MakePlugin("shop")));
  ASSERT_THAT(warnings, SizeIs(24));
  EXPECT_EQ(warnings.back(), "299 - \"plan: and 77 more; `patchbay plan -f FILE` tells all\"");
}

TEST(Foresight, ThatCannotBeMadeSaysWhyAndTheDryRunSucceeds) {
  Backstage backstage;
  backstage.plan = [](const Objects&) -> Result<Json> { return Error{Code::kUnavailable, "the engine does not answer"}; };
  World world({}, std::move(backstage));
  const Reply created = world.Post(std::string(kPluginsPath) + "?dryRun=All", MakePlugin("shop"));
  EXPECT_EQ(created.status, 201);
  EXPECT_THAT(WarningsOf(created), ElementsAre("299 - \"plan: not known: the engine does not answer\""));
}

}  // namespace
}  // namespace patchbay::api

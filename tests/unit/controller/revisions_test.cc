#include "controller/revisions.h"

#include <gmock/gmock.h>

#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// "number image", by number.
std::vector<std::string> History(const World& world, const std::string& plugin) {
  std::map<std::int64_t, std::string> by_number;
  for (const auto& entry : world.op->cache.All(kRevisions)) {
    const Json revision = *ParseJson(*entry->bytes);
    if (FindString(revision["metadata"]["ownerReferences"][0], {"name"}) != plugin) continue;
    const auto number = FindInt(revision, {"revision"});
    by_number[number] = StrCat(number, " ", FindString(revision, {"data", "spec", "image"}));
  }
  std::vector<std::string> history;
  for (const auto& [number, text] : by_number) history.push_back(text);
  return history;
}

TEST(Revisions, HoldEverySpecThatWasActedOn) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1"));
  world.Settle();
  world.ApplyPlugin("echo", PluginSpec("app:2"));
  world.Settle();
  EXPECT_THAT(History(world, "echo"), ElementsAre("1 app:1", "2 app:2"));
}

TEST(Revisions, AreNotMadeByScaling) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1", 1));
  world.Settle();
  world.ApplyPlugin("echo", PluginSpec("app:1", 3));
  world.Settle();
  EXPECT_THAT(History(world, "echo"), ElementsAre("1 app:1"));
}

TEST(Revisions, GetTheHighestNumberWhenTheyComeBack) {
  World world;
  for (const char* image : {"app:1", "app:2", "app:1"}) {
    world.ApplyPlugin("echo", PluginSpec(image));
    world.Settle();
  }
  EXPECT_THAT(History(world, "echo"), ElementsAre("2 app:2", "3 app:1"));
}

TEST(Revisions, AreKeptAsManyAsAsked) {
  World world;
  for (int i = 1; i <= 6; ++i) {
    Json spec = PluginSpec("app:1");
    spec["args"] = Json::array({std::to_string(i)});
    spec["revisionHistoryLimit"] = 2;
    world.ApplyPlugin("echo", spec);
    world.Settle();
  }
  EXPECT_THAT(History(world, "echo"), ElementsAre("4 app:1", "5 app:1", "6 app:1"));
}

TEST(Revisions, OfANeighbourWithALongerNameAreLeftAlone) {
  World world;
  Json spec = PluginSpec("app:1");
  spec["revisionHistoryLimit"] = 0;
  world.ApplyPlugin("shop", spec);
  world.ApplyPlugin("shop-api", PluginSpec("app:1"));
  world.Settle();
  spec["image"] = "app:2";
  world.ApplyPlugin("shop-api", PluginSpec("app:2"));
  world.ApplyPlugin("shop", spec);
  world.Settle();
  EXPECT_THAT(History(world, "shop"), ElementsAre("2 app:2"));
  EXPECT_THAT(History(world, "shop-api"), ElementsAre("1 app:1", "2 app:2"));
}

TEST(Revisions, CostNoWriteAfterARestart) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1"));
  world.Settle();
  world.RestartOperator();
  world.Settle();
  EXPECT_EQ(world.op->store.units_committed(), 0);
  EXPECT_THAT(History(world, "echo"), ElementsAre("1 app:1"));
}

TEST(Revisions, BelongToOnePluginAndNotToTheNextOfItsName) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1"));
  world.Settle();
  const std::string first = UidOf(world.Get(world.PluginKey("echo")));
  world.Delete(world.PluginKey("echo"));
  world.Settle();
  world.ApplyPlugin("echo", PluginSpec("app:1"));
  world.Settle();
  EXPECT_EQ(world.op->cache.Count(kRevisions), 2u);  // the API's collector takes the first one's
  EXPECT_NE(UidOf(world.Get(world.PluginKey("echo"))), first);
}

TEST(Revisions, SayTheChangeCause) {
  World world;
  world.ApplyPlugin("echo", PluginSpec("app:1"));
  world.Annotate(world.PluginKey("echo"), "kubernetes.io/change-cause", "first light");
  world.Settle();
  const Json revision = *ParseJson(*world.op->cache.All(kRevisions).at(0)->bytes);
  EXPECT_EQ(AnnotationsOf(revision)["kubernetes.io/change-cause"], "first light");
}

TEST(RevisionName, DoesNotHangOnTheOrderOfMembers) {
  const Json metadata = {{"name", "a"}, {"uid", "u"}};
  const Json one = {{"metadata", metadata}, {"spec", {{"image", "i"}, {"args", {"x"}}}}};
  const Json other = {{"metadata", metadata}, {"spec", {{"args", {"x"}}, {"replicas", 7}, {"image", "i"}}}};
  EXPECT_EQ(RevisionName(one, RevisionData(one)), RevisionName(other, RevisionData(other)));
  Json changed = one;
  changed["spec"]["image"] = "j";
  EXPECT_NE(RevisionName(one, RevisionData(one)), RevisionName(changed, RevisionData(changed)));
}

}  // namespace
}  // namespace patchbay::controller

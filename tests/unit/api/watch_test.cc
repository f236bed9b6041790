#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "object/object.h"
#include "world.h"

namespace patchbay::api {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string WatchPath(const std::string& query = "") { return std::string(kPluginsPath) + "?watch=true" + query; }

std::string TypeAndName(const Json& event) {
  return FindString(event, {"type"}) + " " + FindString(event, {"object", "metadata", "name"});
}

std::string RevisionNow(World& world) {
  return FindString(world.Get(kPluginsPath).json(), {"metadata", "resourceVersion"});
}

TEST(Watch, BeginsWithWhatIsThere) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const auto stream = world.Watch(WatchPath());
  world.Post(kPluginsPath, MakePlugin("b"));
  const auto events = stream->Await(2);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(TypeAndName(events[0]), "ADDED a");
  EXPECT_EQ(TypeAndName(events[1]), "ADDED b");
  EXPECT_EQ(events[1]["object"], world.Get(OneOf("b")).json());
}

TEST(Watch, BeginsAfterAVersion) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const std::string from = RevisionNow(world);
  world.Merge(OneOf("a"), {{"spec", {{"replicas", 2}}}});
  const auto stream = world.Watch(WatchPath("&resourceVersion=" + from));
  world.Delete(OneOf("a"));
  world.Finish(OneOf("a"));
  const auto events = stream->Await(3);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(TypeAndName(events[0]), "MODIFIED a");
  EXPECT_EQ(TypeAndName(events[1]), "MODIFIED a");
  EXPECT_EQ(TypeAndName(events[2]), "DELETED a");
  EXPECT_GT(RevisionOf(events[2]["object"]), RevisionOf(events[1]["object"]));
}

TEST(Watch, SeesOneEventPerRealChange) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const auto stream = world.Watch(WatchPath("&resourceVersion=" + RevisionNow(world)));
  world.Merge(OneOf("a"), {{"spec", {{"replicas", 1}}}});  // is 1 already
  world.Merge(OneOf("a"), {{"spec", {{"replicas", 2}}}});
  const auto events = stream->Await(1);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(FindInt(events[0], {"object", "spec", "replicas"}), 2);
}

TEST(Watch, ShowsEnteringAndLeavingASelection) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a", {{"app", "x"}}));
  const auto stream = world.Watch(WatchPath("&labelSelector=app%3Dx&resourceVersion=" + RevisionNow(world)));
  const Json left = world.Merge(OneOf("a"), {{"metadata", {{"labels", {{"app", "y"}}}}}}).json();
  world.Merge(OneOf("a"), {{"spec", {{"replicas", 2}}}});
  world.Merge(OneOf("a"), {{"metadata", {{"labels", {{"app", "x"}}}}}});
  const auto events = stream->Await(2);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(TypeAndName(events[0]), "DELETED a");
  EXPECT_EQ(RevisionOf(events[0]["object"]), RevisionOf(left));
  EXPECT_EQ(LabelsOf(events[0]["object"]).at("app"), "x");
  EXPECT_EQ(TypeAndName(events[1]), "ADDED a");
}

TEST(Watch, OfOneObject) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  world.Post(kPluginsPath, MakePlugin("b"));
  const auto stream = world.Watch(WatchPath("&fieldSelector=metadata.name%3Db"));
  EXPECT_EQ(TypeAndName(stream->Await(1).at(0)), "ADDED b");
  const auto old_path = world.Watch("/apis/patchbay.dev/v1/watch/namespaces/default/plugins/b");
  EXPECT_EQ(TypeAndName(old_path->Await(1).at(0)), "ADDED b");
  EXPECT_EQ(old_path->events().size(), 1u);
}

TEST(Watch, TellsWhenAVersionIsTooOld) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  world.store.database().Prune(world.store.revision());
  cache::Cache cache(world.store, world.clock, NullMeter());
  ASSERT_TRUE(cache.Poll().ok());
  cache::Committer committer(world.store, cache, world.clock, world.random, "x");
  Api api(Kinds::Embedded(), cache, committer, world.clock, world.random, NullMeter(), {}, {});
  auto exchange = std::make_shared<FakeExchange>(World::MakeRequest("GET", WatchPath("&resourceVersion=1")));
  api.Serve(exchange);
  const Reply reply = exchange->Await();
  ASSERT_EQ(reply.status, 200);
  ASSERT_TRUE(reply.stream->AwaitClose());
  const Json event = reply.stream->events().at(0);
  EXPECT_EQ(event["type"], "ERROR");
  EXPECT_EQ(event["object"]["code"], 410);
  EXPECT_EQ(event["object"]["reason"], "Expired");
  EXPECT_THAT(FindString(event, {"object", "message"}), StartsWith("too old resource version: 1 ("));
}

TEST(Watch, SendsBookmarksAndEndsInTime) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const std::string revision = RevisionNow(world);
  const auto stream =
      world.Watch(WatchPath("&allowWatchBookmarks=true&timeoutSeconds=90&resourceVersion=" + revision));
  world.clock.Advance(std::chrono::seconds(60));
  const Json bookmark = stream->Await(1).at(0);
  EXPECT_EQ(bookmark, Json({{"type", "BOOKMARK"},
                            {"object",
                             {{"kind", "Plugin"},
                              {"apiVersion", "patchbay.dev/v1"},
                              {"metadata", {{"resourceVersion", revision}}}}}}));
  EXPECT_FALSE(stream->closed());
  world.clock.Advance(std::chrono::seconds(30));
  EXPECT_TRUE(stream->AwaitClose());
  EXPECT_EQ(stream->events().size(), 2u);
}

TEST(Watch, SendsInitialEventsAndTheirEnd) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const auto stream = world.Watch(
      WatchPath("&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"));
  const auto events = stream->Await(2);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(TypeAndName(events[0]), "ADDED a");
  EXPECT_EQ(events[1]["type"], "BOOKMARK");
  EXPECT_EQ(FindString(events[1], {"object", "metadata", "annotations", "k8s.io/initial-events-end"}), "true");
  const Reply refused = world.Get(WatchPath("&sendInitialEvents=true"));
  EXPECT_EQ(refused.status, 422);
  EXPECT_EQ(world.Get(WatchPath("&resourceVersionMatch=NotOlderThan&resourceVersion=1")).status, 422);
}

TEST(Watch, OfTablesHasColumnsOnce) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const auto stream = world.Watch(WatchPath("&resourceVersion=" + RevisionNow(world)), kTableType);
  world.Merge(OneOf("a"), {{"spec", {{"replicas", 2}}}});
  world.Merge(OneOf("a"), {{"spec", {{"replicas", 3}}}});
  const auto events = stream->Await(2);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0]["object"]["kind"], "Table");
  EXPECT_EQ(events[0]["object"]["columnDefinitions"][0]["name"], "Name");
  EXPECT_TRUE(events[1]["object"]["columnDefinitions"].is_null());
  EXPECT_EQ(events[1]["object"]["rows"][0]["cells"][0], "a");
  EXPECT_EQ(events[1]["object"]["rows"][0]["object"]["kind"], "PartialObjectMetadata");
}

TEST(Watch, SharesItsBytes) {
  World world;
  const auto one = world.Watch(WatchPath());
  const auto two = world.Watch(WatchPath());
  world.Post(kPluginsPath, MakePlugin("a"));
  one->Await(1);
  two->Await(1);
  ASSERT_EQ(one->pieces().size(), 1u);
  EXPECT_EQ(one->pieces()[0].get(), two->pieces()[0].get());
}

TEST(Watch, SharesWhatOneCommitBrings) {
  World world({}, {}, store::MemoryStore::Turn::kPumped);
  world.Send("POST", "/api/v1/namespaces", R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}})");
  world.store.Pump();
  const auto one = world.Watch(WatchPath());
  const auto two = world.Watch(WatchPath());
  const auto few = world.Watch(WatchPath("&labelSelector=app%3Db"));
  std::vector<std::string> names;
  for (int i = 0; i < 60; ++i) {
    const Json labels = i == 7 || i == 9 ? Json{{"app", "b"}} : Json::object();
    Json plugin = MakePlugin("p" + std::to_string(i), labels);
    plugin["spec"]["args"] = Json::array({std::string(3'000, 'x')});
    world.Send("POST", kPluginsPath, DumpJson(plugin));
    names.push_back("p" + std::to_string(i));
  }
  world.store.Pump();
  std::vector<std::string> seen;
  for (const Json& event : one->Await(60)) seen.push_back(event["object"]["metadata"]["name"]);
  EXPECT_EQ(seen, names);
  two->Await(60);
  EXPECT_GT(one->pieces().size(), 1u);
  EXPECT_LT(one->pieces().size(), 20u);
  EXPECT_EQ(one->pieces(), two->pieces());
  const auto selected = few->Await(2);
  ASSERT_EQ(selected.size(), 2u);
  EXPECT_EQ(selected[1]["object"]["metadata"]["name"], "p9");
  EXPECT_EQ(few->pieces().size(), 1u);
}

TEST(Watch, IsForgottenWhenTheClientLeaves) {
  World world({.max_watches = 1});
  const auto stream = world.Watch(WatchPath());
  EXPECT_EQ(world.Get(WatchPath()).status, 429);
  stream->Leave();
  Reply reply;
  const MonoTime deadline = SystemClock().Mono() + std::chrono::seconds(10);
  do {
    reply = world.Get(WatchPath());
  } while (reply.status == 429 && SystemClock().Mono() < deadline);
  EXPECT_EQ(reply.status, 200);
}

TEST(Watch, EndsWithTheServer) {
  World world;
  const auto stream = world.Watch(WatchPath("&allowWatchBookmarks=true"));
  world.api->EndWatches();
  EXPECT_TRUE(stream->closed());
  EXPECT_EQ(world.Get(WatchPath()).status, 503);
}

TEST(Watch, KeepsToItsNamespace) {
  World world;
  world.Post("/api/v1/namespaces", {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "team"}}}});
  const auto stream = world.Watch("/apis/patchbay.dev/v1/namespaces/team/plugins?watch=true");
  const auto all = world.Watch("/apis/patchbay.dev/v1/plugins?watch=true");
  world.Post(kPluginsPath, MakePlugin("a"));
  world.Post("/apis/patchbay.dev/v1/namespaces/team/plugins", MakePlugin("b"));
  EXPECT_EQ(TypeAndName(stream->Await(1).at(0)), "ADDED b");
  EXPECT_EQ(all->Await(2).size(), 2u);
}

}  // namespace
}  // namespace patchbay::api

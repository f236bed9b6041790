#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "object/object.h"
#include "world.h"

namespace patchbay::api {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Update, MovesGenerationWithTheSpecAlone) {
  World world;
  Json plugin = world.Post(kPluginsPath, MakePlugin("a")).json();
  plugin["metadata"]["labels"] = {{"x", "y"}};
  const Json labelled = world.Put(OneOf("a"), plugin).json();
  EXPECT_EQ(GenerationOf(labelled), 1);
  EXPECT_GT(RevisionOf(labelled), RevisionOf(plugin));
  plugin = labelled;
  plugin["spec"]["replicas"] = 3;
  EXPECT_EQ(GenerationOf(world.Put(OneOf("a"), plugin).json()), 2);
}

TEST(Update, ThatChangesNothingChangesNothing) {
  World world;
  const Json plugin = world.Post(kPluginsPath, MakePlugin("a")).json();
  const int before = world.store.units_committed();
  const Reply reply = world.Put(OneOf("a"), plugin);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json(), plugin);
  EXPECT_EQ(world.store.units_committed(), before);
}

TEST(Update, NeedsAResourceVersionOnCustomKinds) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const Reply reply = world.Put(OneOf("a"), MakePlugin("a"));
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(reply.message(),
            "plugins.patchbay.dev \"a\" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified "
            "for an update");
  EXPECT_EQ(world.Put(OneOf("absent"), MakePlugin("absent")).status, 404);
}

TEST(Update, RefusesAStaleVersionAndAnotherUid) {
  World world;
  const Json old = world.Post(kPluginsPath, MakePlugin("a")).json();
  const Json now = world.Merge(OneOf("a"), {{"spec", {{"replicas", 2}}}}).json();
  const Reply stale = world.Put(OneOf("a"), old);
  EXPECT_EQ(stale.status, 409);
  EXPECT_EQ(stale.message(),
            "Operation cannot be fulfilled on plugins.patchbay.dev \"a\": the object has been modified; please apply "
            "your changes to the latest version and try again");
  Json other = now;
  other["metadata"]["uid"] = "00000000-0000-4000-8000-000000000004";
  EXPECT_EQ(world.Put(OneOf("a"), other).status, 409);
  EXPECT_EQ(world.Get(OneOf("a")).json(), now);
}

TEST(Update, WantsTheNameAndNamespaceOfTheUrl) {
  World world;
  Json plugin = world.Post(kPluginsPath, MakePlugin("a")).json();
  plugin["metadata"]["name"] = "b";
  EXPECT_EQ(world.Put(OneOf("a"), plugin).message(),
            "the name of the object (b) does not match the name on the URL (a)");
  EXPECT_EQ(world.Merge(OneOf("a"), {{"metadata", {{"namespace", "other"}}}}).message(),
            "the namespace of the object (other) does not match the namespace on the request (default)");
  EXPECT_EQ(world.Merge(OneOf("a"), {{"metadata", {{"uid", "x"}}}}).status, 422);
}

TEST(Update, KeepsStatusAndCleanup) {
  World world;
  Json plugin = world.Post(kPluginsPath, MakePlugin("a")).json();
  plugin["status"] = {{"phase", "Running"}};
  plugin["metadata"].erase("finalizers");
  plugin["spec"]["replicas"] = 2;
  const Json after = world.Put(OneOf("a"), plugin).json();
  EXPECT_EQ(FindString(after, {"status", "phase"}), "Pending");
  EXPECT_THAT(FinalizersOf(after), ElementsAre("patchbay.dev/cleanup"));
}

TEST(Patch, MergesAndTellsWhatChanged) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const Json after = world.Merge(OneOf("a"), {{"spec", {{"replicas", 2}, {"image", "b:2"}}}}).json();
  EXPECT_EQ(FindInt(after, {"spec", "replicas"}), 2);
  const Json events = world.Get("/api/v1/namespaces/default/events?fieldSelector=reason%3DUpdated").json();
  ASSERT_EQ(events["items"].size(), 1u);
  EXPECT_THAT(FindString(events["items"][0], {"message"}), HasSubstr("replicas"));
}

TEST(Patch, PutsDefaultsBackAfterANull) {
  World world;
  Json plugin = MakePlugin("a");
  plugin["spec"]["replicas"] = 5;
  world.Post(kPluginsPath, plugin);
  EXPECT_EQ(FindInt(world.Merge(OneOf("a"), {{"spec", {{"replicas", nullptr}}}}).json(), {"spec", "replicas"}), 1);
  EXPECT_THAT(world.Merge(OneOf("a"), {{"spec", {{"image", nullptr}}}}).causes(),
              Contains("spec.image: Required value"));
}

TEST(Patch, TakesJsonPatches) {
  World world;
  const Json plugin = world.Post(kPluginsPath, MakePlugin("a")).json();
  const HeaderList type = {{"Content-Type", "application/json-patch+json"}};
  const std::string version = FindString(plugin, {"metadata", "resourceVersion"});
  const Reply good = world.Call("PATCH", OneOf("a"),
                                R"([{"op":"test","path":"/metadata/resourceVersion","value":")" + version +
                                    R"("},{"op":"replace","path":"/spec/image","value":"z:9"}])",
                                type);
  EXPECT_EQ(FindString(good.json(), {"spec", "image"}), "z:9") << good.text;
  const Reply bad = world.Call("PATCH", OneOf("a"), R"([{"op":"remove","path":"/spec/nosuch"}])", type);
  EXPECT_EQ(bad.status, 422);
  EXPECT_THAT(bad.message(), HasSubstr("the server rejected our request due to an error in our request"));
  EXPECT_EQ(world.Call("PATCH", OneOf("a"), "{}", type).status, 400);
}

TEST(Patch, NamesTheTypesItTakes) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  for (const char* type : {"application/json", "application/strategic-merge-patch+json"}) {
    const Reply reply = world.Call("PATCH", OneOf("a"), "{}", {{"Content-Type", type}});
    EXPECT_EQ(reply.status, 415);
    EXPECT_THAT(reply.message(),
                HasSubstr("application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"));
  }
}

TEST(Patch, ChecksTheVersionItNames) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const Json patch = {{"metadata", {{"resourceVersion", "1"}}}, {"spec", {{"replicas", 2}}}};
  EXPECT_EQ(world.Merge(OneOf("a"), patch).status, 409);
}

TEST(Patch, FindsUnknownFields) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const Json patch = {{"spec", {{"nosuch", 1}}}};
  EXPECT_EQ(world.Merge(OneOf("a") + "?fieldValidation=Strict", patch).status, 400);
  const Reply warned = world.Merge(OneOf("a"), patch);
  EXPECT_EQ(warned.status, 200);
  EXPECT_TRUE(warned.headers.Has("Warning"));
}

TEST(Patch, SurvivesAFasterWriter) {
  World world({}, {}, store::MemoryStore::Turn::kPumped);
  auto created = world.Send("POST", "/api/v1/namespaces",
                            R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}})");
  world.store.Pump();
  ASSERT_EQ(created->Await().status, 201);
  auto plugin = world.Send("POST", kPluginsPath, DumpJson(MakePlugin("a")));
  world.store.Pump();
  ASSERT_EQ(plugin->Await().status, 201);
  const HeaderList merge = {{"Content-Type", "application/merge-patch+json"}};
  auto one = world.Send("PATCH", OneOf("a"), R"({"metadata":{"labels":{"one":"1"}}})", merge);
  auto two = world.Send("PATCH", OneOf("a"), R"({"metadata":{"labels":{"two":"2"}}})", merge);
  while (world.store.Pump() > 0) {
  }
  EXPECT_EQ(one->Await().status, 200);
  EXPECT_EQ(two->Await().status, 200);
  const Json labels = world.Get(OneOf("a")).json()["metadata"]["labels"];
  EXPECT_EQ(labels, Json({{"one", "1"}, {"two", "2"}}));
}

TEST(Status, IsWrittenAlone) {
  World world;
  Json plugin = world.Post(kPluginsPath, MakePlugin("a")).json();
  const Json after =
      world.Merge(OneOf("a") + "/status", {{"status", {{"phase", "Running"}}}, {"spec", {{"replicas", 9}}}}).json();
  EXPECT_EQ(FindString(after, {"status", "phase"}), "Running");
  EXPECT_EQ(FindInt(after, {"spec", "replicas"}), 1);
  EXPECT_EQ(GenerationOf(after), 1);
  EXPECT_EQ(world.Get(OneOf("a") + "/status").json(), after);
  EXPECT_EQ(world.Put(OneOf("a") + "/status", plugin).status, 409);
  EXPECT_EQ(world.Get("/api/v1/namespaces/default/secrets/x/status").status, 404);
}

TEST(Scale, IsAWindowOnReplicas) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const Reply patched = world.Merge(OneOf("a") + "/scale", {{"spec", {{"replicas", 3}}}});
  EXPECT_EQ(patched.status, 200);
  Json scale = patched.json();
  EXPECT_EQ(scale["kind"], "Scale");
  EXPECT_EQ(scale["apiVersion"], "autoscaling/v1");
  EXPECT_EQ(scale["spec"], Json({{"replicas", 3}}));
  EXPECT_EQ(GenerationOf(world.Get(OneOf("a")).json()), 2);
  scale["spec"]["replicas"] = 4;
  EXPECT_EQ(world.Call("PUT", OneOf("a") + "/scale", DumpJson(scale)).status, 200);  // kubectl sends no Content-Type
  EXPECT_EQ(FindInt(world.Get(OneOf("a") + "/scale").json(), {"spec", "replicas"}), 4);
  EXPECT_THAT(world.Merge(OneOf("a") + "/scale", {{"spec", {{"replicas", 100000}}}}).causes(),
              Contains(HasSubstr("spec.replicas: Invalid value: 100000")));
  const Json table = world.Get(OneOf("a") + "/scale", kTableType).json();
  EXPECT_EQ(table["columnDefinitions"][1]["name"], "Desired");
  EXPECT_EQ(table["rows"][0]["cells"], Json::parse(R"(["a",4,0,"0s"])"));
  EXPECT_EQ(world.Call("POST", OneOf("a") + "/scale", "{}").status, 405);
  EXPECT_EQ(world.Merge(std::string(kRoutesPath) + "/a/scale", {{"spec", {{"replicas", 2}}}}).status, 404);
}

TEST(Outage, IsToldWithATimeToComeBack) {
  World world;
  world.store.SetAway(true);
  const Reply away = world.Post(kPluginsPath, MakePlugin("a"));
  EXPECT_EQ(away.status, 503);
  EXPECT_EQ(away.reason(), "ServiceUnavailable");
  EXPECT_TRUE(away.headers.Has("Retry-After"));
  world.store.SetAway(false);
  EXPECT_EQ(world.Post(kPluginsPath, MakePlugin("a")).status, 201);
}

TEST(Outage, DoesNotPileUpWrites) {
  World world({.max_writes_waiting = 1}, {}, store::MemoryStore::Turn::kPumped);
  const std::string body = R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":")";
  auto first = world.Send("POST", "/api/v1/namespaces", body + "a\"}}");
  const Reply second = world.Call("POST", "/api/v1/namespaces", body + "b\"}}");
  EXPECT_EQ(second.status, 429);
  EXPECT_TRUE(second.headers.Has("Retry-After"));
  world.store.Pump();
  EXPECT_EQ(first->Await().status, 201);
  auto third = world.Send("POST", "/api/v1/namespaces", body + "b\"}}");
  world.store.Pump();
  EXPECT_EQ(third->Await().status, 201);
}

}  // namespace
}  // namespace patchbay::api

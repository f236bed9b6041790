#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "object/object.h"
#include "world.h"

namespace patchbay::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Names(const Json& list) {
  std::vector<std::string> names;
  for (const Json& item : list["items"]) names.push_back(NameOf(item));
  return names;
}

std::string ListPath(const std::string& query) { return std::string(kPluginsPath) + "?" + query; }

void AddFive(World& world) {
  for (const char* name : {"e", "c", "a", "d", "b"}) {
    world.Post(kPluginsPath, MakePlugin(name, {{"tier", name[0] < 'c' ? "front" : "back"}}));
  }
}

TEST(Get, SendsTheBytesOfTheCache) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const Reply reply = world.Get(OneOf("a"));
  ASSERT_EQ(reply.pieces.size(), 1u);
  EXPECT_EQ(reply.pieces[0].get(), world.cache.Get({std::string(kPlugins), "default", "a"})->bytes.get());
  EXPECT_EQ(reply.headers.Get("Content-Type"), "application/json");
  EXPECT_EQ(reply.headers.Get("Cache-Control"), "no-cache, private");
}

TEST(Get, SaysWhatIsNotThere) {
  World world;
  const Reply reply = world.Get(OneOf("nope"));
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.json(), Json::parse(R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
      "message":"plugins.patchbay.dev \"nope\" not found","reason":"NotFound",
      "details":{"name":"nope","group":"patchbay.dev","kind":"plugins"},"code":404})"));
  EXPECT_EQ(world.Get("/apis/patchbay.dev/v1/namespaces/default/nopes").text, "404 page not found\n");
  EXPECT_EQ(world.Get("/apis/nope.dev/v1/things").status, 404);
  EXPECT_EQ(world.Get(OneOf("nope") + "/nosub").message(), "plugins.patchbay.dev \"nope\" not found");
  EXPECT_TRUE(world.Get("/nope").json().contains("paths"));
}

TEST(Get, WaitsForNoVersionThatIsNotThere) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const Reply reply = world.Get(OneOf("a") + "?resourceVersion=99999999");
  EXPECT_EQ(reply.status, 504);
  EXPECT_THAT(reply.message(), HasSubstr("Too large resource version: 99999999"));
}

TEST(Method, ThatDoesNotFitIsRefused) {
  World world;
  EXPECT_EQ(world.Put(kPluginsPath, MakePlugin("x")).message(), "name must be provided");
  EXPECT_EQ(world.Merge(kPluginsPath, Json::object()).message(), "name must be provided");
  const Reply options = world.Call("OPTIONS", kPluginsPath);
  EXPECT_EQ(options.status, 405);
  EXPECT_EQ(options.message(), " is not supported on resources of kind \"plugins.patchbay.dev\"");
  EXPECT_EQ(world.Post(OneOf("a") + "/status", Json::object()).message(),
            "create is not supported on resources of kind \"plugins.patchbay.dev\"");
}

TEST(List, IsSortedAndSharesBytes) {
  World world;
  AddFive(world);
  const Reply reply = world.Get(kPluginsPath);
  EXPECT_THAT(Names(reply.json()), ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_EQ(reply.json()["kind"], "PluginList");
  EXPECT_EQ(reply.json()["apiVersion"], "patchbay.dev/v1");
  EXPECT_EQ(reply.pieces[1].get(), world.cache.Get({std::string(kPlugins), "default", "a"})->bytes.get());
}

TEST(List, SelectsByLabelsAndFields) {
  World world;
  AddFive(world);
  EXPECT_THAT(Names(world.Get(ListPath("labelSelector=tier%3Dfront")).json()), ElementsAre("a", "b"));
  EXPECT_THAT(Names(world.Get(ListPath("labelSelector=tier%20notin%20(front)")).json()), ElementsAre("c", "d", "e"));
  EXPECT_THAT(Names(world.Get(ListPath("fieldSelector=metadata.name%3Dd")).json()), ElementsAre("d"));
  EXPECT_EQ(world.Get(ListPath("fieldSelector=spec.image%3Dx")).message(), "field label not supported: spec.image");
  EXPECT_EQ(world.Get(ListPath("labelSelector=app%20in%20(")).status, 400);
  EXPECT_EQ(world.Get(ListPath("limit=x")).message(), "strconv.ParseInt: parsing \"x\": invalid syntax");
}

TEST(List, ComesInPagesOfOneVersion) {
  World world;
  AddFive(world);
  const Json first = world.Get(ListPath("limit=2")).json();
  EXPECT_THAT(Names(first), ElementsAre("a", "b"));
  EXPECT_EQ(FindInt(first, {"metadata", "remainingItemCount"}), 3);
  world.Post(kPluginsPath, MakePlugin("bb"));
  world.Merge(OneOf("c"), {{"spec", {{"replicas", 7}}}});
  const std::string token = FindString(first, {"metadata", "continue"});
  const Json second = world.Get(ListPath("limit=2&continue=" + EncodeUrl(token))).json();
  EXPECT_THAT(Names(second), ElementsAre("c", "d"));
  EXPECT_EQ(FindInt(second["items"][0], {"spec", "replicas"}), 1);
  EXPECT_EQ(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
  const std::string last = FindString(second, {"metadata", "continue"});
  const Json third = world.Get(ListPath("limit=2&continue=" + EncodeUrl(last))).json();
  EXPECT_THAT(Names(third), ElementsAre("e"));
  EXPECT_EQ(FindString(third, {"metadata", "continue"}), "");
}

TEST(List, ChecksItsParameters) {
  World world;
  AddFive(world);
  const std::string token = FindString(world.Get(ListPath("limit=2")).json(), {"metadata", "continue"});
  EXPECT_EQ(world.Get(ListPath("limit=2&resourceVersion=1&continue=" + EncodeUrl(token))).message(),
            "specifying resource version is not allowed when using continue");
  EXPECT_THAT(world.Get(ListPath("continue=garbage")).message(), HasSubstr("continue key is not valid"));
  EXPECT_EQ(world.Get(ListPath("resourceVersionMatch=Exact")).status, 422);
  EXPECT_EQ(world.Get(ListPath("resourceVersionMatch=Nope&resourceVersion=1")).status, 422);
  EXPECT_EQ(world.Get(ListPath("resourceVersion=x")).status, 400);
  EXPECT_EQ(world.Get(ListPath("resourceVersion=99999999")).status, 504);
  EXPECT_EQ(world.Get(ListPath("resourceVersion=0&limit=2")).json()["items"].size(), 5u);
}

TEST(List, OfAnAbsentNamespaceIsEmpty) {
  World world;
  const Reply reply = world.Get("/apis/patchbay.dev/v1/namespaces/nowhere/plugins");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()["items"].size(), 0u);
}

TEST(Form, MayBeATable) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const Json table = world.Get(kPluginsPath, kTableType).json();
  EXPECT_EQ(table["kind"], "Table");
  EXPECT_EQ(table["apiVersion"], "meta.k8s.io/v1");
  EXPECT_EQ(table["columnDefinitions"][0]["name"], "Name");
  EXPECT_EQ(table["rows"][0]["cells"].size(), table["columnDefinitions"].size());
  EXPECT_EQ(table["rows"][0]["cells"][0], "a");
  EXPECT_EQ(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
  const std::string one = "application/json;as=Table;g=meta.k8s.io;v=v1";
  EXPECT_TRUE(world.Get(OneOf("a") + "?includeObject=None", one).json()["rows"][0]["object"].is_null());
  EXPECT_EQ(world.Get(OneOf("a") + "?includeObject=Object", one).json()["rows"][0]["object"]["kind"], "Plugin");
  EXPECT_EQ(world.Get(OneOf("a") + "?includeObject=Nope", one).status, 400);
}

TEST(Form, MayBeMetadataAlone) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const Json one = world.Get(OneOf("a"), "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1").json();
  EXPECT_EQ(one["kind"], "PartialObjectMetadata");
  EXPECT_EQ(NameOf(one), "a");
  EXPECT_FALSE(one.contains("spec"));
  const Json all = world.Get(kPluginsPath, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").json();
  EXPECT_EQ(all["kind"], "PartialObjectMetadataList");
  EXPECT_EQ(all["items"].size(), 1u);
}

TEST(Form, MayBeYamlAndNothingElse) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const Reply yaml = world.Get(OneOf("a"), "application/json;q=0.5, application/yaml");
  EXPECT_EQ(yaml.headers.Get("Content-Type"), "application/yaml");
  EXPECT_THAT(yaml.text, HasSubstr("kind: Plugin\n"));
  for (const char* type : {"application/xml", "application/cbor", "application/json;as=Nope;g=meta.k8s.io;v=v1"}) {
    EXPECT_EQ(world.Get(kPluginsPath, type).status, 406) << type;
  }
  EXPECT_EQ(world.Get(kPluginsPath, "application/vnd.kubernetes.protobuf, application/json").status, 200);
}

TEST(Api, AnswersNothingBeforeTheFirstLoad) {
  FakeClock clock;
  Random random(1);
  store::MemoryStore store(clock);
  cache::Cache cache(store, clock, NullMeter());
  cache::Committer committer(store, cache, clock, random, "x");
  Api api(Kinds::Embedded(), cache, committer, clock, random, NullMeter(), {}, {});
  auto exchange = std::make_shared<FakeExchange>(World::MakeRequest("GET", kPluginsPath));
  api.Serve(exchange);
  EXPECT_EQ(exchange->Await().status, 503);
}

}  // namespace
}  // namespace patchbay::api

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "object/object.h"
#include "world.h"

namespace patchbay::api {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(Create, AnswersTheObjectWithItsIdentityAndFirstStatus) {
  World world;
  const Reply reply = world.Post(kPluginsPath, MakePlugin("echo", {{"app", "echo"}}));
  ASSERT_EQ(reply.status, 201) << reply.text;
  const Json object = reply.json();
  EXPECT_EQ(NameOf(object), "echo");
  EXPECT_EQ(NamespaceOf(object), "default");
  EXPECT_EQ(UidOf(object).size(), 36u);
  EXPECT_EQ(GenerationOf(object), 1);
  EXPECT_GT(RevisionOf(object), 0);
  EXPECT_EQ(FindString(object, {"metadata", "creationTimestamp"}), "2027-01-15T08:00:00Z");
  EXPECT_EQ(FindInt(object, {"spec", "replicas"}), 1);
  EXPECT_THAT(FinalizersOf(object), ElementsAre("patchbay.dev/cleanup"));
  EXPECT_EQ(FindString(object, {"status", "phase"}), "Pending");
  EXPECT_EQ(FindInt(object, {"status", "observedGeneration"}, -1), 0);
  EXPECT_EQ(FindCondition(object, "Ready")->status, "False");
  EXPECT_EQ(FindCondition(object, "Reconciling")->status, "True");
  EXPECT_EQ(reply.text, world.Get(OneOf("echo")).text);
}

TEST(Create, TellsAnEventInTheSameCommit) {
  World world;
  const int before = world.store.units_committed();
  world.Post(kPluginsPath, MakePlugin("echo"));
  EXPECT_EQ(world.store.units_committed(), before + 1);
  const Json events = world.Get("/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Decho,"
                                "involvedObject.kind%3DPlugin")
                          .json();
  ASSERT_EQ(events["items"].size(), 1u);
  EXPECT_EQ(events["items"][0]["reason"], "Created");
}

TEST(Create, TakesACoreObjectByItsAddress) {
  World world;
  const Reply reply = world.Post("/api/v1/namespaces/default/configmaps", {{"metadata", {{"name", "c"}}}});
  ASSERT_EQ(reply.status, 201) << reply.text;
  EXPECT_EQ(reply.text.find(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{)"), 0U) << reply.text;
  EXPECT_EQ(world.Post(kPluginsPath, {{"metadata", {{"name", "p"}}}, {"spec", {{"image", "i"}}}}).status, 400);
}

TEST(Create, RefusesANameThatIsTaken) {
  World world;
  world.Post(kPluginsPath, MakePlugin("echo"));
  const Reply again = world.Post(kPluginsPath, MakePlugin("echo"));
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.reason(), "AlreadyExists");
  EXPECT_EQ(again.message(), "plugins.patchbay.dev \"echo\" already exists");
  const Json details = again.json()["details"];
  EXPECT_EQ(details["name"], "echo");
  EXPECT_EQ(details["group"], "patchbay.dev");
  EXPECT_EQ(details["kind"], "plugins");
}

TEST(Create, SaysThatTheOldOneIsBeingDeleted) {
  World world;
  world.Post(kPluginsPath, MakePlugin("fin"));
  world.Delete(OneOf("fin"));
  EXPECT_EQ(world.Post(kPluginsPath, MakePlugin("fin")).message(),
            "object is being deleted: plugins.patchbay.dev \"fin\" already exists");
}

TEST(Create, GeneratesNames) {
  World world;
  Json plugin = MakePlugin("x");
  plugin["metadata"] = {{"generateName", "job-"}};
  const Json one = world.Post(kPluginsPath, plugin).json();
  const Json two = world.Post(kPluginsPath, plugin).json();
  EXPECT_THAT(NameOf(one), MatchesRegex("job-[bcdfghjklmnpqrstvwxz2456789]{5}"));
  EXPECT_NE(NameOf(one), NameOf(two));
}

TEST(Create, NeedsAName) {
  World world;
  Json plugin = MakePlugin("x");
  plugin["metadata"] = Json::object();
  const Reply reply = world.Post(kPluginsPath, plugin);
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(reply.message(),
            "Plugin.patchbay.dev \"\" is invalid: metadata.name: Required value: name or generateName is required");
}

TEST(Create, StoresNothingInADryRun) {
  World world;
  const Reply reply = world.Post(std::string(kPluginsPath) + "?dryRun=All", MakePlugin("ghost"));
  EXPECT_EQ(reply.status, 201);
  EXPECT_FALSE(UidOf(reply.json()).empty());
  EXPECT_EQ(RevisionOf(reply.json()), 0);
  EXPECT_EQ(FindInt(reply.json(), {"spec", "replicas"}), 1);
  EXPECT_EQ(world.Get(OneOf("ghost")).status, 404);
}

TEST(Create, KnowsOnlyOneDryRun) {
  World world;
  for (const char* value : {"true", ""}) {
    const Reply reply = world.Post(std::string(kPluginsPath) + "?dryRun=" + value, MakePlugin("x"));
    EXPECT_EQ(reply.status, 422);
    EXPECT_EQ(reply.message(), std::string("CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: "
                                           "[]string{\"") + value + "\"}: supported values: \"All\"");
  }
}

TEST(Create, TellsAllThatIsWrongAtOnce) {
  World world;
  Json plugin = MakePlugin("Bad_Name");
  plugin["spec"] = {{"replicas", -1}, {"enabled", "yes"}};
  const Reply reply = world.Post(kPluginsPath, plugin);
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(reply.reason(), "Invalid");
  EXPECT_THAT(reply.causes(), Contains(HasSubstr("metadata.name: Invalid value: \"Bad_Name\": a lowercase RFC 1123")));
  EXPECT_THAT(reply.causes(), Contains("spec.image: Required value"));
  EXPECT_THAT(reply.causes(), Contains(HasSubstr("spec.replicas: Invalid value: -1")));
  EXPECT_THAT(reply.causes(), Contains(HasSubstr("spec.enabled: ")));
  EXPECT_EQ(reply.json()["details"]["kind"], "Plugin");
  EXPECT_EQ(world.cache.Count(kPlugins), 0u);
}

TEST(Create, WantsANamespaceThatIsThere) {
  World world;
  const Reply reply = world.Post("/apis/patchbay.dev/v1/namespaces/none/plugins", MakePlugin("x"));
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.message(), "namespaces \"none\" not found");
  EXPECT_EQ(reply.json()["details"], Json({{"name", "none"}, {"kind", "namespaces"}}));
}

TEST(Create, WantsTheNamespaceOfThePath) {
  World world;
  Json plugin = MakePlugin("x");
  plugin["metadata"]["namespace"] = "other";
  EXPECT_EQ(world.Post(kPluginsPath, plugin).message(),
            "the namespace of the provided object does not match the namespace sent on the request");
}

TEST(Create, WantsTheKindOfThePath) {
  World world;
  Json plugin = MakePlugin("x");
  plugin["apiVersion"] = "patchbay.dev/v2";
  EXPECT_EQ(world.Post(kPluginsPath, plugin).message(),
            "the API version in the data (patchbay.dev/v2) does not match the expected API version (patchbay.dev/v1)");
  plugin = MakePlugin("x");
  plugin["kind"] = "Route";
  const Reply other = world.Post(kPluginsPath, plugin);
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.message(), "Route.patchbay.dev \"x\" is invalid: kind: Invalid value: \"Route\": must be Plugin");
  plugin.erase("kind");
  EXPECT_EQ(world.Post(kPluginsPath, plugin).status, 400);
}

TEST(Create, IgnoresWhatOnlyTheServerMaySay) {
  World world;
  Json plugin = MakePlugin("x");
  plugin["metadata"]["uid"] = "mine";
  plugin["metadata"]["generation"] = 99;
  plugin["metadata"]["creationTimestamp"] = nullptr;
  plugin["metadata"]["managedFields"] = Json::array({{{"manager", "me"}}});
  plugin["status"] = {{"phase", "Running"}};
  const Json object = world.Post(kPluginsPath, plugin).json();
  EXPECT_NE(UidOf(object), "mine");
  EXPECT_EQ(GenerationOf(object), 1);
  EXPECT_THAT(DumpJson(object["metadata"]["managedFields"]), testing::Not(HasSubstr("\"me\"")));
  EXPECT_EQ(FindString(object, {"status", "phase"}), "Pending");
}

TEST(Create, RefusesAResourceVersion) {
  World world;
  Json plugin = MakePlugin("x");
  plugin["metadata"]["resourceVersion"] = "1";
  EXPECT_EQ(world.Post(kPluginsPath, plugin).message(),
            "resourceVersion should not be set on objects to be created");
}

TEST(Body, IsRefusedWhenItIsNoObject) {
  World world;
  for (const char* body : {"not json", "", "[]", "{\"apiVersion\":"}) {
    const Reply reply = world.Call("POST", kPluginsPath, body, {{"Content-Type", "application/json"}});
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_EQ(reply.reason(), "BadRequest");
    EXPECT_THAT(reply.message(), HasSubstr("the object provided is unrecognized (must be of type Plugin)"));
  }
}

TEST(Body, MayBeYaml) {
  World world;
  const Reply reply = world.Call(
      "POST", kPluginsPath, "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: y}\nspec:\n  image: a:1\n",
      {{"Content-Type", "application/yaml"}});
  EXPECT_EQ(reply.status, 201) << reply.text;
}

TEST(Body, OfAnotherTypeIsRefusedByName) {
  World world;
  for (const char* type : {"text/plain", "application/cbor", "application/vnd.kubernetes.protobuf"}) {
    const Reply reply = world.Call("POST", kPluginsPath, DumpJson(MakePlugin("x")), {{"Content-Type", type}});
    EXPECT_EQ(reply.status, 415);
    EXPECT_EQ(reply.reason(), "UnsupportedMediaType");
    EXPECT_THAT(reply.message(), HasSubstr("application/json, application/yaml"));
  }
}

TEST(FieldValidation, RefusesUnderStrict) {
  World world;
  const std::string body =
      R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","metadata":{"name":"x","nome":1},)"
      R"("spec":{"image":"a","image":"b","nosuch":1}})";
  const Reply reply = world.Call("POST", std::string(kPluginsPath) + "?fieldValidation=Strict", body);
  EXPECT_EQ(reply.status, 400);
  EXPECT_THAT(reply.message(),
              HasSubstr("Plugin in version \"v1\" cannot be handled as a Plugin: strict decoding error: "));
  EXPECT_THAT(reply.message(), HasSubstr("duplicate field \"spec.image\""));
  EXPECT_THAT(reply.message(), HasSubstr("unknown field \"metadata.nome\""));
  EXPECT_THAT(reply.message(), HasSubstr("unknown field \"spec.nosuch\""));
}

TEST(FieldValidation, WarnsUnlessToldOtherwise) {
  World world;
  Json plugin = MakePlugin("x");
  plugin["spec"]["nosuch"] = 1;
  const Reply warned = world.Post(kPluginsPath, plugin);
  EXPECT_EQ(warned.status, 201);
  EXPECT_EQ(warned.headers.Get("Warning"), "299 - \"unknown field \\\"spec.nosuch\\\"\"");
  EXPECT_FALSE(warned.json()["spec"].contains("nosuch"));
  plugin["metadata"]["name"] = "y";
  const Reply ignored = world.Post(std::string(kPluginsPath) + "?fieldValidation=Ignore", plugin);
  EXPECT_EQ(ignored.status, 201);
  EXPECT_FALSE(ignored.headers.Has("Warning"));
  EXPECT_EQ(world.Post(std::string(kPluginsPath) + "?fieldValidation=Nope", plugin).status, 422);
}

}  // namespace
}  // namespace patchbay::api

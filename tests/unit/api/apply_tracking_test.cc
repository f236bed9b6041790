// Who owns what after writes that are no apply.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply_world.h"
#include "object/object.h"

namespace patchbay::api {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSetReplicas = R"({"f:spec":{"f:replicas":{}}})";

Json CreateEcho(World& world, const std::string& manager = "setup") {
  return world.Post(std::string(kPluginsPath) + "?fieldManager=" + manager, Echo()).json();
}

// create, apply-client-to-server-side
TEST(Tracking, GivesANewObjectToItsCreator) {
  World world;
  const Json object = CreateEcho(world);
  ASSERT_EQ(OwnersOf(object), 1u);
  const std::string fields = OwnedBy(object, "setup", "Update");
  EXPECT_THAT(fields, HasSubstr(R"({"f:metadata":{"f:labels":{".":{},"f:app":{}}},"f:spec":{".":{},)"));
  EXPECT_THAT(
      fields,
      HasSubstr(R"("f:env":{".":{},"k:{\"name\":\"GREETING\"}":{".":{},"f:name":{},"f:value":{}}},"f:image":{},)"));
  EXPECT_THAT(fields, HasSubstr(R"("f:ports":{".":{},"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},)"
                                R"("f:containerPort":{},"f:name":{},"f:protocol":{}}})"));
  EXPECT_THAT(fields, HasSubstr("f:replicas"));
  EXPECT_THAT(fields, Not(HasSubstr("f:status")));
}

TEST(Tracking, NamesWhoDoesNotNameHimselfByHisUserAgent) {
  World world;
  const auto create = [&](const std::string& name, const HeaderList& headers) {
    HeaderList all = headers;
    all.emplace_back("Content-Type", "application/json");
    return world.Call("POST", kPluginsPath, DumpJson(MakePlugin(name)), all).json();
  };
  EXPECT_NE(OwnedBy(create("a", {{"User-Agent", "curl/8.0.0"}}), "curl", "Update"), "");
  EXPECT_NE(OwnedBy(create("b", {{"User-Agent", std::string(200, 'x')}}), std::string(128, 'x'), "Update"), "");
  EXPECT_NE(OwnedBy(create("c", {}), "unknown", "Update"), "");
}

TEST(Tracking, GivesChangedFieldsToWhoChangedThem) {
  World world;
  Json object = CreateEcho(world);
  world.clock.Advance(std::chrono::minutes(5));
  object["spec"]["replicas"] = 2;
  object["spec"]["workingDir"] = "/";
  object["spec"].erase("env");
  const Json after = world.Put(kEcho + "?fieldManager=editor", object).json();
  EXPECT_EQ(OwnedBy(after, "editor", "Update"), R"({"f:spec":{"f:replicas":{},"f:workingDir":{}}})");
  EXPECT_THAT(OwnedBy(after, "setup", "Update"), Not(HasSubstr("replicas")));
  EXPECT_THAT(OwnedBy(after, "setup", "Update"), Not(HasSubstr("GREETING")));
  EXPECT_NE(FindString(after["metadata"]["managedFields"][0], {"time"}),
            FindString(after["metadata"]["managedFields"][1], {"time"}));
}

TEST(Tracking, OfAWriteThatChangesNothingMovesNoTime) {
  World world;
  const Json object = CreateEcho(world);
  world.clock.Advance(std::chrono::hours(1));
  EXPECT_EQ(world.Put(kEcho + "?fieldManager=editor", object).json(), object);
  EXPECT_EQ(world.Merge(kEcho + "?fieldManager=editor", {{"spec", {{"replicas", 1}}}}).json(), object);
}

TEST(Tracking, KnowsTheSubresource) {
  World world;
  CreateEcho(world);
  const Json seen = world.Merge(kEcho + "/status?fieldManager=watcher", {{"status", {{"ready", "1/1"}}}}).json();
  EXPECT_EQ(OwnedBy(seen, "watcher", "Update", "status"), R"({"f:status":{"f:ready":{}}})");
  world.Merge(kEcho + "/scale?fieldManager=kubectl", {{"spec", {{"replicas", 5}}}});
  const Json scaled = world.Get(kEcho).json();
  EXPECT_EQ(OwnedBy(scaled, "kubectl", "Update", "scale"), kSetReplicas);
  EXPECT_THAT(OwnedBy(scaled, "setup", "Update"), Not(HasSubstr("replicas")));
  EXPECT_EQ(OwnersOf(scaled), 3u);
  Json config = Echo();
  config["spec"]["replicas"] = 2;
  EXPECT_EQ(ApplyAs(world, "helm", kEcho, config).message(),
            "Apply failed with 1 conflict: conflict with \"kubectl\" with subresource \"scale\" using patchbay.dev/v1: "
            ".spec.replicas");
}

std::string AScale(const std::string& spec) {
  return "apiVersion: autoscaling/v1\nkind: Scale\nmetadata: {name: echo, namespace: default}\nspec: " + spec + "\n";
}
Reply ApplyScale(World& world, const std::string& manager, const std::string& body, const std::string& more = "") {
  return world.Call("PATCH", kEcho + "/scale?fieldManager=" + manager + more, body,
                    {{"Content-Type", "application/apply-patch+yaml"}});
}

TEST(Tracking, OfAnAppliedScale) {
  World world;
  Json config = Echo();
  config["spec"]["replicas"] = 2;
  ASSERT_LT(ApplyAs(world, "setup", kEcho, config).status, 300);
  const Reply refused = ApplyScale(world, "hpa", AScale("{replicas: 3}"));
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.message(), "Apply failed with 1 conflict: conflict with \"setup\": .spec.replicas");
  const Reply forced = ApplyScale(world, "hpa", AScale("{replicas: 3}"), "&force=true");
  EXPECT_EQ(forced.status, 200);
  EXPECT_EQ(forced.json()["kind"], "Scale");
  EXPECT_EQ(FindInt(forced.json(), {"spec", "replicas"}), 3);
  const Json scaled = world.Get(kEcho).json();
  EXPECT_EQ(OwnedBy(scaled, "hpa", "Apply", "scale"), kSetReplicas);
  EXPECT_THAT(OwnedBy(scaled, "setup", "Apply"), Not(HasSubstr("replicas")));
  EXPECT_EQ(scaled["spec"]["image"], Echo()["spec"]["image"]);
  world.clock.Advance(std::chrono::hours(1));
  EXPECT_EQ(ApplyScale(world, "hpa", AScale("{replicas: 3}")).status, 200);
  EXPECT_EQ(world.Get(kEcho).json(), scaled);
}

TEST(Tracking, OfAnAppliedScaleThatIsNone) {
  World world;
  CreateEcho(world);
  EXPECT_THAT(ApplyScale(world, "hpa", AScale("{nosuch: 3}")).message(),
              HasSubstr(".spec.nosuch: field not declared in schema"));
  EXPECT_THAT(ApplyScale(world, "hpa", AScale("{replicas: many}")).message(), HasSubstr("expected numeric"));
  EXPECT_EQ(ApplyScale(world, "hpa", AScale("{replicas: -1}"), "&force=true").status, 422);
  EXPECT_EQ(ApplyScale(world, "hpa", DumpJson(Echo())).status, 400);
  EXPECT_EQ(ApplyScale(world, "", AScale("{replicas: 3}")).status, 422);
  EXPECT_EQ(world.Call("PATCH", OneOf("other") + "/scale?fieldManager=hpa",
                       "apiVersion: autoscaling/v1\nkind: Scale\nmetadata: {name: other}\nspec: {replicas: 1}\n",
                       {{"Content-Type", "application/apply-patch+yaml"}})
                .status,
            404);
}

TEST(Tracking, IsNoConcernOfTheOperator) {
  World world;
  const Json before = CreateEcho(world);
  const Key key{std::string(kPlugins), "default", "echo"};
  ASSERT_TRUE(world.committer
                  .Update(key, UidOf(before),
                          [](Json& object, cache::Committer::Notes&) { object["status"]["phase"] = "Running"; })
                  .ok());
  const Json after = world.Get(kEcho).json();
  EXPECT_EQ(FindString(after, {"status", "phase"}), "Running");
  EXPECT_EQ(after["metadata"]["managedFields"], before["metadata"]["managedFields"]);
}

TEST(Tracking, LeavesALargeObjectReadable) {
  World world;
  Json plugin = Echo();
  Json config = Json::object();
  for (int i = 0; i < 60'000; ++i) {
    config.get_ref<Json::object_t&>().emplace_back("a-member-of-some-length-" + std::to_string(i), i);
  }
  plugin["spec"]["config"] = std::move(config);
  const Reply reply = world.Post(kPluginsPath, plugin);
  ASSERT_EQ(reply.status, 201);
  EXPECT_GT(reply.text.size(), JsonLimits{}.bytes);
  const auto run = [](Json& object, cache::Committer::Notes&) { object["status"]["phase"] = "Running"; };
  EXPECT_TRUE(world.committer.Update({std::string(kPlugins), "default", "echo"}, "", run).ok());
  EXPECT_EQ(world.Merge(kEcho, {{"spec", {{"replicas", 2}}}}).status, 200);
}

TEST(Tracking, GivesTheCleanupFinalizerToNobody) {
  World world;
  const Json object = CreateEcho(world);
  EXPECT_EQ(object["metadata"]["finalizers"].size(), 1u);
  EXPECT_THAT(OwnedBy(object, "setup", "Update"), Not(HasSubstr("finalizers")));
  const Json more =
      world.Merge(kEcho + "?fieldManager=f", {{"metadata", {{"finalizers", {"patchbay.dev/cleanup", "my.dev/x"}}}}})
          .json();
  EXPECT_EQ(OwnedBy(more, "f", "Update"), R"({"f:metadata":{"f:finalizers":{"v:\"my.dev/x\"":{}}}})");
}

TEST(Tracking, OfBuiltinKinds) {
  World world;
  Json secret = MakeSecret("s");
  secret["stringData"] = {{"k", "v"}};
  const Json created = world.Post("/api/v1/namespaces/default/secrets?fieldManager=curl", secret).json();
  EXPECT_TRUE(EqualJson(Json::parse(OwnedBy(created, "curl", "Update")),
                        Json::parse(R"({"f:data":{".":{},"f:k":{}},"f:type":{}})")));
  const Json ns = world
                      .Post("/api/v1/namespaces?fieldManager=kubectl-create",
                            {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "n"}}}})
                      .json();
  EXPECT_EQ(OwnedBy(ns, "kubectl-create", "Update"),
            R"({"f:metadata":{"f:labels":{".":{},"f:kubernetes.io/metadata.name":{}}}})");
}

TEST(Tracking, MayBeClearedByOneEmptyEntry) {
  World world;
  CreateEcho(world);
  const Json cleared = world.Merge(kEcho, {{"metadata", {{"managedFields", Json::array({Json::object()})}}}}).json();
  EXPECT_FALSE(cleared["metadata"].contains("managedFields"));
  EXPECT_EQ(OwnersOf(world.Merge(kEcho, {{"spec", {{"replicas", 2}}}}).json()), 0u);
  Json config = Echo();
  config["spec"]["image"] = "demo/echo:2";
  EXPECT_EQ(ApplyAs(world, "m", kEcho, config).message(),
            "Apply failed with 1 conflict: conflict with \"before-first-apply\" using patchbay.dev/v1: .spec.image");
  const Json object = ApplyAs(world, "m", kEcho, Echo()).json();
  EXPECT_EQ(OwnedBy(object, "m"), kEchoFields);
  EXPECT_THAT(OwnedBy(object, "before-first-apply", "Update"), HasSubstr("f:imagePullPolicy"));
  EXPECT_THAT(OwnedBy(object, "before-first-apply", "Update"), Not(HasSubstr("f:status")));
}

TEST(Tracking, IsNotClearedByThoseWhoDoNotKnowOfIt) {
  World world;
  Json object = CreateEcho(world);
  const Json owners = object["metadata"]["managedFields"];
  object["metadata"]["managedFields"] = Json::array();
  EXPECT_EQ(world.Put(kEcho, object).json()["metadata"]["managedFields"], owners);
  object["metadata"].erase("managedFields");
  EXPECT_EQ(world.Put(kEcho, object).json()["metadata"]["managedFields"], owners);
  object["metadata"]["managedFields"] = Json::array({{{"manager", "x"}, {"operation", "Eat"}}});
  EXPECT_EQ(world.Put(kEcho, object).json()["metadata"]["managedFields"], owners);
  object["metadata"]["managedFields"] = "none";
  EXPECT_EQ(world.Put(kEcho, object).json()["metadata"]["managedFields"], owners);
}

TEST(Tracking, OfASubresourceCannotBeWrittenByHand) {
  World world;
  const Json object = CreateEcho(world);
  const Json patch = {{"metadata", {{"managedFields", Json::array({Json::object()})}}}};
  EXPECT_EQ(world.Merge(kEcho + "/status", patch).json(), object);
}

TEST(Tracking, RemembersTheLastTenWhoUpdated) {
  World world;
  CreateEcho(world);
  for (int i = 0; i < 14; ++i) {
    world.clock.Advance(std::chrono::minutes(1));
    const std::string label = "l" + std::to_string(i);
    world.Merge(kEcho + "?fieldManager=" + label, {{"metadata", {{"labels", {{label, "x"}}}}}});
  }
  const Json object = world.Get(kEcho).json();
  EXPECT_EQ(OwnersOf(object), 10u);
  EXPECT_THAT(OwnedBy(object, "ancient-changes", "Update"), HasSubstr("f:l0"));
  EXPECT_THAT(OwnedBy(object, "ancient-changes", "Update"), HasSubstr("f:image"));
  EXPECT_NE(OwnedBy(object, "l13", "Update"), "");
}

}  // namespace
}  // namespace patchbay::api

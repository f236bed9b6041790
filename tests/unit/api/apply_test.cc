#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply_world.h"
#include "object/object.h"

namespace patchbay::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// apply-server-side-create-unchanged
TEST(Apply, CreatesWhatIsAbsent) {
  World world;
  const Reply reply = ApplyAs(world, "kubectl", kEcho, Echo());
  EXPECT_EQ(reply.status, 201) << reply.text;
  const Json object = reply.json();
  EXPECT_EQ(object, world.Get(kEcho).json());
  EXPECT_EQ(GenerationOf(object), 1);
  EXPECT_EQ(FindInt(object, {"spec", "replicas"}), 1);
  ASSERT_EQ(OwnersOf(object), 1u);
  EXPECT_EQ(OwnedBy(object, "kubectl"), kEchoFields);
  const Json& entry = object["metadata"]["managedFields"][0];
  EXPECT_EQ(FindString(entry, {"apiVersion"}), "patchbay.dev/v1");
  EXPECT_EQ(FindString(entry, {"fieldsType"}), "FieldsV1");
  EXPECT_EQ(FindString(entry, {"time"}), FindString(object, {"metadata", "creationTimestamp"}));
}

TEST(Apply, AgainChangesNothing) {
  World world;
  const Json plugin = ApplyAs(world, "kubectl", kEcho, Echo()).json();
  const Json route = ApplyAs(world, "kubectl", kEchoRoute, EchoRoute()).json();
  const int units = world.store.units_committed();
  world.clock.Advance(std::chrono::hours(1));
  const Reply again = ApplyAs(world, "kubectl", kEcho, Echo());
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json(), plugin);
  EXPECT_EQ(ApplyAs(world, "kubectl", kEchoRoute, EchoRoute(), kForce).json(), route);
  EXPECT_EQ(world.store.units_committed(), units);
}

// apply-server-side-conflict-force
TEST(Apply, LeavesFieldsOfOthersAlone) {
  World world;
  const Json before = ApplyAs(world, "team-a", kEcho, Echo()).json();
  Json other = Echo();
  other["spec"]["image"] = "demo/echo:2";
  other["spec"]["env"][0]["value"] = "bye";
  const Reply reply = ApplyAs(world, "team-b", kEcho, other);
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(reply.reason(), "Conflict");
  EXPECT_EQ(reply.message(),
            "Apply failed with 2 conflicts: conflicts with \"team-a\":\n- .spec.image\n"
            "- .spec.env[name=\"GREETING\"].value");
  EXPECT_THAT(reply.causes(), ElementsAre(".spec.image: conflict with \"team-a\"",
                                          ".spec.env[name=\"GREETING\"].value: conflict with \"team-a\""));
  EXPECT_EQ(FindString(reply.json()["details"]["causes"][0], {"reason"}), "FieldManagerConflict");
  EXPECT_EQ(world.Get(kEcho).json(), before);
}

TEST(Apply, WithForceTakesFieldsOver) {
  World world;
  ApplyAs(world, "team-a", kEcho, Echo());
  Json other = Echo();
  other["spec"]["image"] = "demo/echo:2";
  other["spec"]["env"][0]["value"] = "bye";
  const Json object = ApplyAs(world, "team-b", kEcho, other, kForce).json();
  EXPECT_EQ(FindString(object, {"spec", "image"}), "demo/echo:2");
  EXPECT_EQ(GenerationOf(object), 2);
  EXPECT_EQ(
      OwnedBy(object, "team-a"),
      R"({"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:env":{"k:{\"name\":\"GREETING\"}":{".":{},"f:name":{}}},)"
      R"("f:ports":{"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:name":{}}}}})");
  EXPECT_EQ(OwnedBy(object, "team-b"), kEchoFields);
  EXPECT_EQ(ApplyAs(world, "team-a", kEcho, Echo()).status, 409);
}

// apply-server-side-conflict-with-update
TEST(Apply, ConflictsWithOneWhoPatched) {
  World world;
  ApplyAs(world, "kubectl", kEcho, Echo());
  world.Merge(kEcho + "?fieldManager=kubectl-patch", {{"spec", {{"image", "demo/echo:9"}}}});
  const Reply reply = ApplyAs(world, "kubectl", kEcho, Echo());
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(reply.message(),
            "Apply failed with 1 conflict: conflict with \"kubectl-patch\" using patchbay.dev/v1: .spec.image");
  EXPECT_EQ(ApplyAs(world, "kubectl", kEcho, Echo(), kForce).status, 200);
  EXPECT_EQ(OwnedBy(world.Get(kEcho).json(), "kubectl-patch", "Update"), "");
}

TEST(Apply, AndUpdateOfOneNameAreTwoOwners) {
  World world;
  ApplyAs(world, "m", kEcho, Echo());
  world.Merge(kEcho + "?fieldManager=m", {{"spec", {{"image", "demo/echo:9"}}}});
  EXPECT_EQ(ApplyAs(world, "m", kEcho, Echo()).message(),
            "Apply failed with 1 conflict: conflict with \"m\" using patchbay.dev/v1: .spec.image");
}

// apply-server-side-remove-owned
TEST(Apply, RemovesWhatItsOwnerLeavesOut) {
  World world;
  Json config = Echo();
  config["spec"]["replicas"] = 3;
  config["spec"]["env"].push_back({{"name", "B"}, {"value", "b"}});
  config["spec"]["readinessProbe"] = {{"tcpSocket", {{"port", 8080}}}};
  ASSERT_EQ(ApplyAs(world, "kubectl", kEcho, config).status, 201);
  const Json object = ApplyAs(world, "kubectl", kEcho, Echo()).json();
  EXPECT_EQ(FindInt(object, {"spec", "replicas"}), 1);
  EXPECT_EQ(object["spec"]["env"], Echo()["spec"]["env"]);
  EXPECT_FALSE(object["spec"].contains("readinessProbe")) << object["spec"];
  EXPECT_EQ(OwnedBy(object, "kubectl"), kEchoFields);
}

TEST(Apply, OfNothingLeavesNoEmptyList) {
  World world;
  Json config = Echo();
  ApplyAs(world, "kubectl", kEcho, config);
  config["spec"].erase("env");
  config["spec"].erase("ports");
  config["metadata"].erase("labels");
  const Json object = ApplyAs(world, "kubectl", kEcho, config).json();
  EXPECT_FALSE(object["spec"].contains("env"));
  EXPECT_FALSE(object["spec"].contains("ports"));
  EXPECT_FALSE(object["metadata"].contains("labels"));
  EXPECT_EQ(OwnedBy(object, "kubectl"), R"({"f:spec":{"f:image":{}}})");
}

TEST(Apply, OfAnEmptyObjectKeepsItWhenItsFieldsAreGivenUp) {
  World world;
  Json config = Echo();
  config["spec"]["volumes"] = {{{"mountPath", "/tmp"}, {"tmpfs", {{"size", "1Mi"}}}}};
  ASSERT_EQ(ApplyAs(world, "m", kEcho, config).status, 201);
  config["spec"]["volumes"][0]["tmpfs"] = Json::object();
  const Json object = ApplyAs(world, "m", kEcho, config).json();
  EXPECT_EQ(object["spec"]["volumes"][0].value("tmpfs", Json()), Json::object()) << object;
  EXPECT_EQ(ApplyAs(world, "m", kEcho, config).json(), object);
}

TEST(Apply, LeavesMetadataThatNobodyOwns) {
  World world;
  const std::string path = "/api/v1/namespaces/apps";
  Json config = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"labels", {{"name", "apps"}}}}}};
  ASSERT_EQ(ApplyAs(world, "helm", path, config).status, 201);
  config["metadata"].erase("labels");
  const Json object = ApplyAs(world, "helm", path, config).json();
  EXPECT_EQ(object["metadata"]["labels"], Json({{"kubernetes.io/metadata.name", "apps"}}));
  EXPECT_EQ(NameOf(object), "apps");
  EXPECT_EQ(OwnersOf(object), 0u);
}

// apply-server-side-shared-ownership
TEST(Apply, KeepsAFieldUntilItsLastOwnerLetsGo) {
  World world;
  Json both = Echo();
  both["spec"]["replicas"] = 2;
  ApplyAs(world, "a", kEcho, both);
  EXPECT_EQ(ApplyAs(world, "b", kEcho, both).status, 200);
  EXPECT_EQ(FindInt(ApplyAs(world, "a", kEcho, Echo()).json(), {"spec", "replicas"}), 2);
  const Json object = ApplyAs(world, "b", kEcho, Echo()).json();
  EXPECT_EQ(FindInt(object, {"spec", "replicas"}), 1);
  EXPECT_EQ(GenerationOf(object), 2);
  EXPECT_EQ(OwnersOf(object), 2u);
}

TEST(Apply, OfAnotherListItemDoesNotTouchTheFirst) {
  World world;
  ApplyAs(world, "a", kEcho, Echo());
  Json other = {{"apiVersion", "patchbay.dev/v1"}, {"kind", "Plugin"}};
  other["spec"]["env"] = {{{"name", "OTHER"}, {"value", "x"}}};
  other["spec"]["config"] = {{"deep", {{"b", 1}}}};
  const Json object = ApplyAs(world, "b", kEcho, other).json();
  ASSERT_EQ(object["spec"]["env"].size(), 2u) << object;
  EXPECT_EQ(FindString(object["spec"]["env"][0], {"name"}), "GREETING");
  EXPECT_EQ(OwnedBy(object, "b"), R"({"f:spec":{"f:config":{"f:deep":{".":{},"f:b":{}}},)"
                                  R"("f:env":{"k:{\"name\":\"OTHER\"}":{".":{},"f:name":{},"f:value":{}}}}})");
}

TEST(Apply, ToStatusOwnsStatusAlone) {
  World world;
  ApplyAs(world, "m", kEcho, Echo());
  Json config = Echo();
  config["spec"]["image"] = "other";
  config["status"] = {{"phase", "Running"},
                      {"conditions",
                       {{{"type", "Checked"},
                         {"status", "True"},
                         {"lastTransitionTime", "2026-01-01T00:00:00Z"},
                         {"reason", "Ok"},
                         {"message", ""}}}}};
  const Reply reply = ApplyAs(world, "checker", kEcho + "/status", config, kForce);
  EXPECT_EQ(reply.status, 200) << reply.text;
  const Json object = reply.json();
  EXPECT_EQ(FindString(object, {"status", "phase"}), "Running");
  EXPECT_EQ(object["status"]["conditions"].size(), 3u);
  EXPECT_EQ(FindString(object, {"spec", "image"}), "demo/echo:1");
  EXPECT_EQ(OwnedBy(object, "m"), kEchoFields);
  EXPECT_THAT(OwnedBy(object, "checker", "Apply", "status"),
              HasSubstr(R"({"f:status":{"f:conditions":{"k:{\"type\":\"Checked\"}":)"));
}

TEST(Apply, DropsStatusOnTheObjectItself) {
  World world;
  Json config = Echo();
  config["status"] = {{"phase", "Running"}};
  const Json object = ApplyAs(world, "m", kEcho, config).json();
  EXPECT_EQ(FindString(object, {"status", "phase"}), "Pending");
  EXPECT_EQ(OwnedBy(object, "m"), kEchoFields);
}

TEST(Apply, DryRunStoresNothing) {
  World world;
  EXPECT_EQ(ApplyAs(world, "m", kEcho, Echo(), "&dryRun=All").status, 201);
  EXPECT_EQ(world.Get(kEcho).status, 404);
  const Json before = ApplyAs(world, "m", kEcho, Echo()).json();
  Json other = Echo();
  other["spec"]["image"] = "demo/echo:2";
  const Json imagined = ApplyAs(world, "m", kEcho, other, "&dryRun=All").json();
  EXPECT_EQ(FindString(imagined, {"spec", "image"}), "demo/echo:2");
  EXPECT_EQ(world.Get(kEcho).json(), before);
}

TEST(Apply, IsValidatedAfterTheMerge) {
  World world;
  ApplyAs(world, "m", kEcho, Echo());
  Json config = Echo();
  config["spec"]["replicas"] = 1000;
  const Reply reply = ApplyAs(world, "helm", kEcho, config);
  EXPECT_EQ(reply.status, 422);
  EXPECT_THAT(reply.message(), HasSubstr("spec.replicas: Invalid value: 1000"));
  Json incomplete = Echo();
  incomplete["spec"].erase("image");
  EXPECT_EQ(ApplyAs(world, "m", OneOf("absent"),
                    {{"apiVersion", "patchbay.dev/v1"}, {"kind", "Plugin"}, {"spec", Json::object()}})
                .status,
            422);
}

TEST(Apply, ToAnAbsentNamespaceOrStatusIsNotFound) {
  World world;
  Json config = Echo();
  config["metadata"].erase("namespace");
  EXPECT_EQ(ApplyAs(world, "m", "/apis/patchbay.dev/v1/namespaces/nosuch/plugins/echo", config).status, 404);
  EXPECT_EQ(ApplyAs(world, "m", kEcho + "/status", config).status, 404);
}

// apply-applyset, helm-install
TEST(Apply, WorksOnSecrets) {
  World world;
  const std::string path = "/api/v1/namespaces/default/secrets/demo";
  Json config = MakeSecret("demo");
  config["metadata"]["labels"] = {{"applyset.kubernetes.io/id", "x"}};
  const Json parent = ApplyAs(world, "kubectl-applyset", path, config).json();
  EXPECT_EQ(FindString(parent, {"type"}), "Opaque");
  EXPECT_EQ(OwnedBy(parent, "kubectl-applyset"), R"({"f:metadata":{"f:labels":{"f:applyset.kubernetes.io/id":{}}}})");
  EXPECT_EQ(ApplyAs(world, "kubectl-applyset", path, config).json(), parent);
  Json values = MakeSecret("demo");
  values["stringData"] = {{"a", "1"}, {"b", "2"}};
  const Json filled = ApplyAs(world, "helm", path, values).json();
  EXPECT_EQ(filled["data"], Json({{"a", "MQ=="}, {"b", "Mg=="}}));
  EXPECT_EQ(OwnedBy(filled, "helm"), R"({"f:data":{"f:a":{},"f:b":{}}})");
  values["stringData"].erase("b");
  EXPECT_EQ(ApplyAs(world, "helm", path, values).json()["data"], Json({{"a", "MQ=="}}));
}

TEST(Apply, MayBeYaml) {
  World world;
  const Reply reply =
      ApplyText(world, kEcho + "?fieldManager=m", "spec: {image: yaml}\napiVersion: patchbay.dev/v1\nkind: Plugin\n");
  EXPECT_EQ(reply.status, 201) << reply.text;
  EXPECT_EQ(OwnedBy(reply.json(), "m"), R"({"f:spec":{"f:image":{}}})");
}

TEST(Apply, OfTwoAtOnceIsSeenAgain) {
  World world({}, {}, store::MemoryStore::Turn::kPumped);
  const auto apply = [&](const std::string& manager) {
    const Json config = {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"labels", {{manager, "x"}}}}}};
    return world.Send("PATCH", "/api/v1/namespaces/apps?fieldManager=" + manager, DumpJson(config),
                      {{"Content-Type", "application/apply-patch+yaml"}});
  };
  const auto first = apply("a");
  const auto second = apply("b");
  for (int turn = 0; turn < 10; ++turn) world.store.Pump();
  EXPECT_EQ(first->Await().status, 201);
  EXPECT_EQ(second->Await().status, 200) << second->Await().text;
  const Json object = world.Get("/api/v1/namespaces/apps").json();
  EXPECT_EQ(LabelsOf(object).size(), 3u);
  EXPECT_EQ(OwnersOf(object), 2u);
}

}  // namespace
}  // namespace patchbay::api

// From client-side apply to server-side apply: the recorded transcripts apply-client-to-server-side and
// apply-dry-run-server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply_world.h"
#include "object/object.h"

namespace patchbay::api {
namespace {

using ::testing::HasSubstr;

constexpr const char* kAnnotation = "kubectl.kubernetes.io/last-applied-configuration";
constexpr const char* kSent =
    R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","metadata":{"labels":{"app":"echo"},"name":"echo",)"
    R"("namespace":"default"},"spec":{"env":[{"name":"GREETING","value":"hello"}],"image":"demo/echo:1",)"
    R"("ports":[{"containerPort":8080,"name":"http"}]}})";

// What kubectl apply does first.
Json ApplyClientSide(World& world) {
  Json object = Json::parse(kSent);
  object["metadata"]["annotations"] = Json::object();
  object["metadata"]["annotations"] = {{kAnnotation, DumpJson(object) + "\n"}};
  return world.Post(std::string(kPluginsPath) + "?fieldManager=kubectl-client-side-apply", object).json();
}

TEST(Migration, FromClientSideApplyIsAsRecorded) {
  World world;
  ApplyClientSide(world);
  Json object = ApplyAs(world, "kubectl", kEcho, Json::parse(kSent)).json();
  EXPECT_EQ(AnnotationsOf(object)[kAnnotation], std::string(kSent) + "\n");
  EXPECT_EQ(OwnersOf(object), 2u);
  const Json keeper = {{"apiVersion", "patchbay.dev/v1"},
                       {"kind", "Plugin"},
                       {"metadata", {{"annotations", {{kAnnotation, std::string(kSent) + "\n"}}}, {"name", "echo"}}}};
  object = ApplyAs(world, "kubectl-last-applied", kEcho, keeper).json();
  EXPECT_EQ(OwnersOf(object), 3u);
  // kubectl moves all that client-side apply had to itself.
  Json entries = object["metadata"]["managedFields"];
  EXPECT_EQ(FindString(entries[2], {"manager"}), "kubectl-client-side-apply");
  entries[0]["fieldsV1"] = entries[2]["fieldsV1"];
  entries.erase(2);
  const Json patch = {{{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", entries}},
                      {{"op", "replace"},
                       {"path", "/metadata/resourceVersion"},
                       {"value", FindString(object, {"metadata", "resourceVersion"})}}};
  const Reply moved = world.Call("PATCH", kEcho + "?fieldManager=kubectl", DumpJson(patch),
                                 {{"Content-Type", "application/json-patch+json"}});
  EXPECT_EQ(moved.status, 200) << moved.text;
  EXPECT_EQ(OwnersOf(moved.json()), 2u);
  EXPECT_THAT(OwnedBy(moved.json(), "kubectl"), HasSubstr("last-applied-configuration"));
  EXPECT_GT(RevisionOf(moved.json()), RevisionOf(object));
  object = ApplyAs(world, "kubectl", kEcho, Json::parse(kSent)).json();
  EXPECT_EQ(OwnedBy(object, "kubectl"), kEchoFields);
  EXPECT_EQ(AnnotationsOf(object)[kAnnotation], std::string(kSent) + "\n");
  Json next = Json::parse(kSent);
  next["spec"]["image"] = "demo/echo:2";
  const Reply changed = ApplyAs(world, "kubectl", kEcho, next);
  EXPECT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(AnnotationsOf(changed.json())[kAnnotation], DumpJson(next) + "\n");
}

TEST(Migration, LetsKubectlTakeWhatItAppliedBefore) {
  World world;
  ApplyClientSide(world);
  Json next = Json::parse(kSent);
  next["spec"]["image"] = "demo/echo:2";
  EXPECT_EQ(
      ApplyAs(world, "other", kEcho, next).message(),
      "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using patchbay.dev/v1: .spec.image");
  const Reply reply = ApplyAs(world, "kubectl", kEcho, next, "&dryRun=All");
  EXPECT_EQ(reply.status, 200) << reply.text;
  EXPECT_THAT(OwnedBy(reply.json(), "kubectl-client-side-apply", "Update"), Not(HasSubstr("f:image\"")));
}

TEST(Migration, DoesNotTakeWhatOthersChangedSince) {
  World world;
  ApplyClientSide(world);
  world.Merge(kEcho + "?fieldManager=kubectl-patch", {{"spec", {{"image", "demo/echo:9"}}}});
  Json next = Json::parse(kSent);
  next["spec"]["image"] = "demo/echo:2";
  next["spec"]["env"][0]["value"] = "bye";
  EXPECT_EQ(ApplyAs(world, "kubectl", kEcho, next).message(),
            "Apply failed with 1 conflict: conflict with \"kubectl-patch\" using patchbay.dev/v1: .spec.image");
}

TEST(Migration, MindsTheAnnotationAsAnyField) {
  World world;
  ApplyClientSide(world);
  const Json keeper = {{"apiVersion", "patchbay.dev/v1"},
                       {"kind", "Plugin"},
                       {"metadata", {{"annotations", {{kAnnotation, "{}\n"}}}, {"name", "echo"}}}};
  EXPECT_EQ(ApplyAs(world, "kubectl-last-applied", kEcho, keeper).message(),
            "Apply failed with 1 conflict: conflict with \"kubectl-client-side-apply\" using patchbay.dev/v1: "
            ".metadata.annotations.kubectl.kubernetes.io/last-applied-configuration");
}

}  // namespace
}  // namespace patchbay::api

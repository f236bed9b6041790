// patchbay.dev/protected, and deletions that end by force.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "object/object.h"
#include "object/protection.h"
#include "world.h"

namespace patchbay::api {
namespace {

using ::testing::HasSubstr;

constexpr const char* kMapsPath = "/api/v1/namespaces/shop/configmaps";

Json Annotated(const char* name, const Json& value) { return {{"metadata", {{"annotations", {{name, value}}}}}}; }
Json Guarded(Json object) {
  object["metadata"]["annotations"][kProtected] = "true";
  return object;
}
Json MakeMap(const std::string& name) {
  return {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", name}}}};
}
void MakeNamespace(World& world, const std::string& name) {
  world.Post("/api/v1/namespaces", {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}});
}

TEST(Protection, RefusesADeleteAndSaysHowToLiftIt) {
  World world;
  world.Post(kPluginsPath, Guarded(MakePlugin("shop")));
  const Reply reply = world.Delete(OneOf("shop"));
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.json()["reason"], "Forbidden");
  EXPECT_EQ(reply.message(),
            "plugins.patchbay.dev \"shop\" is forbidden: the annotation patchbay.dev/protected protects it from being "
            "deleted; to lift that: kubectl annotate plugin.patchbay.dev/shop -n default patchbay.dev/protected-");
  EXPECT_FALSE(IsDeleting(world.Get(OneOf("shop")).json()));
  EXPECT_EQ(world.Delete(OneOf("shop") + "?dryRun=All").status, 403);
  EXPECT_EQ(world.Delete(OneOf("shop") + "?gracePeriodSeconds=0").status, 403);
}

TEST(Protection, EndsWithTheAnnotation) {
  World world;
  world.Post(kPluginsPath, Guarded(MakePlugin("shop")));
  world.Merge(OneOf("shop"), Annotated(kProtected, nullptr));
  EXPECT_EQ(world.Delete(OneOf("shop")).status, 200);
  world.Post(kPluginsPath, MakePlugin("free"));
  world.Merge(OneOf("free"), Annotated(kProtected, "false"));
  EXPECT_EQ(world.Delete(OneOf("free")).status, 200);
}

TEST(Protection, OfOneKeepsAWholeCollection) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  world.Post(kPluginsPath, Guarded(MakePlugin("b")));
  const Reply reply = world.Delete(kPluginsPath);
  EXPECT_EQ(reply.status, 403);
  EXPECT_THAT(reply.message(), HasSubstr("nothing was deleted, because the annotation patchbay.dev/protected protects "
                                         "plugin.patchbay.dev/b; to lift that"));
  EXPECT_FALSE(IsDeleting(world.Get(OneOf("a")).json()));
}

TEST(Protection, KeepsTheNamespace) {
  World world;
  MakeNamespace(world, "shop");
  world.Post(kMapsPath, MakeMap("free"));
  world.Post(kMapsPath, Guarded(MakeMap("kept")));
  const Reply reply = world.Delete("/api/v1/namespaces/shop");
  EXPECT_EQ(reply.status, 403);
  EXPECT_THAT(reply.message(), HasSubstr("configmap/kept"));
  EXPECT_EQ(world.Get("/api/v1/namespaces/shop").json()["status"]["phase"], "Active");
  EXPECT_EQ(world.Get(std::string(kMapsPath) + "/free").status, 200);
  world.Merge(std::string(kMapsPath) + "/kept", Annotated(kProtected, nullptr));
  EXPECT_EQ(world.Delete("/api/v1/namespaces/shop").status, 200);
}

// Who protects it and who deletes the namespace may be as fast as each other.
TEST(Protection, HoldsInANamespaceThatAlreadyEndsAndIsTold) {
  World world;
  MakeNamespace(world, "shop");
  Json held = MakeMap("held");
  held["metadata"]["finalizers"] = {"x.dev/wait"};
  world.Post(kMapsPath, held);
  world.Delete("/api/v1/namespaces/shop");
  Json late = Guarded(MakeMap("late"));
  late["metadata"]["namespace"] = "shop";
  late["metadata"]["uid"] = "00000000-0000-4000-8000-00000000000a";
  ASSERT_TRUE(world.committer.Write({.key = {std::string(kConfigMaps), "shop", "late"}, .object = late}).ok());
  EXPECT_TRUE(Eventually(world, [&] {
    return world.Get("/api/v1/namespaces/shop").json().dump().find("keeps some from being deleted: configmaps. has 1") !=
           std::string::npos;
  }));
  EXPECT_FALSE(IsDeleting(world.Get(std::string(kMapsPath) + "/late").json()));
  world.Merge(std::string(kMapsPath) + "/late", Annotated(kProtected, nullptr));
  EXPECT_TRUE(Eventually(world, [&] { return world.Get(std::string(kMapsPath) + "/late").status == 404; }));
}

TEST(Protection, OfADependentOutlastsItsOwner) {
  World world;
  MakeNamespace(world, "shop");
  const Json owner = world.Post(kMapsPath, MakeMap("owner")).json();
  Json child = Guarded(MakeMap("child"));
  Json sibling = MakeMap("sibling");
  for (Json* each : {&child, &sibling})
    (*each)["metadata"]["ownerReferences"] = {
        {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"name", "owner"}, {"uid", UidOf(owner)}}};
  world.Post(kMapsPath, child);
  world.Post(kMapsPath, sibling);
  world.Delete(std::string(kMapsPath) + "/owner");
  const auto gone = [&](const std::string& name) { return world.Get(std::string(kMapsPath) + name).status == 404; };
  EXPECT_TRUE(Eventually(world, [&] { return gone("/sibling"); }));
  EXPECT_FALSE(gone("/child"));
  world.Merge(std::string(kMapsPath) + "/child", Annotated(kProtected, nullptr));
  EXPECT_TRUE(Eventually(world, [&] { return gone("/child"); }));
}

TEST(ForcedDelete, MarksTheObjectAlsoWhenItIsBeingDeletedAlready) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  EXPECT_FALSE(IsForceDeleted(world.Delete(OneOf("a")).json()));
  const Json forced = world.Delete(OneOf("a") + "?gracePeriodSeconds=0").json();
  EXPECT_TRUE(IsForceDeleted(forced));
  EXPECT_EQ(world.Delete(OneOf("a") + "?gracePeriodSeconds=0").json(), forced);
  world.Post(kPluginsPath, MakePlugin("b"));
  EXPECT_TRUE(IsForceDeleted(world.Delete(OneOf("b") + "?gracePeriodSeconds=0").json()));
}

}  // namespace
}  // namespace patchbay::api

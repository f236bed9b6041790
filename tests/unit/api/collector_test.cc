#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "object/object.h"
#include "world.h"

namespace patchbay::api {
namespace {

constexpr const char* kSecretsPath = "/api/v1/namespaces/default/secrets";
constexpr const char* kMapsPath = "/api/v1/namespaces/default/configmaps";

std::string MapAt(const std::string& name) { return std::string(kMapsPath) + "/" + name; }

bool GoesAway(World& world, const std::string& path) {
  return Eventually(world, [&] { return world.Get(path).status == 404; });
}

Json OwnerOf(const Json& object, bool blocks = false) {
  Json owner = {{"apiVersion", object["apiVersion"]}, {"kind", object["kind"]}, {"name", NameOf(object)},
                {"uid", UidOf(object)}};
  if (blocks) owner["blockOwnerDeletion"] = true;
  return owner;
}
Json MakeMap(const std::string& name, const std::vector<Json>& owners = {}, const std::string& finalizer = "") {
  Json object = {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", name}}}};
  if (!owners.empty()) object["metadata"]["ownerReferences"] = owners;
  if (!finalizer.empty()) object["metadata"]["finalizers"] = {finalizer};
  return object;
}
void MakeNamespace(World& world, const std::string& name) {
  world.Post("/api/v1/namespaces", {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}});
}

TEST(Collector, TakesDependentsAfterTheirOwner) {
  World world;
  const Json owner = world.Post(kMapsPath, MakeMap("owner")).json();
  const Json child = world.Post(kMapsPath, MakeMap("child", {OwnerOf(owner)})).json();
  world.Post(kMapsPath, MakeMap("grandchild", {OwnerOf(child)}));
  world.Post(kMapsPath, MakeMap("other"));
  EXPECT_EQ(world.Delete(MapAt("owner")).json()["status"], "Success");
  EXPECT_TRUE(GoesAway(world, MapAt("grandchild")));
  EXPECT_EQ(world.Get(MapAt("child")).status, 404);
  EXPECT_EQ(world.Get(MapAt("other")).status, 200);
}

TEST(Collector, KeepsWhatHasAnotherOwner) {
  World world;
  const Json first = world.Post(kMapsPath, MakeMap("first")).json();
  const Json second = world.Post(kMapsPath, MakeMap("second")).json();
  world.Post(kMapsPath, MakeMap("child", {OwnerOf(first), OwnerOf(second)}));
  world.Delete(MapAt("first"));
  EXPECT_TRUE(Eventually(world, [&] {
    return world.Get(MapAt("child")).json()["metadata"]["ownerReferences"] == Json::array({OwnerOf(second)});
  }));
}

TEST(Collector, TakesWhatNamesAnOwnerThatNeverWas) {
  World world;
  Json stranger = OwnerOf(world.Post(kMapsPath, MakeMap("owner")).json());
  stranger["uid"] = "00000000-0000-4000-8000-000000000000";
  world.Post(kMapsPath, MakeMap("child", {stranger}));
  EXPECT_TRUE(GoesAway(world, MapAt("child")));
}

TEST(Collector, LeavesOwnersOfOtherKindsAlone) {
  World world;
  const Json owner = world.Post(kMapsPath, MakeMap("owner")).json();
  const Json pod = {{"apiVersion", "v1"}, {"kind", "Pod"}, {"name", "p"}, {"uid", "x"}};
  world.Post(kMapsPath, MakeMap("foreign", {pod}));
  world.Post(kMapsPath, MakeMap("child", {OwnerOf(owner)}));
  world.Delete(MapAt("owner"));
  EXPECT_TRUE(GoesAway(world, MapAt("child")));
  EXPECT_EQ(world.Get(MapAt("foreign")).status, 200);
}

TEST(Collector, KeepsAForegroundOwnerUntilItsDependentsAreGone) {
  World world;
  const Json owner = world.Post(kMapsPath, MakeMap("owner")).json();
  world.Post(kMapsPath, MakeMap("child", {OwnerOf(owner, true)}, "x.dev/wait"));
  const Json marked = world.Delete(MapAt("owner"), R"({"propagationPolicy":"Foreground"})").json();
  EXPECT_TRUE(IsDeleting(marked));
  EXPECT_EQ(FinalizersOf(marked), std::vector<std::string>{"foregroundDeletion"});
  EXPECT_TRUE(Eventually(world, [&] { return IsDeleting(world.Get(MapAt("child")).json()); }));
  EXPECT_EQ(world.Get(MapAt("owner")).status, 200);
  world.Finish(MapAt("child"));
  EXPECT_TRUE(GoesAway(world, MapAt("owner")));
}

TEST(Collector, LetsDependentsGoWhenAskedTo) {
  World world;
  const Json owner = world.Post(kMapsPath, MakeMap("owner")).json();
  world.Post(kMapsPath, MakeMap("child", {OwnerOf(owner)}));
  world.Delete(MapAt("owner"), R"({"propagationPolicy":"Orphan"})");
  EXPECT_TRUE(GoesAway(world, MapAt("owner")));
  const Json child = world.Get(MapAt("child")).json();
  EXPECT_EQ(NameOf(child), "child");
  EXPECT_FALSE(child["metadata"].contains("ownerReferences"));
}

TEST(Collector, GoesOnAfterARestart) {
  World world;
  MakeNamespace(world, "team");
  const std::string inside = "/api/v1/namespaces/team/configmaps";
  world.Post(inside, MakeMap("m", {}, "x.dev/wait"));
  const Json owner = world.Post(kMapsPath, MakeMap("owner", {}, "x.dev/wait")).json();
  world.Post(kMapsPath, MakeMap("child", {OwnerOf(owner)}));
  world.Delete("/api/v1/namespaces/team");
  world.api.reset();
  cache::Intent gone;
  gone.key = {"configmaps", "default", "owner"};
  gone.op = store::Write::Op::kDelete;
  EXPECT_TRUE(world.committer.Write(std::move(gone)).ok());
  EXPECT_TRUE(world.cache.Get({"configmaps", "default", "child"}));
  world.api = std::make_unique<Api>(Kinds::Embedded(), world.cache, world.committer, world.clock, world.random,
                                    NullMeter(), ApiOptions(), Backstage());
  EXPECT_TRUE(GoesAway(world, MapAt("child")));
  EXPECT_EQ(world.Get("/api/v1/namespaces/team").status, 200);
  world.Finish(inside + "/m");
  EXPECT_TRUE(GoesAway(world, "/api/v1/namespaces/team"));
}

TEST(Namespace, IsEmptiedBeforeItGoes) {
  World world;
  MakeNamespace(world, "team");
  world.Post("/api/v1/namespaces/team/secrets", MakeSecret("s"));
  world.Post("/apis/patchbay.dev/v1/namespaces/team/plugins", MakePlugin("p"));
  const Reply marked = world.Delete("/api/v1/namespaces/team");
  EXPECT_EQ(marked.status, 200);
  EXPECT_EQ(FindString(marked.json(), {"status", "phase"}), "Terminating");
  EXPECT_TRUE(IsDeleting(marked.json()));
  EXPECT_TRUE(GoesAway(world, "/api/v1/namespaces/team/secrets/s"));
  const std::string plugin = "/apis/patchbay.dev/v1/namespaces/team/plugins/p";
  EXPECT_TRUE(Eventually(world, [&] { return IsDeleting(world.Get(plugin).json()); }));
  const Reply refused = world.Post("/api/v1/namespaces/team/secrets", MakeSecret("t"));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.json()["details"]["causes"][0]["reason"], "NamespaceTerminating");
  EXPECT_EQ(world.Merge("/api/v1/namespaces/team", {{"metadata", {{"labels", {{"a", "b"}}}}}}).status, 200);
  EXPECT_EQ(world.Get("/api/v1/namespaces/team").status, 200);
  world.Finish(plugin);
  EXPECT_TRUE(GoesAway(world, "/api/v1/namespaces/team"));
  EXPECT_EQ(world.Get("/api/v1/namespaces/team/events").json()["items"].size(), 0u);
  EXPECT_EQ(world.Post("/api/v1/namespaces/team/secrets", MakeSecret("s")).status, 404);
}

std::string ConditionOf(const Json& ns, std::string_view type) {
  const Json* conditions = Find(ns, {"status", "conditions"});
  for (const Json& condition : conditions == nullptr ? Json::array() : *conditions)
    if (condition["type"] == type)
      return StrCat(FindString(condition, {"status"}), " ", FindString(condition, {"message"}));
  return "";
}

TEST(Namespace, SaysWhatStillHoldsIt) {
  World world;
  MakeNamespace(world, "team");
  const std::string path = "/api/v1/namespaces/team";
  const std::string held = path + "/configmaps/held";
  world.Post(path + "/configmaps", MakeMap("held", {}, "example.com/hold"));
  world.Post(path + "/secrets", MakeSecret("s"));
  world.Merge(path, {{"metadata", {{"finalizers", {"example.com/me"}}}}});
  EXPECT_FALSE(world.Get(path).json()["status"].contains("conditions"));
  world.Delete(path);
  EXPECT_TRUE(Eventually(world, [&] {
    return ConditionOf(world.Get(path).json(), "NamespaceContentRemaining") ==
           "True Some resources are remaining: configmaps. has 1 resource instances";
  })) << world.Get(path).text;
  const Json ns = world.Get(path).json();
  EXPECT_EQ(ConditionOf(ns, "NamespaceFinalizersRemaining"),
            "True Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances");
  EXPECT_EQ(ConditionOf(ns, "NamespaceDeletionDiscoveryFailure"), "False All resources successfully discovered");
  EXPECT_EQ(ConditionOf(ns, "NamespaceDeletionGroupVersionParsingFailure"),
            "False All legacy kube types successfully parsed");
  EXPECT_EQ(ConditionOf(ns, "NamespaceDeletionContentFailure"),
            "False All content successfully deleted, may be waiting on finalization");
  EXPECT_EQ(ns["status"]["phase"], "Terminating");
  world.Finish(held);
  EXPECT_TRUE(Eventually(world, [&] {
    return ConditionOf(world.Get(path).json(), "NamespaceContentRemaining") == "False All content successfully removed";
  })) << world.Get(path).text;
  EXPECT_EQ(ConditionOf(world.Get(path).json(), "NamespaceFinalizersRemaining"),
            "False All content-preserving finalizers finished");
  world.Finish(path);
  EXPECT_TRUE(GoesAway(world, path));
}

TEST(Secret, HasWhatItsTypeAsksFor) {
  World world;
  const auto create = [&](const std::string& type, const Json& data) {
    Json secret = MakeSecret("s-" + std::to_string(world.random.Next() % 1'000'000));
    secret["type"] = type;
    secret["stringData"] = data;
    return world.Post(kSecretsPath, secret);
  };
  EXPECT_EQ(create("kubernetes.io/tls", {{"tls.crt", "c"}}).causes(),
            std::vector<std::string>{"data[tls.key]: Required value"});
  EXPECT_EQ(create("kubernetes.io/tls", {{"tls.crt", "c"}, {"tls.key", "k"}}).status, 201);
  EXPECT_EQ(create("kubernetes.io/dockerconfigjson", {{".dockerconfigjson", "{"}}).status, 422);
  EXPECT_EQ(create("kubernetes.io/dockerconfigjson", {{".dockerconfigjson", "{}"}}).status, 201);
  EXPECT_EQ(create("kubernetes.io/basic-auth", {{"x", "y"}}).causes().size(), 2u);
  EXPECT_EQ(create("kubernetes.io/ssh-auth", Json::object()).status, 422);
  EXPECT_EQ(create("my.dev/free", Json::object()).status, 201);
}

TEST(ConfigMap, NamesAKeyOnce) {
  World world;
  Json object = MakeMap("c");
  object["data"] = {{"k", "v"}};
  object["binaryData"] = {{"k", "dg=="}};
  EXPECT_EQ(world.Post(kMapsPath, object).status, 422);
}

}  // namespace
}  // namespace patchbay::api

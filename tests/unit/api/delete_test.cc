#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "object/object.h"
#include "world.h"

namespace patchbay::api {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSecretsPath = "/api/v1/namespaces/default/secrets";

TEST(Delete, AnswersSuccessWhenTheObjectIsGone) {
  World world;
  const Json secret = world.Post(kSecretsPath, MakeSecret("s")).json();
  const Reply reply = world.Delete(std::string(kSecretsPath) + "/s", R"({"propagationPolicy":"Background"})");
  EXPECT_EQ(reply.status, 200);
  const Json status = reply.json();
  EXPECT_EQ(status["status"], "Success");
  EXPECT_EQ(status["details"], Json({{"name", "s"}, {"kind", "secrets"}, {"uid", UidOf(secret)}}));
  EXPECT_EQ(world.Get(std::string(kSecretsPath) + "/s").status, 404);
  EXPECT_EQ(world.Delete(std::string(kSecretsPath) + "/s").status, 404);
}

TEST(Delete, MarksAnObjectThatHasFinalizers) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  const Json marked = world.Delete(OneOf("a")).json();
  EXPECT_TRUE(IsDeleting(marked));
  EXPECT_EQ(FindInt(marked, {"metadata", "deletionGracePeriodSeconds"}, -1), 0);
  EXPECT_EQ(GenerationOf(marked), 2);
  const Reply again = world.Delete(OneOf("a"));
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.json(), marked);
  EXPECT_EQ(world.Merge(OneOf("a"), {{"metadata", {{"deletionTimestamp", nullptr}}}}).json(), marked);
}

TEST(Delete, EndsWithTheLastFinalizer) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  world.Delete(OneOf("a"));
  const Reply reply = world.Merge(OneOf("a"), {{"metadata", {{"finalizers", Json::array()}}}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(NameOf(reply.json()), "a");
  EXPECT_EQ(world.Get(OneOf("a")).status, 404);
}

TEST(Delete, TakesNoNewFinalizersMeanwhile) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  world.Delete(OneOf("a"));
  const Reply reply =
      world.Merge(OneOf("a"), {{"metadata", {{"finalizers", {"patchbay.dev/cleanup", "x.dev/new"}}}}});
  EXPECT_EQ(reply.status, 422);
  EXPECT_THAT(reply.message(), HasSubstr("metadata.finalizers: Forbidden: no new finalizers can be added if the object "
                                         "is being deleted, found new finalizers []string{\"x.dev/new\"}"));
}

TEST(Delete, ChecksPreconditions) {
  World world;
  const Json secret = world.Post(kSecretsPath, MakeSecret("s")).json();
  const std::string path = std::string(kSecretsPath) + "/s";
  const Reply uid = world.Delete(path, R"({"preconditions":{"uid":"00000000-0000-4000-8000-000000000004"}})");
  EXPECT_EQ(uid.status, 409);
  EXPECT_THAT(uid.message(),
              HasSubstr("the UID in the precondition (00000000-0000-4000-8000-000000000004) does not match"));
  EXPECT_EQ(world.Delete(path, R"({"preconditions":{"resourceVersion":"1"}})").status, 409);
  const std::string right = DumpJson({{"preconditions",
                                       {{"uid", UidOf(secret)},
                                        {"resourceVersion", FindString(secret, {"metadata", "resourceVersion"})}}}});
  EXPECT_EQ(world.Delete(path, right).status, 200);
}

TEST(Delete, RefusesBadOptions) {
  World world;
  world.Post(kPluginsPath, MakePlugin("a"));
  EXPECT_EQ(world.Delete(OneOf("a"), R"({"propagationPolicy":"Nope"})").status, 422);
  EXPECT_EQ(world.Delete(OneOf("a") + "?propagationPolicy=Foreground&orphanDependents=true").status, 422);
  EXPECT_EQ(world.Delete(OneOf("a"), "not json").status, 400);
  EXPECT_EQ(world.Delete(OneOf("a"), R"({"dryRun":["All"]})").status, 200);
  EXPECT_FALSE(IsDeleting(world.Get(OneOf("a")).json()));
}

TEST(DeleteCollection, TakesWhatIsSelectedAndAnswersWithIt) {
  World world;
  for (const char* name : {"a", "b", "c"}) {
    Json secret = MakeSecret(name);
    secret["metadata"]["labels"] = {{"tier", name[0] == 'c' ? "front" : "back"}};
    world.Post(kSecretsPath, secret);
  }
  const Reply reply = world.Delete(std::string(kSecretsPath) + "?labelSelector=tier%3Dback");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()["kind"], "SecretList");
  EXPECT_EQ(reply.json()["items"].size(), 2u);
  EXPECT_EQ(world.Get(kSecretsPath).json()["items"].size(), 1u);
  EXPECT_EQ(world.Delete(std::string(kSecretsPath) + "?labelSelector=tier%3Dback").json()["items"].size(), 0u);
}

TEST(DeleteCollection, TakesMoreThanMayWait) {
  World world({.max_writes_waiting = 300}, {}, store::MemoryStore::Turn::kPumped);
  auto created = world.Send("POST", "/api/v1/namespaces",
                            R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}})");
  world.store.Pump();
  ASSERT_EQ(created->Await().status, 201);
  for (int i = 0; i < 700; ++i) {
    world.Send("POST", kSecretsPath, DumpJson(MakeSecret("s" + std::to_string(i))));
    world.store.Pump();
  }
  auto gone = world.Send("DELETE", kSecretsPath);
  while (world.store.Pump() > 0) {
  }
  EXPECT_EQ(gone->Await().json()["items"].size(), 700u);
  EXPECT_EQ(world.cache.Count(kSecrets), 0u);
}

TEST(Namespace, OfTheServerItselfCannotGo) {
  World world;
  for (const char* name : {"default", "patchbay-system"}) {
    const Reply reply = world.Delete(std::string("/api/v1/namespaces/") + name);
    EXPECT_EQ(reply.status, 403);
    EXPECT_EQ(reply.message(),
              std::string("namespaces \"") + name + "\" is forbidden: this namespace may not be deleted");
  }
}

TEST(Namespace, IsNamedLikeALabel) {
  World world;
  const Reply reply = world.Post(
      "/api/v1/namespaces", {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "Bad_Name"}}}});
  EXPECT_EQ(reply.status, 422);
  EXPECT_THAT(reply.message(), HasSubstr("a lowercase RFC 1123 label must consist of"));
  const Json good = world.Get("/api/v1/namespaces/default").json();
  EXPECT_EQ(FindString(good, {"status", "phase"}), "Active");
  EXPECT_EQ(FindString(good, {"metadata", "labels", "kubernetes.io/metadata.name"}), "default");
}

TEST(Secret, FoldsStringData) {
  World world;
  Json secret = MakeSecret("s");
  secret["data"] = {{"a", "YQ=="}};
  secret["stringData"] = {{"k", "v"}};
  const Json stored = world.Post(kSecretsPath, secret).json();
  EXPECT_EQ(stored["data"], Json({{"a", "YQ=="}, {"k", "dg=="}}));
  EXPECT_EQ(stored["type"], "Opaque");
  EXPECT_FALSE(stored.contains("stringData"));
  EXPECT_FALSE(stored["metadata"].contains("generation"));
}

TEST(Secret, ChecksItsValuesAndKeys) {
  World world;
  Json secret = MakeSecret("s");
  secret["data"] = {{"k", "%%%"}};
  EXPECT_EQ(world.Post(kSecretsPath, secret).status, 400);
  secret["data"] = {{"a b", "YQ=="}};
  const Reply reply = world.Post(kSecretsPath, secret);
  EXPECT_EQ(reply.status, 422);
  EXPECT_THAT(reply.message(), HasSubstr("data[a b]: Invalid value: \"a b\": a valid config key must consist of"));
}

TEST(Secret, StaysAsItIsWhenImmutable) {
  World world;
  Json secret = MakeSecret("s");
  secret["immutable"] = true;
  secret["data"] = {{"k", "YQ=="}};
  world.Post(kSecretsPath, secret);
  const std::string path = std::string(kSecretsPath) + "/s";
  EXPECT_EQ(world.Merge(path, {{"data", {{"k", "Yg=="}}}}).status, 422);
  EXPECT_EQ(world.Merge(path, {{"immutable", false}}).status, 422);
  EXPECT_EQ(world.Merge(path, {{"metadata", {{"labels", {{"a", "b"}}}}}}).status, 200);
}

TEST(Secret, MayBeReplacedUnseenAndPatchedStrategically) {
  World world;
  world.Post(kSecretsPath, MakeSecret("s"));
  const std::string path = std::string(kSecretsPath) + "/s";
  Json secret = MakeSecret("s");
  secret["stringData"] = {{"k", "v"}};
  EXPECT_EQ(world.Put(path, secret).status, 200);
  const Reply patched = world.Call("PATCH", path, R"({"stringData":{"k":"w"},"$setElementOrder/x":[]})",
                                   {{"Content-Type", "application/strategic-merge-patch+json"}});
  EXPECT_EQ(FindString(patched.json(), {"data", "k"}), "dw==") << patched.text;
}

}  // namespace
}  // namespace patchbay::api

// The recorded transcript bad-apply, and what else a client may get wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apply_world.h"
#include "object/object.h"

namespace patchbay::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Json Small() {
  return {{"apiVersion", "patchbay.dev/v1"},
          {"kind", "Plugin"},
          {"metadata", {{"name", "echo"}}},
          {"spec", {{"image", "a"}}}};
}

struct Refusal {
  int status;
  std::string message;
  friend bool operator==(const Refusal&, const Refusal&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Refusal& r) { return out << r.status << " " << r.message; }
};
Refusal Refused(World& world, const Json& config, const std::string& path = kEcho) {
  const Reply reply = ApplyAs(world, "m", path, config);
  return {reply.status, reply.message()};
}

TEST(Apply, NeedsAFieldManager) {
  World world;
  const Reply reply = ApplyText(world, kEcho, DumpJson(Small()));
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(reply.message(),
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
  EXPECT_THAT(reply.causes(), ElementsAre("fieldManager: Required value: is required for apply patch"));
  EXPECT_EQ(ApplyAs(world, std::string(129, 'm'), kEcho, Small()).status, 422);
  EXPECT_EQ(ApplyAs(world, "m", kEcho, Small(), "&dryRun=yes").status, 422);
  EXPECT_EQ(world.Get(kEcho).status, 404);
}

TEST(Apply, WantsTheVersionKindAndNameOfTheUrl) {
  World world;
  EXPECT_EQ(
      Refused(world, {{"spec", {{"image", "x"}}}}),
      (Refusal{400,
               "Incorrect version specified in apply patch. Specified patch version: , expected: patchbay.dev/v1"}));
  Json config = Small();
  config["apiVersion"] = "patchbay.dev/v7";
  EXPECT_EQ(Refused(world, config), (Refusal{400,
                                             "Incorrect version specified in apply patch. Specified patch version: "
                                             "patchbay.dev/v7, expected: patchbay.dev/v1"}));
  config = Small();
  config["kind"] = "Route";
  EXPECT_EQ(Refused(world, config), (Refusal{400,
                                             "failed to create typed patch object: no corresponding type for "
                                             "patchbay.dev/v1, Kind=Route"}));
  config = Small();
  config["metadata"]["name"] = "beta";
  EXPECT_EQ(Refused(world, config),
            (Refusal{400, "the name of the object (beta) does not match the name on the URL (echo)"}));
  config = Small();
  config["metadata"]["namespace"] = "other";
  EXPECT_EQ(Refused(world, config).status, 400);
  config["metadata"] = Json::object();
  EXPECT_EQ(Refused(world, config).status, 201);
}

TEST(Apply, RefusesManagedFields) {
  World world;
  Json config = Small();
  config["metadata"]["managedFields"] = Json::array();
  EXPECT_EQ(Refused(world, config), (Refusal{400, "metadata.managedFields must be nil"}));
  config["metadata"]["managedFields"] = nullptr;
  EXPECT_EQ(Refused(world, config).status, 201);
}

TEST(Apply, HoldsToTheVersionAndUidItNames) {
  World world;
  Json config = Small();
  config["metadata"]["uid"] = "00000000-0000-4000-8000-000000000002";
  EXPECT_EQ(
      Refused(world, config),
      (Refusal{409,
               "Operation cannot be fulfilled on plugins.patchbay.dev \"echo\": uid mismatch: the provided object "
               "specified uid 00000000-0000-4000-8000-000000000002, and no existing object was found"}));
  config = Small();
  config["metadata"]["resourceVersion"] = "1";
  EXPECT_EQ(Refused(world, config).status, 201);
  EXPECT_EQ(Refused(world, config),
            (Refusal{409,
                     "Operation cannot be fulfilled on plugins.patchbay.dev \"echo\": the object has been modified; "
                     "please apply your changes to the latest version and try again"}));
  config = Small();
  config["metadata"]["uid"] = "00000000-0000-4000-8000-000000000002";
  EXPECT_EQ(Refused(world, config), (Refusal{422,
                                             "Plugin.patchbay.dev \"echo\" is invalid: metadata.uid: Invalid value: "
                                             "\"00000000-0000-4000-8000-000000000002\": field is immutable"}));
}

TEST(Apply, RefusesWhatTheSchemaDoesNotKnow) {
  World world;
  Json config = Small();
  config["metadata"]["namespace"] = "default";
  config["spec"]["nosuch"] = 1;
  const std::string typed = "failed to create typed patch object (default/echo; patchbay.dev/v1, Kind=Plugin): ";
  EXPECT_EQ(Refused(world, config), (Refusal{400, typed + ".spec.nosuch: field not declared in schema"}));
  config["metadata"]["owner"] = "me";
  EXPECT_EQ(Refused(world, config), (Refusal{400, typed + "errors:\n  .metadata.owner: field not declared in schema\n"
                                                          "  .spec.nosuch: field not declared in schema"}));
  config = Small();
  config["metadata"]["namespace"] = "default";
  config["spec"]["env"] = {{{"name", "A"}}, {{"name", "A"}}};
  EXPECT_EQ(Refused(world, config), (Refusal{400, typed + ".spec.env: duplicate entries for key [name=\"A\"]"}));
  config["spec"]["env"] = {{{"value", "A"}}};
  EXPECT_EQ(
      Refused(world, config),
      (Refusal{400, typed + ".spec.env: element 0: associative list with keys has an element that omits key field "
                            "\"name\" (and doesn't have default value)"}));
  config["spec"]["env"] = "none";
  config["spec"]["image"] = 7;
  EXPECT_EQ(Refused(world, config).status, 400);
  EXPECT_EQ(world.Get(kEcho).status, 404);
}

TEST(Apply, TellsOfDuplicateFields) {
  World world;
  const std::string body = R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","spec":{"image":"a","image":"b"}})";
  const std::string path = kEcho + "?fieldManager=m&fieldValidation=";
  EXPECT_EQ(ApplyText(world, path + "Strict", body).message(),
            "error strict decoding YAML: duplicate field \"spec.image\"");
  EXPECT_EQ(world.Get(kEcho).status, 404);
  const Reply warned = ApplyText(world, path + "Warn", body);
  EXPECT_EQ(warned.status, 201);
  EXPECT_EQ(warned.headers.Get("Warning"), "299 - \"duplicate field \\\"spec.image\\\"\"");
  EXPECT_FALSE(ApplyText(world, path + "Ignore", body).headers.Has("Warning"));
  EXPECT_EQ(ApplyText(world, path + "Maybe", body).status, 422);
}

TEST(Apply, RefusesWhatIsNoObject) {
  World world;
  for (const char* body : {"", "[]", "{", "a: [", "1", "a: 1\n---\nb: 2\n", "spec: 1", R"({"metadata":1})",
                           R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","metadata":[]})",
                           R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","spec":[]})"}) {
    EXPECT_EQ(ApplyText(world, kEcho + "?fieldManager=m", body).status, 400) << body;
  }
  ApplyAs(world, "m", kEcho, Small());
  for (const char* body : {R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","metadata":{"labels":[]}})",
                           R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","metadata":{"labels":{"a":1}}})",
                           R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","metadata":{"finalizers":[{}]}})"}) {
    EXPECT_EQ(ApplyText(world, kEcho + "?fieldManager=n", body).status, 400) << body;
  }
}

TEST(Apply, OfNulls) {
  World world;
  Json config = Small();
  config["metadata"]["creationTimestamp"] = nullptr;
  config["metadata"]["labels"] = nullptr;
  config["spec"]["replicas"] = nullptr;
  config["spec"]["env"] = nullptr;
  config["status"] = Json::object();
  const Reply reply = ApplyAs(world, "m", kEcho, config);
  EXPECT_EQ(reply.status, 201) << reply.text;
  EXPECT_EQ(FindInt(reply.json(), {"spec", "replicas"}), 1);
  EXPECT_EQ(ApplyAs(world, "m", kEcho, config).json(), reply.json());
}

TEST(Apply, WithForceIsForApplyPatchesAlone) {
  World world;
  ApplyAs(world, "m", kEcho, Small());
  const Reply reply = world.Merge(kEcho + "?fieldManager=m&force=true", {{"spec", {{"replicas", 2}}}});
  EXPECT_EQ(reply.status, 422);
  EXPECT_THAT(reply.causes(), ElementsAre("force: Forbidden: may not be specified for non-apply patch"));
}

}  // namespace
}  // namespace patchbay::api

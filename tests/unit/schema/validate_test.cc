#include "schema/validate.h"

#include "base/clock.h"
#include "base/text.h"
#include "object/object.h"
#include "object/yaml.h"
#include "unit/object/random_json.h"

namespace patchbay {
namespace {

const Kind& KindOf(std::string_view resource) { return *Kinds::Embedded().FindResource(resource); }

Json Plugin(const std::string& spec) {
  return Json{{"apiVersion", "patchbay.dev/v1"},
              {"kind", "Plugin"},
              {"metadata", {{"name", "p"}}},
              {"spec", Json::parse(spec)}};
}
// What a write does, as lines "field | reason | message".
std::vector<std::string> Broken(const Kind& kind, Json object) {
  Prune(kind, object);
  ApplyDefaults(kind, object);
  std::vector<std::string> out;
  for (const Cause& cause : Validate(kind, object))
    out.push_back(StrCat(cause.field, " | ", cause.reason, " | ", cause.message));
  return out;
}
std::vector<std::string> Broken(const std::string& spec) { return Broken(KindOf(kPlugins), Plugin(spec)); }

using testing::ElementsAre;
using testing::IsEmpty;

// The requests of the recorded transcript bad-schema, with the paths and reasons of today's servers.
TEST(Validate, SpeaksAsKubernetesDoes) {
  EXPECT_THAT(
      Broken(R"({"image":5})"),
      ElementsAre("spec.image | FieldValueTypeInvalid | Invalid value: \"integer\": spec.image in body must be of "
                  "type string: \"integer\""));
  EXPECT_THAT(
      Broken(R"({"image":"a","replicas":-1})"),
      ElementsAre("spec.replicas | FieldValueInvalid | Invalid value: -1: spec.replicas in body should be greater "
                  "than or equal to 0"));
  EXPECT_THAT(
      Broken(R"({"image":"a","replicas":101})"),
      ElementsAre("spec.replicas | FieldValueInvalid | Invalid value: 101: spec.replicas in body should be less "
                  "than or equal to 100"));
  EXPECT_THAT(
      Broken(R"({"image":"a","replicas":1.5})"),
      ElementsAre("spec.replicas | FieldValueTypeInvalid | Invalid value: \"number\": spec.replicas in body must be "
                  "of type integer: \"number\""));
  EXPECT_THAT(
      Broken(R"({"image":""})"),
      ElementsAre("spec.image | FieldValueInvalid | Invalid value: \"\": spec.image in body should be at least 1 "
                  "chars long"));
  EXPECT_THAT(Broken("{}"), ElementsAre("spec.image | FieldValueRequired | Required value"));
  EXPECT_THAT(
      Broken(R"({"image":"a","env":[{"name":"1BAD"}]})"),
      ElementsAre("spec.env[0].name | FieldValueInvalid | Invalid value: \"1BAD\": spec.env[0].name in body should "
                  "match '^[A-Za-z_][A-Za-z0-9_]*$'"));
  EXPECT_THAT(Broken(R"({"image":"a","env":[{"value":"x"}]})"),
              ElementsAre("spec.env[0].name | FieldValueRequired | Required value"));
  EXPECT_THAT(Broken(R"({"image":"a","env":[{"name":"A"},{"name":"A"}]})"),
              ElementsAre("spec.env[1] | FieldValueDuplicate | Duplicate value: {\"name\":\"A\"}"));
  EXPECT_EQ(Broken(R"({"image":"a","ports":[{"containerPort":0},{"containerPort":70000}]})").size(), 2u);
  EXPECT_THAT(Broken(R"({"image":"a","command":"ls"})"),
              ElementsAre(testing::HasSubstr("must be of type array: \"string\"")));
  EXPECT_THAT(Broken(R"({"image":"a","enabled":"yes"})"), ElementsAre(testing::HasSubstr("type boolean: \"string\"")));
  EXPECT_THAT(Broken(R"({"image":"a","config":[]})"), ElementsAre(testing::HasSubstr("type object: \"array\"")));
}
TEST(Validate, DoesNotJudgeAgainWhatStays) {
  const Json before = Plugin(R"({"image":"","env":[{"name":"1BAD"},{"name":"B"}],"replicas":-1})");
  EXPECT_THAT(Validate(KindOf(kPlugins), before, &before), IsEmpty());
  const Json after = Plugin(R"({"image":"","env":[{"name":"1BAD","value":"x"},{"name":"B"},{"name":"2"}],"replicas":-2})");
  std::vector<std::string> fields;
  for (const Cause& cause : Validate(KindOf(kPlugins), after, &before)) fields.push_back(cause.field);
  EXPECT_THAT(fields, ElementsAre("spec.env[2].name", "spec.replicas"));
}

TEST(Validate, TakesNullForAbsent) {
  EXPECT_THAT(Broken(R"({"image":null})"), ElementsAre("spec.image | FieldValueRequired | Required value"));
  EXPECT_THAT(Broken(R"({"image":"a","replicas":null,"env":null,"strategy":null})"), IsEmpty());
  EXPECT_THAT(
      Broken(R"({"image":"a","env":[null]})"),
      ElementsAre("spec.env[0] | FieldValueTypeInvalid | Invalid value: \"null\": spec.env[0] in body must be of type "
                  "object: \"null\""));
  EXPECT_THAT(Broken("null"), ElementsAre("spec | FieldValueRequired | Required value"));
}
TEST(Validate, SaysWhichValuesAreSupported) {
  const Json route = {
      {"spec", Json::parse(R"({"paths":[{"value":"/x"}],"backends":[{"weight":-1}],"methods":["GET","FETCH"]})")}};
  EXPECT_THAT(
      Broken(KindOf(kRoutes), route),
      testing::UnorderedElementsAre(
          "spec.backends[0].weight | FieldValueInvalid | Invalid value: -1: spec.backends[0].weight in body should be "
          "greater than or equal to 0",
          "spec.methods[1] | FieldValueNotSupported | Unsupported value: \"FETCH\": supported values: \"GET\", "
          "\"HEAD\", "
          "\"POST\", \"PUT\", \"PATCH\", \"DELETE\", \"OPTIONS\""));
  EXPECT_THAT(
      Broken(KindOf(kRoutes), {{"spec", {{"paths", Json::array()}, {"backends", Json::array()}}}}),
      ElementsAre("spec.paths | FieldValueInvalid | Invalid value: 0: spec.paths in body should have at least 1 items",
                  testing::HasSubstr("spec.backends")));
  const Json status =
      Json::parse(R"({"spec":{"image":"a"},"status":{"conditions":[{"type":"Ready","status":"Maybe"},{"type":"X"},
      {"type":"Y","status":"True","lastTransitionTime":"yesterday"}],"replicas":"x"}})");
  EXPECT_THAT(
      Broken(KindOf(kPlugins), status),
      testing::UnorderedElementsAre(
          testing::HasSubstr("Unsupported value: \"Maybe\": supported values: \"True\", \"False\", \"Unknown\""),
          "status.conditions[1].status | FieldValueRequired | Required value",
          testing::HasSubstr("must be of type date-time: \"yesterday\""), testing::HasSubstr("status.replicas")));
}
TEST(Validate, KnowsNumbersOrTextQuantitiesAndTimes) {
  for (const char* good :
       {R"({"limits":{"cpu":"500m","memory":"128Mi"}})", R"({"limits":{"cpu":2}})", R"({"requests":{"cpu":"0.5"}})"})
    EXPECT_THAT(Broken(StrCat(R"({"image":"a","resources":)", good, "}")), IsEmpty()) << good;
  for (const char* bad :
       {R"({"limits":{"cpu":"half"}})", R"({"limits":{"memory":"128 MB"}})", R"({"limits":{"cpu":true}})"})
    EXPECT_EQ(Broken(StrCat(R"({"image":"a","resources":)", bad, "}")).size(), 1u) << bad;
  EXPECT_THAT(Broken(R"({"image":"a","strategy":{"maxSurge":"25%","maxUnavailable":2}})"), IsEmpty());
  EXPECT_EQ(Broken(R"({"image":"a","strategy":{"maxSurge":"250%"}})").size(), 1u);
  EXPECT_THAT(Broken(R"({"image":"a","strategy":{"maxSurge":1.5}})"),
              ElementsAre(testing::HasSubstr("must be of type integer,string: \"number\"")));
  EXPECT_EQ(Broken(R"({"image":"a","securityContext":{"runAsUser":18446744073709551615}})").size(), 1u);
  EXPECT_EQ(Broken(R"({"image":"a","terminationGracePeriodSeconds":9223372036854775807})").size(), 1u);
  EXPECT_EQ(Broken(R"({"image":"a","strategy":{"progressDeadlineSeconds":3000000000}})").size(), 1u);
  EXPECT_THAT(Broken(KindOf(kSecrets), Json::parse(R"({"data":{"a":"aGk=","b":"not base64"}})")),
              ElementsAre(testing::HasSubstr("data.b")));
  EXPECT_THAT(Broken(KindOf(kSecrets), Json::parse(R"({"data":null})")), IsEmpty());
}
TEST(Validate, CountsCharactersNotBytes) {
  std::string long_name;
  for (int i = 0; i < 64; ++i) long_name += "é";
  EXPECT_EQ(Broken(StrCat(R"({"image":")", long_name, R"("})")).size(), 0u);
  EXPECT_THAT(Broken(StrCat(R"({"image":")", std::string(1025, 'x'), R"("})")),
              ElementsAre("spec.image | FieldValueTooLong | Too long: may not be more than 1024 bytes"));
}
TEST(Validate, FindsDuplicatesAmongMany) {
  std::string env;
  for (int i = 0; i < 500; ++i) env += StrCat(R"({"name":"A)", i, R"("},)");
  EXPECT_THAT(Broken(StrCat(R"({"image":"a","env":[)", env, R"({"name":"A7"}]})")),
              ElementsAre(testing::StartsWith("spec.env[500] | FieldValueDuplicate")));
  EXPECT_THAT(Broken(R"({"image":"a","ports":[{"containerPort":80},{"containerPort":80,"protocol":"UDP"}]})"),
              IsEmpty());
  EXPECT_EQ(Broken(R"({"image":"a","ports":[{"containerPort":80},{"containerPort":80,"protocol":"TCP"}]})").size(), 1u);
  EXPECT_EQ(Broken(R"({"image":"a","dependsOn":["x","x"]})").size(), 1u);
}

TEST(ApplyDefaults, FillsNestedObjectsAndLists) {
  Json plugin = Plugin(R"({"image":"a","ports":[{"containerPort":80}],"readinessProbe":{"httpGet":{"port":80}}})");
  ApplyDefaults(KindOf(kPlugins), plugin);
  const Json& spec = plugin["spec"];
  EXPECT_EQ(spec["replicas"], 1);
  EXPECT_EQ(spec["enabled"], true);
  EXPECT_EQ(spec["ports"][0]["protocol"], "TCP");
  EXPECT_EQ(spec["readinessProbe"]["periodSeconds"], 10);
  EXPECT_EQ(spec["readinessProbe"]["httpGet"]["path"], "/");
  EXPECT_EQ(spec["strategy"]["type"], "RollingUpdate");
  EXPECT_EQ(spec["reconcile"]["mode"], "Correct");
  EXPECT_EQ(spec["configPath"], "/etc/patchbay/config.json");
  EXPECT_FALSE(spec.contains("livenessProbe"));
  EXPECT_FALSE(plugin.contains("status"));
  const Json once = plugin;
  ApplyDefaults(KindOf(kPlugins), plugin);
  EXPECT_EQ(plugin, once);
}
TEST(ApplyDefaults, LeavesFreeFormAlone) {
  Json plugin = Plugin(R"({"image":"a","config":{"a":null,"b":[null,{"c":1}],"replicas":null}})");
  ApplyDefaults(KindOf(kPlugins), plugin);
  EXPECT_TRUE(Prune(KindOf(kPlugins), plugin).empty());
  EXPECT_EQ(DumpJson(plugin["spec"]["config"]), R"({"a":null,"b":[null,{"c":1}],"replicas":null})");
}

TEST(Prune, RemovesAndNamesWhatNobodyKnows) {
  Json plugin = Plugin(R"({"image":"a","nosuch":1,"env":[{"name":"A","x":{"y":1}}],"config":{"any":{"thing":1}},
                           "resources":{"limits":{"gpu":1,"cpu":1}}})");
  plugin["extra"] = 5;
  plugin["metadata"]["anything"] = "stays";
  EXPECT_THAT(Prune(KindOf(kPlugins), plugin),
              ElementsAre("spec.nosuch", "spec.env[0].x", "spec.resources.limits.gpu", "extra"));
  EXPECT_EQ(
      DumpJson(plugin),
      R"({"apiVersion":"patchbay.dev/v1","kind":"Plugin","metadata":{"name":"p","anything":"stays"},"spec":{"image":"a",)"
      R"("env":[{"name":"A"}],"config":{"any":{"thing":1}},"resources":{"limits":{"cpu":1}}}})");
  EXPECT_THAT(Prune(KindOf(kPlugins), plugin), IsEmpty());
}
TEST(Prune, LeavesMapsWhole) {
  Json secret = Json::parse(R"({"data":{"any-key":"eA=="},"other":1})");
  EXPECT_THAT(Prune(KindOf(kSecrets), secret), ElementsAre("other"));
  EXPECT_EQ(secret["data"].size(), 1u);
}
TEST(Validate, HasAnAnswerForAnyJson) {
  RandomJson random(7);
  for (int i = 0; i < 2000; ++i) {
    for (const Kind& kind : Kinds::Embedded().all()) {
      Json object = random.Object(3);
      object["spec"] = random.Object(3);
      object["spec"]["env"] = random.Value(3);
      object["status"] = random.Value(3);
      Prune(kind, object);
      ApplyDefaults(kind, object);
      const Json before = object;
      EXPECT_TRUE(Prune(kind, object).empty());
      ApplyDefaults(kind, object);
      EXPECT_EQ(object, before);
      for (const Cause& cause : Validate(kind, object)) EXPECT_FALSE(cause.message.empty());
      ValidateMetadata(kind, object);
    }
  }
}

std::vector<std::string> BrokenMetadata(const std::string& metadata, std::string_view resource = kPlugins) {
  std::vector<std::string> out;
  for (const Cause& cause : ValidateMetadata(KindOf(resource), Json{{"metadata", Json::parse(metadata)}}))
    out.push_back(StrCat(cause.field, " | ", cause.reason, " | ", cause.message));
  return out;
}
TEST(ValidateMetadata, SpeaksAsKubernetesDoes) {
  EXPECT_THAT(BrokenMetadata("{}"),
              ElementsAre("metadata.name | FieldValueRequired | Required value: name or generateName is required"));
  EXPECT_THAT(BrokenMetadata(R"({"generateName":"echo-"})"), IsEmpty());
  EXPECT_THAT(BrokenMetadata(R"({"name":"Bad"})"),
              ElementsAre(testing::StartsWith(
                  "metadata.name | FieldValueInvalid | Invalid value: \"Bad\": a lowercase RFC 1123 subdomain")));
  EXPECT_THAT(BrokenMetadata(R"({"name":"x","labels":{"a b":"c"}})"),
              ElementsAre(testing::StartsWith(
                  "metadata.labels | FieldValueInvalid | Invalid value: \"a b\": name part must consist")));
  EXPECT_EQ(BrokenMetadata(StrCat(R"({"name":"x","labels":{"a":")", std::string(64, '-'), R"("}})")).size(), 2u);
  EXPECT_THAT(
      BrokenMetadata(R"({"name":"x2","ownerReferences":[{"kind":"Plugin","name":"y"}]})"),
      ElementsAre(
          "metadata.ownerReferences.apiVersion | FieldValueInvalid | Invalid value: \"\": version must not be empty",
          "metadata.ownerReferences.uid | FieldValueInvalid | Invalid value: \"\": uid must not be empty"));
  EXPECT_THAT(BrokenMetadata(StrCat(R"({"name":"x","annotations":{"k":")", std::string(270'000, 'v'), R"("}})")),
              ElementsAre("metadata.annotations | FieldValueTooLong | Too long: may not be more than 262144 bytes"));
  EXPECT_EQ(BrokenMetadata(R"({"name":"x","finalizers":["plain"]})", kSecrets).size(), 1u);
  EXPECT_THAT(BrokenMetadata(R"({"name":"x","finalizers":["plain"]})"), IsEmpty());
  EXPECT_THAT(BrokenMetadata(R"({"name":"x","finalizers":["patchbay.dev/done","orphan"]})"), IsEmpty());
  EXPECT_EQ(BrokenMetadata(R"({"name":5})").size(), 2u);
  EXPECT_EQ(BrokenMetadata("\"x\"").size(), 1u);
  EXPECT_EQ(BrokenMetadata(R"({"name":"x","labels":{"a":1}})").size(), 1u);
}
TEST(ValidateMetadata, MindsTheScope) {
  EXPECT_THAT(BrokenMetadata(R"({"name":"x","namespace":"y"})", kNamespaces),
              ElementsAre("metadata.namespace | FieldValueForbidden | Forbidden: not allowed on this type"));
  EXPECT_EQ(BrokenMetadata(R"({"name":"a.b"})", kNamespaces).size(), 1u);
  EXPECT_THAT(BrokenMetadata(R"({"name":"a.b","namespace":"default"})"), IsEmpty());
  EXPECT_EQ(BrokenMetadata(R"({"name":"a","namespace":"Bad_NS"})").size(), 1u);
}

TEST(InvalidObject, NamesAllCauses) {
  const Kind& plugin = KindOf(kPlugins);
  EXPECT_EQ(InvalidObject(plugin, "nospec", {{"spec", "FieldValueRequired", "Required value"}}).message,
            "Plugin.patchbay.dev \"nospec\" is invalid: spec: Required value");
  EXPECT_EQ(InvalidObject(plugin, "x", {{"a", "r", "m"}, {"b", "r", "n"}, {"a", "r", "m"}}).message,
            "Plugin.patchbay.dev \"x\" is invalid: [a: m, b: n]");
  EXPECT_EQ(InvalidObject(KindOf(kSecrets), "s", {{"a", "r", "m"}}).message, "Secret \"s\" is invalid: a: m");
}

}  // namespace
}  // namespace patchbay

#include "schema/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "object/yaml.h"

namespace patchbay {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kBox = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boxes.test.dev}
spec:
  group: test.dev
  names: {kind: Box, listKind: BoxList, plural: boxes, singular: box}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties:
              text: {type: string}
              size: {x-kubernetes-int-or-string: true}
              plain: {type: array, items: {type: string}}
              words: {type: array, x-kubernetes-list-type: set, items: {type: string}}
              ports:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [port, protocol]
                items:
                  type: object
                  required: [port]
                  properties:
                    port: {type: integer}
                    protocol: {type: string, default: TCP}
                    name: {type: string}
              whole:
                type: object
                x-kubernetes-map-type: atomic
                properties: {a: {type: string}, b: {type: string}}
              limits: {type: object, additionalProperties: {x-kubernetes-int-or-string: true}}
              free: {type: object, x-kubernetes-preserve-unknown-fields: true}
              probe: {type: object, properties: {port: {type: integer}, period: {type: integer, default: 10}}}
)";

const Kind& Box() {
  static const Kinds kinds = Kinds::FromYaml({kBox}).value();
  return kinds.all().front();
}
Json Make(std::string_view spec) {
  Json object = {{"apiVersion", "test.dev/v1"}, {"kind", "Box"}, {"metadata", {{"name", "b"}}}};
  object["spec"] = ParseYaml(spec, "spec").value().front().value;
  return object;
}
std::string Fields(std::string_view spec) {
  const Json object = Make(spec);
  FieldSet set = AppliedFields(Box(), object);
  set.KeepOnly("f:spec");
  std::string text = R"({"f:spec":)";
  AppendAppliedFields(Box(), "spec", object["spec"], text);
  EXPECT_EQ(text + "}", set.ToText());
  return set.ToText();
}
std::string MergeSpecs(std::string_view live, std::string_view applied) {
  return DumpJson(Merge(Box(), Make(live), Make(applied))["spec"]);
}
FieldSet Set(std::string_view fields) { return FieldSet::Parse(Json::parse(fields)).value(); }
std::string Removed(std::string_view spec, std::string_view fields) {
  const Json object = RemoveFields(Box(), Make(spec), Set(fields));
  return object.contains("spec") ? DumpJson(object["spec"]) : "gone";
}

TEST(AppliedFields, AreLeavesItemsAndKeysOfFreeMaps) {
  EXPECT_EQ(Fields("{text: a, size: 1, plain: [x], probe: {port: 1}}"),
            R"({"f:spec":{"f:plain":{},"f:probe":{"f:port":{}},"f:size":{},"f:text":{}}})");
  EXPECT_EQ(Fields("{words: [b, a]}"), R"({"f:spec":{"f:words":{"v:\"a\"":{},"v:\"b\"":{}}}})");
  EXPECT_EQ(Fields("{limits: {cpu: 1}}"), R"({"f:spec":{"f:limits":{"f:cpu":{}}}})");
  EXPECT_EQ(Fields("{whole: {a: x}}"), R"({"f:spec":{"f:whole":{}}})");
}

TEST(AppliedFields, NameItemsByKeyWithDefaults) {
  EXPECT_EQ(Fields("{ports: [{port: 80, name: http}]}"),
            R"({"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:name":{},"f:port":{}}}}})");
}

TEST(AppliedFields, OfAFreeObjectGoByItsValues) {
  EXPECT_EQ(Fields("{free: {a: {b: 1, c: [1, {d: 2}]}, e: {}}}"),
            R"({"f:spec":{"f:free":{"f:a":{".":{},"f:b":{},"f:c":{}},"f:e":{}}}})");
}

TEST(AppliedFields, OfEmptyThings) {
  EXPECT_EQ(Fields("{probe: {}, words: [], plain: [], free: {}, text: null}"),
            R"({"f:spec":{"f:free":{},"f:plain":{},"f:probe":{},"f:text":{},"f:words":{}}})");
}

TEST(Merge, PutsTheAppliedItemsInTheirOrder) {
  EXPECT_EQ(MergeSpecs("{words: [A, B, C]}", "{words: [X, B]}"), R"({"words":["A","X","B","C"]})");
  EXPECT_EQ(MergeSpecs("{words: [A, B, C]}", "{words: [C, A]}"), R"({"words":["B","C","A"]})");
  EXPECT_EQ(MergeSpecs("{words: [A]}", "{words: [B, C]}"), R"({"words":["A","B","C"]})");
  EXPECT_EQ(MergeSpecs("{words: [A, B]}", "{words: [A, B]}"), R"({"words":["A","B"]})");
  EXPECT_EQ(MergeSpecs("{}", "{words: [B, A]}"), R"({"words":["B","A"]})");
}

TEST(Merge, GoesIntoItemsOfTheSameKey) {
  EXPECT_EQ(MergeSpecs("{ports: [{port: 80, protocol: TCP, name: a}]}",
                       "{ports: [{port: 80, name: b}, {port: 80, protocol: UDP}]}"),
            R"({"ports":[{"port":80,"protocol":"TCP","name":"b"},{"port":80,"protocol":"UDP"}]})");
}

TEST(Merge, ReplacesAtomicThings) {
  EXPECT_EQ(MergeSpecs("{plain: [a, b], whole: {a: x}}", "{plain: [c], whole: {b: y}}"),
            R"({"plain":["c"],"whole":{"b":"y"}})");
}

TEST(Merge, GoesIntoFreeObjectsAndMaps) {
  EXPECT_EQ(MergeSpecs("{free: {a: {b: 1}, l: [1]}, limits: {cpu: 1}}",
                       "{free: {a: {c: 2}, l: [2], n: 3}, limits: {memory: 2}}"),
            R"({"free":{"a":{"b":1,"c":2},"l":[2],"n":3},"limits":{"cpu":1,"memory":2}})");
  EXPECT_EQ(MergeSpecs("{free: {a: 1}}", "{free: {a: {b: 2}}}"), R"({"free":{"a":{"b":2}}})");
}

TEST(Compare, TellsAddedModifiedAndRemoved) {
  const Comparison change = Compare(Box(), Make("{text: a, words: [x], probe: {port: 1}, plain: [a]}"),
                                    Make("{text: b, words: [y], ports: [{port: 1, protocol: TCP}], plain: [b]}"));
  EXPECT_THAT(
      change.added.Paths(),
      ElementsAre(".spec.ports", ".spec.ports[port=1,protocol=\"TCP\"]", ".spec.ports[port=1,protocol=\"TCP\"].port",
                  ".spec.ports[port=1,protocol=\"TCP\"].protocol", ".spec.words[=\"y\"]"));
  EXPECT_THAT(change.modified.Paths(), ElementsAre(".spec.plain", ".spec.text"));
  EXPECT_THAT(change.removed.Paths(), ElementsAre(".spec.probe", ".spec.probe.port", ".spec.words[=\"x\"]"));
}

TEST(Compare, DoesNotMindTheOrderOfAMapOrSet) {
  EXPECT_TRUE(Compare(Box(), Make("{words: [a, b], ports: [{port: 1}, {port: 2}]}"),
                      Make("{ports: [{port: 2}, {port: 1}], words: [b, a]}"))
                  .same());
}

TEST(Compare, SeesAThingOfAnotherType) {
  const Comparison change = Compare(Box(), Make("{free: {a: 1}}"), Make("{free: {a: {b: 2}}}"));
  EXPECT_THAT(change.modified.Paths(), ElementsAre(".spec.free.a"));
  EXPECT_THAT(change.added.Paths(), ElementsAre(".spec.free.a.b"));
}

TEST(RemoveFields, TakesWhatBecomesEmptyToo) {
  EXPECT_EQ(Removed("{words: [a], text: x}", R"({"f:spec":{"f:words":{"v:\"a\"":{}}}})"), R"({"text":"x"})");
  EXPECT_EQ(Removed("{words: [a]}", R"({"f:spec":{"f:words":{"v:\"a\"":{}}}})"), "gone");
  EXPECT_EQ(Removed("{free: {a: {b: 1}, c: 2}}", R"({"f:spec":{"f:free":{"f:a":{"f:b":{}}}}})"), R"({"free":{"c":2}})");
  EXPECT_EQ(Removed("{ports: [{port: 1, name: a}, {port: 2}]}",
                    R"({"f:spec":{"f:ports":{"k:{\"port\":1,\"protocol\":\"TCP\"}":{"f:name":{}}}}})"),
            R"({"ports":[{"port":1},{"port":2}]})");
}

TEST(WithNamedFields, AddsWhatTheSchemaNamesOnTheWay) {
  const FieldSet named = WithNamedFields(
      Box(), Set(R"({"f:spec":{"f:probe":{"f:port":{}},"f:limits":{"f:cpu":{}},"f:free":{"f:a":{"f:b":{}}}}})"));
  EXPECT_THAT(named.Paths(), ElementsAre(".spec", ".spec.free", ".spec.limits", ".spec.probe", ".spec.free.a.b",
                                         ".spec.limits.cpu", ".spec.probe.port"));
}

TEST(CheckApplicable, SpeaksAsKubernetesDoes) {
  EXPECT_THAT(CheckApplicable(Box(), Make("{text: a, free: {x: [1]}, limits: {a: 1}, size: 5, whole: {a: x}}")),
              IsEmpty());
  EXPECT_THAT(CheckApplicable(Box(), Make("{nosuch: 1}")), ElementsAre(".spec.nosuch: field not declared in schema"));
  EXPECT_THAT(CheckApplicable(Box(), Make("{text: 7}")),
              ElementsAre(".spec.text: expected string, got &value.valueUnstructured{Value:7}"));
  EXPECT_THAT(CheckApplicable(Box(), Make("{words: [a, a]}")),
              ElementsAre(".spec.words: duplicate entries for key [=\"a\"]"));
  EXPECT_THAT(CheckApplicable(Box(), Make("{ports: [{port: 1}, {port: 1, protocol: TCP}]}")),
              ElementsAre(".spec.ports: duplicate entries for key [port=1,protocol=\"TCP\"]"));
  EXPECT_THAT(CheckApplicable(Box(), Make("{ports: [{name: x}]}")),
              ElementsAre(".spec.ports: element 0: associative list with keys has an element that omits key field "
                          "\"port\" (and doesn't have default value)"));
}

}  // namespace
}  // namespace patchbay

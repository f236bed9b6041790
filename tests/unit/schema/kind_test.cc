#include "schema/kind.h"

#include "base/text.h"
#include "object/yaml.h"
#include "schema/rules.h"

namespace patchbay {
namespace {

TEST(Kinds, AreAllRead) {
  const Kinds& kinds = Kinds::Embedded();
  std::vector<std::string> resources;
  for (const Kind& kind : kinds.all()) resources.push_back(kind.Resource());
  EXPECT_THAT(resources, testing::IsSupersetOf({"plugins.patchbay.dev", "routes.patchbay.dev", "webhooks.patchbay.dev",
                                                "namespaces", "secrets", "configmaps", "events"}));
  EXPECT_EQ(EmbeddedDocuments().size(), resources.size());
}
TEST(Kinds, TellWhatAClientMustKnow) {
  const Kind* plugin = Kinds::Embedded().FindResource(kPlugins);
  ASSERT_NE(plugin, nullptr);
  EXPECT_EQ(plugin->ApiVersion(), "patchbay.dev/v1");
  EXPECT_EQ(plugin->list_kind, "PluginList");
  EXPECT_THAT(plugin->short_names, testing::ElementsAre("plg"));
  EXPECT_THAT(plugin->categories, testing::ElementsAre("all", "patchbay"));
  EXPECT_TRUE(plugin->namespaced);
  EXPECT_TRUE(plugin->has_status);
  EXPECT_FALSE(plugin->builtin);
  ASSERT_TRUE(plugin->scale.has_value());
  EXPECT_EQ(plugin->scale->label_selector, ".status.selector");
  EXPECT_FALSE(Kinds::Embedded().FindResource(kRoutes)->scale.has_value());
  const Kind* ns = Kinds::Embedded().FindResource(kNamespaces);
  EXPECT_TRUE(ns->builtin);
  EXPECT_FALSE(ns->namespaced);
  EXPECT_EQ(ns->ApiVersion(), "v1");
}
TEST(Kinds, AreFoundByEveryName) {
  const Kinds& kinds = Kinds::Embedded();
  const Kind* plugin = kinds.FindResource(kPlugins);
  for (const char* word : {"plugins", "plugin", "Plugin", "plg", "PLG", "plugins.patchbay.dev", "plg.patchbay.dev",
                           "plugin.v1.patchbay.dev"})
    EXPECT_EQ(kinds.FindWord(word), plugin) << word;
  EXPECT_EQ(kinds.FindWord("cm")->kind, "ConfigMap");
  EXPECT_EQ(kinds.FindWord("ns")->kind, "Namespace");
  for (const char* word : {"", "plug", "plugins.other.dev", "plugins.", "."})
    EXPECT_EQ(kinds.FindWord(word), nullptr) << word;
  EXPECT_EQ(kinds.FindKind("patchbay.dev/v1", "Plugin"), plugin);
  EXPECT_EQ(kinds.FindKind("patchbay.dev/v2", "Plugin"), nullptr);
  EXPECT_EQ(kinds.FindKind("v1", "Secret")->plural, "secrets");
  EXPECT_EQ(kinds.FindPlural("patchbay.dev", "v1", "plugins"), plugin);
  EXPECT_EQ(kinds.FindPlural("", "v1", "plugins"), nullptr);
}

// Every field of a custom kind says what it is for: `explain` shows nothing else.
void ExpectDescribed(const Json& schema, const std::string& path, bool may_lack) {
  EXPECT_TRUE(may_lack || !FindString(schema, {"description"}).empty()) << path;
  if (const Json* properties = Find(schema, {"properties"}))
    for (const auto& [name, property] : properties->items()) ExpectDescribed(property, path + "." + name, path.empty());
  if (const Json* items = Find(schema, {"items"})) ExpectDescribed(*items, path + "[]", true);
}
TEST(Kinds, DescribeEveryField) {
  for (const Kind& kind : Kinds::Embedded().all()) ExpectDescribed(kind.schema, "", false);
}

std::string Crd(const std::string& spec_schema) {
  return StrCat(R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.x.dev}
spec:
  group: x.dev
  names: {kind: Thing, plural: things}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: )",
                spec_schema, "}}}\n");
}
std::string WhyNot(const std::string& spec_schema) {
  const auto kinds = Kinds::FromYaml({Crd(spec_schema)});
  return kinds ? "read" : kinds.error().message;
}

TEST(Kinds, RefuseARuleTheyWouldNotKeep) {
  EXPECT_EQ(WhyNot("{type: object}"), "read");
  EXPECT_EQ(WhyNot("{type: object, oneOf: []}"), "things.x.dev: schema.spec: unknown keyword \"oneOf\"");
  EXPECT_EQ(WhyNot("{type: object, x-kubernetes-validations: []}"),
            "things.x.dev: schema.spec: unknown keyword \"x-kubernetes-validations\"");
  for (const char* bad :
       {"{}",
        "{type: text}",
        "{type: string, pattern: '('}",
        "{type: string, format: colour}",
        "{type: array}",
        "{type: string, minLength: -1}",
        "{type: string, maxLength: x}",
        "{type: integer, minimum: a}",
        "{type: string, enum: []}",
        "{type: string, properties: {a: {type: string}}}",
        "{type: array, uniqueItems: true, items: {type: string}}",
        "{type: object, properties: {a: {type: string}}, additionalProperties: {type: string}}",
        "{type: string, x-kubernetes-int-or-string: true}",
        "{type: object, required: x}",
        "{type: integer, multipleOf: 0}",
        "{type: array, x-kubernetes-list-type: bag, items: {type: string}}",
        "{type: array, x-kubernetes-list-type: map, items: {type: object}}",
        "{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a], items: {type: object}}",
        "{type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a], items: {type: object, properties: "
        "{a: {type: string}}}}",
        "{type: integer, default: x}",
        "{type: integer, minimum: 3, default: 2}",
        "{type: object, default: {nosuch: 1}}",
        "{type: object, properties: {a: {type: object, default: {}, required: [b], properties: {b: {type: string}}}}}"})
    EXPECT_NE(WhyNot(bad), "read") << bad;
}
TEST(Kinds, RefuseADocumentThatIsNoCrd) {
  for (const char* bad :
       {"kind: Other", "5", "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition}", "a: ["})
    EXPECT_FALSE(Kinds::FromYaml({bad}).ok()) << bad;
  const std::string good = Crd("{type: object}");
  EXPECT_FALSE(Kinds::FromYaml({good, good}).ok());
  EXPECT_TRUE(Kinds::FromYaml({}).ok());
}
TEST(Kinds, ReadTheRecordedDocuments) {
  // The shape that real CRDs have: inline maps, quoted enums, filters in paths.
  const auto kinds = Kinds::FromYaml({R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: routes.patchbay.dev}
spec:
  group: patchbay.dev
  names: {kind: Route, listKind: RouteList, plural: routes, singular: route, shortNames: [rt], categories: [all, patchbay]}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: Paths, type: string, jsonPath: .spec.paths}
    - {name: Programmed, type: string, jsonPath: '.status.conditions[?(@.type=="Programmed")].status'}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, required: [paths], properties: {paths: {type: array, minItems: 1, items: {type: string, pattern: '^/'}}}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
)"});
  ASSERT_TRUE(kinds.ok()) << kinds.error().message;
  EXPECT_EQ(kinds->all()[0].columns.size(), 2u);
}

TEST(Kinds, OfKubernetesOwnGroupsAreNoCustomResources) {
  const Kind* revision = Kinds::Embedded().FindResource("controllerrevisions.apps");
  ASSERT_NE(revision, nullptr);
  EXPECT_TRUE(revision->builtin);
  EXPECT_FALSE(revision->tended);
  EXPECT_EQ(revision->ApiVersion(), "apps/v1");
  EXPECT_FALSE(Kinds::Embedded().FindResource("plugins.patchbay.dev")->builtin);
}

}  // namespace
}  // namespace patchbay

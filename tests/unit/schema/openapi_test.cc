#include "schema/openapi.h"

#include "base/text.h"

namespace patchbay {
namespace {

// Every reference in `value` leads somewhere.
void ExpectResolved(const Json& value, std::string_view prefix, const Json& schemas) {
  if (!value.is_structured()) return;
  if (const Json* reference = Find(value, {"$ref"}); reference != nullptr && reference->is_string()) {
    const auto text = reference->get<std::string>();
    ASSERT_TRUE(text.starts_with(prefix)) << text;
    EXPECT_TRUE(schemas.contains(text.substr(prefix.size()))) << text;
  }
  for (const Json& member : value) ExpectResolved(member, prefix, schemas);
}

// What kubectl looks for before it leaves validation to the server.
bool TakesFieldValidation(const Json& document, const std::string& group, const std::string& kind) {
  for (const auto& [name, path] : document["paths"].items()) {
    const Json* patch = Find(path, {"patch"});
    if (patch == nullptr) continue;
    if ((*patch)["x-kubernetes-group-version-kind"] != Json{{"group", group}, {"version", "v1"}, {"kind", kind}})
      continue;
    for (const Json& parameter : (*patch)["parameters"])
      if (parameter["name"] == "fieldValidation") return true;
  }
  return false;
}

TEST(OpenApiV3, HasWhatKubectlLooksFor) {
  const Json document = OpenApiV3(Kinds::Embedded(), "patchbay.dev", "v1");
  for (const char* kind : {"Plugin", "Route", "Webhook"})
    EXPECT_TRUE(TakesFieldValidation(document, "patchbay.dev", kind));
  const Json core = OpenApiV3(Kinds::Embedded(), "", "v1");
  for (const char* kind : {"Namespace", "Secret", "ConfigMap", "Event"})
    EXPECT_TRUE(TakesFieldValidation(core, "", kind));
  EXPECT_FALSE(TakesFieldValidation(core, "patchbay.dev", "Plugin"));
  EXPECT_TRUE(document["paths"].contains("/apis/patchbay.dev/v1/namespaces/{namespace}/plugins/{name}/status"));
  EXPECT_TRUE(core["paths"].contains("/api/v1/namespaces/{name}"));
  EXPECT_TRUE(core["paths"].contains("/api/v1/namespaces/{namespace}/secrets"));
}
TEST(OpenApiV3, ResolvesEveryReference) {
  for (const auto& [group, version] : {std::pair("patchbay.dev", "v1"), std::pair("", "v1")}) {
    const Json document = OpenApiV3(Kinds::Embedded(), group, version);
    ExpectResolved(document, "#/components/schemas/", document["components"]["schemas"]);
  }
}
TEST(OpenApiV3, DescribesTheKinds) {
  const Json document = OpenApiV3(Kinds::Embedded(), "patchbay.dev", "v1");
  const Json& plugin = document["components"]["schemas"]["dev.patchbay.v1.Plugin"];
  EXPECT_EQ(plugin["x-kubernetes-group-version-kind"][0]["kind"], "Plugin");
  EXPECT_EQ(plugin["properties"]["spec"]["properties"]["replicas"]["default"], 1);
  EXPECT_EQ(plugin["properties"]["spec"]["properties"]["env"]["x-kubernetes-list-type"], "map");
  EXPECT_TRUE(document["components"]["schemas"].contains("dev.patchbay.v1.PluginList"));
  EXPECT_TRUE(OpenApiV3(Kinds::Embedded(), "nobody", "v1")["paths"].empty());
}
TEST(OpenApiV2, ResolvesEveryReference) {
  const Json document = OpenApiV2(Kinds::Embedded());
  EXPECT_EQ(document["swagger"], "2.0");
  ExpectResolved(document, "#/definitions/", document["definitions"]);
  EXPECT_TRUE(TakesFieldValidation(document, "patchbay.dev", "Plugin"));
  EXPECT_EQ(DumpJson(document).find("components"), std::string::npos);
  EXPECT_EQ(DumpJson(document).find("requestBody"), std::string::npos);
}

}  // namespace
}  // namespace patchbay

#include "api/openapi_protobuf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.h"

namespace patchbay::api {
namespace {

using ::testing::HasSubstr;

constexpr const char* kAsked = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
constexpr const char* kAnswered = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

// A field of the wire format whose content is shorter than 128 bytes.
std::string Text(int field, const std::string& text) {
  EXPECT_LT(text.size(), 128U);
  std::string out;
  const int tag = field << 3 | 2;
  if (tag >= 0x80) out.push_back(static_cast<char>((tag & 0x7f) | 0x80));
  out.push_back(static_cast<char>(tag >= 0x80 ? tag >> 7 : tag));
  out.push_back(static_cast<char>(text.size()));
  return out + text;
}
std::string Any(int field, const std::string& yaml) { return Text(field, Text(2, yaml)); }
std::string Extension(int field, const std::string& name, const std::string& yaml) {
  return Text(field, Text(1, name) + Any(2, yaml));
}

Json ADefinition(const Json& schema) { return {{"definitions", {{"d", schema}}}}; }
std::string Definition(const std::string& schema) { return Text(9, Text(1, Text(1, "d") + Text(2, schema))); }

TEST(OpenApiProtobuf, WritesSchemas) {
  EXPECT_EQ(EncodeOpenApiV2(ADefinition({{"type", "string"}, {"enum", {"a", "b"}}, {"default", "a"}})),
            Definition(Any(5, "a\n") + Any(20, "a\n") + Any(20, "b\n") + Text(22, Text(1, "string"))));
  EXPECT_EQ(EncodeOpenApiV2(ADefinition({{"required", {"a", "b"}},
                                         {"properties", {{"a", {{"$ref", "#/definitions/x"}}}}},
                                         {"items", {{"maxLength", 300}, {"uniqueItems", true}}}})),
            Definition(Text(19, "a") + Text(19, "b") + Text(23, Text(1, "\x58\xac\x02\x80\x01\x01")) +
                       Text(25, Text(1, Text(1, "a") + Text(2, Text(1, "#/definitions/x"))))));
  EXPECT_EQ(EncodeOpenApiV2(ADefinition({{"minimum", 1}, {"additionalProperties", true}})),
            Definition(std::string("\x49\0\0\0\0\0\0\xf0\x3f", 9) + Text(21, "\x10\x01")));
  EXPECT_EQ(EncodeOpenApiV2(ADefinition({{"additionalProperties", {{"type", "string"}}}})),
            Definition(Text(21, Text(1, Text(22, Text(1, "string"))))));
}

TEST(OpenApiProtobuf, WritesExtensionsAsYaml) {
  const Json kinds = Json::array({{{"group", ""}, {"kind", "K"}}});
  EXPECT_EQ(EncodeOpenApiV2(ADefinition({{"x-kubernetes-group-version-kind", kinds}})),
            Definition(Extension(31, "x-kubernetes-group-version-kind", "- group: \"\"\n  kind: K\n")));
}

TEST(OpenApiProtobuf, WritesOperations) {
  const Json path = {{"name", "name"}, {"in", "path"}, {"required", true}, {"type", "string"}};
  const Json query = {{"name", "dryRun"}, {"in", "query"}, {"type", "string"}};
  const Json body = {{"name", "body"}, {"in", "body"}, {"schema", {{"$ref", "#/definitions/d"}}}};
  const Json response = {{"description", "OK"}, {"schema", {{"$ref", "#/definitions/d"}}}};
  const Json document = {
      {"swagger", "2.0"},
      {"paths",
       {{"/p",
         {{"patch",
           {{"operationId", "o"}, {"parameters", {query, body}}, {"responses", {{"200", response}}}, {"x-k", 1}}},
          {"parameters", Json::array({path})}}}}}};
  const std::string reference = Text(1, "#/definitions/d");
  const std::string operation =
      Text(5, "o") + Text(8, Text(1, Text(2, Text(3, Text(2, "query") + Text(4, "dryRun") + Text(6, "string"))))) +
      Text(8, Text(1, Text(1, Text(2, "body") + Text(3, "body") + Text(5, reference)))) +
      Text(9, Text(1, Text(1, "200") + Text(2, Text(1, Text(1, "OK") + Text(2, Text(1, reference)))))) +
      Extension(13, "x-k", "1\n");
  const std::string encoded = EncodeOpenApiV2(document);
  EXPECT_EQ(encoded.find(Text(1, "2.0")), 0U);
  // The operation is longer than 127 bytes: its length takes two.
  EXPECT_THAT(encoded, HasSubstr(operation));
  EXPECT_THAT(encoded,
              HasSubstr(Text(
                  9, Text(1, Text(2, Text(4, "\x08\x01" + Text(2, "path") + Text(4, "name") + Text(5, "string")))))));
}

TEST(OpenApiProtobuf, IsServedToThoseWhoAsk) {
  World world;
  const Reply reply = world.Get("/openapi/v2", kAsked);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.Get("Content-Type"), kAnswered);
  EXPECT_EQ(reply.text, EncodeOpenApiV2(world.Get("/openapi/v2").json()));
  EXPECT_THAT(reply.text, HasSubstr("kind: Plugin\n"));
  EXPECT_EQ(world.Get("/openapi/v2", kAnswered).headers.Get("Content-Type"), kAnswered);
  EXPECT_EQ(world.Get("/openapi/v2", std::string(kAsked) + ";q=0.5,application/json;q=0.9").json()["swagger"], "2.0");
  EXPECT_EQ(world.Get("/openapi/v2", std::string("application/json;q=0.5,") + kAsked).text, reply.text);
  EXPECT_EQ(world.Get("/openapi/v2", "application/vnd.kubernetes.protobuf").status, 406);
  EXPECT_EQ(world.Get("/openapi/v2", "application/json;q=0").status, 406);
  EXPECT_EQ(world.Get("/openapi/v3", kAsked).status, 406);
  EXPECT_EQ(world.Get("/openapi/v4", kAsked).status, 404);
}

TEST(OpenApiProtobuf, IsKeptByClients) {
  World world;
  const Reply first = world.Get("/openapi/v2", kAsked);
  const std::string etag(first.headers.Get("ETag"));
  EXPECT_NE(etag, world.Get("/openapi/v2").headers.Get("ETag"));
  EXPECT_EQ(first.headers.Get("Vary"), "Accept");
  EXPECT_EQ(first.headers.Get("Cache-Control"), "no-cache, private");
  const auto ask = [&](const std::string& header, const std::string& value) {
    return world.Call("GET", "/openapi/v2", "", {{"Accept", kAsked}, {header, value}}).status;
  };
  EXPECT_EQ(ask("If-None-Match", etag), 304);
  EXPECT_EQ(ask("If-None-Match", "\"other\", W/" + etag), 304);
  EXPECT_EQ(ask("If-None-Match", "*"), 304);
  EXPECT_EQ(ask("If-None-Match", "\"other\""), 200);
  EXPECT_EQ(ask("If-Modified-Since", std::string(first.headers.Get("Last-Modified"))), 304);
  EXPECT_EQ(ask("If-Modified-Since", "Sat, 21 Nov 1970 08:32:00 GMT"), 200);
}

}  // namespace
}  // namespace patchbay::api

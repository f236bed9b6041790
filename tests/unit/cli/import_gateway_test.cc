#include "cli/import_gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "object/caddy_entries.h"
#include "object/object.h"
#include "object/yaml.h"

namespace patchbay::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Json Caddy(const char* routes) {
  Json config;
  config["apps"]["http"]["servers"]["srv0"]["routes"] = *ParseJson(routes);
  return config;
}

const KnownPlaces kKnown{{{"172.17.0.3", {"shop", 0}}, {"127.0.0.1:8081", {"blog", 80}}}};

TEST(ImportCaddy, FollowsRoutesWithinRoutesAsACaddyfileMakesThem) {
  const Json config = Caddy(R"([{"match":[{"host":["shop.example.org"]}],"terminal":true,"handle":[{"handler":"subroute","routes":[
    {"match":[{"path":["/api/*"]}],"handle":[{"handler":"subroute","routes":[
      {"handle":[{"handler":"rewrite","strip_path_prefix":"/api"}]},
      {"handle":[{"handler":"headers","response":{"set":{"X-A":["b"]},"delete":["Server"]}},
                 {"handler":"reverse_proxy","upstreams":[{"dial":"172.17.0.3:8080"},{"dial":"10.0.0.9:80"}]}]}]}]},
    {"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"127.0.0.1:8081"}]}]}]}]}])");
  auto import = ImportCaddy(config, kKnown, "");
  ASSERT_THAT(import.routes, SizeIs(2)) << testing::PrintToString(import.left_out);
  const auto entries = NameCaddyEntries("srv0", *Find(config, {"apps", "http", "servers", "srv0", "routes"}));
  EXPECT_EQ(FindString(import.routes[0].object, {"metadata", "annotations", kAdoptAnnotation}),
            "caddy:" + entries.at("[0].handle[0].routes[0].handle[0].routes[1]"));
  import.routes[0].object["metadata"].erase("annotations");
  EXPECT_EQ(DumpYaml(import.routes[0].object), R"(apiVersion: patchbay.dev/v1
kind: Route
metadata:
  name: shop-example-org-api
spec:
  hosts:
  - shop.example.org
  paths:
  - type: Prefix
    value: /api
  stripPath: true
  backends:
  - plugin: shop
    port: 8080
  - url: http://10.0.0.9:80
  headers:
    response:
      set:
        X-A: b
      remove:
      - Server
  priority: 2
)");
  EXPECT_EQ(import.routes[1].object["spec"]["backends"][0], *ParseJson(R"({"plugin":"blog","port":80})"));
  EXPECT_EQ(import.routes[1].object["spec"]["paths"][0]["value"], "/");
  EXPECT_THAT(
      import.routes[0].notes,
      Contains(HasSubstr("apps.http.servers.srv0.routes[0].handle[0].routes[0].handle[0].routes[1].handle[1]")));
}

TEST(ImportCaddy, SaysEveryKindOfPath) {
  const auto import = ImportCaddy(Caddy(R"([{"match":[{"path":["/a/*","/b","/c*","*.php","/*"],"method":["GET"]}],
    "handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"x:1"}],"transport":{"protocol":"http","tls":{}}}]}])"),
                                  {}, "");
  ASSERT_THAT(import.routes, SizeIs(1));
  EXPECT_EQ(DumpJson(import.routes[0].object["spec"]["paths"]),
            R"([{"type":"Prefix","value":"/a"},{"type":"Exact","value":"/b"},{"type":"Regex","value":"^/c.*"},)"
            R"({"type":"Regex","value":"^/.*\\.php$"},{"value":"/","type":"Prefix"}])");
  EXPECT_EQ(import.routes[0].object["spec"]["backends"][0]["url"], "https://x:1");
  EXPECT_EQ(import.routes[0].object["spec"]["methods"], Json({"GET"}));
}

TEST(ImportCaddy, LeavesOutWhatWouldTakeMoreThanItDid) {
  const auto import = ImportCaddy(Caddy(R"([
    {"match":[{"host":["a"],"remote_ip":{"ranges":["10.0.0.0/8"]}}],"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"x:1"}]}]},
    {"match":[{"path":["/files/*"]}],"handle":[{"handler":"file_server"}]},
    {"match":[{"host":["b"]}],"handle":[{"handler":"reverse_proxy","dynamic_upstreams":{"source":"srv"}}]},
    {"match":[{"host":["c"]}],"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"unix//run/app.sock"}]}]},
    {"@id":"patchbay-12345678-r1","handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"x:1"}]}]}])"),
                                  {}, "");
  EXPECT_THAT(import.routes, IsEmpty());
  EXPECT_THAT(import.left_out, ElementsAre(HasSubstr("apps.http.servers.srv0.routes[0].match[0].remote_ip"),
                                           HasSubstr("routes[1].handle[0]: a Route has no file_server"),
                                           HasSubstr("not listed"), HasSubstr("unix//run/app.sock")));
}

TEST(ImportCaddy, TellsOfWhatHappensToSomeRequestsAlone) {
  const auto import = ImportCaddy(Caddy(R"([
    {"match":[{"path":["/x/*"]}],"handle":[{"handler":"subroute","routes":[{"handle":[{"handler":"headers","response":{"delete":["A"]}}]}]}]},
    {"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"x:1"}]}]}])"),
                                  {}, "", false);
  ASSERT_THAT(import.routes, SizeIs(1));
  EXPECT_FALSE(import.routes[0].object["metadata"].contains("annotations"));
  EXPECT_FALSE(import.routes[0].object["spec"].contains("headers"));
  EXPECT_THAT(import.left_out, ElementsAre(HasSubstr("srv0.routes[0]: what it does to some requests")));
}

TEST(ImportCaddy, TakesOverNothingThatWouldHideWhatStandsBeforeIt) {
  const Json config = Caddy(R"([{"match":[{"host":["a"]}],"terminal":true,"handle":[{"handler":"subroute","routes":[
      {"match":[{"path":["/static/*"]}],"handle":[{"handler":"file_server"}]},
      {"match":[{"path":["/api/*"]}],"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"x:1"}]}]},
      {"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"x:2"}]}]}]}]},
    {"match":[{"host":["b"]}],"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"x:3"}]}]}])");
  const auto import = ImportCaddy(config, {}, "");
  ASSERT_THAT(import.routes, SizeIs(2));
  EXPECT_EQ(import.routes[0].object["spec"]["paths"][0]["value"], "/api");
  EXPECT_EQ(import.routes[1].object["spec"]["hosts"][0], "b");
  EXPECT_THAT(import.left_out, ElementsAre(HasSubstr("no file_server"), HasSubstr("a Route would hide apps.http.servers.srv0.routes[0].handle[0].routes[0].handle[0]")));
  EXPECT_THAT(ImportCaddy(config, {}, "", false).routes, SizeIs(3));
}

TEST(ImportCaddy, TakesOverNoEntryThatDoesMoreThanItsRoute) {
  const Json config = Caddy(R"([
    {"match":[{"host":["a"]},{"host":["b"],"remote_ip":{"ranges":["10.0.0.0/8"]}}],"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"x:1"}]}]},
    {"match":[{"host":["c"]}],"handle":[{"handler":"subroute","routes":[
       {"match":[{"path":["/in/*"]}],"handle":[{"handler":"reverse_proxy","upstreams":[{"dial":"x:2"}]}]}]},
      {"handler":"reverse_proxy","upstreams":[{"dial":"x:3"}]}]}])");
  const auto import = ImportCaddy(config, {}, "");
  ASSERT_THAT(import.routes, SizeIs(1));
  EXPECT_EQ(import.routes[0].object["spec"]["paths"][0]["value"], "/in");
  EXPECT_THAT(import.left_out, ElementsAre(HasSubstr("remote_ip"), HasSubstr("routes[0] as a whole would be replaced, and apps"),
                                           HasSubstr("routes[1] as a whole would be replaced, and it holds")));
  EXPECT_THAT(ImportCaddy(config, {}, "", false).routes, SizeIs(3));
}

TEST(ImportCaddy, NamesWhatItDoesNotCarry) {
  const auto import = ImportCaddy(
      Caddy(
          R"([{"handle":[{"handler":"encode"},{"handler":"headers","request":{"set":{"X-Ip":["{http.request.remote}"]}}},
    {"handler":"reverse_proxy","upstreams":[{"dial":"x:1"}],"health_checks":{"active":{}},"flush_interval":-1,
     "load_balancing":{"retries":3,"try_duration":5},"transport":{"protocol":"http","dial_timeout":1}}]}])"),
      {}, "");
  ASSERT_THAT(import.routes, SizeIs(1));
  EXPECT_EQ(import.routes[0].object["spec"]["retry"]["attempts"], 3);
  for (const char* what : {"encode", "request.set", "health_checks", "flush_interval", "load_balancing.try_duration",
                           "transport.dial_timeout"})
    EXPECT_THAT(import.routes[0].notes, Contains(HasSubstr(what)));
}

TEST(ImportKong, MakesARouteOfARouteItsServiceAndItsTargets) {
  KongEntities kong;
  kong.services = {*ParseJson(
      R"({"id":"s1","name":"shop","host":"shop.up","port":80,"protocol":"http","read_timeout":5000,"retries":2})")};
  kong.routes = {*ParseJson(
      R"({"id":"r1","name":"Shop_Api","hosts":["shop.example.org"],"paths":["/api/"],"methods":["GET"],"strip_path":true,
                               "preserve_host":true,"protocols":["http","https"],"service":{"id":"s1"},"updated_at":1700000001})")};
  kong.targets["shop.up"] = {*ParseJson(R"({"target":"172.17.0.3:8080","weight":90})"),
                             *ParseJson(R"({"target":"10.0.0.9:80","weight":10})")};
  const auto import = ImportKong(kong, kKnown, "shop");
  ASSERT_THAT(import.routes, SizeIs(1)) << testing::PrintToString(import.left_out);
  EXPECT_EQ(DumpYaml(import.routes[0].object), R"(apiVersion: patchbay.dev/v1
kind: Route
metadata:
  name: shop-api
  namespace: shop
  annotations:
    patchbay.dev/adopt: kong:r1@1700000001
spec:
  hosts:
  - shop.example.org
  paths:
  - type: Prefix
    value: /api
  methods:
  - GET
  stripPath: true
  backends:
  - plugin: shop
    port: 8080
    weight: 90
  - url: http://10.0.0.9:80
    weight: 10
  timeout: 5000ms
  retry:
    attempts: 2
)");
}

TEST(ImportKong, TakesOverNothingThatWouldHideWhatIsMoreSpecial) {
  KongEntities kong;
  kong.services = {*ParseJson(R"({"id":"s1","host":"x","port":80,"protocol":"http"})")};
  kong.routes = {*ParseJson(R"({"id":"r1","name":"all","paths":["/"],"service":{"id":"s1"}})"),
                 *ParseJson(R"({"id":"r2","name":"inner","paths":["/api"],"headers":{"x":["y"]},"service":{"id":"s1"}})"),
                 *ParseJson(R"({"id":"r3","name":"shop","paths":["/shop"],"service":{"id":"s1"}})"),
                 *ParseJson(R"({"id":"r4","name":"deeper","paths":["/api/v1"],"service":{"id":"s1"}})")};
  const auto import = ImportKong(kong, {}, "");
  ASSERT_THAT(import.routes, SizeIs(2));
  EXPECT_EQ(import.routes[0].object["metadata"]["name"], "shop");
  EXPECT_EQ(import.routes[1].object["metadata"]["name"], "deeper");
  EXPECT_THAT(import.left_out, ElementsAre(HasSubstr("routes/r2: headers"), HasSubstr("routes/r1: a Route would hide")));
  EXPECT_THAT(ImportKong(kong, {}, "", false).routes, SizeIs(3));
}

TEST(ImportKong, NamesWhatItLeavesOutAndPassesOverItsOwn) {
  KongEntities kong;
  kong.services = {*ParseJson(R"({"id":"s1","host":"a","port":1,"protocol":"http"})"),
                   *ParseJson(R"({"id":"s2","host":"a","protocol":"grpc"})"),
                   *ParseJson(R"({"id":"s3","host":"a","protocol":"http","path":"/v1"})")};
  kong.routes = {*ParseJson(R"({"id":"r1","paths":["~/a/\\d+"],"strip_path":false,"service":{"id":"s1"}})"),
                 *ParseJson(R"({"id":"r2","service":{"id":"s2"}})"), *ParseJson(R"({"id":"r3","service":{"id":"s3"}})"),
                 *ParseJson(R"({"id":"r4","headers":{"x":["y"]},"service":{"id":"s1"}})"),
                 *ParseJson(R"({"id":"r5","tags":["patchbay-12345678"],"service":{"id":"s1"}})")};
  kong.plugins = {*ParseJson(R"({"id":"p1","name":"rate-limiting","service":{"id":"s1"},"route":null})"),
                  *ParseJson(R"({"id":"p2","name":"prometheus","service":null,"route":null})")};
  const auto import = ImportKong(kong, {}, "");
  ASSERT_THAT(import.routes, SizeIs(1));
  EXPECT_EQ(import.routes[0].object["spec"]["paths"][0]["value"], "^/a/\\d+");
  EXPECT_THAT(import.routes[0].notes, Contains(HasSubstr("plugins/p1: rate-limiting")));
  EXPECT_THAT(import.routes[0].notes, Contains(HasSubstr("preserve_host")));
  EXPECT_THAT(import.left_out, ElementsAre(HasSubstr("routes/r2: protocol grpc"), HasSubstr("routes/r3: path /v1"),
                                           HasSubstr("routes/r4: headers"), HasSubstr("plugins/p2: prometheus")));
}

}  // namespace
}  // namespace patchbay::cli

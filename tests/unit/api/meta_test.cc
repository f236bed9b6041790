#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <set>

#include "object/object.h"
#include "world.h"

namespace patchbay::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Discovery, ListsGroupsAndResources) {
  World world;
  EXPECT_EQ(world.Get("/api").json()["versions"], Json::array({"v1"}));
  const Json groups = world.Get("/apis").json();
  EXPECT_EQ(groups["kind"], "APIGroupList");
  EXPECT_THAT(DumpJson(groups["groups"]), testing::HasSubstr(R"("name":"patchbay.dev")"));
  EXPECT_EQ(world.Get("/apis/patchbay.dev/").json()["preferredVersion"]["groupVersion"], "patchbay.dev/v1");
  const Json resources = world.Get("/apis/patchbay.dev/v1").json();
  EXPECT_EQ(resources["groupVersion"], "patchbay.dev/v1");
  std::set<std::string> names;
  for (const Json& resource : resources["resources"]) names.insert(FindString(resource, {"name"}));
  for (const char* name : {"plugins", "plugins/status", "plugins/scale", "plugins/log", "routes", "webhooks/status"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
  EXPECT_EQ(world.Get("/api/v1").json()["groupVersion"], "v1");
  EXPECT_EQ(world.Get("/apis/nope.dev").status, 404);
  EXPECT_EQ(world.Get("/").status, 200);
}

TEST(Discovery, IsAggregatedForThoseWhoAsk) {
  World world;
  const std::string type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  const Reply reply = world.Get("/apis", type + ",application/json");
  EXPECT_EQ(reply.headers.Get("Content-Type"), type);
  EXPECT_EQ(reply.json()["apiVersion"], "apidiscovery.k8s.io/v2");
  const Json version = reply.json()["items"][0]["versions"][0];
  EXPECT_EQ(version["version"], "v1");
  EXPECT_EQ(version["resources"][0]["scope"], "Namespaced");
  EXPECT_EQ(world.Get("/api", type).json()["items"][0]["metadata"].contains("name"), false);
  const Reply again = world.Call(
      "GET", "/apis", "", {{"Accept", type}, {"If-None-Match", std::string(reply.headers.Get("ETag"))}});
  EXPECT_EQ(again.status, 304);
}

TEST(Discovery, HasAFormForEveryClient) {
  World world;
  const std::string form = "application/json;g=apidiscovery.k8s.io;as=APIGroupDiscoveryList;v=";
  std::set<std::string> etags;
  for (const std::string& accept : {form + "v2beta1", form + "v2beta1;q=0.5," + form + "v2", std::string("*/*")}) {
    const Reply reply = world.Get("/apis", accept);
    EXPECT_EQ(reply.status, 200) << accept;
    EXPECT_EQ(reply.headers.Get("Vary"), "Accept");
    etags.insert(std::string(reply.headers.Get("ETag")));
  }
  EXPECT_EQ(etags.size(), 3U);
  EXPECT_EQ(world.Get("/apis", form + "v2beta1").json()["apiVersion"], "apidiscovery.k8s.io/v2beta1");
  EXPECT_EQ(world.Get("/apis", form + "v3").status, 406);
  EXPECT_EQ(world.Get("/apis", "application/vnd.kubernetes.protobuf").status, 406);
  EXPECT_EQ(world.Get("/apis%20v2").status, 404);
}

TEST(Discovery, SaysTheSameInEveryForm) {
  World world;
  const Json aggregated =
      world.Get("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList").json()["items"];
  const Json plain = world.Get("/apis").json()["groups"];
  ASSERT_EQ(aggregated.size(), plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(aggregated[i]["metadata"]["name"], plain[i]["name"]);
    for (const Json& version : aggregated[i]["versions"]) {
      const std::string path = StrCat("/apis/", FindString(plain[i], {"name"}), "/", FindString(version, {"version"}));
      std::size_t count = 0;
      for (const Json& resource : version["resources"]) count += 1 + resource.value("subresources", Json::array()).size();
      EXPECT_EQ(world.Get(path).json()["resources"].size(), count) << path;
    }
  }
}

TEST(OpenApi, IsFoundByHash) {
  World world;
  const Json index = world.Get("/openapi/v3").json();
  const std::string url = FindString(index, {"paths", "apis/patchbay.dev/v1", "serverRelativeURL"});
  const Reply document = world.Get(url);
  EXPECT_EQ(document.status, 200);
  EXPECT_EQ(document.headers.Get("Cache-Control"), "public, immutable");
  EXPECT_THAT(std::string(document.headers.Get("Expires")), HasSubstr("GMT"));
  EXPECT_TRUE(document.json()["components"]["schemas"].is_object());
  const Reply moved = world.Get("/openapi/v3/apis/patchbay.dev/v1?hash=OLD");
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.headers.Get("Location"), url);
  const Reply known = world.Call("GET", "/openapi/v3/apis/patchbay.dev/v1", "",
                                 {{"If-None-Match", std::string(document.headers.Get("ETag"))}});
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(world.Get("/openapi/v2").json()["swagger"], "2.0");
}

TEST(Version, NamesTheKubernetesWeSpeakAndUs) {
  World world({.version = "1.2.3"});
  const Json version = world.Get("/version").json();
  EXPECT_EQ(version["major"], "1");
  EXPECT_EQ(version["minor"], "35");
  EXPECT_THAT(FindString(version, {"gitVersion"}), HasSubstr("patchbay.1.2.3"));
}

TEST(Health, TellsEachCheck) {
  Backstage backstage;
  std::string broken;
  backstage.ready = [&] { return std::vector<std::pair<std::string, std::string>>{{"store", broken}}; };
  World world({}, backstage);
  EXPECT_EQ(world.Get("/healthz").text, "ok");
  EXPECT_EQ(world.Get("/livez/ping").text, "ok");
  EXPECT_EQ(world.Get("/readyz").text, "ok");
  EXPECT_EQ(world.Get("/readyz?verbose").text, "[+]ping ok\n[+]cache ok\n[+]store ok\nreadyz check passed\n");
  EXPECT_EQ(world.Get("/readyz/store").text, "ok");
  EXPECT_EQ(world.Get("/readyz/nope").status, 404);
  EXPECT_EQ(world.Get("/healthz/nope").status, 404);
  broken = "connection refused";
  const Reply away = world.Get("/readyz");
  EXPECT_EQ(away.status, 500);
  EXPECT_THAT(away.text, HasSubstr("[-]store failed: connection refused\n"));
  EXPECT_EQ(world.Get("/readyz?exclude=store").text, "ok");
  EXPECT_EQ(world.Get("/healthz").text, "ok");
  broken.clear();
  EXPECT_EQ(world.Get("/readyz").text, "ok");
}

TEST(Metrics, ComeFromBackstage) {
  Backstage backstage;
  backstage.metrics = [] { return std::string("patchbay_up 1\n"); };
  World world({}, backstage);
  const Reply reply = world.Get("/metrics");
  EXPECT_EQ(reply.text, "patchbay_up 1\n");
  EXPECT_THAT(std::string(reply.headers.Get("Content-Type")), HasSubstr("text/plain"));
}

class TokenFile {
 public:
  TokenFile() : path_(testing::TempDir() + "/patchbay-tokens-" + Random().Uuid()) {
    std::ofstream(path_) << "# people\ns3cret,anna,admins,people\nother,bob\nbroken\n";
  }
  ~TokenFile() { std::remove(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

TEST(Authn, LetsInWhoHasAToken) {
  TokenFile tokens;
  World world({.token_file = tokens.path()});
  for (const char* header : {"", "Bearer", "Bearer wrong", "Bearer broken", "Basic s3cret"}) {
    const Reply refused = world.Call("GET", kPluginsPath, "", {{"Authorization", header}});
    EXPECT_EQ(refused.status, 401) << header;
    EXPECT_EQ(refused.reason(), "Unauthorized");
  }
  EXPECT_EQ(world.Call("GET", kPluginsPath, "", {{"Authorization", "Bearer s3cret"}}).status, 200);
  EXPECT_EQ(world.Call("GET", kPluginsPath, "", {{"Authorization", "bearer other"}}).status, 200);
  EXPECT_EQ(world.Get("/healthz").status, 200);
  EXPECT_EQ(world.Get("/readyz").status, 200);
  EXPECT_EQ(world.Get("/version").status, 401);
}

TEST(Authn, LetsNobodyInWithoutItsFile) {
  World world({.token_file = "/nowhere/tokens"});
  EXPECT_EQ(world.Call("GET", kPluginsPath, "", {{"Authorization", "Bearer x"}}).status, 401);
}

TEST(Logs, StreamFromBackstage) {
  Backstage backstage;
  Backstage::LogQuery asked;
  backstage.logs = [&](const Backstage::LogQuery& query,
                       const std::function<std::shared_ptr<http::Stream>()>& start) -> Result<void> {
    asked = query;
    if (query.previous) return Error{Code::kInvalid, "there is no previous container"};
    start()->Write(std::make_shared<const std::string>("hello\n"));
    return {};
  };
  World world({}, backstage);
  world.Post(kPluginsPath, MakePlugin("a"));
  const Reply reply = world.Get(OneOf("a") + "/log?follow=true&tailLines=5&timestamps=true&sinceSeconds=60");
  ASSERT_EQ(reply.status, 200);
  ASSERT_TRUE(reply.stream->AwaitClose());
  EXPECT_EQ(reply.stream->text(), "hello\n");
  EXPECT_EQ(asked.ns, "default");
  EXPECT_EQ(asked.plugin, "a");
  EXPECT_TRUE(asked.follow && asked.timestamps);
  EXPECT_EQ(asked.tail, 5);
  EXPECT_EQ(asked.since, "2027-01-15T07:59:00Z");
  EXPECT_EQ(world.Get(OneOf("a") + "/log?previous=true").status, 400);
  EXPECT_EQ(world.Get(OneOf("nope") + "/log").status, 404);
  EXPECT_EQ(world.Get(OneOf("a") + "/log?tailLines=x").status, 422);
}

TEST(Logs, EndWithTheServer) {
  Backstage backstage;
  backstage.logs = [](const Backstage::LogQuery&,
                      const std::function<std::shared_ptr<http::Stream>()>& start) -> Result<void> {
    const auto stream = start();
    while (!stream->gone()) {
      if (!SystemClock().SleepFor(std::chrono::milliseconds(1), {})) break;
    }
    return {};
  };
  World world({}, backstage);
  world.Post(kPluginsPath, MakePlugin("a"));
  const Reply reply = world.Get(OneOf("a") + "/log?follow=true");
  ASSERT_TRUE(reply.stream);
  world.api.reset();
  EXPECT_TRUE(reply.stream->closed());
}

TEST(Plan, GetsObjectsAsTheyWouldBeApplied) {
  Backstage backstage;
  std::vector<Json> planned;
  backstage.plan = [&](const std::vector<Json>& objects) -> Result<Json> {
    planned = objects;
    return Json{{"actions", Json::array()}};
  };
  World world({}, backstage);
  const Json stored = world.Post(kPluginsPath, MakePlugin("old")).json();
  Json changed = MakePlugin("old");
  changed["spec"]["replicas"] = 4;
  const Reply reply = world.Post("/patchbay/v1/plan", {{"objects", {changed, MakePlugin("new")}}});
  EXPECT_EQ(reply.status, 200) << reply.text;
  ASSERT_EQ(planned.size(), 2u);
  EXPECT_EQ(UidOf(planned[0]), UidOf(stored));
  EXPECT_EQ(GenerationOf(planned[0]), 2);
  EXPECT_EQ(FindInt(planned[1], {"spec", "replicas"}), 1);
  EXPECT_EQ(world.cache.Count(kPlugins), 1u);
}

TEST(Plan, TellsTheFaultsOfAllObjectsTogether) {
  Backstage backstage;
  backstage.plan = [](const std::vector<Json>&) -> Result<Json> { return Json::object(); };
  World world({}, backstage);
  Json bad = MakePlugin("a");
  bad["spec"].erase("image");
  const Json unknown = {{"apiVersion", "x/v1"}, {"kind", "Y"}};
  const Reply reply = world.Post("/patchbay/v1/plan", {{"objects", {bad, unknown}}});
  EXPECT_EQ(reply.status, 422);
  EXPECT_THAT(reply.causes(), ElementsAre("objects[0].spec.image: Required value",
                                          "objects[1]: no matches for kind \"Y\" in version \"x/v1\""));
}

}  // namespace
}  // namespace patchbay::api

// Who may have which port of the host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "object/object.h"
#include "world.h"

namespace patchbay::api {
namespace {

using ::testing::HasSubstr;

constexpr const char* kOtherPath = "/apis/patchbay.dev/v1/namespaces/other/plugins";

Json AtPort(const std::string& name, int port, const std::string& ip = "", const std::string& protocol = "TCP") {
  Json plugin = MakePlugin(name);
  Json entry = {{"containerPort", 80}, {"protocol", protocol}, {"hostPort", port}};
  if (!ip.empty()) entry["hostIP"] = ip;
  plugin["spec"]["ports"] = Json::array({entry});
  return plugin;
}

Json Ports(int port) { return {{"spec", {{"ports", Json::array({{{"containerPort", 80}, {"hostPort", port}}})}}}}; }

// other/shop has 8080.
struct HostPortsAtTheApi : ::testing::Test {
  HostPortsAtTheApi() {
    world.Post("/api/v1/namespaces", {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "other"}}}});
    EXPECT_EQ(world.Post(kOtherPath, AtPort("shop", 8080)).status, 201);
  }
  World world;
};

TEST_F(HostPortsAtTheApi, AreRefusedToASecondPluginWithTheNameOfTheFirst) {
  const Reply reply = world.Post(kPluginsPath, AtPort("late", 8080));
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(reply.json()["reason"], "Invalid");
  EXPECT_EQ(reply.message(),
            "Plugin.patchbay.dev \"late\" is invalid: spec.ports[0].hostPort: Invalid value: 8080: is already taken by "
            "plugin other/shop on this host");
  EXPECT_EQ(reply.json()["details"]["causes"][0]["field"], "spec.ports[0].hostPort");
  EXPECT_EQ(world.Get(OneOf("late")).status, 404);
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("late", 8081)).status, 201);
}

TEST_F(HostPortsAtTheApi, AreJudgedInADryRunTheSameWay) {
  const std::string real = world.Post(kPluginsPath, AtPort("late", 8080)).message();
  const Reply dry = world.Post(std::string(kPluginsPath) + "?dryRun=All", AtPort("late", 8080));
  EXPECT_EQ(dry.status, 422);
  EXPECT_EQ(dry.message(), real);
}

TEST_F(HostPortsAtTheApi, AreJudgedHoweverTheyAreAskedFor) {
  world.Post(kPluginsPath, AtPort("late", 9090));
  EXPECT_EQ(world.Merge(OneOf("late"), Ports(8080)).status, 422);
  Json put = world.Get(OneOf("late")).json();
  put["spec"]["ports"][0]["hostPort"] = 8080;
  EXPECT_EQ(world.Put(OneOf("late"), put).status, 422);
  Json applied = AtPort("late", 8080);
  EXPECT_EQ(world.Call("PATCH", OneOf("late") + "?fieldManager=me&force=true", DumpJson(applied),
                       {{"Content-Type", "application/apply-patch+yaml"}}).status, 422);
  EXPECT_EQ(world.Merge(OneOf("late"), Ports(9091)).status, 200);
}

TEST_F(HostPortsAtTheApi, OverlapByAddressAndNotByProtocol) {
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("a", 8080, "127.0.0.1")).status, 422);
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("b", 8080, "0.0.0.0")).status, 422);
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("c", 8080, "", "UDP")).status, 201);
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("d", 9000, "127.0.0.1")).status, 201);
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("e", 9000, "127.0.0.2")).status, 201);
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("f", 9000)).status, 422);
}

TEST_F(HostPortsAtTheApi, AreFreeOfWhoIsDisabledAndEnablingAsksForThemAnew) {
  Json off = AtPort("late", 8080);
  off["spec"]["enabled"] = false;
  EXPECT_EQ(world.Post(kPluginsPath, off).status, 201);
  EXPECT_EQ(world.Merge(OneOf("late"), {{"spec", {{"enabled", true}}}}).status, 422);
  const std::string shop = std::string(kOtherPath) + "/shop";
  EXPECT_EQ(world.Merge(shop, {{"spec", {{"enabled", false}}}}).status, 200);
  EXPECT_EQ(world.Merge(OneOf("late"), {{"spec", {{"enabled", true}}}}).status, 200);
  EXPECT_THAT(world.Merge(shop, {{"spec", {{"enabled", true}}}}).message(), HasSubstr("taken by plugin default/late"));
}

TEST_F(HostPortsAtTheApi, AreFreeAgainWithTheirPluginOrItsWish) {
  const std::string shop = std::string(kOtherPath) + "/shop";
  EXPECT_EQ(world.Merge(shop, Ports(8081)).status, 200);
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("late", 8080)).status, 201);
  EXPECT_EQ(world.Delete(shop).status, 200);
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("later", 8081)).status, 201);
}

// Two may stand there together already: they can be edited all the same.
TEST_F(HostPortsAtTheApi, ThatClashAlreadyDoNotForbidOtherChanges) {
  Json twin = AtPort("twin", 9090);
  world.Post(kPluginsPath, twin);
  cache::Intent intent;
  intent.key = {std::string(kPlugins), "default", "twin"};
  intent.object = world.Get(OneOf("twin")).json();
  intent.object["spec"]["ports"][0]["hostPort"] = 8080;
  intent.object["metadata"]["generation"] = 2;
  intent.object["metadata"].erase("resourceVersion");
  ASSERT_TRUE(world.committer.Write(std::move(intent)).ok());
  EXPECT_EQ(world.Merge(OneOf("twin"), {{"spec", {{"image", "demo/twin:2"}}}}).status, 200);
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("third", 8080)).json()["details"]["causes"].size(), 2u);
}

TEST_F(HostPortsAtTheApi, CannotBeSharedByReplicas) {
  Json many = AtPort("many", 7000);
  many["spec"]["replicas"] = 2;
  EXPECT_EQ(world.Post(kPluginsPath, many).message(),
            "Plugin.patchbay.dev \"many\" is invalid: spec.replicas: Invalid value: 2: must be 1 or 0 beside a host port: "
            "only one container can have port 7000 of this host");
  world.Post(kPluginsPath, AtPort("many", 7000));
  const Reply scaled = world.Merge(OneOf("many") + "/scale", {{"spec", {{"replicas", 3}}}});
  EXPECT_EQ(scaled.status, 422);
  EXPECT_THAT(scaled.message(), HasSubstr("spec.replicas"));
  EXPECT_EQ(world.Merge(OneOf("many") + "/scale", {{"spec", {{"replicas", 0}}}}).status, 200);
}

TEST_F(HostPortsAtTheApi, AreAskedForOnceByOnePlugin) {
  Json twice = AtPort("twice", 7000);
  twice["spec"]["ports"].push_back({{"containerPort", 81}, {"protocol", "TCP"}, {"hostPort", 7000}});
  EXPECT_THAT(world.Post(kPluginsPath, twice).message(),
              HasSubstr("spec.ports[1].hostPort: Invalid value: 7000: is already asked for by spec.ports[0]"));
}

TEST_F(HostPortsAtTheApi, OfManyPluginsAreJudgedWithoutAWalkThroughAllOfThem) {
  for (int i = 0; i < 200; ++i) ASSERT_EQ(world.Post(kPluginsPath, AtPort(StrCat("p", i), 10'000 + i)).status, 201);
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("late", 10'199)).json()["details"]["causes"][0]["message"],
            "Invalid value: 10199: is already taken by plugin default/p199 on this host");
}

// Another API on the same database begins with what is there.
TEST_F(HostPortsAtTheApi, AreKnownToAnApiThatIsStartedLater) {
  world.api.reset();
  world.api = std::make_unique<Api>(Kinds::Embedded(), world.cache, world.committer, world.clock, world.random, NullMeter(),
                                    ApiOptions{}, Backstage{});
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("late", 8080)).status, 422);
}

// Neither is in the cache yet.
TEST(HostPortsOfWritesAtOnce, AreGivenToOne) {
  World world({}, {}, store::MemoryStore::Turn::kPumped);
  const auto ns = world.Send("POST", "/api/v1/namespaces", R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"default"}})");
  world.store.Pump();
  ASSERT_EQ(ns->Await().status, 201);
  const HeaderList json = {{"Content-Type", "application/json"}};
  const auto first = world.Send("POST", kPluginsPath, DumpJson(AtPort("first", 8080)), json);
  const Reply second = world.Call("POST", kPluginsPath, DumpJson(AtPort("second", 8080)), json);
  EXPECT_EQ(second.status, 409);
  EXPECT_THAT(second.message(), HasSubstr("plugin default/first asks for host port 8080 at this moment; please try again"));
  const auto other = world.Send("POST", kPluginsPath, DumpJson(AtPort("other", 8081)), json);
  world.store.Pump();
  EXPECT_EQ(first->Await().status, 201);
  EXPECT_EQ(other->Await().status, 201);
  EXPECT_EQ(world.Call("POST", kPluginsPath, DumpJson(AtPort("second", 8080)), json).status, 422);
}

TEST(HostPortsOfWritesAtOnce, AreFreeAgainWhenTheWriteFailed) {
  World world;
  world.store.FailNext(store::MemoryStore::Fault::kUnavailable);
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("first", 8080)).status, 503);
  EXPECT_EQ(world.Post(kPluginsPath, AtPort("second", 8080)).status, 201);
}

}  // namespace
}  // namespace patchbay::api

#include <gmock/gmock.h>

#include "cache/mirror.h"
#include "world.h"

namespace patchbay::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr const char* kPodsPath = "/api/v1/namespaces/default/pods";
constexpr const char* kMetricsPath = "/apis/metrics.k8s.io/v1beta1/namespaces/default/pods";

std::string PodAt(const std::string& name) { return StrCat(kPodsPath, "/", name); }

// The API with a mirror of Pods, and what backstage was asked.
class PodsTest : public testing::Test {
 protected:
  PodsTest() : world_({}, Stage()) {
    EXPECT_EQ(world_.Post(kPluginsPath, MakePlugin("echo")).status, 201);
    mirror_.Open();
    EXPECT_TRUE(pods_.Poll().ok());
    Show("echo-0", {{"app", "x"}});
  }

  Backstage Stage() {
    Backstage backstage;
    backstage.mirror = &pods_;
    backstage.logs = [this](const Backstage::LogQuery& query, const auto& start) -> Result<void> {
      asked_ = query;
      start()->Write(std::make_shared<const std::string>("0123456789\n"));
      return {};
    };
    backstage.usage = [this](const std::vector<std::string>& ids) -> Result<std::vector<std::optional<Backstage::Usage>>> {
      measured_ = ids;
      std::vector<std::optional<Backstage::Usage>> used(ids.size());
      if (!ids.empty())
        used[0] = Backstage::Usage{"2026-11-21T16:00:00Z", std::chrono::seconds(2), 250'000'000, 3 << 20};
      return used;
    };
    return backstage;
  }

  void Show(const std::string& name, const Json& labels, bool running = true) {
    const std::string uid = UidOf(world_.Get(OneOf("echo")).json());
    const Json state = running ? Json{{"running", Json::object()}} : Json{{"waiting", {{"reason", "X"}}}};
    mirror_.Put({std::string(kPods), "default", name},
                {{"apiVersion", "v1"},
                 {"kind", "Pod"},
                 {"metadata",
                  {{"name", name},
                   {"namespace", "default"},
                   {"uid", "uid-" + name},
                   {"labels", labels},
                   {"ownerReferences", Json::array({{{"kind", "Plugin"}, {"name", "echo"}, {"uid", uid}}})}}},
                 {"spec", {{"containers", Json::array({{{"name", "echo"}}})}}},
                 {"status",
                  {{"phase", "Running"},
                   {"containerStatuses", Json::array({{{"name", "echo"},
                                                       {"ready", true},
                                                       {"state", state},
                                                       {"containerID", "docker://id-" + name}}})}}}});
  }

  // "id" or "id now" of each.
  std::vector<std::string> Evictions() {
    std::vector<std::string> all;
    const Json plugin = world_.Get(OneOf("echo")).json();
    if (const Json* evictions = Find(plugin, {"status", "evictions"}))
      for (const Json& each : *evictions) all.push_back(FindString(each, {"id"}) + (FindBool(each, {"now"}) ? " now" : ""));
    return all;
  }

  FakeClock clock_;
  cache::Mirror mirror_{clock_};
  cache::Cache pods_{mirror_, clock_, NullMeter()};
  std::optional<Backstage::LogQuery> asked_;
  std::vector<std::string> measured_;
  World world_;
};

TEST_F(PodsTest, AreDiscoveredWithTheVerbsThatWork) {
  Json found;
  Json log;
  const Json served = world_.Get("/api/v1").json();
  for (const Json& resource : served["resources"]) {
    if (resource["name"] == "pods") found = resource;
    if (resource["name"] == "pods/log") log = resource;
  }
  EXPECT_EQ(found["verbs"], Json({"delete", "deletecollection", "get", "list", "watch"}));
  EXPECT_EQ(found["shortNames"], Json({"po"}));
  EXPECT_EQ(found["categories"], Json({"all"}));
  EXPECT_EQ(log["verbs"], Json({"get"}));
}

TEST_F(PodsTest, AreReadAndWatched) {
  EXPECT_EQ(UidOf(world_.Get(PodAt("echo-0")).json()), "uid-echo-0");
  EXPECT_EQ(world_.Get(PodAt("nope")).status, 404);
  const Json list = world_.Get("/api/v1/pods?labelSelector=app%3Dx").json();
  EXPECT_EQ(list["kind"], "PodList");
  EXPECT_EQ(list["items"].size(), 1u);
  EXPECT_TRUE(world_.Get("/api/v1/pods?labelSelector=app%3Dy").json()["items"].empty());
  const auto stream = world_.Watch(StrCat(kPodsPath, "?watch=true&resourceVersion=",
                                          FindString(list, {"metadata", "resourceVersion"})));
  Show("echo-1", {{"app", "x"}});
  Show("echo-1", {{"app", "y"}});
  mirror_.Drop({std::string(kPods), "default", "echo-1"});
  std::vector<std::string> types;
  for (const Json& event : stream->Await(3)) types.push_back(FindString(event, {"type"}));
  EXPECT_THAT(types, ElementsAre("ADDED", "MODIFIED", "DELETED"));
}

TEST_F(PodsTest, AreATable) {
  const Json table = world_.Get(kPodsPath, kTableType).json();
  ASSERT_EQ(table["kind"], "Table");
  EXPECT_EQ(table["rows"][0]["cells"][1], "1/1");
  EXPECT_EQ(table["rows"][0]["cells"][2], "Running");
}

TEST_F(PodsTest, AWatchFromAnEarlierRunIsGone) {
  const auto stream = world_.Watch(StrCat(kPodsPath, "?watch=true&resourceVersion=5"));
  const auto events = stream->Await(1);
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0]["type"], "ERROR");
  EXPECT_EQ(events[0]["object"]["code"], 410);
}

TEST_F(PodsTest, CannotBeWritten) {
  const Json pod = world_.Get(PodAt("echo-0")).json();
  for (const Reply& reply : {world_.Post(kPodsPath, pod), world_.Put(PodAt("echo-0"), pod),
                             world_.Merge(PodAt("echo-0"), {{"metadata", {{"labels", {{"a", "b"}}}}}})}) {
    EXPECT_EQ(reply.status, 405);
    EXPECT_EQ(reply.reason(), "MethodNotAllowed");
    EXPECT_THAT(reply.message(), HasSubstr("change the Plugin"));
  }
  const Reply inside = world_.Post(PodAt("echo-0") + "/exec", {});
  EXPECT_EQ(inside.status, 405);
  EXPECT_THAT(inside.message(), HasSubstr("docker exec"));
}

TEST(Pods, AreUnavailableUntilTheyWereLookedAt) {
  World without;
  EXPECT_EQ(without.Get(kPodsPath).status, 503);
  FakeClock clock;
  cache::Mirror mirror(clock);
  cache::Cache pods(mirror, clock, NullMeter());
  Backstage backstage;
  backstage.mirror = &pods;
  World world({}, backstage);
  EXPECT_EQ(world.Get(kPodsPath).status, 503);
  EXPECT_THAT(world.Get(kPodsPath).message(), HasSubstr("not been looked at yet"));
  mirror.Open();
  ASSERT_TRUE(pods.Poll().ok());
  EXPECT_EQ(world.Get(kPodsPath).status, 200);
}

TEST_F(PodsTest, ADeleteIsAWishInThePluginsStatus) {
  const Json before = world_.Get(OneOf("echo")).json();
  const Reply reply = world_.Delete(PodAt("echo-0"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(FindString(reply.json(), {"kind"}), "Pod");
  EXPECT_TRUE(IsDeleting(reply.json()));
  EXPECT_THAT(Evictions(), ElementsAre("id-echo-0"));
  EXPECT_EQ(GenerationOf(world_.Get(OneOf("echo")).json()), GenerationOf(before));
  const Revision once = world_.cache.revision();
  EXPECT_EQ(world_.Delete(PodAt("echo-0")).status, 200);
  EXPECT_EQ(world_.cache.revision(), once);
}

TEST_F(PodsTest, ADeleteThatHurriesSaysSo) {
  EXPECT_EQ(world_.Delete(PodAt("echo-0")).status, 200);
  EXPECT_EQ(world_.Delete(PodAt("echo-0"), R"({"gracePeriodSeconds":0})").status, 200);
  EXPECT_THAT(Evictions(), ElementsAre("id-echo-0 now"));
}

TEST_F(PodsTest, ADeleteKeepsItsPromises) {
  EXPECT_EQ(world_.Delete(PodAt("nope")).status, 404);
  EXPECT_EQ(world_.Delete(PodAt("echo-0"), R"({"preconditions":{"uid":"other"}})").status, 409);
  EXPECT_EQ(world_.Delete(PodAt("echo-0") + "?dryRun=All").status, 200);
  EXPECT_THAT(Evictions(), IsEmpty());
}

TEST_F(PodsTest, ACollectionIsDeletedAsSelected) {
  Show("echo-1", {{"app", "x"}});
  Show("echo-2", {{"app", "y"}});
  const Reply reply = world_.Delete(StrCat(kPodsPath, "?labelSelector=app%3Dx"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json()["items"].size(), 2u);
  EXPECT_THAT(Evictions(), UnorderedElementsAre("id-echo-0", "id-echo-1"));
}

TEST_F(PodsTest, LogsAreThoseOfTheContainer) {
  const Reply reply = world_.Get(PodAt("echo-0") + "/log?container=echo&follow=true&tailLines=5&timestamps=true&previous=true");
  ASSERT_TRUE(reply.stream);
  EXPECT_TRUE(reply.stream->AwaitClose());
  EXPECT_EQ(asked_->instance, "echo-0");
  EXPECT_EQ(asked_->tail, 5);
  EXPECT_TRUE(asked_->follow && asked_->timestamps && asked_->previous);
  EXPECT_EQ(world_.Get(PodAt("nope") + "/log").status, 404);
}

TEST_F(PodsTest, LogsOfAnotherContainerAreRefused) {
  const Reply reply = world_.Get(PodAt("echo-0") + "/log?container=sidecar");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.message(), "container sidecar is not valid for pod echo-0");
}

TEST_F(PodsTest, LogsEndAtTheirLimit) {
  const Reply reply = world_.Get(PodAt("echo-0") + "/log?limitBytes=4");
  ASSERT_TRUE(reply.stream);
  EXPECT_TRUE(reply.stream->AwaitClose());
  EXPECT_EQ(reply.stream->text(), "0123");
}

TEST_F(PodsTest, LogOptionsThatMakeNoSenseAreRefused) {
  for (const char* query : {"tailLines=-1", "tailLines=x", "sinceSeconds=0", "limitBytes=0", "sinceTime=yesterday",
                            "sinceSeconds=5&sinceTime=2026-11-21T16:00:00Z"}) {
    const Reply reply = world_.Get(StrCat(PodAt("echo-0"), "/log?", query));
    EXPECT_EQ(reply.status, 422) << query;
    EXPECT_THAT(reply.message(), HasSubstr("PodLogOptions \"echo-0\" is invalid: ")) << query;
  }
  EXPECT_THAT(world_.Get(PodAt("echo-0") + "/log?tailLines=-1").causes(),
              ElementsAre("tailLines: Invalid value: -1: must be greater than or equal to 0"));
}

TEST_F(PodsTest, MetricsAreMeasuredWhenAskedFor) {
  Show("echo-1", {{"app", "y"}}, false);
  const Json list = world_.Get(kMetricsPath).json();
  EXPECT_THAT(measured_, ElementsAre("id-echo-0"));
  EXPECT_EQ(list["kind"], "PodMetricsList");
  ASSERT_EQ(list["items"].size(), 1u);
  const Json& one = list["items"][0];
  EXPECT_EQ(NameOf(one), "echo-0");
  EXPECT_EQ(one["window"], "2000ms");
  EXPECT_EQ(one["containers"][0]["name"], "echo");
  EXPECT_EQ(one["containers"][0]["usage"]["cpu"], "250000000n");
  EXPECT_EQ(one["containers"][0]["usage"]["memory"], "3072Ki");
  EXPECT_EQ(NameOf(world_.Get(StrCat(kMetricsPath, "/echo-0")).json()), "echo-0");
  EXPECT_EQ(world_.Get(StrCat(kMetricsPath, "/echo-1")).status, 404);
  EXPECT_EQ(world_.Get("/apis/metrics.k8s.io/v1beta1/pods").json()["items"].size(), 1u);
  EXPECT_TRUE(world_.Get(StrCat(kMetricsPath, "?labelSelector=app%3Dy")).json()["items"].empty());
  EXPECT_EQ(world_.Delete(StrCat(kMetricsPath, "/echo-0")).status, 405);
}

TEST_F(PodsTest, MetricsAreDiscovered) {
  const Json resources = world_.Get("/apis/metrics.k8s.io/v1beta1").json()["resources"];
  ASSERT_EQ(resources.size(), 1u);
  EXPECT_EQ(resources[0]["kind"], "PodMetrics");
  EXPECT_EQ(resources[0]["verbs"], Json({"get", "list"}));
  const Json groups = world_.Get("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList").json();
  bool found = false;
  for (const Json& group : groups["items"]) found = found || NameOf(group) == "metrics.k8s.io";
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace patchbay::api

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "object/object.h"
#include "world.h"

namespace patchbay::api {
namespace {

constexpr const char* kLeases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

Json MakeLease(const Json& spec) {
  return {
      {"apiVersion", "coordination.k8s.io/v1"}, {"kind", "Lease"}, {"metadata", {{"name", "leader"}}}, {"spec", spec}};
}

TEST(Leases, AreHeldRenewedAndGivenUp) {
  World world;
  const auto watch = world.Watch(std::string(kLeases) + "?watch=true");
  const Reply created = world.Post(
      kLeases,
      MakeLease({{"holderIdentity", "a"}, {"leaseDurationSeconds", 15}, {"renewTime", "2026-01-01T00:00:00.123456Z"}}));
  ASSERT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(created.json()["spec"]["renewTime"], "2026-01-01T00:00:00.123456Z");
  const std::string one = std::string(kLeases) + "/leader";
  Json lease = world.Get(one).json();
  lease["spec"]["renewTime"] = "2026-01-01T00:00:10Z";
  const Reply renewed = world.Put(one, lease);
  ASSERT_EQ(renewed.status, 200) << renewed.text;
  EXPECT_EQ(renewed.json()["spec"]["renewTime"], "2026-01-01T00:00:10.000000Z");
  EXPECT_EQ(world.Put(one, lease).status, 409) << "somebody else was faster";
  EXPECT_EQ(world
                .Call("PATCH", one, R"({"spec":{"holderIdentity":""}})",
                      {{"Content-Type", "application/strategic-merge-patch+json"}})
                .json()["spec"]["holderIdentity"],
            "");
  EXPECT_EQ(world.Delete(one).status, 200);
  const auto events = watch->Await(4);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_EQ(events[0]["type"], "ADDED");
  EXPECT_EQ(events[2]["object"]["kind"], "Lease");
  EXPECT_EQ(events[3]["type"], "DELETED");
}

TEST(Leases, AreRefusedWithKubernetesWords) {
  World world;
  const Reply reply = world.Post(kLeases, MakeLease({{"leaseDurationSeconds", 0}, {"leaseTransitions", -1}}));
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(
      reply.json()["message"],
      "Lease.coordination.k8s.io \"leader\" is invalid: [spec.leaseDurationSeconds: Invalid value: 0: must be greater "
      "than 0, spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0]");
}

TEST(Leases, AreATableOfHolderAndAge) {
  World world;
  world.Post(kLeases, MakeLease({{"holderIdentity", "a"}}));
  const Json table = world.Get(kLeases, kTableType).json();
  std::vector<std::string> names;
  for (const Json& column : table["columnDefinitions"]) names.push_back(column["name"]);
  EXPECT_THAT(names, testing::ElementsAre("Name", "Holder", "Age"));
  EXPECT_EQ(table["rows"][0]["cells"][1], "a");
}

TEST(Leases, AreDiscoveredAndDescribed) {
  World world;
  EXPECT_THAT(world.Get("/apis/coordination.k8s.io/v1").text, testing::HasSubstr("\"leases\""));
  EXPECT_THAT(world.Get("/openapi/v3").text, testing::HasSubstr("apis/coordination.k8s.io/v1"));
}

}  // namespace
}  // namespace patchbay::api

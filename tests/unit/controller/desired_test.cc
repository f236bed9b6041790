#include "controller/desired.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "controller/quantity.h"

namespace patchbay::controller {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Lookup kNothing = [](const Key&, const std::string&) { return std::nullopt; };

Json Plugin(Json spec) {
  return {{"apiVersion", "patchbay.dev/v1"},
          {"kind", "Plugin"},
          {"metadata", {{"name", "echo"}, {"namespace", "default"}, {"uid", "12345678-aaaa"}, {"generation", 3}}},
          {"spec", std::move(spec)}};
}

Desired Build(Json spec) { return BuildDesired(Plugin(std::move(spec)), kNothing, "inst"); }

TEST(Desired, CarriesOurMarksAndADeterministicName) {
  const Desired desired = Build({{"image", "app:1"}});
  const auto spec = SpecFor(desired, 2, ContainerName(desired, 2));
  EXPECT_EQ(spec.name, StrCat("patchbay-default-echo-12345678-", desired.hash.substr(0, 8), "-2"));
  EXPECT_EQ(spec.labels.at(driver::kLabelInstallation), "inst");
  EXPECT_EQ(spec.labels.at(driver::kLabelOwnerUid), "12345678-aaaa");
  EXPECT_EQ(spec.labels.at(driver::kLabelSpecHash), desired.hash);
  EXPECT_EQ(spec.labels.at(driver::kLabelOrdinal), "2");
  EXPECT_TRUE(spec.no_new_privileges);
}

TEST(Desired, HashesWhatContainersAreMadeFromAndNothingElse) {
  const std::string hash = Build({{"image", "app:1"}, {"config", {{"a", 1}, {"b", 2}}}}).hash;
  EXPECT_EQ(hash, Build({{"replicas", 5}, {"config", {{"b", 2}, {"a", 1}}}, {"image", "app:1"}}).hash);
  EXPECT_EQ(hash, Build({{"image", "app:1"}, {"config", {{"a", 1}, {"b", 2}}}, {"args", Json::array()},
                         {"readinessProbe", {{"exec", {{"command", {"true"}}}}}}}).hash);
  EXPECT_NE(hash, Build({{"image", "app:2"}, {"config", {{"a", 1}, {"b", 2}}}}).hash);
  EXPECT_NE(hash, Build({{"image", "app:1"}, {"config", {{"a", 1}, {"b", 3}}}}).hash);
}

TEST(Desired, ReadsAContainerFromTheSpec) {
  const Desired desired = Build({{"image", "app:1"},
                                 {"command", {"/app"}},
                                 {"args", {"-v"}},
                                 {"env", {{{"name", "A"}, {"value", "b"}}}},
                                 {"config", {{"x", 1}}},
                                 {"configPath", "/c.json"},
                                 {"configEnv", "CONFIG"},
                                 {"ports", {{{"containerPort", 80}, {"protocol", "UDP"}, {"hostPort", 8000}}}},
                                 {"resources", {{"limits", {{"cpu", "500m"}, {"memory", "64Mi"}}}, {"requests", {{"cpu", 1}}}}},
                                 {"volumes", {{{"mountPath", "/d"}, {"volume", "data"}}, {{"mountPath", "/h"}, {"hostPath", "/srv"}, {"readOnly", true}},
                                              {{"mountPath", "/t"}, {"tmpfs", Json::object()}}}},
                                 {"securityContext", {{"runAsUser", 10}, {"runAsGroup", 20}, {"readOnlyRootFilesystem", true}}},
                                 {"terminationGracePeriodSeconds", 3}});
  const auto& container = desired.container;
  EXPECT_THAT(desired.problems, IsEmpty());
  EXPECT_THAT(container.entrypoint, ElementsAre("/app"));
  EXPECT_THAT(container.env, ElementsAre(std::make_pair("A", "b"), std::make_pair("CONFIG", "{\"x\":1}")));
  EXPECT_EQ(container.files.at(0).path, "/c.json");
  EXPECT_EQ(container.ports.at(0).protocol, "udp");
  EXPECT_TRUE(desired.exclusive);
  EXPECT_EQ(container.nano_cpus, 500'000'000);
  EXPECT_EQ(container.memory_bytes, 64 * 1024 * 1024);
  EXPECT_EQ(container.cpu_shares, 1024);
  EXPECT_EQ(container.mounts.at(0).source, "data");
  EXPECT_EQ(container.mounts.at(1).type, driver::Mount::Type::kBind);
  EXPECT_EQ(container.mounts.at(2).type, driver::Mount::Type::kTmpfs);
  EXPECT_EQ(container.user, "10:20");
  EXPECT_EQ(container.stop_timeout_seconds, 3);
  EXPECT_EQ(container.restart_policy, "unless-stopped");
}

TEST(Desired, GivesNoCapabilityThatFewProgramsNeed) {
  const auto dropped = [](const Json& context) {
    Json spec = {{"image", "app:1"}};
    if (!context.is_null()) spec["securityContext"] = context;
    return Build(spec).container.cap_drop;
  };
  EXPECT_THAT(dropped(nullptr), ElementsAre("AUDIT_WRITE", "MKNOD", "NET_RAW"));
  EXPECT_THAT(dropped({{"capabilities", {{"add", {"NET_RAW"}}}}}), ElementsAre("AUDIT_WRITE", "MKNOD"));
  EXPECT_THAT(dropped({{"capabilities", {{"drop", {"CHOWN"}}}}}), ElementsAre("CHOWN", "AUDIT_WRITE", "MKNOD", "NET_RAW"));
  EXPECT_THAT(dropped({{"capabilities", {{"drop", {"ALL"}}}}}), ElementsAre("ALL"));
  EXPECT_THAT(dropped({{"capabilities", {{"add", {"ALL"}}}}}), IsEmpty());
  EXPECT_THAT(dropped({{"privileged", true}}), IsEmpty());
}

TEST(Desired, NamesEveryMissingReferenceButNotOptionalOnes) {
  const Desired desired = Build(
      {{"image", "app:1"},
       {"env", {{{"name", "A"}, {"valueFrom", {{"secretKeyRef", {{"name", "s"}, {"key", "k"}}}}}},
                {{"name", "B"}, {"valueFrom", {{"configMapKeyRef", {{"name", "m"}, {"key", "k"}, {"optional", true}}}}}}}}});
  ASSERT_EQ(desired.problems.size(), 1u);
  EXPECT_EQ(desired.problems[0].field, "spec.env[0].valueFrom");
  EXPECT_EQ(desired.refers.size(), 2u);
}

TEST(Desired, DoesNotGuessWhichOfTwoWishesWasMeant) {
  const Desired desired = Build(
      {{"image", "app:1"},
       {"env", {{{"name", "A"}, {"value", "x"}, {"valueFrom", {{"configMapKeyRef", {{"name", "m"}, {"key", "k"}, {"optional", true}}}}}}}},
       {"volumes", {{{"name", "v"}, {"mountPath", "/v"}, {"hostPath", "/srv"}, {"tmpfs", Json::object()}}}}});
  ASSERT_EQ(desired.problems.size(), 2u);
  EXPECT_EQ(desired.problems[0].field, "spec.env[0]");
  EXPECT_EQ(desired.problems[0].message, "give one of value, valueFrom, not both");
  EXPECT_EQ(desired.problems[1].field, "spec.volumes[0]");
}

TEST(Quantity, IsReadAsKubernetesWritesIt) {
  EXPECT_EQ(ParseQuantity("100m", 1e-9), 100'000'000);
  EXPECT_EQ(ParseQuantity("1.5", 1e-9), 1'500'000'000);
  EXPECT_EQ(ParseQuantity(2, 1e-9), 2'000'000'000);
  EXPECT_EQ(ParseQuantity("1Gi", 1), 1073741824);
  EXPECT_EQ(ParseQuantity("1e3", 1), 1000);
  EXPECT_EQ(ParseQuantity("5k", 1), 5000);
  for (const char* bad : {"", "x", "1Q", "-1", "1 Mi"}) EXPECT_EQ(ParseQuantity(bad, 1), std::nullopt) << bad;
}

TEST(IntOrPercent, IsRoundedAsAsked) {
  EXPECT_EQ(ParseIntOrPercent("25%", 3, true), 1);
  EXPECT_EQ(ParseIntOrPercent("25%", 3, false), 0);
  EXPECT_EQ(ParseIntOrPercent(2, 3, true), 2);
  EXPECT_EQ(ParseIntOrPercent("x%", 3, true), std::nullopt);
}

}  // namespace
}  // namespace patchbay::controller

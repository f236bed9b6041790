#include "contract/docker_world.h"
#include "contract/private_engine.h"
#include "contract/runtime_contract_claims.h"
#include "contract/runtime_contract_containers.h"
#include "contract/runtime_contract_streams.h"
#include "harness/runtime/fake_runtime.h"

namespace patchbay::driver {
namespace {

class FakeRuntimeWorld : public RuntimeWorld {
 public:
  FakeRuntimeWorld() {
    fake_.Script(kExampleImage, PlayExampleApp);
    fake_.AddImage(kExampleImage);
    fake_.SetPullError(unreachable_image(), Error{Code::kUnavailable, "connection refused"});
  }
  Runtime& runtime() override { return fake_; }
  std::string image() override { return kExampleImage; }
  std::string TagImage(const std::string& stem) override {
    fake_.Retag(Name(stem), *fake_.ImageId(kExampleImage));
    return Name(stem) + ":latest";
  }
  std::string unreachable_image() override { return "127.0.0.1:1/none:1"; }
  std::string MakeForeign(const std::string& name, const std::map<std::string, std::string>& labels) override {
    return fake_.AddForeign(name, labels);
  }
  void EndForeign(const std::string& id) override { fake_.Die(id, 137); }
  std::string Name(const std::string& stem) override { return "patchbay-contract-" + stem; }
  int HostPort() override { return 18080; }
  std::shared_ptr<void> Occupy(int port) override {
    fake_.HoldHostPort(port, true);
    return {nullptr, [this, port](void*) { fake_.ReleaseHostPort(port); }};
  }

 private:
  FakeRuntime fake_;
};

std::string NameOf(const testing::TestParamInfo<RuntimeMaker>& entry) { return entry.param.name; }

std::vector<RuntimeMaker> RealRuntimes() {
  if (MayLackEngine()) return {};
  return {{"docker", &DockerWorld::Make}};
}

INSTANTIATE_TEST_SUITE_P(Fake, RuntimeContract,
                         testing::Values(RuntimeMaker{"fake", [] { return std::make_unique<FakeRuntimeWorld>(); }}),
                         &NameOf);
INSTANTIATE_TEST_SUITE_P(Real, RuntimeContract, testing::ValuesIn(RealRuntimes()), &NameOf);
INSTANTIATE_TEST_SUITE_P(Fake, RuntimeClaims,
                         testing::Values(RuntimeMaker{"fake", [] { return std::make_unique<FakeRuntimeWorld>(); }}),
                         &NameOf);
INSTANTIATE_TEST_SUITE_P(Real, RuntimeClaims, testing::ValuesIn(RealRuntimes()), &NameOf);

// What only a real engine can show.
class RealDocker : public RuntimeContract {
 protected:
  DockerWorld& docker() { return dynamic_cast<DockerWorld&>(*world_); }
  Json Raw(const std::string& id) { return docker().Ask("GET", "/containers/" + id + "/json", Json()); }
  int ExitCode(const std::string& id, const std::vector<std::string>& command) {
    const auto exit = runtime().Exec(id, command, std::chrono::seconds(10));
    EXPECT_TRUE(exit.ok()) << exit.error().message;
    return exit.ok() ? *exit : -1;
  }
};
INSTANTIATE_TEST_SUITE_P(Real, RealDocker, testing::ValuesIn(RealRuntimes()), &NameOf);
INSTANTIATE_TEST_SUITE_P(Real, PrivateEngine, testing::ValuesIn(PrivateEngines()));
// Empty where whoever runs the tests said that there is no engine, and where only root could have a private one.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RealDocker);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PrivateEngine);

TEST_P(RealDocker, GivesTheContainerEveryFieldOfItsSpec) {
  auto spec = SpecOf("fields");
  spec.entrypoint = {"/app"};
  spec.args = {"serve"};
  spec.working_dir = "/work";
  spec.env = {{"A", "1"}, {"B", "two = 2"}};
  spec.ports = {{8080, "tcp", 0, ""}, {9090, "udp", 0, ""}};
  const std::string volume = world_->Name("volume");
  spec.mounts = {{Mount::Type::kVolume, volume, "/data", false},
                 {Mount::Type::kTmpfs, "", "/tmp", false},
                 {Mount::Type::kBind, "/usr/share", "/shared", true}};
  spec.memory_bytes = 64 << 20;
  spec.memory_reservation = 32 << 20;
  spec.nano_cpus = 500'000'000;
  spec.cpu_shares = 512;
  spec.restart_policy = "on-failure";
  spec.user = "1000:1000";
  spec.cap_drop = {"ALL"};
  spec.cap_add = {"NET_BIND_SERVICE"};
  spec.stop_timeout_seconds = 7;
  const std::string id = CreateAndStart(spec);
  const Json raw = Raw(id);
  EXPECT_EQ(FindString(raw, {"Config", "WorkingDir"}), "/work");
  EXPECT_EQ(FindString(raw, {"Config", "User"}), "1000:1000");
  EXPECT_EQ(FindInt(raw, {"Config", "StopTimeout"}), 7);
  EXPECT_EQ(FindInt(raw, {"HostConfig", "Memory"}), 64 << 20);
  EXPECT_EQ(FindInt(raw, {"HostConfig", "MemoryReservation"}), 32 << 20);
  EXPECT_EQ(FindInt(raw, {"HostConfig", "NanoCpus"}), 500'000'000);
  EXPECT_EQ(FindInt(raw, {"HostConfig", "CpuShares"}), 512);
  EXPECT_EQ(FindString(raw, {"HostConfig", "RestartPolicy", "Name"}), "on-failure");
  EXPECT_EQ(FindString(raw, {"HostConfig", "LogConfig", "Config", "max-file"}), "3");
  EXPECT_EQ(*Find(raw, {"HostConfig", "SecurityOpt"}), Json::array({"no-new-privileges"}));
  EXPECT_THAT(FindString(raw, {"HostConfig", "CapDrop"}) + DumpJson(*Find(raw, {"HostConfig", "CapDrop"})),
              testing::HasSubstr("ALL"));
  EXPECT_EQ(Find(raw, {"Mounts"})->size(), 3u);
  EXPECT_EQ(ExitCode(id, {"/app", "env", "B", "two = 2"}), 0);
  const auto seen = runtime().Inspect(id);
  EXPECT_THAT(seen->ports, testing::ElementsAre(PortMapping{8080, "tcp", 0, ""}, PortMapping{9090, "udp", 0, ""}));
  EXPECT_EQ(runtime().List()->front().ports, seen->ports);

  ASSERT_TRUE(runtime().Remove(id).ok());
  EXPECT_EQ(FindString(docker().Ask("GET", "/volumes/" + volume, Json()), {"Name"}), volume) << "named volumes stay";
  docker().Ask("DELETE", "/volumes/" + volume, Json());
}

TEST_P(RealDocker, PutsFilesIntoAReadOnlyRootForItsUser) {
  auto spec = SpecOf("readonly");
  spec.read_only_root = true;
  spec.user = "1000:1000";
  spec.files = {{"/etc/app/secret", "s3cret", 0400}, {"/srv/deep/er/plain", "plain", 0444}};
  const std::string id = CreateAndStart(spec);
  EXPECT_EQ(ExitCode(id, {"/app", "verify", "/etc/app/secret", "s3cret"}), 0);
  EXPECT_EQ(ExitCode(id, {"/app", "verify", "/srv/deep/er/plain", "plain"}), 0);
  const auto mounts = *Find(Raw(id), {"Mounts"});
  ASSERT_EQ(mounts.size(), 2u);
  ASSERT_TRUE(runtime().Remove(id).ok());
  const Json volumes = docker().Ask("GET", "/volumes", Json());
  EXPECT_THAT(DumpJson(volumes), testing::Not(testing::HasSubstr(FindString(mounts[0], {"Name"}))));

  spec.files = {{"/plain", "plain", 0444}};
  EXPECT_EQ(runtime().Create(spec).error().code, Code::kInvalid);
  EXPECT_TRUE(ListedNames().empty());
}

TEST_P(RealDocker, CompletesAContainerWhoseMakerDiedBeforeItsFilesWereIn) {
  auto spec = SpecOf("halfmade");
  spec.files = {{"/etc/app/config", "whole", 0444}};
  auto without = spec;
  without.files.clear();
  const auto half = runtime().Create(without);
  ASSERT_TRUE(half.ok());
  const auto whole = runtime().Create(spec);
  ASSERT_TRUE(whole.ok()) << whole.error().message;
  EXPECT_EQ(*whole, *half);
  ASSERT_TRUE(runtime().Start(*whole).ok());
  EXPECT_EQ(ExitCode(*whole, {"/app", "verify", "/etc/app/config", "whole"}), 0);
}

TEST_P(RealDocker, RefusesToTouchWhatIsNotOurs) {
  const std::string foreign = world_->MakeForeign(world_->Name("untouched"), {{kLabelInstallation, "another"}});
  EXPECT_EQ(runtime().Stop(foreign, std::chrono::seconds(1)).error().code, Code::kForbidden);
  EXPECT_EQ(runtime().Remove(foreign).error().code, Code::kForbidden);
  EXPECT_EQ(runtime().Start(foreign).error().code, Code::kForbidden);
  EXPECT_EQ(runtime().Exec(foreign, {"/app", "exit", "0"}, std::chrono::seconds(5)).error().code, Code::kForbidden);
  EXPECT_EQ(runtime().Inspect(foreign)->state, ContainerState::kRunning);
}

TEST_P(RealDocker, CountsTheEnginesRestarts) {
  auto spec = SpecOf("restarts", {"exit", "3"});
  spec.restart_policy = "always";
  const std::string id = CreateAndStart(spec);
  EXPECT_TRUE(Eventually([&] { return runtime().Inspect(id)->restarts >= 2; }));
  EXPECT_TRUE(runtime().Stop(id, std::chrono::seconds(1)).ok());
  EXPECT_TRUE(EventuallyExited(id));
}

TEST_P(RealDocker, ABadCommandIsInvalidAndSaysWhich) {
  auto spec = SpecOf("badcommand");
  spec.entrypoint = {"/no/such/program"};
  const auto id = runtime().Create(spec);
  ASSERT_TRUE(id.ok());
  const auto started = runtime().Start(*id);
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, Code::kInvalid) << started.error().message;
  EXPECT_THAT(started.error().message, testing::HasSubstr("/no/such/program"));
}

TEST_P(RealDocker, SaysThatNoEngineAnswersAndWhere) {
  const auto http = http::NewCurlClient();
  const auto nowhere =
      NewDockerRuntime({.host = "unix:///tmp/patchbay-no-such-engine.sock", .installation = "x"}, *http);
  ASSERT_TRUE(nowhere.ok());
  const auto listed = (*nowhere)->List();
  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(listed.error().code, Code::kUnavailable);
  EXPECT_THAT(listed.error().message, testing::HasSubstr("patchbay-no-such-engine.sock"));
}

// What only the fake can do: faults on purpose.
class FakeFaults : public testing::Test {
 protected:
  FakeFaults() {
    fake_.AddImage(kExampleImage);
    spec_.name = "web-0";
    spec_.image = kExampleImage;
    spec_.labels = {{kLabelSpecHash, "h"}};
  }

  FakeRuntime fake_;
  ContainerSpec spec_;
};

TEST_F(FakeFaults, TheNthCallFailsBeforeOrAfterItTookEffect) {
  fake_.faults().FailBefore(RuntimeCall::kCreate, 2);
  EXPECT_TRUE(fake_.Create(spec_).ok());
  EXPECT_EQ(fake_.Create(spec_).error().code, Code::kUnavailable);
  fake_.faults().FailAfter(RuntimeCall::kStart);
  EXPECT_EQ(fake_.Start("web-0").error().code, Code::kInDoubt);
  EXPECT_THAT(fake_.RunningNames(), testing::ElementsAre("web-0"));
  EXPECT_TRUE(fake_.Start("web-0").ok());
  EXPECT_EQ(fake_.faults().Count(RuntimeCall::kCreate), 2);
  EXPECT_EQ(fake_.faults().Actions(), 4);
  EXPECT_THAT(fake_.faults().History(),
              testing::ElementsAre("create web-0", "create web-0", "start web-0", "start web-0"));
}

TEST_F(FakeFaults, AnEngineThatIsAwayDoesNothing) {
  fake_.faults().SetAway(true);
  EXPECT_EQ(fake_.Create(spec_).error().code, Code::kUnavailable);
  EXPECT_EQ(fake_.List().error().code, Code::kUnavailable);
  fake_.faults().SetAway(false);
  EXPECT_TRUE(fake_.List()->empty());
}

TEST_F(FakeFaults, ARestartedEngineBreaksStreamsAndStartsWhatItsPolicySays) {
  spec_.restart_policy = "always";
  ASSERT_TRUE(fake_.Start(*fake_.Create(spec_)).ok());
  spec_.name = "web-1";
  spec_.restart_policy = "no";
  ASSERT_TRUE(fake_.Start(*fake_.Create(spec_)).ok());
  Listener listener;
  const auto watch = fake_.Watch(std::nullopt, listener.OnEvent(""), listener.OnEnd());
  fake_.RestartEngine(/*live_restore=*/true);
  EXPECT_EQ(listener.heard().error->code, Code::kUnavailable);
  EXPECT_EQ(fake_.RunningNames().size(), 2u);
  fake_.RestartEngine(/*live_restore=*/false);
  EXPECT_THAT(fake_.RunningNames(), testing::ElementsAre("web-0"));
  EXPECT_EQ(fake_.Inspect("web-1")->exit_code, 255);
}

TEST_F(FakeFaults, AnAddressIsUsedAgainByWhoComesNext) {
  ASSERT_TRUE(fake_.Start(*fake_.Create(spec_)).ok());
  const std::string address = fake_.Inspect("web-0")->ip;
  fake_.Vanish("web-0");
  spec_.name = "web-1";
  ASSERT_TRUE(fake_.Start(*fake_.Create(spec_)).ok());
  EXPECT_EQ(fake_.Inspect("web-1")->ip, address);
}

}  // namespace
}  // namespace patchbay::driver

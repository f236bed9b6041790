// dev::Engine's own daemon, in a network name space of its own: two daemons in one would fight over the bridge docker0
// (one started with --bridge=none deletes it). Include it in one file: it defines tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "dev/child.h"
#include "dev/engine.h"
#include "driver/runtime/docker_runtime.h"
#include "harness/runtime/example_app.h"
#include "harness/runtime/test_engine.h"
#include "http/client.h"

namespace patchbay::driver {

// Only root may run one; where that cannot be, the machine's own engine is all there is to test.
inline std::vector<std::string> PrivateEngines() {
  if (MayLackEngine() || geteuid() != 0 || dev::FindProgram("dockerd").empty() || dev::FindProgram("unshare").empty())
    return {};
  return {"dockerd"};
}

class PrivateEngine : public testing::TestWithParam<std::string> {
 protected:
  PrivateEngine() {
    if (const char* host = std::getenv("DOCKER_HOST")) host_before_ = host;
    unsetenv("DOCKER_HOST");
  }
  ~PrivateEngine() override {
    if (!host_before_.empty()) setenv("DOCKER_HOST", host_before_.c_str(), 1);
    std::error_code error;
    // dockerd leaves its root and its name spaces mounted for the containers that live on.
    for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/exec/netns", error))
      umount2(entry.path().c_str(), MNT_DETACH);
    umount2((folder_ + "/data").c_str(), MNT_DETACH);
    std::filesystem::remove_all(folder_, error);
  }

  Result<std::unique_ptr<dev::Engine>> Find(const std::string& arg = "--ip6tables=false") {
    dev::EngineOptions options;
    options.folder = folder_;
    options.daemon_args = {"--bridge=none", "--iptables=false", arg};
    options.daemon_under = {"unshare", "--net"};
    options.only_private = true;
    return dev::Engine::FindOrStart(options, *http_);
  }
  std::unique_ptr<Runtime> RuntimeOn(const dev::Engine& engine) {
    return *NewDockerRuntime({.host = engine.host(), .installation = "private"}, *http_);
  }
  static ContainerSpec Spec() {
    ContainerSpec spec;
    spec.name = "survivor";
    spec.image = kExampleImage;
    spec.network = "none";
    spec.restart_policy = "unless-stopped";
    spec.labels = {{kLabelSpecHash, "hash"}};
    return spec;
  }
  // As a crash of the machine's memory would: nothing is tidied up.
  void KillDaemon() {
    int pid = 0;
    std::ifstream(folder_ + "/docker.pid") >> pid;
    ASSERT_GT(pid, 0);
    ASSERT_EQ(kill(pid, SIGKILL), 0);
  }

  const std::string folder_ = StrCat("/tmp/patchbay-private-", getpid());
  std::string host_before_;
  const std::unique_ptr<http::HttpClient> http_ = http::NewCurlClient();
};

TEST_P(PrivateEngine, ItsContainersOutliveItAndAreFoundAgain) {
  std::optional<WallTime> started;
  for (const std::string end : {"stopped", "killed", "stopped"}) {
    auto engine = Find();
    ASSERT_TRUE(engine.ok()) << engine.error().message;
    EXPECT_TRUE((*engine)->is_private());
    ASSERT_TRUE(EnsureExampleImage(PATCHBAY_SOURCE_DIR, (*engine)->host()).ok());
    const auto runtime = RuntimeOn(**engine);
    const auto id = runtime->Create(Spec());
    ASSERT_TRUE(id.ok()) << id.error().message;
    ASSERT_TRUE(runtime->Start(*id).ok());
    const auto seen = runtime->Inspect(*id);
    ASSERT_TRUE(seen.ok()) << seen.error().message;
    if (!started) started = seen->started;
    EXPECT_EQ(seen->started, started) << "restarted after the engine was " << end;
    const auto probed = runtime->Exec(*id, {"/app", "get", "/healthz"}, std::chrono::seconds(10));
    EXPECT_TRUE(probed.ok() && *probed == 0);
    if (end == "killed") KillDaemon();
    (*engine)->Stop();
    EXPECT_FALSE((*engine)->running());
  }
  auto engine = Find();
  ASSERT_TRUE(engine.ok()) << engine.error().message;
  EXPECT_TRUE(RuntimeOn(**engine)->Remove("survivor").ok());
}

TEST_P(PrivateEngine, IsSharedByWhoComesSecond) {
  const auto first = Find();
  ASSERT_TRUE(first.ok()) << first.error().message;
  const auto second = Find();
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ((*second)->host(), (*first)->host());
  EXPECT_FALSE((*second)->is_private());
}

TEST_P(PrivateEngine, SaysWhyItCouldNotStart) {
  const auto engine = Find("--storage-driver=vfs-of-pigeons");
  ASSERT_FALSE(engine.ok());
  EXPECT_EQ(engine.error().code, Code::kUnavailable);
  EXPECT_THAT(engine.error().message, testing::HasSubstr("driver not supported"));
}

TEST(Engine, SaysWhatWasTriedAndWhatToDo) {
  const char* before = std::getenv("DOCKER_HOST");
  const std::string kept = before == nullptr ? "" : before;
  setenv("DOCKER_HOST", "unix:///tmp/patchbay-nobody.sock", 1);
  const auto http = http::NewCurlClient();
  dev::EngineOptions options;
  options.folder = "/tmp/patchbay-nobody";
  const auto engine = dev::Engine::FindOrStart(options, *http);
  ASSERT_FALSE(engine.ok());
  EXPECT_EQ(engine.error().code, Code::kUnavailable);
  EXPECT_THAT(engine.error().message, testing::HasSubstr("/tmp/patchbay-nobody.sock (there is no such socket)"));
  EXPECT_THAT(engine.error().message, testing::HasSubstr("DOCKER_HOST"));
  if (kept.empty()) {
    unsetenv("DOCKER_HOST");
  } else {
    setenv("DOCKER_HOST", kept.c_str(), 1);
  }
}

}  // namespace patchbay::driver

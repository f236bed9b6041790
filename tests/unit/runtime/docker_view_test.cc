#include "driver/runtime/docker_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "driver/runtime/docker_spec.h"

namespace patchbay::driver {
namespace {

using testing::ElementsAre;

Json Parse(const std::string& text) { return *ParseJson(text); }

TEST(DockerView, ReadsAListEntry) {
  const auto read = ReadListed(Parse(R"({"Id":"abc","Names":["/web-0"],"Image":"sha256:123","ImageID":"sha256:123",
    "Created":1700000000,"State":"running","Status":"Up 3 minutes",
    "Labels":{"patchbay.dev/image":"nginx:1","a":"b"},
    "Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},
             {"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"PrivatePort":53,"Type":"udp"}],
    "HostConfig":{"NetworkMode":"net2"},
    "NetworkSettings":{"Networks":{"net1":{"IPAddress":"10.0.0.1"},"net2":{"IPAddress":"10.0.0.2"}}}})"));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->name, "web-0");
  EXPECT_EQ(read->image, "nginx:1");
  EXPECT_EQ(read->state, ContainerState::kRunning);
  EXPECT_EQ(read->ip, "10.0.0.2");
  EXPECT_THAT(read->ports, ElementsAre(PortMapping{53, "udp", 0, ""}, PortMapping{80, "tcp", 8080, ""}));
  EXPECT_EQ(read->created, WallTime(std::chrono::seconds(1'700'000'000)));
}

TEST(DockerView, ReadsTheExitCodeFromAListsStatus) {
  const auto code = [](const std::string& state, const std::string& status) {
    return ReadListed(Parse(R"({"Id":"a","State":")" + state + R"(","Status":")" + status + "\"}"))->exit_code;
  };
  EXPECT_EQ(code("exited", "Exited (137) 2 hours ago"), 137);
  EXPECT_EQ(code("restarting", "Restarting (1) 5 seconds ago"), 1);
  EXPECT_EQ(code("running", "Up 3 minutes (healthy)"), 0);
  EXPECT_EQ(code("created", "Created"), 0);
}

TEST(DockerView, TellsWhenTheRunBeforeThisOneEnded) {
  const auto ended = [](const std::string& state, const std::string& finished) {
    return *ReadInspected(Parse(R"({"Id":"abc","State":{"Status":")" + state +
                                R"(","StartedAt":"2026-11-21T08:32:10Z","FinishedAt":")" + finished + "\"}}"));
  };
  EXPECT_EQ(ended("running", "2026-11-21T08:32:02Z").previous_end, ParseTime("2026-11-21T08:32:02Z"));
  EXPECT_FALSE(ended("running", "2026-11-21T08:32:02Z").finished);
  EXPECT_FALSE(ended("running", "0001-01-01T00:00:00Z").previous_end);
  EXPECT_FALSE(ended("exited", "2026-11-21T08:32:12Z").previous_end);
}

TEST(DockerView, ReadsUsageAsTheWorkingSet) {
  const auto read = [](const std::string& stats) {
    return ReadUsage(Parse(R"({"read":"2026-11-21T08:32:10.5Z","cpu_stats":{"cpu_usage":{"total_usage":1500000}},
                              "memory_stats":{"usage":1000,"stats":)" + stats + "}}"));
  };
  ASSERT_TRUE(read("{}").ok());
  EXPECT_EQ(read("{}")->cpu, std::chrono::microseconds(1500));
  EXPECT_EQ(read("{}")->at, ParseTime("2026-11-21T08:32:10.5Z"));
  EXPECT_EQ(read("{}")->memory_bytes, 1000);
  EXPECT_EQ(read(R"({"inactive_file":300})")->memory_bytes, 700);
  EXPECT_EQ(read(R"({"inactive_file":300,"total_inactive_file":400})")->memory_bytes, 600);
  EXPECT_EQ(read(R"({"inactive_file":3000})")->memory_bytes, 0);
}

TEST(DockerView, UsageOfWhatDoesNotRunIsAConflict) {
  const auto read = ReadUsage(Parse(R"({"read":"0001-01-01T00:00:00Z","memory_stats":{},"cpu_stats":{}})"));
  EXPECT_EQ(read.error().code, Code::kConflict);
}

TEST(DockerView, ReadsAnInspection) {
  const auto read = ReadInspected(Parse(R"({"Id":"abc","Name":"/web-0","Image":"sha256:1","RestartCount":4,
    "Created":"2026-11-21T08:32:00.123456789Z",
    "State":{"Status":"exited","ExitCode":137,"OOMKilled":true,"Error":"boom","StartedAt":"2026-11-21T08:32:01Z",
             "FinishedAt":"2026-11-21T08:32:02Z"},
    "Config":{"Image":"nginx","Labels":{"k":"v"}},
    "NetworkSettings":{"Ports":{"80/tcp":null},"Networks":{"bridge":{"IPAddress":""}}}})"));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->image, "nginx");
  EXPECT_EQ(read->exit_code, 137);
  EXPECT_TRUE(read->oom_killed);
  EXPECT_EQ(read->error, "boom");
  EXPECT_EQ(read->restarts, 4);
  EXPECT_EQ(read->started, ParseTime("2026-11-21T08:32:01Z"));
  EXPECT_EQ(read->finished, ParseTime("2026-11-21T08:32:02Z"));
  EXPECT_EQ(read->ip, "");
  EXPECT_TRUE(read->ports.empty());
}

TEST(DockerView, NeverStartedHasNoTimes) {
  const auto read = ReadInspected(Parse(R"({"Id":"abc","State":{"Status":"created",
    "StartedAt":"0001-01-01T00:00:00Z","FinishedAt":"0001-01-01T00:00:00Z"}})"));
  ASSERT_TRUE(read.ok());
  EXPECT_FALSE(read->started || read->finished);
}

TEST(DockerView, StrangeMembersAreEmptyAndNoIdIsAnError) {
  const auto read =
      ReadListed(Parse(R"({"Id":"a","Names":7,"Labels":[],"State":3,"Ports":{},"NetworkSettings":null})"));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->state, ContainerState::kDead);
  EXPECT_EQ(ReadListed(Parse(R"({"Names":["/x"]})")).error().code, Code::kInternal);
  EXPECT_EQ(ReadInspected(Parse("[]")).error().code, Code::kInternal);
}

TEST(DockerSpec, LeavesOutWhatTheImageDecides) {
  ContainerSpec spec;
  spec.image = "nginx";
  const Json body = BuildCreateBody(spec, "me");
  for (const char* member : {"Entrypoint", "Cmd", "WorkingDir", "User", "NetworkingConfig"})
    EXPECT_FALSE(body.contains(member)) << member;
  for (const char* member : {"Memory", "NanoCpus", "CpuShares", "NetworkMode", "CapAdd"})
    EXPECT_FALSE(body["HostConfig"].contains(member)) << member;
  EXPECT_EQ(FindString(body, {"Labels", kLabelInstallation}), "me");
  EXPECT_EQ(FindString(body, {"Labels", kLabelImage}), "nginx");
}

TEST(DockerSpec, NobodyLabelsForAnotherInstallation) {
  ContainerSpec spec;
  spec.labels[kLabelInstallation] = "another";
  EXPECT_EQ(FindString(BuildCreateBody(spec, "me"), {"Labels", kLabelInstallation}), "me");
}

TEST(DockerSpec, PublishesOnlyWhatIsToBePublished) {
  ContainerSpec spec;
  spec.ports = {{80, "tcp", 0, ""}, {81, "tcp", 8081, "127.0.0.1"}, {81, "tcp", 8082, ""}};
  const Json body = BuildCreateBody(spec, "me");
  EXPECT_EQ(DumpJson(body["ExposedPorts"]), R"({"80/tcp":{},"81/tcp":{}})");
  EXPECT_EQ(DumpJson(body["HostConfig"]["PortBindings"]),
            R"({"81/tcp":[{"HostIp":"127.0.0.1","HostPort":"8081"},{"HostIp":"","HostPort":"8082"}]})");
}

TEST(DockerSpec, AReadOnlyRootGetsItsFilesInVolumes) {
  ContainerSpec spec;
  spec.read_only_root = true;
  spec.mounts = {{Mount::Type::kVolume, "v", "/data", false}};
  spec.files = {{"/etc/a/x", "1", 0444}, {"/etc/a/y", "2", 0444}, {"/data/z", "3", 0444}};
  const Json body = BuildCreateBody(spec, "me");
  const Json& mounts = body["HostConfig"]["Mounts"];
  ASSERT_EQ(mounts.size(), 2u);
  EXPECT_EQ(DumpJson(mounts[1]), R"({"Type":"volume","Target":"/etc/a"})");
  const auto archives = BuildArchives(spec);
  ASSERT_TRUE(archives.ok());
  ASSERT_EQ(archives->size(), 2u);
  EXPECT_EQ((*archives)[0].folder, "/data");
  EXPECT_EQ((*archives)[1].folder, "/etc/a");
}

TEST(DockerSpec, AliasesNeedANetwork) {
  ContainerSpec spec;
  spec.network_aliases = {"web"};
  EXPECT_FALSE(BuildCreateBody(spec, "me").contains("NetworkingConfig"));
  spec.network = "shop";
  EXPECT_EQ(DumpJson(BuildCreateBody(spec, "me")["NetworkingConfig"]),
            R"({"EndpointsConfig":{"shop":{"Aliases":["web"]}}})");
}

TEST(DockerSpec, RefusesRelativeFiles) {
  ContainerSpec spec;
  spec.files = {{"etc/x", "", 0444}};
  EXPECT_EQ(BuildArchives(spec).error().code, Code::kInvalid);
  spec.files = {{"/etc/../../x", "", 0444}};
  EXPECT_EQ(BuildArchives(spec).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace patchbay::driver

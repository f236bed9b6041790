#include "dev/child.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/clock.h"

namespace patchbay::dev {
namespace {

TEST(Child, IsGoneAfterStop) {
  auto child = Child::Start({.argv = {"sleep", "100"}});
  ASSERT_TRUE(child.ok()) << child.error().message;
  const pid_t pid = (*child)->pid();
  EXPECT_TRUE((*child)->running());
  (*child)->Stop(SIGTERM, std::chrono::seconds(5));
  EXPECT_FALSE((*child)->running());
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST(Child, IsKilledWhenItDoesNotListen) {
  auto child = Child::Start({.argv = {"sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"}});
  ASSERT_TRUE(child.ok());
  (*child)->Stop(SIGTERM, std::chrono::milliseconds(200));
  EXPECT_FALSE((*child)->running());
}

TEST(Child, WritesItsLog) {
  const std::string log = (std::filesystem::temp_directory_path() / ("patchbay-child-" + std::to_string(getpid()))).string();
  auto child = Child::Start({.argv = {"sh", "-c", "echo out; echo err >&2; echo $GREETING"}, .env = {"GREETING=hello"}, .log_file = log});
  ASSERT_TRUE(child.ok());
  const auto deadline = SystemClock().Mono() + std::chrono::seconds(10);
  while ((*child)->running() && SystemClock().Mono() < deadline) SystemClock().SleepFor(std::chrono::milliseconds(5), {});
  std::ostringstream text;
  text << std::ifstream(log).rdbuf();
  std::filesystem::remove(log);
  EXPECT_EQ(text.str(), "out\nerr\nhello\n");
}

TEST(Child, SaysWhatIsMissing) {
  const auto child = Child::Start({.argv = {"no-such-program-here"}});
  ASSERT_FALSE(child.ok());
  EXPECT_EQ(child.error().code, Code::kNotFound);
  EXPECT_NE(child.error().message.find("no-such-program-here"), std::string::npos);
}

// What a child does before it becomes its program may not need a lock that one of our threads holds: it would hang, and we
// with it. Only root can become another, so only root sees the longer way.
TEST(Child, StartsWhileOtherThreadsAllocate) {
  const std::string user = geteuid() == 0 ? "nobody" : "";
  std::vector<std::jthread> busy;
  for (int i = 0; i < 4; ++i)
    busy.emplace_back([](const std::stop_token& stop) {
      std::vector<std::unique_ptr<char[]>> kept(512);
      for (std::size_t turn = 0; !stop.stop_requested(); ++turn) kept[turn % kept.size()] = std::make_unique<char[]>(16 + turn % 4096);
    });
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(RunCommand({"true"}, user).ok()) << "start " << i;
}

TEST(Child, OfAnotherUserHasThatUsersGroupsAlone) {
  const auto seen = RunCommand({"id", "-G"}, "nobody");
  if (geteuid() != 0) {
    EXPECT_FALSE(seen.ok()) << "only root can start one";
    return;
  }
  ASSERT_TRUE(seen.ok()) << seen.error().message;
  EXPECT_EQ(*seen, RunCommand({"id", "-G", "nobody"}).value());
}

TEST(RunCommand, GivesTheOutputOrTheReason) {
  EXPECT_EQ(RunCommand({"echo", "hello"}).value(), "hello\n");
  const auto failed = RunCommand({"sh", "-c", "echo why >&2; exit 3"});
  ASSERT_FALSE(failed.ok());
  EXPECT_NE(failed.error().message.find("exit 3"), std::string::npos);
  EXPECT_NE(failed.error().message.find("why"), std::string::npos);
}

TEST(RunCommand, EndsWhatTakesTooLong) {
  const auto late = RunCommand({"sleep", "100"}, "", std::chrono::milliseconds(100));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, Code::kTimeout);
}

}  // namespace
}  // namespace patchbay::dev

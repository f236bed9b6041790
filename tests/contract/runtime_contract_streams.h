// What every Runtime promises of logs, events and execs. Include it in one file: it defines tests.
#pragma once

#include "contract/runtime_contract.h"

namespace patchbay::driver {

TEST_P(RuntimeContract, LogsAreExact) {
  const std::string id = CreateAndStart(SpecOf("logs", {"print", "3"}));
  ASSERT_TRUE(EventuallyExited(id));
  const auto read = [&](const LogOptions& options) {
    Listener listener;
    const auto stream = runtime().Logs(id, options, listener.OnLine(), listener.OnEnd());
    EXPECT_TRUE(stream.ok());
    EXPECT_TRUE(Eventually([&] { return listener.heard().ends == 1; }));
    return listener.heard();
  };
  EXPECT_THAT(read({}).out, testing::ElementsAre("line 1", "line 2", "line 3"));
  EXPECT_THAT(read({.tail = 1}).out, testing::ElementsAre("line 3"));
  EXPECT_THAT(read({.tail = 0}).out, testing::ElementsAre());
  EXPECT_THAT(read({.since = SystemClock().Wall() + std::chrono::hours(1)}).out, testing::ElementsAre());
  const auto stamped = read({.timestamps = true}).out;
  ASSERT_EQ(stamped.size(), 3u);
  EXPECT_TRUE(ParseTime(stamped[0].substr(0, stamped[0].find(' '))));
  EXPECT_THAT(stamped[0], testing::EndsWith(" line 1"));
}

TEST_P(RuntimeContract, LogsOfTheRunBeforeEndWhereItEnded) {
  const std::string id = CreateAndStart(SpecOf("again", {"print", "2"}));
  ASSERT_TRUE(EventuallyExited(id));
  const auto first = runtime().Inspect(id);
  ASSERT_TRUE(first.ok() && first->finished);
  EXPECT_FALSE(first->previous_end);
  SystemClock().SleepFor(std::chrono::milliseconds(100), {});
  ASSERT_TRUE(runtime().Start(id).ok());
  ASSERT_TRUE(Eventually([&] {
    const auto seen = runtime().Inspect(id);
    return seen.ok() && seen->state == ContainerState::kExited && seen->finished > first->finished;
  }));
  const auto read = [&](const LogOptions& options) {
    Listener listener;
    const auto stream = runtime().Logs(id, options, listener.OnLine(), listener.OnEnd());
    EXPECT_TRUE(stream.ok());
    EXPECT_TRUE(Eventually([&] { return listener.heard().ends == 1; }));
    return listener.heard().out.size();
  };
  const WallTime between = *first->finished + std::chrono::milliseconds(50);
  EXPECT_EQ(read({}), 4u);
  EXPECT_EQ(read({.until = between}), 2u);
  EXPECT_EQ(read({.since = between}), 2u);
}

TEST_P(RuntimeContract, OneThatIsStartedAgainTellsWhenItEndedBefore) {
  const std::string id = CreateAndStart(SpecOf("revived"));
  ASSERT_TRUE(runtime().Stop(id, std::chrono::seconds(5)).ok());
  const auto ended = runtime().Inspect(id)->finished;
  ASSERT_TRUE(ended);
  ASSERT_TRUE(runtime().Start(id).ok());
  EXPECT_EQ(runtime().Inspect(id)->previous_end, ended);
}

TEST_P(RuntimeContract, UsageGrowsAndNeedsARunningContainer) {
  const std::string id = CreateAndStart(SpecOf("usage"));
  const auto first = runtime().MeasureUsage(id);
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_GT(first->memory_bytes, 0);
  SystemClock().SleepFor(std::chrono::milliseconds(50), {});
  const auto second = runtime().MeasureUsage(id);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_GT(second->at, first->at);
  EXPECT_GE(second->cpu, first->cpu);
  ASSERT_TRUE(runtime().Stop(id, std::chrono::seconds(5)).ok());
  EXPECT_EQ(runtime().MeasureUsage(id).error().code, Code::kConflict);
  EXPECT_EQ(runtime().MeasureUsage(world_->Name("nobody")).error().code, Code::kNotFound);
}

TEST_P(RuntimeContract, AFollowedLogEndsWithItsContainer) {
  const std::string id = CreateAndStart(SpecOf("follow"));
  Listener listener;
  auto stream = runtime().Logs(id, {.follow = true}, listener.OnLine(), listener.OnEnd());
  ASSERT_TRUE(stream.ok()) << stream.error().message;
  EXPECT_EQ(listener.heard().ends, 0);
  ASSERT_TRUE(runtime().Stop(id, std::chrono::seconds(5)).ok());
  EXPECT_TRUE(Eventually([&] { return listener.heard().ends == 1; }));
  EXPECT_FALSE(listener.heard().error);
}

TEST_P(RuntimeContract, LogsOfNothingAreNotFound) {
  Listener listener;
  const auto stream = runtime().Logs(world_->Name("nothing"), {}, listener.OnLine(), listener.OnEnd());
  if (stream.ok()) {
    ASSERT_TRUE(Eventually([&] { return listener.heard().ends == 1; }));
    ASSERT_TRUE(listener.heard().error);
    EXPECT_EQ(listener.heard().error->code, Code::kNotFound);
  } else {
    EXPECT_EQ(stream.error().code, Code::kNotFound);
  }
}

TEST_P(RuntimeContract, EventsAreSeen) {
  Listener listener;
  auto stream = runtime().Watch(std::nullopt, listener.OnEvent("uid-1"), listener.OnEnd());
  ASSERT_TRUE(stream.ok()) << stream.error().message;
  const std::string id = CreateAndStart(SpecOf("events"));
  ASSERT_TRUE(runtime().Stop(id, std::chrono::seconds(5)).ok());
  ASSERT_TRUE(runtime().Remove(id).ok());
  ASSERT_TRUE(Eventually([&] { return listener.HasAction("destroy"); }));
  for (const char* action : {"create", "start", "die"}) EXPECT_TRUE(listener.HasAction(action)) << action;
  EXPECT_EQ(listener.heard().ends, 0);
}

TEST_P(RuntimeContract, EventsSinceAreReplayed) {
  const auto before = SystemClock().Wall() - std::chrono::seconds(1);
  const std::string id = CreateAndStart(SpecOf("since"));
  Listener listener;
  auto stream = runtime().Watch(before, listener.OnEvent("uid-1"), listener.OnEnd());
  ASSERT_TRUE(stream.ok()) << stream.error().message;
  EXPECT_TRUE(Eventually([&] { return listener.HasAction("start"); }));
}

TEST_P(RuntimeContract, EventsOfOthersAreNotSeen) {
  Listener listener;
  auto stream = runtime().Watch(std::nullopt, listener.OnEvent(""), listener.OnEnd());
  ASSERT_TRUE(stream.ok()) << stream.error().message;
  Listener ours;
  auto second = runtime().Watch(std::nullopt, ours.OnEvent("uid-1"), ours.OnEnd());
  ASSERT_TRUE(second.ok());
  world_->MakeForeign(world_->Name("quiet"), {});
  CreateAndStart(SpecOf("loud"));
  ASSERT_TRUE(Eventually([&] { return ours.HasAction("start"); }));
  EXPECT_TRUE(listener.heard().actions.empty());
}

// What ends lets go of its host ports.
TEST_P(RuntimeContract, TheEndOfAContainerOfOthersIsTold) {
  Guarded<std::vector<RuntimeEvent>> told;
  Listener listener;
  const auto note = [&](const RuntimeEvent& event) {
    if (event.of == RuntimeEvent::Of::kForeign) told.Lock()->push_back(event);
  };
  auto stream = runtime().Watch(std::nullopt, note, listener.OnEnd());
  ASSERT_TRUE(stream.ok()) << stream.error().message;
  const std::string id = world_->MakeForeign(world_->Name("short"), {});
  world_->EndForeign(id);
  EXPECT_TRUE(Eventually([&] { return !told.Copy().empty(); }));
  EXPECT_EQ(told.Copy().front().container_id, id);
  EXPECT_EQ(told.Copy().front().action, "die");
}

TEST_P(RuntimeContract, ADroppedWatchIsSilent) {
  Listener listener;
  auto stream = runtime().Watch(std::nullopt, listener.OnEvent("uid-1"), listener.OnEnd());
  ASSERT_TRUE(stream.ok()) << stream.error().message;
  stream->reset();
  CreateAndStart(SpecOf("silent"));
  EXPECT_TRUE(listener.heard().actions.empty());
  EXPECT_EQ(listener.heard().ends, 0);
}

TEST_P(RuntimeContract, ExecAnswersTheExitCode) {
  const std::string id = CreateAndStart(SpecOf("exec"));
  const auto zero = runtime().Exec(id, {"/app", "exit", "0"}, std::chrono::seconds(10));
  ASSERT_TRUE(zero.ok()) << zero.error().message;
  EXPECT_EQ(*zero, 0);
  const auto five = runtime().Exec(id, {"/app", "exit", "5"}, std::chrono::seconds(10));
  ASSERT_TRUE(five.ok()) << five.error().message;
  EXPECT_EQ(*five, 5);
  EXPECT_EQ(runtime().Exec(id, {"/app", "wait", "60000"}, std::chrono::milliseconds(300)).error().code, Code::kTimeout);
}

TEST_P(RuntimeContract, ExecNeedsARunningContainer) {
  const auto id = runtime().Create(SpecOf("asleep"));
  ASSERT_TRUE(id.ok()) << id.error().message;
  EXPECT_EQ(runtime().Exec(*id, {"/app", "exit", "0"}, std::chrono::seconds(5)).error().code, Code::kConflict);
  EXPECT_EQ(runtime().Exec(world_->Name("nobody"), {"/app"}, std::chrono::seconds(5)).error().code, Code::kNotFound);
}

}  // namespace patchbay::driver

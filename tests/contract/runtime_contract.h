// What every Runtime promises, as tests. runtime_test.cc runs them on FakeRuntime and on a real Docker Engine.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/text.h"
#include "driver/runtime/runtime.h"
#include "harness/runtime/flaky_runtime.h"

namespace patchbay::driver {

// An engine with one Runtime on it, empty of what that Runtime owns. Its destructor takes away what the test made.
class RuntimeWorld {
 public:
  virtual ~RuntimeWorld() = default;
  virtual Runtime& runtime() = 0;
  virtual std::string image() = 0;              // the example application (harness/runtime/example_app.h)
  virtual std::string unreachable_image() = 0;  // of a registry that nobody answers for
  // A running container that the Runtime did not make. Returns its id.
  virtual std::string MakeForeign(const std::string& name, const std::map<std::string, std::string>& labels) = 0;
  virtual std::string Name(const std::string& stem) = 0;  // unique on this engine
  virtual int HostPort() = 0;                             // free on this host
};

struct RuntimeMaker {
  std::string name;
  std::function<std::unique_ptr<RuntimeWorld>()> make;
};

class RuntimeContract : public testing::TestWithParam<RuntimeMaker> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    ASSERT_NE(world_, nullptr) << "no container engine; see the message above";
  }

  Runtime& runtime() { return world_->runtime(); }

  ContainerSpec SpecOf(const std::string& stem, std::vector<std::string> args = {}) {
    ContainerSpec spec;
    spec.name = world_->Name(stem);
    spec.image = world_->image();
    spec.args = std::move(args);
    spec.labels = {{kLabelOwnerUid, "uid-1"}, {kLabelNamespace, "default"}, {kLabelPlugin, stem},
                   {kLabelSpecHash, "hash-1"}, {kLabelOrdinal, "0"}};
    return spec;
  }
  std::string CreateAndStart(const ContainerSpec& spec) {
    auto id = runtime().Create(spec);
    EXPECT_TRUE(id.ok()) << id.error().message;
    if (!id.ok()) return "";
    const auto started = runtime().Start(*id);
    EXPECT_TRUE(started.ok()) << started.error().message;
    return *id;
  }
  static bool Eventually(const std::function<bool()>& holds) {
    const auto deadline = SystemClock().Mono() + std::chrono::seconds(20);
    while (!holds()) {
      if (SystemClock().Mono() > deadline) return false;
      SystemClock().SleepFor(std::chrono::milliseconds(20), {});
    }
    return true;
  }
  bool EventuallyExited(const std::string& id) {
    return Eventually([&] {
      const auto seen = runtime().Inspect(id);
      return seen.ok() && seen->state == ContainerState::kExited;
    });
  }
  std::vector<std::string> ListedNames() {
    std::vector<std::string> names;
    const auto listed = runtime().List();
    EXPECT_TRUE(listed.ok()) << listed.error().message;
    if (listed.ok())
      for (const auto& container : *listed) names.push_back(container.name);
    std::sort(names.begin(), names.end());
    return names;
  }

  std::unique_ptr<RuntimeWorld> world_;
};

// What a stream told so far.
struct Heard {
  std::vector<std::string> out;
  std::vector<std::string> err;
  std::vector<std::string> actions;
  int ends = 0;
  std::optional<Error> error;
};

class Listener {
 public:
  std::function<bool(bool, std::string_view)> OnLine() {
    return [this](bool to_stderr, std::string_view line) {
      auto heard = heard_.Lock();
      (to_stderr ? heard->err : heard->out).emplace_back(line);
      return true;
    };
  }
  std::function<void(const RuntimeEvent&)> OnEvent(std::string owner_uid) {
    return [this, owner_uid](const RuntimeEvent& event) {
      if (event.owner_uid == owner_uid) heard_.Lock()->actions.push_back(event.action);
    };
  }
  std::function<void(Result<void>)> OnEnd() {
    return [this](Result<void> end) {
      auto heard = heard_.Lock();
      ++heard->ends;
      if (!end.ok()) heard->error = end.error();
    };
  }
  Heard heard() const { return heard_.Copy(); }
  bool HasAction(const std::string& action) const {
    const auto actions = heard().actions;
    return std::find(actions.begin(), actions.end(), action) != actions.end();
  }

 private:
  Guarded<Heard> heard_;
};

TEST_P(RuntimeContract, SaysWhichEngineItIs) {
  const auto version = runtime().Version();
  ASSERT_TRUE(version.ok()) << version.error().message;
  EXPECT_FALSE(version->engine.empty());
  EXPECT_FALSE(version->version.empty());
  EXPECT_FALSE(version->api_version.empty());
  EXPECT_EQ(runtime().Version()->id, version->id);
}

TEST_P(RuntimeContract, CreatesStartsStopsAndRemoves) {
  const auto spec = SpecOf("life");
  const auto id = runtime().Create(spec);
  ASSERT_TRUE(id.ok()) << id.error().message;
  EXPECT_EQ(runtime().Inspect(*id)->state, ContainerState::kCreated);
  EXPECT_THAT(ListedNames(), testing::ElementsAre(spec.name));

  ASSERT_TRUE(runtime().Start(*id).ok());
  const auto seen = runtime().Inspect(spec.name);
  ASSERT_TRUE(seen.ok()) << seen.error().message;
  EXPECT_EQ(seen->id, *id);
  EXPECT_EQ(seen->name, spec.name);
  EXPECT_EQ(seen->image, spec.image);
  EXPECT_FALSE(seen->image_id.empty());
  EXPECT_EQ(seen->state, ContainerState::kRunning);
  EXPECT_FALSE(seen->ip.empty());
  EXPECT_EQ(seen->labels.at(kLabelSpecHash), "hash-1");
  EXPECT_TRUE(seen->created && seen->started && !seen->finished);

  ASSERT_TRUE(runtime().Stop(*id, std::chrono::seconds(5)).ok());
  const auto stopped = runtime().Inspect(*id);
  EXPECT_EQ(stopped->state, ContainerState::kExited);
  EXPECT_EQ(stopped->exit_code, 0);
  EXPECT_TRUE(stopped->finished);
  EXPECT_EQ(stopped->ip, "");

  ASSERT_TRUE(runtime().Remove(*id).ok());
  EXPECT_EQ(runtime().Inspect(*id).error().code, Code::kNotFound);
  EXPECT_TRUE(ListedNames().empty());
}

TEST_P(RuntimeContract, ListsWhatInspectSees) {
  const auto spec = SpecOf("seen");
  const std::string id = CreateAndStart(spec);
  const auto listed = runtime().List();
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1u);
  const auto& entry = listed->front();
  const auto inspected = runtime().Inspect(id);
  ASSERT_TRUE(inspected.ok());
  EXPECT_EQ(entry.id, inspected->id);
  EXPECT_EQ(entry.name, inspected->name);
  EXPECT_EQ(entry.image, inspected->image);
  EXPECT_EQ(entry.image_id, inspected->image_id);
  EXPECT_EQ(entry.labels, inspected->labels);
  EXPECT_EQ(entry.state, inspected->state);
  EXPECT_EQ(entry.ip, inspected->ip);
}

TEST_P(RuntimeContract, ListsOneOwnersContainersWithEveryField) {
  const std::string mine = CreateAndStart(SpecOf("mine"));
  auto other = SpecOf("theirs");
  other.labels[kLabelOwnerUid] = "uid-2";
  CreateAndStart(other);
  const auto listed = runtime().ListOf("uid-1");
  ASSERT_TRUE(listed.ok()) << listed.error().message;
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().id, mine);
  EXPECT_EQ(listed->front().started, runtime().Inspect(mine)->started);
  EXPECT_TRUE(runtime().ListOf("uid-3")->empty());
}

TEST_P(RuntimeContract, AdoptsWhatIsThereAndDoesNothing) {
  const auto spec = SpecOf("adopt");
  const std::string id = CreateAndStart(spec);
  const auto started = runtime().Inspect(id)->started;
  const auto again = runtime().Create(spec);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ(*again, id);
  EXPECT_TRUE(runtime().Start(id).ok());
  EXPECT_EQ(runtime().Inspect(id)->started, started);
  EXPECT_EQ(ListedNames().size(), 1u);
}

TEST_P(RuntimeContract, ReplacesAnotherSpecOnlyAfterItsRemoval) {
  auto spec = SpecOf("update");
  const std::string first = CreateAndStart(spec);
  spec.labels[kLabelSpecHash] = "hash-2";
  const auto refused = runtime().Create(spec);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("uid-1"));
  EXPECT_EQ(runtime().Inspect(first)->state, ContainerState::kRunning);

  ASSERT_TRUE(runtime().Remove(first).ok());
  const auto second = runtime().Create(spec);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_NE(*second, first);
  EXPECT_EQ(runtime().Inspect(spec.name)->labels.at(kLabelSpecHash), "hash-2");
}

TEST_P(RuntimeContract, LeavesForeignContainersAlone) {
  const auto spec = SpecOf("foreign");
  const std::string foreign = world_->MakeForeign(spec.name, {});
  const auto refused = runtime().Create(spec);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, testing::HasSubstr(foreign.substr(0, 12)));
  EXPECT_EQ(runtime().Inspect(foreign)->state, ContainerState::kRunning);
  EXPECT_TRUE(ListedNames().empty());
}

TEST_P(RuntimeContract, DoesNotSeeAnotherInstallation) {
  const auto spec = SpecOf("other");
  auto labels = spec.labels;
  labels[kLabelInstallation] = "another-installation";
  const std::string theirs = world_->MakeForeign(spec.name, labels);
  EXPECT_TRUE(ListedNames().empty());
  const auto refused = runtime().Create(spec);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_EQ(runtime().Inspect(theirs)->state, ContainerState::kRunning);
}

TEST_P(RuntimeContract, ARepeatedCreateInDoubtAdopts) {
  auto spec = SpecOf("doubt");
  spec.files = {{"/etc/patchbay/doubt.txt", "certain", 0444}};
  FlakyRuntime flaky(runtime());
  flaky.faults().FailAfter(RuntimeCall::kCreate);
  EXPECT_EQ(flaky.Create(spec).error().code, Code::kInDoubt);
  const auto id = flaky.Create(spec);
  ASSERT_TRUE(id.ok()) << id.error().message;
  ASSERT_TRUE(flaky.Start(*id).ok());
  EXPECT_EQ(ListedNames().size(), 1u);
  const auto exit = flaky.Exec(*id, {"/app", "verify", "/etc/patchbay/doubt.txt", "certain"}, std::chrono::seconds(10));
  ASSERT_TRUE(exit.ok()) << exit.error().message;
  EXPECT_EQ(*exit, 0);
}

TEST_P(RuntimeContract, FilesAreThereBeforeTheStart) {
  auto spec = SpecOf("files");
  const std::string large(300'000, 'x');
  spec.files = {{"/config/app.json", "{\"a\":1}", 0444}, {"/config/deep/er/empty", "", 0400}, {"/large", large, 0644}};
  const std::string id = CreateAndStart(spec);
  const auto holds = [&](const std::string& path, const std::string& text) {
    const auto exit = runtime().Exec(id, {"/app", "verify", path, text}, std::chrono::seconds(10));
    return exit.ok() && *exit == 0;
  };
  EXPECT_TRUE(holds("/config/app.json", "{\"a\":1}"));
  EXPECT_TRUE(holds("/config/deep/er/empty", ""));
  EXPECT_FALSE(holds("/config/app.json", "something else"));
}

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

TEST_P(RuntimeContract, TheExitCodeIsSeen) {
  const std::string id = CreateAndStart(SpecOf("exit", {"exit", "7"}));
  ASSERT_TRUE(EventuallyExited(id));
  EXPECT_EQ(runtime().Inspect(id)->exit_code, 7);
  const auto listed = runtime().List();
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().exit_code, 7);
  EXPECT_EQ(listed->front().state, ContainerState::kExited);
}

TEST_P(RuntimeContract, StopKillsAfterTheGrace) {
  auto spec = SpecOf("grace");
  spec.env = {{"ON_TERM", "ignore"}};
  const std::string id = CreateAndStart(spec);
  const auto before = SystemClock().Mono();
  ASSERT_TRUE(runtime().Stop(id, std::chrono::seconds(1)).ok());
  EXPECT_LT(SystemClock().Mono() - before, std::chrono::seconds(9));
  EXPECT_EQ(runtime().Inspect(id)->exit_code, 137);
}

TEST_P(RuntimeContract, StoppingAndRemovingWhatIsGoneIsFine) {
  const std::string nothing = world_->Name("gone");
  EXPECT_TRUE(runtime().Stop(nothing, std::chrono::seconds(1)).ok());
  EXPECT_TRUE(runtime().Remove(nothing).ok());
  EXPECT_EQ(runtime().Start(nothing).error().code, Code::kNotFound);
  const std::string id = CreateAndStart(SpecOf("twice"));
  EXPECT_TRUE(runtime().Stop(id, std::chrono::seconds(5)).ok());
  EXPECT_TRUE(runtime().Stop(id, std::chrono::seconds(5)).ok());
  EXPECT_TRUE(runtime().Remove(id).ok());
  EXPECT_TRUE(runtime().Remove(id).ok());
}

TEST_P(RuntimeContract, RemovesWhatRuns) {
  const std::string id = CreateAndStart(SpecOf("running"));
  ASSERT_TRUE(runtime().Remove(id).ok());
  EXPECT_EQ(runtime().Inspect(id).error().code, Code::kNotFound);
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

TEST_P(RuntimeContract, ADroppedWatchIsSilent) {
  Listener listener;
  auto stream = runtime().Watch(std::nullopt, listener.OnEvent("uid-1"), listener.OnEnd());
  ASSERT_TRUE(stream.ok()) << stream.error().message;
  stream->reset();
  CreateAndStart(SpecOf("silent"));
  EXPECT_TRUE(listener.heard().actions.empty());
  EXPECT_EQ(listener.heard().ends, 0);
}

TEST_P(RuntimeContract, AHostPortIsGivenOnce) {
  auto first = SpecOf("port-a");
  first.ports = {{8080, "tcp", world_->HostPort(), "127.0.0.1"}};
  const std::string a = CreateAndStart(first);
  const auto seen = runtime().Inspect(a);
  ASSERT_TRUE(seen.ok());
  EXPECT_THAT(seen->ports, testing::Contains(first.ports[0]));
  auto second = SpecOf("port-b");
  second.ports = first.ports;
  const auto b = runtime().Create(second);
  ASSERT_TRUE(b.ok()) << b.error().message;
  const auto refused = runtime().Start(*b);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, testing::HasSubstr(std::to_string(first.ports[0].host_port)));
  EXPECT_EQ(runtime().Inspect(a)->state, ContainerState::kRunning);

  ASSERT_TRUE(runtime().Remove(a).ok());
  const auto started = runtime().Start(*b);
  EXPECT_TRUE(started.ok()) << started.error().message;
}

TEST_P(RuntimeContract, AMissingImageIsNotFound) {
  auto spec = SpecOf("image");
  spec.image = world_->unreachable_image();
  EXPECT_TRUE(*runtime().HasImage(world_->image()));
  const auto has = runtime().HasImage(spec.image);
  ASSERT_TRUE(has.ok()) << has.error().message;
  EXPECT_FALSE(*has);
  EXPECT_EQ(runtime().Create(spec).error().code, Code::kNotFound);
  EXPECT_TRUE(ListedNames().empty());
}

TEST_P(RuntimeContract, APullThatCannotWorkIsAnErrorInTime) {
  const auto before = SystemClock().Mono();
  const auto pulled = runtime().Pull(world_->unreachable_image());
  ASSERT_FALSE(pulled.ok());
  EXPECT_FALSE(pulled.error().message.empty());
  EXPECT_LT(SystemClock().Mono() - before, std::chrono::seconds(60));
  const auto refused = runtime().Pull("Not An Image");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalid);
}

TEST_P(RuntimeContract, ExecAnswersTheExitCode) {
  const std::string id = CreateAndStart(SpecOf("exec"));
  const auto zero = runtime().Exec(id, {"/app", "exit", "0"}, std::chrono::seconds(10));
  ASSERT_TRUE(zero.ok()) << zero.error().message;
  EXPECT_EQ(*zero, 0);
  const auto five = runtime().Exec(id, {"/app", "exit", "5"}, std::chrono::seconds(10));
  ASSERT_TRUE(five.ok()) << five.error().message;
  EXPECT_EQ(*five, 5);
  EXPECT_EQ(runtime().Exec(id, {"/app", "wait", "60000"}, std::chrono::milliseconds(300)).error().code,
            Code::kTimeout);
}

TEST_P(RuntimeContract, ExecNeedsARunningContainer) {
  const auto id = runtime().Create(SpecOf("asleep"));
  ASSERT_TRUE(id.ok()) << id.error().message;
  EXPECT_EQ(runtime().Exec(*id, {"/app", "exit", "0"}, std::chrono::seconds(5)).error().code, Code::kConflict);
  EXPECT_EQ(runtime().Exec(world_->Name("nobody"), {"/app"}, std::chrono::seconds(5)).error().code, Code::kNotFound);
}

}  // namespace patchbay::driver

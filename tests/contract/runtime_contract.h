// What every Runtime promises, as tests: here their world, in runtime_contract_*.h the promises. runtime_test.cc runs
// them on FakeRuntime and on a real Docker Engine.
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
  // The same image under another name, without a container.
  virtual std::string TagImage(const std::string& stem) = 0;
  virtual std::string unreachable_image() = 0;  // of a registry that nobody answers for
  // A running container that the Runtime did not make. Returns its id.
  virtual std::string MakeForeign(const std::string& name, const std::map<std::string, std::string>& labels) = 0;
  virtual void EndForeign(const std::string& id) = 0;  // by force
  virtual std::string Name(const std::string& stem) = 0;  // unique on this engine
  virtual int HostPort() = 0;                             // free on this host
  // A program that is no container listens on this port until what is returned goes.
  virtual std::shared_ptr<void> Occupy(int port) = 0;
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
    spec.labels = {{kLabelOwnerUid, "uid-1"},
                   {kLabelNamespace, "default"},
                   {kLabelPlugin, stem},
                   {kLabelSpecHash, "hash-1"},
                   {kLabelOrdinal, "0"}};
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
      if (event.of == RuntimeEvent::Of::kOwn && event.owner_uid == owner_uid) heard_.Lock()->actions.push_back(event.action);
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

}  // namespace patchbay::driver

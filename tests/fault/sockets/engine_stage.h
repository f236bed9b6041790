// The whole operator with the real DockerRuntime, over a Unix socket on which a fake engine answers. The engine's events
// come on another thread: what follows from them is waited for by turning the fake clock, never the real one.
#pragma once

#include <unistd.h>

#include <memory>
#include <string>

#include "driver/runtime/docker_runtime.h"
#include "fault/world/shop.h"
#include "harness/runtime/fake_engine.h"

namespace patchbay::controller {

// The operator dies right after its n-th call that changes something, and its connections with it.
class DyingClient : public http::HttpClient {
 public:
  Result<http::Answer> Send(const http::Call& call) override {
    auto answer = inner_->Send(call);
    Count(call);
    return answer;
  }
  Result<std::unique_ptr<http::Subscription>> Open(const http::Call& call, StreamEvents events) override {
    auto stream = inner_->Open(call, std::move(events));
    Count(call);
    return stream;
  }
  void DieAfter(int nth) { left_ = nth; }

 private:
  void Count(const http::Call& call) {
    if (call.method != "GET" && left_ > 0 && --left_ == 0) throw Crash();
  }

  std::unique_ptr<http::HttpClient> inner_ = http::NewCurlClient();
  int left_ = 0;
};

class EngineStage {
 public:
  EngineStage() : engine(world.runtime, StrCat("/tmp/patchbay-fault-", getpid(), ".sock")) { Begin(); }
  ~EngineStage() { world.KillOperator(); }

  // An operator with nothing in its head.
  void Begin() {
    world.KillOperator();
    runtime.reset();
    client = std::make_unique<DyingClient>();
    driver::DockerOptions options;
    options.host = engine.host();
    options.installation = "test";
    options.timeout = options.action_timeout = options.pull_quiet = kPatience;
    runtime = *driver::NewDockerRuntime(options, *client, NullMeter(), world.clock);
    world.Hold(runtime.get(), nullptr);
  }
  // Turns the time until this holds. False when it does not within `most`.
  bool Until(const std::function<bool()>& holds, std::chrono::milliseconds most = std::chrono::minutes(7)) {
    std::chrono::milliseconds step(50);
    for (std::chrono::milliseconds done(0); done < most; done += step) {
      world.op->controllers.Settle();
      if (holds()) return true;
      if (done > std::chrono::seconds(5)) step = std::chrono::seconds(1);
      world.clock.Advance(step);
    }
    return false;
  }
  // The shop runs this image, so often, nothing else of ours is there, and the gateway leads to all of them.
  bool IsAsWished(const std::string& image, int replicas) {
    const auto running = world.RunningImages();
    return running == std::vector<std::string>(static_cast<std::size_t>(replicas), image) &&
           world.Containers().size() == running.size() && Serving(world) == replicas && world.Phase("shop") == "Running";
  }
  void Open(int replicas, const std::string& strategy = "RollingUpdate") {
    OpenShop(world, replicas, strategy);
    world.Patch(world.PluginKey("shop"), {{"terminationGracePeriodSeconds", 0}});
    EXPECT_TRUE(Until([&] { return IsAsWished("app:1", replicas); })) << Words();
  }
  void Wish(const std::string& image) { world.Patch(world.PluginKey("shop"), {{"image", image}}); }
  std::string Words() const {
    const auto ready = FindCondition(world.Get(world.PluginKey("shop")), "Ready");
    return StrCat("the shop is ", world.Phase("shop"), ": ", ready ? ready->message : "");
  }

  static constexpr std::chrono::milliseconds kPatience{500};  // real: of a call that the engine does not answer

  World world;
  driver::FakeEngine engine;
  std::unique_ptr<DyingClient> client;
  std::unique_ptr<driver::Runtime> runtime;
};

}  // namespace patchbay::controller

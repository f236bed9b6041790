// A whole small world for controller tests: database, engine, gateway and receivers in memory, a clock turned by hand,
// and an operator that can be killed and started again. Everything runs on the test's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/text.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "cache/mirror.h"
#include "controller/controller.h"
#include "harness/clock/fake_clock.h"
#include "harness/gateway/fake_gateway.h"
#include "harness/http/fake_http_client.h"
#include "harness/notifier/fake_notifier.h"
#include "harness/runtime/fake_runtime.h"
#include "harness/store/memory_store.h"
#include "object/object.h"

namespace patchbay::controller {

// Thrown out of the engine's n-th action: the operator is gone in the middle of what it did.
struct Crash {};

class World {
 public:
  explicit World(std::uint64_t seed = 1) : runtime("test", clock), gateway("fake", {"rateLimit", "auth", "cors"}), random(seed) {
    runtime.AddImage("app:1");
    runtime.AddImage("app:2");
    StartOperator();
  }
  ~World() { KillOperator(); }

  // --- what survives the operator ---
  FakeClock clock;
  std::shared_ptr<store::MemoryDatabase> database = std::make_shared<store::MemoryDatabase>();
  driver::FakeRuntime runtime;
  driver::FakeGateway gateway;
  driver::FakeNotifier notifier;
  http::FakeHttpClient http;
  Random random;
  std::vector<std::pair<std::string, int>> refused;  // TCP connections to these fail
  Meter* meter = &NullMeter();                       // of the operators that are started from now on

  // --- the operator ---
  struct Operator {
    Operator(World& world)
        : store(world.clock, store::MemoryStore::Turn::kInline, world.database),
          cache(store, world.clock, NullMeter()),
          mirror(world.clock),
          pods(mirror, world.clock, NullMeter()),
          committer(store, cache, world.clock, world.random, "patchbay-operator"),
          controllers(Dependencies{cache, committer, store, world.Engine(), world.Door(), world.notifier, world.http,
                                   world.clock, world.random, *world.meter, "test",
                                   [&world](const std::string& ip, int port, std::chrono::milliseconds) {
                                     return world.Connect(ip, port);
                                   },
                                   &mirror, "host-1"}) {
      static_cast<void>(cache.Poll());
    }
    store::MemoryStore store;
    cache::Cache cache;
    cache::Mirror mirror;
    cache::Cache pods;
    cache::Committer committer;
    Controllers controllers;
  };
  std::unique_ptr<Operator> op;
  void StartOperator() { op = std::make_unique<Operator>(*this); }
  void KillOperator() {
    runtime.faults().SetHook(nullptr);
    runtime.faults().SetHookAfter(nullptr);
    op.reset();
  }
  void RestartOperator() {
    KillOperator();
    StartOperator();
  }
  // Another operator, which holds these instead of `runtime` and `gateway` themselves: something around them, or a real
  // driver on a server that shows them. nullptr: themselves. They outlive the world's last operator.
  void Hold(driver::Runtime* engine, driver::Gateway* door) {
    KillOperator();
    engine_ = engine;
    door_ = door;
    StartOperator();
  }
  // The operator dies before its n-th action from now (1 is the next).
  void CrashAt(int nth);
  // Settles, and starts the operator again when it died. True when it died.
  bool SettleThroughCrash();

  // --- time ---
  // Until nothing is left to do now; debounces and probes of the next second included.
  void Settle();
  void Advance(std::chrono::milliseconds by);

  // --- wishes ---
  Key PluginKey(const std::string& name) const { return {std::string(kPlugins), "default", name}; }
  Key RouteKey(const std::string& name) const { return {std::string(kRoutes), "default", name}; }
  Key WebhookKey(const std::string& name) const { return {std::string(kWebhooks), "default", name}; }
  // Creates it, or changes its spec (and generation) as an apply would.
  void Apply(const Key& key, const Json& spec, const std::map<std::string, std::string>& annotations = {});
  void ApplyPlugin(const std::string& name, Json spec) { Apply(PluginKey(name), spec); }
  void ApplyRoute(const std::string& name, Json spec) { Apply(RouteKey(name), spec); }
  void ApplyPlain(const Key& key, const std::string& kind, Json members);  // Secret, ConfigMap
  void Patch(const Key& key, const Json& spec_patch);
  void Annotate(const Key& key, const std::string& name, const std::string& value);
  void DeletePod(const std::string& plugin, const std::string& container_id, bool now = false);  // as the API
  void Delete(const Key& key);       // as the API: deletionTimestamp while there are finalizers
  void DeleteRow(const Key& key);    // behind everybody's back

  // --- what is ---
  Json Get(const Key& key) const;    // null when it is gone
  std::string Phase(const std::string& plugin) const { return FindString(Get(PluginKey(plugin)), {"status", "phase"}); }
  std::string ConditionOf(const Key& key, const std::string& type) const;  // "True/Reason"
  std::vector<driver::Container> Containers() const;                       // ours
  std::vector<std::string> RunningImages() const;                          // of ours, sorted
  std::vector<std::string> Upstreams(const std::string& route) const;
  std::vector<std::string> EventReasons() const;
  std::vector<Json> Pods() const;    // as shown, by name; none while they cannot be read
  Json Pod(const std::string& name) const;

 private:
  driver::Runtime& Engine() { return engine_ ? *engine_ : runtime; }
  driver::Gateway* Door() { return door_ ? door_ : &gateway; }
  Result<void> Connect(const std::string& ip, int port);

  driver::Runtime* engine_ = nullptr;
  driver::Gateway* door_ = nullptr;
};

// A small plugin's spec.
Json PluginSpec(const std::string& image = "app:1", int replicas = 1);
Json RouteSpec(const std::string& plugin);

}  // namespace patchbay::controller

// The same loops on their real threads and the real clock.
#include <gmock/gmock.h>

#include <functional>

#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::SizeIs;

struct Running {
  Running() {
    runtime.AddImage("app:1");
    runtime.AddImage("app:2");
    cache.Start();
    controllers.Start();
  }
  ~Running() {
    controllers.Stop();
    cache.Stop();
  }

  void Put(const std::string& name, Json spec, std::string_view resource = kPlugins) {
    Json object = {{"apiVersion", "patchbay.dev/v1"},
                   {"kind", resource == kPlugins ? "Plugin" : "Route"},
                   {"metadata", {{"name", name}, {"namespace", "default"}, {"uid", random.Uuid()}, {"generation", 1}}},
                   {"spec", std::move(spec)}};
    ASSERT_TRUE(committer.Write({.key = {std::string(resource), "default", name}, .object = object}).ok());
  }
  void Change(const std::string& name, const std::function<void(Json&)>& change) {
    const auto written = committer.Update({std::string(kPlugins), "default", name}, "", [&](Json& object, auto&) {
      change(object);
    });
    ASSERT_TRUE(written.ok());
  }
  bool Eventually(const std::function<bool()>& holds) {
    const MonoTime deadline = SystemClock().Mono() + seconds(30);
    while (SystemClock().Mono() < deadline) {
      if (holds()) return true;
      SystemClock().SleepFor(milliseconds(5), {});
    }
    return false;
  }
  bool AllRunning(int plugins) {
    int running = 0;
    for (const auto& entry : cache.All(kPlugins))
      running += FindString(Json::parse(*entry->bytes), {"status", "phase"}) == "Running" ? 1 : 0;
    return running == plugins;
  }

  Random random{1};
  store::MemoryStore store{SystemClock()};
  cache::Cache cache{store, SystemClock(), NullMeter()};
  cache::Committer committer{store, cache, SystemClock(), random, "patchbay-operator"};
  driver::FakeRuntime runtime{"test"};
  driver::FakeGateway gateway;
  driver::FakeNotifier notifier;
  http::FakeHttpClient http;
  Controllers controllers{Dependencies{cache, committer, store, runtime, &gateway, notifier, http, SystemClock(), random,
                                       NullMeter(), "test",
                                       [](const std::string&, int, milliseconds) { return Result<void>(); }}};
};

TEST(Threads, ConvergeManyPluginsAtOnceAndTakeThemAwayAgain) {
  Running world;
  for (int i = 0; i < 20; ++i) {
    Json spec = PluginSpec("app:1", 2);
    spec["readinessProbe"] = {{"tcpSocket", {{"port", "http"}}}};
    world.Put(StrCat("p", i), spec);
    world.Put(StrCat("r", i), RouteSpec(StrCat("p", i)), kRoutes);
  }
  EXPECT_TRUE(world.Eventually([&] { return world.AllRunning(20); }));
  EXPECT_TRUE(world.Eventually([&] {
    const auto served = world.gateway.Served();
    return served.size() == 20 && std::all_of(served.begin(), served.end(), [](const auto& r) { return r.upstreams.size() == 2; });
  }));
  for (int i = 0; i < 20; ++i)
    world.Change(StrCat("p", i), [](Json& object) { object["metadata"]["deletionTimestamp"] = "2026-11-21T10:00:00Z"; });
  EXPECT_TRUE(world.Eventually([&] { return world.runtime.All().empty() && world.cache.Count(kPlugins) == 0; }));
}

TEST(Threads, HealWhatDiesWhileTheEngineRestarts) {
  Running world;
  world.Put("echo", PluginSpec("app:1", 3));
  ASSERT_TRUE(world.Eventually([&] { return world.AllRunning(1); }));
  world.runtime.RestartEngine(false);
  world.runtime.Vanish(world.runtime.RunningNames().at(0));
  EXPECT_TRUE(world.Eventually([&] { return world.runtime.RunningNames().size() == 3 && world.AllRunning(1); }));
}

}  // namespace
}  // namespace patchbay::controller

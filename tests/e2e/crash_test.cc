// kill -9 after (and before) every single changing call to the engine, in every kind of work: the operator started again
// ends in the same world, with nothing doubled and nothing left over.
#include <signal.h>

#include <fstream>

#include "base/text.h"
#include "harness/stage/engine_proxy.h"
#include "harness/stage/stage.h"
#include "object/object.h"

namespace patchbay {
namespace {

std::string Plugin(int replicas, const std::string& version) {
  return StrCat("apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: app}\nspec:\n  image: patchbay-example:latest\n  replicas: ", replicas,
                "\n  env: [{name: VERSION, value: \"", version, "\"}]\n  terminationGracePeriodSeconds: 1\n  config: {version: \"", version,
                "\"}\n  ports: [{name: http, containerPort: 8080}]\n  readinessProbe: {httpGet: {path: /healthz, port: http}}\n");
}

// The engine's list as a multiset of what matters: ordinal and spec hash.
std::vector<std::string> World(Stage& stage) {
  std::vector<std::string> world;
  for (const Json& container : stage.Containers())
    world.push_back(StrCat(FindString(container, {"State"}), " ", FindString(container, {"Labels", "patchbay.dev/ordinal"})));
  std::sort(world.begin(), world.end());
  return world;
}

struct Act {
  std::string name;
  std::string manifest;                     // "" : the plugin is deleted
  std::vector<std::string> world;           // in the end
};

class Crash : public ::testing::TestWithParam<EngineProxy::Moment> {};

TEST_P(Crash, AtEveryCallEndsInTheSameWorld) {
  char folder[] = "/tmp/patchbay-proxy-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  EngineProxy proxy(std::string(folder) + "/docker.sock", Stage::Engine());
  StageOptions options;
  options.docker_host = proxy.host();
  Stage stage(options);
  const std::vector<Act> acts = {
      {"create", Plugin(2, "1"), {"running 0", "running 1"}},
      {"change", Plugin(2, "2"), {"running 0", "running 1"}},
      {"scale down", Plugin(1, "2"), {"running 0"}},
      {"delete", "", {}},
  };
  int crashes = 0;
  // Round n kills at the n-th call of every act, until no act has that many calls.
  for (int n = 1; n < 40; ++n) {
    bool struck_once = false;
    for (const Act& act : acts) {
      stage.StartOperator();
      ASSERT_TRUE(Stage::Eventually([&] { return stage.Api("GET", "/readyz").status == 200; })) << stage.OperatorLog();
      proxy.StrikeAt(n, GetParam(), [&] { kill(stage.operator_pid(), SIGKILL); });
      if (act.manifest.empty()) stage.Patchbay("delete plugin app --no-wait");
      else ASSERT_EQ(stage.Patchbay("apply -f -", act.manifest).exit_code, 0);
      const auto converged = [&] {
        const bool there = stage.Api("GET", "/apis/patchbay.dev/v1/namespaces/default/plugins/app").status == 200;
        return World(stage) == act.world && (act.manifest.empty() ? !there : stage.IsReady("plugin/app"));
      };
      EXPECT_TRUE(Stage::Eventually([&] { return proxy.struck() || converged(); }));
      if (proxy.struck()) {
        struck_once = true;
        ++crashes;
        ASSERT_TRUE(Stage::Eventually([&] { return !stage.operator_running(); }));
        proxy.StrikeAt(0, GetParam(), nullptr);
        stage.StartOperator();
      }
      ASSERT_TRUE(Stage::Eventually(converged)) << act.name << ", call " << n << ": " << Join(World(stage), "; ") << "\n" << stage.Patchbay("get plugins -o yaml").out;
      stage.StopOperator();
      proxy.StrikeAt(0, GetParam(), nullptr);
    }
    if (!struck_once) break;
  }
  EXPECT_GE(crashes, 12);
  RecordProperty("crashes", crashes);
}

INSTANTIATE_TEST_SUITE_P(KillNine, Crash,
                         ::testing::Values(EngineProxy::Moment::kAfterTheCall, EngineProxy::Moment::kBeforeTheCall),
                         [](const auto& moment) {
                           return moment.param == EngineProxy::Moment::kAfterTheCall ? "AfterTheCall" : "BeforeTheCall";
                         });

}  // namespace
}  // namespace patchbay

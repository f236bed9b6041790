// The main story, told through the program's own command line and the stock kubectl, on real parts.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "harness/stage/stage.h"
#include "object/object.h"

namespace patchbay {
namespace {

std::string Read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string Replace(std::string text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
  return text;
}

class Story : public OnSharedStage {
 protected:
  static void SetUpTestSuite() {
    OnSharedStage::SetUpTestSuite();
    // The example's webhook leads through the gateway's usual port; here it has another.
    for (const char* file : {"echo.yaml", "inbox.yaml"})
      std::ofstream(stage_->folder() + "/" + file)
          << Replace(Read(std::string(PATCHBAY_SOURCE_DIR) + "/examples/quickstart/" + file), "http://127.0.0.1:8080", stage_->gateway_url());
  }
  static std::string File(const std::string& name) { return stage_->folder() + "/" + name; }
};

std::string Plugin(const std::string& name) {
  return "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: " + name + "}\nspec:\n  image: patchbay-example:latest\n"
         "  ports: [{name: http, containerPort: 8080}]\n  readinessProbe: {httpGet: {path: /healthz, port: http}}\n";
}

TEST_F(Story, AppliesTheQuickstartAndTheGatewayAnswers) {
  const Ran applied = stage_->Patchbay("apply -f " + File("echo.yaml") + " -f " + File("inbox.yaml"));
  ASSERT_EQ(applied.exit_code, 0) << applied.out;
  EXPECT_NE(applied.out.find("plugin.patchbay.dev/echo created"), std::string::npos) << applied.out;
  const Ran waited = stage_->Patchbay("wait plugins,routes,webhooks --for=condition=Ready --timeout 60s");
  ASSERT_EQ(waited.exit_code, 0) << waited.out << stage_->Patchbay("get all").out;
  const auto answer = stage_->Gateway("/echo/");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_NE(answer.body.find("\"app\""), std::string::npos) << answer.body;
  EXPECT_EQ(stage_->Containers("patchbay.dev/plugin=echo").size(), 2U);
}

TEST_F(Story, TellsTheInboxWhatHappened) {
  EXPECT_TRUE(Stage::Eventually([] {
    const auto answer = stage_->Gateway("/inbox/hooks");
    return answer.status == 200 && answer.body.find("plugin.") != std::string::npos && answer.body.find("true") != std::string::npos;
  })) << stage_->Gateway("/inbox/hooks").body << stage_->Patchbay("get webhooks -o yaml").out;
}

TEST_F(Story, SaysUnchangedWhenAppliedAgain) {
  const Ran again = stage_->Patchbay("apply -f " + File("echo.yaml"));
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_NE(again.out.find("plugin.patchbay.dev/echo unchanged"), std::string::npos) << again.out;
  const Ran diff = stage_->Patchbay("diff -f " + File("echo.yaml"));
  EXPECT_EQ(diff.exit_code, 0) << diff.out;
  const Ran plan = stage_->Patchbay("plan -f " + File("echo.yaml"));
  EXPECT_EQ(plan.exit_code, 0) << plan.out;
}

TEST_F(Story, TellsWhatFailedFromWhatDiffers) {
  for (const std::string& command : {"diff -f " + File("echo.yaml"), "plan -f " + File("echo.yaml"), std::string("drift")})
    for (const char* server : {"--server http://127.0.0.1:1", "--kubeconfig /none"}) {
      const Ran failed = stage_->Shell(StrCat("env -u PATCHBAY_SERVER ", PATCHBAY_BINARY_DIR, "/operator/patchbay ", server, " ", command));
      EXPECT_EQ(failed.exit_code, 2) << command << " " << server << ": " << failed.out;
    }
}

TEST_F(Story, ShowsDiffAndPlanOfAChangeAndStoresNothing) {
  std::ofstream(File("more.yaml")) << Replace(Read(File("echo.yaml")), "replicas: 2", "replicas: 3");
  const Ran diff = stage_->Patchbay("diff -f " + File("more.yaml"));
  EXPECT_EQ(diff.exit_code, 1) << diff.out;
  EXPECT_NE(diff.out.find("+  replicas: 3"), std::string::npos) << diff.out;
  const Ran plan = stage_->Patchbay("plan -f " + File("more.yaml"));
  EXPECT_EQ(plan.exit_code, 1) << plan.out;
  EXPECT_NE(plan.out.find("create"), std::string::npos) << plan.out;
  const Ran dry = stage_->Patchbay("apply --dry-run=server -f " + File("more.yaml"));
  EXPECT_NE(dry.out.find("(server dry run)"), std::string::npos) << dry.out;
  // The stock client shows the plan, too.
  const Ran stock = stage_->Kubectl("diff -f " + File("more.yaml"));
  EXPECT_EQ(stock.exit_code, 1) << stock.out;
  EXPECT_NE(stock.out.find("+  replicas: 3"), std::string::npos) << stock.out;
  EXPECT_NE(stock.out.find("Warning: plan: 1. create patchbay-default-echo-"), std::string::npos) << stock.out;
  const Ran going = stage_->Kubectl("delete plugin echo --dry-run=server");
  EXPECT_NE(going.out.find("Warning: plan: 1. drain patchbay-default-echo-"), std::string::npos) << going.out;
  EXPECT_EQ(stage_->Containers("patchbay.dev/plugin=echo").size(), 2U);
}

TEST_F(Story, ScalesUpAndDown) {
  ASSERT_EQ(stage_->Patchbay("scale echo --replicas=3").exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([] { return stage_->Containers("patchbay.dev/plugin=echo").size() == 3 && stage_->IsReady("plugin/echo"); }));
  ASSERT_EQ(stage_->Kubectl("scale plugin/echo --replicas=2").exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([] { return stage_->Containers("patchbay.dev/plugin=echo").size() == 2 && stage_->IsReady("plugin/echo"); }));
}

TEST_F(Story, PutsBackWhatSomebodyKilled) {
  const auto before = stage_->Containers("patchbay.dev/plugin=echo");
  ASSERT_EQ(before.size(), 2U);
  const std::string victim = FindString(before[0], {"Id"});
  stage_->Docker("DELETE", "/containers/" + victim + "?force=1");
  EXPECT_TRUE(Stage::Eventually([&] {
    const auto now = stage_->Containers("patchbay.dev/plugin=echo");
    if (now.size() != 2 || !stage_->IsReady("plugin/echo")) return false;
    return std::none_of(now.begin(), now.end(), [&](const Json& one) { return FindString(one, {"Id"}) == victim; });
  }));
}

TEST_F(Story, ShowsLogsEventsAndDescriptions) {
  stage_->Gateway("/echo/seen-in-the-log");
  EXPECT_TRUE(Stage::Eventually([] { return stage_->Patchbay("logs echo").out.find("seen-in-the-log") != std::string::npos; }))
      << stage_->Patchbay("logs echo").out;
  const Ran tail = stage_->Patchbay("logs echo --tail 1");
  EXPECT_EQ(tail.exit_code, 0) << tail.out;
  EXPECT_NE(stage_->Patchbay("events --for plugin/echo").out.find("plugin/echo"), std::string::npos);
  const Ran described = stage_->Patchbay("describe plugin echo");
  EXPECT_NE(described.out.find("Events:"), std::string::npos) << described.out;
  EXPECT_NE(described.out.find("Ready Replicas"), std::string::npos) << described.out;
}

TEST_F(Story, ServesTheStockKubectl) {
  const Ran created = stage_->Kubectl("apply -f -", Plugin("kube"));
  ASSERT_EQ(created.exit_code, 0) << created.out;
  EXPECT_NE(created.out.find("plugin.patchbay.dev/kube created"), std::string::npos) << created.out;
  // kubectl sends a patch all the same (it takes defaults inside lists for a difference); it changes nothing.
  const auto spec_revision = [] { return stage_->Kubectl("get plg kube -o jsonpath={.metadata.generation}").out; };
  const std::string generation = spec_revision();
  EXPECT_EQ(stage_->Kubectl("apply -f -", Plugin("kube")).exit_code, 0);
  EXPECT_EQ(spec_revision(), generation);
  const Ran waited = stage_->Kubectl("wait plugin/kube --for=condition=Ready --timeout=60s");
  EXPECT_EQ(waited.exit_code, 0) << waited.out;
  const Ran listed = stage_->Kubectl("get plugins,routes,webhooks -A");
  EXPECT_EQ(listed.exit_code, 0) << listed.out;
  EXPECT_NE(listed.out.find("plugin.patchbay.dev/kube"), std::string::npos) << listed.out;
  EXPECT_NE(stage_->Kubectl("get plg kube -o jsonpath={.spec.image}").out.find("patchbay-example"), std::string::npos);
  const Ran described = stage_->Kubectl("describe plugin kube");
  EXPECT_NE(described.out.find("Events:"), std::string::npos) << described.out;
  const Ran explained = stage_->Kubectl("explain plugin.spec.replicas");
  EXPECT_EQ(explained.exit_code, 0) << explained.out;
  const Ran changed = stage_->Kubectl("apply -f -", Plugin("kube") + "  replicas: 2\n");
  EXPECT_NE(changed.out.find("configured"), std::string::npos) << changed.out;
  const Ran gone = stage_->Kubectl("delete plugin kube --timeout=60s");
  EXPECT_EQ(gone.exit_code, 0) << gone.out;
  EXPECT_TRUE(stage_->Containers("patchbay.dev/plugin=kube").empty());
}

TEST_F(Story, WatchesWithTheStockKubectl) {
  const std::string file = File("watched");
  const std::string kubectl = StrCat("HOME=", stage_->folder(), " KUBECONFIG=/dev/null timeout 30 ",
                                     PATCHBAY_SOURCE_DIR, "/.cache/clients/kubectl --server ", stage_->server());
  ASSERT_EQ(stage_->Shell(StrCat("(", kubectl, " get routes -w -o name > ", file, " 2>&1 &) ")).exit_code, 0);
  const std::string route = "apiVersion: patchbay.dev/v1\nkind: Route\nmetadata: {name: watched}\nspec: {paths: [{value: /w}], backends: [{plugin: echo, port: http}]}\n";
  EXPECT_TRUE(Stage::Eventually([&] { return Read(file).find("route.patchbay.dev/echo") != std::string::npos; })) << Read(file);
  ASSERT_EQ(stage_->Kubectl("apply -f -", route).exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([&] { return Read(file).find("route.patchbay.dev/watched") != std::string::npos; })) << Read(file);
  EXPECT_EQ(stage_->Kubectl("delete route watched --timeout=30s").exit_code, 0);
}

TEST_F(Story, KeepsADisabledPluginDisabledAfterARestart) {
  ASSERT_EQ(stage_->Patchbay("apply -f -", Plugin("idle")).exit_code, 0);
  ASSERT_EQ(stage_->Patchbay("wait plugin/idle --for=condition=Ready --timeout 60s").exit_code, 0);
  ASSERT_EQ(stage_->Patchbay("disable idle").exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([] { return stage_->Containers("patchbay.dev/plugin=idle").empty(); }));
  EXPECT_EQ(stage_->StopOperator(), 0);
  stage_->StartOperator();
  ASSERT_TRUE(Stage::Eventually([] { return stage_->IsReady("plugin/echo"); }));
  EXPECT_TRUE(stage_->Containers("patchbay.dev/plugin=idle").empty());
  ASSERT_EQ(stage_->Patchbay("enable plugin idle").exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([] { return stage_->Containers("patchbay.dev/plugin=idle").size() == 1 && stage_->IsReady("plugin/idle"); }));
  EXPECT_EQ(stage_->Patchbay("delete plugin idle --timeout 60s").exit_code, 0);
}

TEST_F(Story, AdoptsItsContainersAfterARestart) {
  const auto ids = [] {
    std::set<std::string> all;
    for (const Json& container : stage_->Containers()) all.insert(FindString(container, {"Id"}));
    return all;
  };
  const auto before = ids();
  EXPECT_EQ(stage_->StopOperator(), 0);
  EXPECT_EQ(ids(), before);
  stage_->StartOperator();
  ASSERT_TRUE(Stage::Eventually([] { return stage_->IsReady("plugin/echo") && stage_->IsReady("plugin/inbox"); }));
  EXPECT_EQ(ids(), before);
}

TEST_F(Story, RestartsAPluginByNewContainers) {
  std::set<std::string> before;
  for (const Json& container : stage_->Containers("patchbay.dev/plugin=echo")) before.insert(FindString(container, {"Id"}));
  ASSERT_EQ(stage_->Patchbay("restart echo").exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([&] {
    const auto now = stage_->Containers("patchbay.dev/plugin=echo");
    return now.size() == 2 && stage_->IsReady("plugin/echo") &&
           std::none_of(now.begin(), now.end(), [&](const Json& one) { return before.contains(FindString(one, {"Id"})); });
  }));
  EXPECT_EQ(stage_->Gateway("/echo/").status, 200);
}

TEST_F(Story, GoesBackToAnEarlierRevision) {
  std::ofstream(File("past.yaml")) << Plugin("past") << "  env: [{name: STEP, value: one}]\n";
  ASSERT_EQ(stage_->Patchbay("apply -f " + File("past.yaml")).exit_code, 0);
  const Ran first = stage_->Patchbay("rollout status past --timeout 30s");
  ASSERT_EQ(first.exit_code, 0) << first.out;
  EXPECT_NE(first.out.find("plugin \"past\" successfully rolled out\n"), std::string::npos) << first.out;
  ASSERT_EQ(stage_->Kubectl("annotate plugin past kubernetes.io/change-cause=second").exit_code, 0);
  ASSERT_EQ(stage_->Kubectl("patch plugin past --type=merge -p '{\"spec\":{\"env\":[{\"name\":\"STEP\",\"value\":\"two\"}],\"args\":[\"--x\"]}}'").exit_code, 0);
  ASSERT_EQ(stage_->Patchbay("scale past --replicas 2").exit_code, 0);
  const auto history = [] { return stage_->Patchbay("rollout history plugin/past").out; };
  ASSERT_TRUE(Stage::Eventually([&] { return history().find("\n2 ") != std::string::npos; })) << history();
  EXPECT_NE(history().find("second"), std::string::npos) << history();
  EXPECT_NE(stage_->Patchbay("rollout history past --revision 1").out.find("value: one"), std::string::npos);

  const Ran dry = stage_->Patchbay("rollout undo past --dry-run server");
  EXPECT_NE(dry.out.find("plugin.patchbay.dev/past rolled back to revision 1 (server dry run)\n"), std::string::npos) << dry.out;
  const Ran undone = stage_->Patchbay("rollout undo past");
  EXPECT_EQ(undone.out, "plugin.patchbay.dev/past rolled back to revision 1\n") << undone.out;
  EXPECT_EQ(stage_->Patchbay("rollout status past --timeout 30s").exit_code, 0);
  const Json spec = Json::parse(stage_->Api("GET", "/apis/patchbay.dev/v1/namespaces/default/plugins/past").body)["spec"];
  EXPECT_EQ(spec["env"], Json::parse(R"([{"name":"STEP","value":"one"}])"));
  EXPECT_FALSE(spec.contains("args"));
  EXPECT_EQ(spec["replicas"], 2);
  EXPECT_TRUE(Stage::Eventually([&] { return history().find("\n3 ") != std::string::npos && history().find("\n1 ") == std::string::npos; })) << history();
  EXPECT_NE(stage_->Patchbay("rollout undo past --to-revision 77").out.find("there are 2, 3"), std::string::npos);
  EXPECT_NE(stage_->Kubectl("get controllerrevisions --no-headers").out.find("plugin/past"), std::string::npos);

  ASSERT_EQ(stage_->Kubectl("delete plugin past").exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([&] {
    return stage_->Kubectl("get controllerrevisions -o name").out.find("past") == std::string::npos;
  }));
}

TEST_F(Story, TellsEveryFaultOfAManifestWithItsPlace) {
  std::ofstream(File("bad.yaml")) << "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata:\n  name: bad\nspec:\n  image: x\n"
                                     "  replicas: -1\n  env:\n    - value: no name\n  ports:\n    - containerPort: 99999\n";
  const Ran ran = stage_->Patchbay("apply -f " + File("bad.yaml"));
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.out.find("bad.yaml:7:3: error: spec.replicas"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("bad.yaml:9:"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("bad.yaml:11:"), std::string::npos) << ran.out;
  EXPECT_EQ(stage_->Api("GET", "/apis/patchbay.dev/v1/namespaces/default/plugins/bad").status, 404);
  std::ofstream(File("unknown.yaml")) << Plugin("bad") << "  nosuch: 1\n";
  const Ran unknown = stage_->Patchbay("apply -f " + File("unknown.yaml"));
  EXPECT_EQ(unknown.exit_code, 1);
  EXPECT_NE(unknown.out.find("unknown.yaml:8:3: error: spec.nosuch: unknown field"), std::string::npos) << unknown.out;
}

TEST_F(Story, ServesPostgresViewsForPeople) {
  const Ran rows = stage_->Shell("psql -AtX \"" + stage_->database_url() +
                                 "\" -c \"set search_path to patchbay; select name, status, cardinality(container_ids) from plugins where name = 'echo'\"");
  EXPECT_NE(rows.out.find("echo|Running|2"), std::string::npos) << rows.out;
}

TEST_F(Story, ExplainsADatabase) {
  const Ran status = stage_->Patchbay("db status --database-url \"" + stage_->database_url() + "\"");
  EXPECT_EQ(status.exit_code, 0) << status.out;
  const Ran verified = stage_->Patchbay("db verify --database-url \"" + stage_->database_url() + "\"");
  EXPECT_EQ(verified.exit_code, 0) << verified.out;
}

TEST_F(Story, LeavesNothingWhenEverythingIsDeleted) {
  const Ran deleted = stage_->Patchbay("delete routes,webhooks,plugins --all --timeout 60s");
  EXPECT_EQ(deleted.exit_code, 0) << deleted.out;
  EXPECT_TRUE(stage_->Containers().empty());
  EXPECT_EQ(stage_->Gateway("/echo/").status, 404);
}

}  // namespace
}  // namespace patchbay

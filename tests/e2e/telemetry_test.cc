// Metrics, alert rules and the dashboard, proven against a Prometheus that scraped a running operator.
#include <signal.h>

#include <fstream>
#include <sstream>

#include "base/text.h"
#include "harness/stage/stage.h"

namespace patchbay {
namespace {

std::string Read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

const char* const kPlugin =
    "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: app}\nspec:\n  image: patchbay-example:latest\n"
    "  ports: [{name: http, containerPort: 8080}]\n";

class Telemetry : public ::testing::Test {
 protected:
  void SetUp() override {
    stage_.StartOperator();
    ASSERT_EQ(stage_.Patchbay("apply -f -", kPlugin).exit_code, 0);
    ASSERT_TRUE(Stage::Eventually([&] { return stage_.IsReady("plugin/app"); }));
  }

  // Starts Prometheus on the operator with the alert rules; returns its address.
  std::string StartPrometheus() {
    const std::string folder = stage_.folder() + "/prometheus";
    stage_.Shell("mkdir -p " + folder);
    std::ofstream(folder + "/prometheus.yml")
        << "global: {scrape_interval: 200ms, evaluation_interval: 200ms}\nrule_files: [" << PATCHBAY_SOURCE_DIR
        << "/charts/patchbay/metrics/alerts.yaml]\nscrape_configs: [{job_name: patchbay, static_configs: [{targets: ['"
        << stage_.server().substr(7) << "']}]}]\n";
    const std::string address = StrCat("127.0.0.1:", dev::FreePort());
    auto started = dev::Child::Start({.argv = {"prometheus", "--config.file=" + folder + "/prometheus.yml", "--storage.tsdb.path=" + folder + "/data",
                                               "--web.listen-address=" + address},
                                      .log_file = folder + "/log"});
    EXPECT_TRUE(started.ok()) << started.error().message;
    if (started.ok()) prometheus_ = std::move(*started);
    return address;
  }

  Json Query(const std::string& address, const std::string& expression) {
    const Ran ran = stage_.Shell(StrCat("curl -s -G http://", address, "/api/v1/query --data-urlencode 'query=", expression, "'"));
    return ParseJson(ran.out).ok() ? *ParseJson(ran.out) : Json();
  }

  Stage stage_;
  std::unique_ptr<dev::Child> prometheus_;
};

TEST_F(Telemetry, IsWhatPrometheusAccepts) {
  std::ofstream(stage_.folder() + "/metrics") << stage_.Api("GET", "/metrics").body;
  const Ran checked = stage_.Shell("promtool check metrics < " + stage_.folder() + "/metrics");
  EXPECT_EQ(checked.exit_code, 0) << checked.out;
  const Ran rules = stage_.Shell(StrCat("promtool check rules ", PATCHBAY_SOURCE_DIR, "/charts/patchbay/metrics/alerts.yaml"));
  EXPECT_EQ(rules.exit_code, 0) << rules.out;
}

TEST_F(Telemetry, AnswersEveryPanelAndRule) {
  const std::string address = StartPrometheus();
  ASSERT_TRUE(Stage::Eventually([&] {
    const Json answer = Query(address, "patchbay_plugin_replicas{state=\"ready\"}");
    const Json* result = Find(answer, {"data", "result"});
    return result != nullptr && !result->empty();
  })) << Read(stage_.folder() + "/prometheus/log");
  const Json dashboard = ParseJson(Read(std::string(PATCHBAY_SOURCE_DIR) + "/charts/patchbay/metrics/dashboard.json")).value();
  int panels = 0;
  for (const Json& panel : dashboard["panels"]) {
    if (!panel.contains("targets")) continue;
    for (const Json& target : panel["targets"]) {
      std::string expression = target["expr"].get<std::string>();
      for (const auto& [name, value] : {std::pair<std::string, std::string>{"$job", ".*"}, {"$__rate_interval", "1m"}})
        for (auto at = expression.find(name); at != std::string::npos; at = expression.find(name)) expression.replace(at, name.size(), value);
      // Every metric that a panel names must be there; a panel may be empty because nothing of the kind happened.
      const Json answer = Query(address, expression);
      EXPECT_EQ(FindString(answer, {"status"}), "success") << expression << ": " << DumpJson(answer);
      for (auto at = expression.find("patchbay_"); at != std::string::npos; at = expression.find("patchbay_", at + 1)) {
        const std::string metric = expression.substr(at, expression.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at) - at);
        const Json known = Query(address, "count(" + metric + ")");
        const Json* result = Find(known, {"data", "result"});
        EXPECT_TRUE(result != nullptr && !result->empty()) << panel["title"] << ": there is no " << metric;
      }
      ++panels;
    }
  }
  EXPECT_GT(panels, 15);
  const Ran rules = stage_.Shell("curl -s http://" + address + "/api/v1/rules");
  EXPECT_EQ(rules.out.find("\"health\":\"err\""), std::string::npos) << rules.out;
  EXPECT_NE(rules.out.find("PatchbayReplicasMissing"), std::string::npos);
}

TEST(Chart, PassesLintRendersAndShipsTheKinds) {
  Stage stage;
  const std::string helm = StrCat("HOME=", stage.folder(), " ", PATCHBAY_SOURCE_DIR, "/.cache/clients/helm ");
  const std::string chart = StrCat(PATCHBAY_SOURCE_DIR, "/charts/patchbay --set database.host=db");
  const Ran linted = stage.Shell(helm + "lint " + chart);
  EXPECT_EQ(linted.exit_code, 0) << linted.out;
  const Ran rendered = stage.Shell(helm + "template t " + chart + " --include-crds --set metrics.rules.enabled=true --set metrics.serviceMonitor.enabled=true");
  EXPECT_EQ(rendered.exit_code, 0) << rendered.out;
  for (const char* part : {"name: plugins.patchbay.dev", "name: routes.patchbay.dev", "name: webhooks.patchbay.dev", "kind: Deployment", "kind: PrometheusRule"})
    EXPECT_NE(rendered.out.find(part), std::string::npos) << part;
  const Ran refused = stage.Shell(helm + "template t " + StrCat(PATCHBAY_SOURCE_DIR, "/charts/patchbay"));
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_NE(refused.out.find("database.existingSecret"), std::string::npos) << refused.out;
}

}  // namespace
}  // namespace patchbay

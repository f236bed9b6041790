// What happens behind our back: the database goes, the gateway restarts empty, the operator is killed.
#include <cstdlib>
#include <fstream>

#include "base/text.h"
#include "harness/stage/stage.h"
#include "object/object.h"

namespace patchbay {
namespace {

const char* const kWorld =
    "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: app}\nspec:\n  image: patchbay-example:latest\n  replicas: 2\n"
    "  ports: [{name: http, containerPort: 8080}]\n  readinessProbe: {httpGet: {path: /healthz, port: http}}\n---\n"
    "apiVersion: patchbay.dev/v1\nkind: Route\nmetadata: {name: app}\nspec: {paths: [{value: /}], backends: [{plugin: app, port: http}]}\n";

std::set<std::string> Ids(Stage& stage) {
  std::set<std::string> all;
  for (const Json& container : stage.Containers()) all.insert(FindString(container, {"Id"}));
  return all;
}

void MakeWorld(Stage& stage) {
  stage.StartOperator();
  const Ran applied = stage.Patchbay("apply -f -", kWorld);
  ASSERT_EQ(applied.exit_code, 0) << applied.out;
  ASSERT_TRUE(Stage::Eventually([&] { return stage.IsReady("plugin/app") && stage.IsReady("route/app"); })) << stage.Patchbay("get all").out;
  ASSERT_EQ(stage.Gateway("/").status, 200);
}

TEST(Outage, OfTheDatabaseKeepsTheWorldAndEndsAlone) {
  Stage stage;
  MakeWorld(stage);
  const auto before = Ids(stage);
  stage.StopDatabase();
  EXPECT_TRUE(Stage::Eventually([&] { return stage.Api("GET", "/readyz").status != 200; }));
  EXPECT_EQ(stage.Api("GET", "/livez").status, 200);
  EXPECT_TRUE(Stage::Eventually([&] {
    const auto refused = stage.Api("PATCH", "/apis/patchbay.dev/v1/namespaces/default/plugins/app", R"({"spec":{"replicas":3}})", "application/merge-patch+json");
    return refused.status == 503 && refused.headers.Has("Retry-After");
  }));
  EXPECT_EQ(stage.Gateway("/").status, 200);
  EXPECT_EQ(Ids(stage), before);
  stage.StartDatabase();
  EXPECT_TRUE(Stage::Eventually([&] { return stage.Api("GET", "/readyz").status == 200; })) << stage.Api("GET", "/readyz?verbose").body;
  EXPECT_EQ(stage.Patchbay("scale app --replicas=3").exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([&] { return Ids(stage).size() == 3; }));
}

TEST(Outage, OfTheDatabaseAtTheStartIsWaitedFor) {
  Stage stage;
  stage.StopDatabase();
  stage.StartOperator();
  EXPECT_EQ(stage.Api("GET", "/livez").status, 200);
  EXPECT_NE(stage.Api("GET", "/readyz").status, 200);
  stage.StartDatabase();
  EXPECT_TRUE(Stage::Eventually([&] { return stage.Api("GET", "/readyz").status == 200; })) << stage.Api("GET", "/readyz?verbose").body;
  EXPECT_EQ(stage.Patchbay("apply -f -", kWorld).exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([&] { return stage.IsReady("plugin/app"); }));
}

TEST(Outage, OfTheGatewayIsMendedWhenItComesBackEmpty) {
  Stage stage;
  MakeWorld(stage);
  stage.KillGateway();
  stage.StartGateway();
  EXPECT_TRUE(Stage::Eventually([&] { return stage.Gateway("/").status == 200; }, std::chrono::seconds(5)));
}

TEST(Outage, OfTheOperatorStopsNothing) {
  Stage stage;
  MakeWorld(stage);
  const auto before = Ids(stage);
  stage.KillOperator();
  EXPECT_EQ(stage.Gateway("/").status, 200);
  stage.StartOperator();
  ASSERT_TRUE(Stage::Eventually([&] { return stage.IsReady("plugin/app"); }));
  EXPECT_EQ(Ids(stage), before);
}

TEST(FirstRun, AppliesTheDefaultManifestsOnceAndNeverAgain) {
  StageOptions options;
  std::string folder = "/tmp/patchbay-defaults-XXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/world.yaml") << kWorld;
  options.default_manifests = folder;
  Stage stage(options);
  stage.StartOperator();
  ASSERT_TRUE(Stage::Eventually([&] { return stage.IsReady("plugin/app"); }));
  ASSERT_EQ(stage.Patchbay("scale app --replicas=1").exit_code, 0);
  ASSERT_EQ(stage.Patchbay("delete route app --timeout 30s").exit_code, 0);
  stage.StopOperator();
  stage.StartOperator();
  ASSERT_TRUE(Stage::Eventually([&] { return stage.Api("GET", "/readyz").status == 200 && stage.IsReady("plugin/app"); }));
  EXPECT_EQ(stage.Patchbay("get plugin app -o jsonpath={.spec.replicas}").out, "1\n");
  EXPECT_EQ(stage.Api("GET", "/apis/patchbay.dev/v1/namespaces/default/routes/app").status, 404);
  stage.Shell("rm -rf " + folder);
}

}  // namespace
}  // namespace patchbay

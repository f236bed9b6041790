// The core kinds with the real kubectl: what reads ConfigMaps and Secrets follows them; Events, Leases, Namespaces.
#include "base/text.h"
#include "harness/stage/stage.h"
#include "harness/stage/visitor.h"
#include "object/json.h"

namespace patchbay {
namespace {

const char* const kWorld =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {version: blue}\n---\n"
    "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: app}\nspec:\n  image: patchbay-example:latest\n  replicas: 2\n"
    "  env: [{name: VERSION, valueFrom: {configMapKeyRef: {name: settings, key: version}}}]\n"
    "  ports: [{name: http, containerPort: 8080}]\n  readinessProbe: {httpGet: {path: /healthz, port: http}}\n---\n"
    "apiVersion: patchbay.dev/v1\nkind: Route\nmetadata: {name: app}\nspec: {paths: [{value: /}], backends: [{plugin: app, port: http}]}\n";

bool Says(Stage& stage, const std::string& word) { return stage.Gateway("/").body.find(word) != std::string::npos; }

TEST(ConfigMap, RollsThePluginThatReadsIt) {
  Stage stage;
  stage.StartOperator();
  ASSERT_EQ(stage.Kubectl("apply -f -", kWorld).exit_code, 0);
  ASSERT_TRUE(Stage::Eventually([&] { return stage.IsReady("plugin/app") && stage.IsReady("route/app"); }));
  ASSERT_TRUE(Stage::Eventually([&] { return Says(stage, "blue"); })) << stage.Gateway("/").body;

  Visitor visitor(stage, "/");
  ASSERT_TRUE(Stage::Eventually([&] { return visitor.good() > 20; }));
  const Ran patched = stage.Kubectl("patch configmap settings --type=merge -p '{\"data\":{\"version\":\"green\"}}'");
  ASSERT_EQ(patched.exit_code, 0) << patched.out;
  EXPECT_TRUE(Stage::Eventually([&] {
    for (int i = 0; i < 6; ++i)
      if (!Says(stage, "green")) return false;
    return stage.IsReady("plugin/app") && stage.Containers().size() == 2;
  })) << stage.Kubectl("get plugins -o yaml").out;
  visitor.Leave();

  // Gone: said, and nothing stops; back: all is well.
  ASSERT_EQ(stage.Kubectl("delete configmap settings").exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([&] {
    return stage.Kubectl("get plugin app -o yaml").out.find("ConfigMap \"settings\" has no key") != std::string::npos;
  }));
  EXPECT_TRUE(Says(stage, "green"));
  ASSERT_EQ(stage.Kubectl("create configmap settings --from-literal=version=green").exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([&] { return stage.IsReady("plugin/app"); }));

  // An immutable one is refused changes in Kubernetes' words.
  ASSERT_EQ(stage.Kubectl("patch configmap settings --type=merge -p '{\"immutable\":true}'").exit_code, 0);
  const Ran refused = stage.Kubectl("patch configmap settings --type=merge -p '{\"data\":{\"version\":\"red\"}}'");
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_NE(refused.out.find("field is immutable when `immutable` is set"), std::string::npos) << refused.out;
}

TEST(CoreKinds, AreServedToKubectl) {
  Stage stage;
  stage.StartOperator();
  ASSERT_EQ(stage.Kubectl("apply -f -", kWorld).exit_code, 0);
  ASSERT_TRUE(Stage::Eventually([&] { return stage.IsReady("plugin/app"); }));
  const Ran newer = stage.Kubectl("get events.events.k8s.io -o jsonpath='{.items[*].regarding.name}'");
  EXPECT_EQ(newer.exit_code, 0);
  EXPECT_NE(newer.out.find("app"), std::string::npos) << newer.out;
  const Ran events = stage.Kubectl("events --for plugin/app");
  EXPECT_EQ(events.exit_code, 0);
  EXPECT_NE(events.out.find("Created"), std::string::npos) << events.out;
  const std::string lease = "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: leader}\n"
                            "spec: {holderIdentity: me, leaseDurationSeconds: 15, renewTime: \"2026-01-01T00:00:00.000000Z\"}\n";
  EXPECT_EQ(stage.Kubectl("create -f -", lease).exit_code, 0);
  EXPECT_EQ(stage.Kubectl("apply --server-side --field-manager=other --force-conflicts -f -", lease).exit_code, 0);
  const Ran leases = stage.Kubectl("get leases");
  EXPECT_NE(leases.out.find("HOLDER"), std::string::npos) << leases.out;
  EXPECT_NE(leases.out.find("me"), std::string::npos);
  EXPECT_NE(stage.Kubectl("explain lease.spec").out.find("holderIdentity"), std::string::npos);
}

TEST(Namespace, SaysWhatHoldsIt) {
  Stage stage;
  stage.StartOperator();
  ASSERT_EQ(stage.Kubectl("create namespace team").exit_code, 0);
  ASSERT_EQ(stage.Kubectl("apply -n team -f -", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, finalizers: [example.com/hold]}\n").exit_code, 0);
  ASSERT_EQ(stage.Kubectl("delete namespace team --wait=false").exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([&] {
    return stage.Kubectl("describe namespace team").out.find("configmaps. has 1 resource instances") != std::string::npos;
  })) << stage.Kubectl("describe namespace team").out;
  const Ran late = stage.Kubectl("create configmap -n team late");
  EXPECT_NE(late.out.find("because it is being terminated"), std::string::npos) << late.out;
  ASSERT_EQ(stage.Kubectl("patch configmap -n team held --type=merge -p '{\"metadata\":{\"finalizers\":null}}'").exit_code, 0);
  EXPECT_EQ(stage.Kubectl("wait --for=delete namespace/team --timeout=30s").exit_code, 0);
}

}  // namespace
}  // namespace patchbay

// Stock helm and kubectl as clients: releases, what kubectl creates through typed clients, namespaces that end.
#include <cstdlib>

#include "base/text.h"
#include "harness/stage/stage.h"

namespace patchbay {
namespace {

class Clients : public ::testing::Test {
 protected:
  void SetUp() override { stage_.StartOperator(); }

  Ran Helm(const std::string& arguments) {
    const char* binary = std::getenv("PATCHBAY_HELM");
    const std::string helm = binary ? binary : StrCat(PATCHBAY_SOURCE_DIR, "/.cache/clients/helm");
    return stage_.Shell(StrCat("HOME=", stage_.folder(), " KUBECONFIG=/dev/null timeout 180 ", helm, " --kube-apiserver ",
                               stage_.server(), " -n apps ", arguments));
  }
  void Expect(const Ran& ran, const std::string& words = "") {
    EXPECT_EQ(ran.exit_code, 0) << ran.out;
    EXPECT_THAT(ran.out, ::testing::HasSubstr(words));
  }
  std::string Greeting() { return stage_.Kubectl("get configmap g -n apps -o 'jsonpath={.data.greeting}'").out; }
  // From install to uninstall; `how`: who merges, the server or helm.
  void KeepARelease(const std::string& how) {
    const std::string wait = StrCat(" ", how, " --wait --timeout 120s");
    const std::string chart = StrCat(PATCHBAY_SOURCE_DIR, "/examples/charts/greeter", wait);
    Expect(Helm("install g --create-namespace " + chart), "STATUS: deployed");
    EXPECT_EQ(stage_.Kubectl("wait plugin/g -n apps --for=condition=Ready --timeout=5s").exit_code, 0);
    EXPECT_EQ(Greeting(), "hello");
    Expect(Helm("upgrade g --set greeting=hi " + chart), "REVISION: 2");
    EXPECT_EQ(Greeting(), "hi");
    Expect(Helm("rollback g 1" + wait), "Rollback was a success");
    EXPECT_EQ(Greeting(), "hello");
    Expect(Helm("test g"), "Phase:          Succeeded");
    Expect(Helm("history g"), "Rollback to 1");
    Expect(Helm("status g"), "STATUS: deployed");
    Expect(Helm("list"), "greeter-0.1.0");
    Expect(Helm("uninstall g --wait --timeout 120s"), "uninstalled");
    EXPECT_THAT(stage_.Kubectl("get plugins,routes,configmaps,secrets -n apps").out,
                ::testing::HasSubstr("No resources"));
    EXPECT_TRUE(stage_.Containers().empty());
  }

  Stage stage_;
};

TEST_F(Clients, HelmKeepsAReleaseThatTheServerMerges) { KeepARelease("--server-side=true"); }
TEST_F(Clients, HelmKeepsAReleaseThatItMergesItself) { KeepARelease("--server-side=false"); }

TEST_F(Clients, KubectlAppliesOnTheServerAndNamesWhoIsInTheWay) {
  const auto plugin = [](const char* image, int replicas) {
    return StrCat("apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: p}\nspec: {enabled: false, image: '", image,
                  "', replicas: ", replicas, "}\n");
  };
  Expect(stage_.Kubectl("apply --server-side --field-manager=a -f -", plugin("one:1", 1)), "serverside-applied");
  const Ran refused = stage_.Kubectl("apply --server-side --field-manager=b -f -", plugin("two:1", 1));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.out, ::testing::HasSubstr("Apply failed with 1 conflict: conflict with \"a\": .spec.image"));
  Expect(stage_.Kubectl("apply --server-side --force-conflicts --field-manager=b -f -", plugin("two:1", 1)));
  EXPECT_EQ(stage_.Kubectl("get plugin p -o 'jsonpath={.spec.image}'").out, "two:1");
}

TEST_F(Clients, KubectlMakesAndEndsANamespace) {
  Expect(stage_.Kubectl("create namespace team"), "created");
  Expect(stage_.Kubectl("create secret generic s -n team --from-literal=k=v"), "created");
  Expect(stage_.Kubectl("create secret docker-registry d -n team --docker-username=u --docker-password=p"), "created");
  Expect(stage_.Kubectl("create configmap c -n team --from-literal=k=v"), "created");
  Expect(stage_.Kubectl("create -n team -f -",
                        "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: p}\n"
                        "spec: {image: 'patchbay-example:latest', ports: [{name: http, containerPort: 8080}]}\n"),
         "created");
  stage_.KillOperator();
  stage_.StartOperator();
  Expect(stage_.Kubectl("delete namespace team --timeout=100s"), "deleted");
  EXPECT_THAT(stage_.Kubectl("get plugins,secrets,configmaps -n team").out, ::testing::HasSubstr("No resources"));
  EXPECT_TRUE(stage_.Containers().empty());
}

TEST_F(Clients, KubectlAsksWhatItMayDo) {
  Expect(stage_.Kubectl("auth can-i create plugins"), "yes");
  Expect(stage_.Kubectl("auth can-i --list"), "selfsubjectaccessreviews.authorization.k8s.io");
  Expect(stage_.Kubectl("auth whoami"), "system:admin");
  EXPECT_NE(stage_.Kubectl("auth can-i get plugins --as=nobody").exit_code, 0);
}

}  // namespace
}  // namespace patchbay

// Stock helm and kubectl as clients: releases, what kubectl creates through typed clients, namespaces that end.
#include "base/text.h"
#include "harness/stage/stage.h"

namespace patchbay {
namespace {

using ::testing::HasSubstr;

class Clients : public OnSharedStage {
 protected:
  static void Expect(const Ran& ran, const std::string& words = "") {
    EXPECT_EQ(ran.exit_code, 0) << ran.out;
    EXPECT_THAT(ran.out, HasSubstr(words));
  }
};

struct Helmsman {
  const char* name;
  Age age;
  std::string merging;  // who merges, the server or helm; helm 3 always does it itself
};

class Helm : public Clients, public ::testing::WithParamInterface<Helmsman> {
 protected:
  Ran Run(const std::string& arguments) { return stage_->Helm("-n apps " + arguments, GetParam().age); }
  Ran RunWaiting(const std::string& arguments) {
    return Run(StrCat(arguments, " ", GetParam().merging, " --wait --timeout 120s"));
  }
  std::string Greeting() { return stage_->Kubectl("get configmap g -n apps -o 'jsonpath={.data.greeting}'").out; }
  const std::string chart_ = StrCat(PATCHBAY_SOURCE_DIR, "/examples/charts/greeter");
};

TEST_P(Helm, KeepsARelease) {
  Expect(Run("lint " + chart_), "1 chart(s) linted, 0 chart(s) failed");
  Expect(Run("template g " + chart_), "kind: Plugin");
  Expect(RunWaiting("install g --create-namespace " + chart_), "STATUS: deployed");
  Expect(stage_->Kubectl("wait plugin/g -n apps --for=condition=Ready --timeout=30s"));
  EXPECT_EQ(Greeting(), "hello");
  Expect(RunWaiting("upgrade --install g --set greeting=hi " + chart_), "REVISION: 2");
  EXPECT_EQ(Greeting(), "hi");
  Expect(RunWaiting("rollback g 1"), "Rollback was a success");
  EXPECT_EQ(Greeting(), "hello");
  Expect(Run("test g"), "Phase:          Succeeded");
  Expect(Run("history g"), "Rollback to 1");
  Expect(Run("status g"), "STATUS: deployed");
  Expect(Run("get all g"), "kind: Route");
  Expect(Run("list"), "greeter-0.1.0");
  Expect(stage_->Kubectl("annotate plugin g -n apps patchbay.dev/protected=true"));
  const Ran kept = Run("uninstall g --wait --timeout 20s");
  EXPECT_NE(kept.exit_code, 0);
  EXPECT_THAT(kept.out, HasSubstr("failed to delete release"));  // why, Helm says with --debug alone
  EXPECT_FALSE(stage_->Containers().empty());
  Expect(stage_->Kubectl("annotate plugin g -n apps patchbay.dev/protected-"));
  Expect(Run("uninstall g --wait --timeout 120s"), "uninstalled");
  EXPECT_THAT(stage_->Kubectl("get plugins,routes,configmaps,secrets -n apps").out, HasSubstr("No resources"));
  EXPECT_TRUE(stage_->Containers().empty());
}

TEST_P(Helm, GoesBackWhenAnUpgradeFails) {
  Expect(RunWaiting("upgrade --install g --create-namespace " + chart_), "STATUS: deployed");
  const Ran failed = RunWaiting("upgrade g --atomic --set greeting=hi --set replicas=-1 " + chart_);
  EXPECT_EQ(failed.exit_code, 1);
  EXPECT_THAT(failed.out, HasSubstr("spec.replicas: Invalid value: -1"));
  EXPECT_THAT(failed.out, HasSubstr("rolled back"));
  EXPECT_EQ(Greeting(), "hello");
  Expect(Run("history g"), "Rollback to 1");
  Expect(Run("get values g"), "null");
  const Ran taken = RunWaiting("install g " + chart_);
  EXPECT_EQ(taken.exit_code, 1);
  EXPECT_THAT(taken.out, HasSubstr("a name that is still in use"));
  Expect(Run("uninstall g --wait --timeout 120s"), "uninstalled");
}

INSTANTIATE_TEST_SUITE_P(Stock, Helm,
                         ::testing::Values(Helmsman{"FourOnTheServer", Age::kCurrent, "--server-side=true"},
                                           Helmsman{"FourByItself", Age::kCurrent, "--server-side=false"},
                                           Helmsman{"Three", Age::kOld, ""}),
                         [](const auto& of) { return of.param.name; });

TEST_F(Clients, KubectlAppliesOnTheServerAndNamesWhoIsInTheWay) {
  const auto plugin = [](const char* image, int replicas) {
    return StrCat("apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: p}\nspec: {enabled: false, image: '",
                  image, "', replicas: ", replicas, "}\n");
  };
  Expect(stage_->Kubectl("apply --server-side --field-manager=a -f -", plugin("one:1", 1)), "serverside-applied");
  const Ran refused = stage_->Kubectl("apply --server-side --field-manager=b -f -", plugin("two:1", 1));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.out, HasSubstr("Apply failed with 1 conflict: conflict with \"a\": .spec.image"));
  Expect(stage_->Kubectl("apply --server-side --force-conflicts --field-manager=b -f -", plugin("two:1", 1)));
  EXPECT_EQ(stage_->Kubectl("get plugin p -o 'jsonpath={.spec.image}'").out, "two:1");
}

TEST_F(Clients, KubectlMakesAndEndsANamespace) {
  Expect(stage_->Kubectl("create namespace team"), "created");
  Expect(stage_->Kubectl("create secret generic s -n team --from-literal=k=v"), "created");
  Expect(stage_->Kubectl("create secret docker-registry d -n team --docker-username=u --docker-password=p"), "created");
  Expect(stage_->Kubectl("create configmap c -n team --from-literal=k=v"), "created");
  Expect(stage_->Kubectl("create -n team -f -",
                         "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: p}\n"
                         "spec: {image: 'patchbay-example:latest', ports: [{name: http, containerPort: 8080}]}\n"),
         "created");
  stage_->KillOperator();
  stage_->StartOperator();
  Expect(stage_->Kubectl("delete namespace team --timeout=100s"), "deleted");
  EXPECT_THAT(stage_->Kubectl("get plugins,secrets,configmaps -n team").out, HasSubstr("No resources"));
  EXPECT_TRUE(stage_->Containers().empty());
}

TEST_F(Clients, KubectlAsksWhatItMayDo) {
  Expect(stage_->Kubectl("auth can-i create plugins"), "yes");
  Expect(stage_->Kubectl("auth can-i --list"), "selfsubjectaccessreviews.authorization.k8s.io");
  Expect(stage_->Kubectl("auth whoami"), "system:admin");
  EXPECT_NE(stage_->Kubectl("auth can-i get plugins --as=nobody").exit_code, 0);
}

}  // namespace
}  // namespace patchbay

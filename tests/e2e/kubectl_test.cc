// What a person does with the stock kubectl, as it is now and as it was in 2023. Nothing here needs a container but the
// test of waiting.
#include <fstream>

#include "base/text.h"
#include "harness/stage/stage.h"

namespace patchbay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// A disabled plugin with a label.
std::string Plugin(const std::string& name, const std::string& image = "one:1") {
  return StrCat("apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: ", name,
                ", labels: {app: s}}\nspec: {enabled: false, image: '", image, "'}\n---\n");
}
std::string ConfigMap(const std::string& name) {
  return StrCat("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ", name, "}\ndata: {k: v}\n---\n");
}

class Kubectl : public OnSharedStage, public ::testing::WithParamInterface<Age> {
 protected:
  void SetUp() override {
    static int count = 0;
    ns_ = StrCat("n", ++count);
    Does("create namespace " + ns_, "created");
  }

  Ran Run(const std::string& arguments, const std::string& input = "", const std::string& environment = "") {
    return stage_->Shell(StrCat(environment, " ", stage_->KubectlCommand(GetParam()), "-n ", ns_, " ", arguments),
                         input);
  }
  // The command ends well and says so.
  std::string Does(const std::string& arguments, const std::string& words = "", const std::string& input = "") {
    const Ran ran = Run(arguments, input);
    EXPECT_EQ(ran.exit_code, 0) << arguments << "\n" << ran.out;
    EXPECT_THAT(ran.out, HasSubstr(words)) << arguments;
    return ran.out;
  }
  void Refuses(const std::string& arguments, const std::string& words, const std::string& input = "") {
    const Ran ran = Run(arguments, input);
    EXPECT_EQ(ran.exit_code, 1) << arguments << "\n" << ran.out;
    EXPECT_THAT(ran.out, HasSubstr(words)) << arguments;
  }
  std::string Field(const std::string& what, const std::string& path) {
    return Run(StrCat("get ", what, " -o 'jsonpath={", path, "}'")).out;
  }
  std::string File(const std::string& name, const std::string& text) {
    const std::string path = StrCat(stage_->folder(), "/", name);
    std::ofstream(path) << text;
    return path;
  }

  std::string ns_;
};

TEST_P(Kubectl, CannotDeleteWhatIsProtected) {
  Does("apply -f -", "plugin.patchbay.dev/b created", Plugin("a") + Plugin("b"));
  Does("annotate plugin b patchbay.dev/protected=true", "annotate");
  const std::string lift = StrCat("kubectl annotate plugin.patchbay.dev/b -n ", ns_, " patchbay.dev/protected-");
  Refuses("delete plugin b", lift);
  Refuses("delete plugin b --force --grace-period=0", "(Forbidden)");
  Refuses("apply --prune -l app=s --prune-allowlist=patchbay.dev/v1/Plugin -f -", "protects it from being deleted", Plugin("a"));
  Refuses("delete namespace " + ns_, "plugin.patchbay.dev/b");
  Does("get plugin a b", "b");
  Does("annotate plugin.patchbay.dev/b patchbay.dev/protected-", "annotate");
  Does("delete plugin a b", "deleted");
}

TEST_P(Kubectl, AppliesAndPrunes) {
  Does("apply --dry-run=server -f -", "plugin.patchbay.dev/a created (server dry run)", Plugin("a"));
  Refuses("get plugin a", "Error from server (NotFound): plugins.patchbay.dev \"a\" not found");
  Does("apply -f -", "plugin.patchbay.dev/b created", Plugin("a") + Plugin("b"));
  Does("apply -f -", "plugin.patchbay.dev/b unchanged", Plugin("a") + Plugin("b"));
  Does("apply -f -", "plugin.patchbay.dev/b configured", Plugin("b", "two:1"));
  Does("apply --prune -l app=s --prune-allowlist=patchbay.dev/v1/Plugin -f -", "plugin.patchbay.dev/b pruned",
       Plugin("a"));
  EXPECT_EQ(Does("get plugins -o name"), "plugin.patchbay.dev/a\n");
  Does("apply view-last-applied plugin a", "image: one:1");
  Refuses("apply -f -", "strict decoding error: unknown field \"spec.nosuch\"",
          "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: x}\nspec: {image: i, nosuch: 1}\n");
  Does("apply --validate=warn -f -", "Warning: unknown field \"spec.nosuch\"",
       "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: x}\nspec: {enabled: false, image: i, nosuch: 1}\n");
}

TEST_P(Kubectl, PrunesAnApplySet) {
  const std::string both = File("both.yaml", ConfigMap("a") + ConfigMap("b") + Plugin("p"));
  const std::string one = File("one.yaml", ConfigMap("a"));
  for (const std::string parent : {"set", "configmaps/set", "secret/other"}) {
    const std::string how = StrCat("apply --prune --applyset=", parent, " -f ");
    const Ran made = Run(how + both, "", "KUBECTL_APPLYSET=true");
    EXPECT_EQ(made.exit_code, 0) << made.out;
    EXPECT_THAT(made.out, HasSubstr("plugin.patchbay.dev/p created"));
    const Ran pruned = Run(how + one, "", "KUBECTL_APPLYSET=true");
    EXPECT_EQ(pruned.exit_code, 0) << pruned.out;
    EXPECT_THAT(pruned.out, AllOf(HasSubstr("configmap/b pruned"), HasSubstr("plugin.patchbay.dev/p pruned")));
    EXPECT_THAT(Does("get configmaps -l applyset.kubernetes.io/part-of -o name"), "configmap/a\n");
    Does("delete configmaps,secrets --all");
  }
}

TEST_P(Kubectl, ComparesCreatesAndReplaces) {
  Does("create -f -", "plugin.patchbay.dev/a created", Plugin("a"));
  Refuses("create -f -", "plugins.patchbay.dev \"a\" already exists", Plugin("a"));
  Refuses("diff -f -", "+  image: two:1", Plugin("a", "two:1"));
  Does("diff -f -", "", Plugin("a"));
  Refuses("diff --server-side --force-conflicts -f -", "+  image: two:1", Plugin("a", "two:1"));
  EXPECT_EQ(Field("plugin a", ".spec.image"), "one:1");
  const std::string uid = Field("plugin a", ".metadata.uid");
  Does("replace -f -", "plugin.patchbay.dev/a replaced", Plugin("a", "two:1"));
  EXPECT_EQ(Field("plugin a", ".metadata.uid"), uid);
  Does("replace --force -f " + File("forced.yaml", Plugin("a", "three:1")), "plugin.patchbay.dev/a replaced");
  EXPECT_NE(Field("plugin a", ".metadata.uid"), uid);
  EXPECT_EQ(Field("plugin a", ".spec.image"), "three:1");
}

TEST_P(Kubectl, Kustomizes) {
  const std::string folder = StrCat(stage_->folder(), "/", ns_);
  stage_->Shell("mkdir " + folder);
  File(ns_ + "/a.yaml", Plugin("a"));
  File(ns_ + "/kustomization.yaml", "resources: [a.yaml]\nnamePrefix: x-\n");
  Does("kustomize " + folder, "name: x-a");
  Does("apply -k " + folder, "plugin.patchbay.dev/x-a created");
  Does("delete -k " + folder, "plugin.patchbay.dev \"x-a\" deleted");
}

TEST_P(Kubectl, ShowsWhatIsThere) {
  Does("apply -f -", "", Plugin("a", "two:1") + Plugin("b", "one:1") + ConfigMap("c"));
  ASSERT_TRUE(Stage::Eventually([&] { return Field("plugins", ".items[*].status.phase") == "Disabled Disabled"; }));
  const auto get = [&](const std::string& arguments) { return Does("get " + arguments); };
  EXPECT_THAT(get("plugins"), StartsWith("NAME   READY   PHASE      RESTARTS   AGE\na      0/0     Disabled   0 "));
  EXPECT_THAT(get("plugins -o wide"), StartsWith("NAME   IMAGE   READY "));
  EXPECT_THAT(get("plugin a -o json"),
              StartsWith("{\n    \"apiVersion\": \"patchbay.dev/v1\",\n    \"kind\": \"Plugin\""));
  EXPECT_THAT(get("plugin a -o yaml"), Not(HasSubstr("managedFields")));
  EXPECT_THAT(get("plugin a -o yaml --show-managed-fields"), HasSubstr("managedFields"));
  EXPECT_EQ(get("plugins -o name"), "plugin.patchbay.dev/a\nplugin.patchbay.dev/b\n");
  EXPECT_EQ(get("plugins -o 'jsonpath={.items[?(@.spec.image==\"two:1\")].metadata.name}'"), "a");
  EXPECT_EQ(get("plugins -o 'go-template={{range .items}}{{.metadata.name}} {{end}}'"), "a b ");
  EXPECT_EQ(get("plugins -o custom-columns=N:.metadata.name,I:.spec.image"), "N     I\na     two:1\nb     one:1\n");
  EXPECT_EQ(get("plugins --chunk-size=1 -o name"), "plugin.patchbay.dev/a\nplugin.patchbay.dev/b\n");
  EXPECT_EQ(get("plugins --sort-by=.spec.image -o name"), "plugin.patchbay.dev/b\nplugin.patchbay.dev/a\n");
  EXPECT_EQ(get("plugins --field-selector metadata.name=b -o name"), "plugin.patchbay.dev/b\n");
  EXPECT_EQ(get("plugins -l 'app in (s, t),app!=u,!nosuch' -o name"), "plugin.patchbay.dev/a\nplugin.patchbay.dev/b\n");
  EXPECT_THAT(get("plugins -l app=t"), HasSubstr("No resources found"));
  EXPECT_THAT(get("plugins -A"), HasSubstr(StrCat("\n", ns_, "   ")));
  EXPECT_THAT(get("plugins -L app"), HasSubstr("AGE   APP\n"));
  EXPECT_THAT(get("plugins,configmaps"), HasSubstr("configmap/c"));
  for (const char* category : {"all", "patchbay"}) EXPECT_THAT(get(category), HasSubstr("plugin.patchbay.dev/b"));
  EXPECT_THAT(get("plugin a --subresource=scale"), HasSubstr("NAME   DESIRED   AVAILABLE   AGE\na      1         0 "));
  EXPECT_THAT(get("plugin a --subresource=status -o name"), HasSubstr("plugin.patchbay.dev/a"));
  EXPECT_EQ(get("plugin nosuch --ignore-not-found"), "");
  EXPECT_THAT(get("--raw /version"), HasSubstr("gitVersion"));
  EXPECT_THAT(stage_->Kubectl("cluster-info").out, HasSubstr("Kubernetes control plane"));
  EXPECT_EQ(stage_->Kubectl("cluster-info").exit_code, 0);
  EXPECT_THAT(Does("describe plugin a"), HasSubstr("Phase:"));
  EXPECT_THAT(Does("describe configmap c"), HasSubstr("BinaryData"));
  Refuses("get nosuch", "the server doesn't have a resource type \"nosuch\"");
}

TEST_P(Kubectl, PatchesLabelsAndEdits) {
  Does("apply -f -", "", Plugin("a"));
  const auto patch = [](const std::string& how, const std::string& what) {
    return StrCat("patch plugin a ", how, " -p '", what, "'");
  };
  Does(patch("--type=json", R"([{"op":"replace","path":"/spec/image","value":"two:1"}])"), "patched");
  Does(patch("--type=merge", R"({"spec":{"replicas":4}})"), "patched");
  Does(patch("--type=merge", R"({"spec":{"replicas":4}})"), "patched (no change)");
  Refuses(patch("--type=strategic", R"({"spec":{"replicas":5}})"),
          "application/strategic-merge-patch+json is not supported by patchbay.dev/v1, Kind=Plugin");
  Refuses(patch("--type=json", R"([{"op":"test","path":"/spec/image","value":"x"}])"),
          "the server rejected our request");
  Refuses(patch("--type=merge", R"({"spec":{"replicas":-1}})"), "spec.replicas: Invalid value: -1");
  Does(patch("--subresource=scale --type=merge", R"({"spec":{"replicas":2}})"), "scale.autoscaling/a patched");
  Does(patch("--subresource=status --type=merge", R"({"status":{"phase":"Odd"},"spec":{"replicas":9}})"), "patched");
  EXPECT_EQ(Field("plugin a", ".spec.image}{.spec.replicas"), "two:12");
  Does("label plugin a x=1", "labeled");
  Refuses("label plugin a x=2", "'x' already has a value (1), and --overwrite is false");
  Does("label plugins --all x=2 --overwrite", "labeled");
  Does("label plugin a --list", "x=2");
  Does("label plugin a x-", "unlabeled");
  Does("annotate plugin a note='some words'", "annotate");
  EXPECT_EQ(Field("plugin a", ".metadata.annotations.note"), "some words");
  const Ran edited = Run("edit plugin a", "", "EDITOR='sed -i s/two:1/six:1/'");
  EXPECT_EQ(edited.exit_code, 0) << edited.out;
  EXPECT_EQ(Field("plugin a", ".spec.image"), "six:1");
  EXPECT_THAT(Run("edit plugin a", "", "EDITOR=true").out, HasSubstr("cancelled, no changes made"));
}

TEST_P(Kubectl, Scales) {
  Does("apply -f -", "", Plugin("a"));
  Refuses("scale plugin a --replicas=3 --current-replicas=2", "xpected replicas to be 2, was 1");
  Does("scale plugin a --replicas=3 --current-replicas=1", "plugin.patchbay.dev/a scaled");
  Refuses("scale plugin a --replicas=100000", "Invalid value");
  EXPECT_EQ(Field("plugin a", ".spec.replicas"), "3");
}

TEST_P(Kubectl, Deletes) {
  Does("apply -f -", "", Plugin("a") + Plugin("b") + Plugin("c") + Plugin("d") + Plugin("e"));
  for (const char* how :
       {"a --cascade=background", "b --cascade=foreground", "c --cascade=orphan", "d --grace-period=0 --force"}) {
    Does(StrCat("delete plugin ", how, " --timeout=30s"), "deleted");
  }
  Does("patch plugin e --type=merge -p '{\"metadata\":{\"finalizers\":[\"x.dev/hold\"]}}'", "patched");
  Does("delete plugins -l app=s --wait=false", "plugin.patchbay.dev \"e\" deleted");
  Refuses("wait plugin/e --for=delete --timeout=1s", "timed out waiting for the condition");
  EXPECT_NE(Field("plugin e", ".metadata.deletionTimestamp"), "");
  Does("patch plugin e --type=merge -p '{\"metadata\":{\"finalizers\":null}}'", "patched");
  Does("wait plugin/e --for=delete --timeout=30s");
  Does("apply -f -", "", Plugin("f"));
  Does("delete plugins --all", "plugin.patchbay.dev \"f\" deleted");
  Refuses("delete plugin f", "plugins.patchbay.dev \"f\" not found");
  Does("delete plugin f --ignore-not-found");
  EXPECT_THAT(Does("get plugins"), HasSubstr("No resources found"));
}

TEST_P(Kubectl, Waits) {
  Does("apply -f -", "",
       "apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: w}\n"
       "spec: {image: 'patchbay-example:latest', ports: [{name: http, containerPort: 8080}]}\n");
  Does("wait plugin/w --for=condition=Ready --timeout=60s", "condition met");
  Does("wait plugin w --for='jsonpath={.status.phase}'=Running --timeout=30s", "condition met");
  Refuses("wait plugin/w --for=condition=Nosuch --timeout=1s", "timed out waiting for the condition");
  Does("events --for plugin/w", "Ready");
  Does("get events --field-selector involvedObject.name=w,reason=Created", "plugin/w");
  Does("delete plugin w --timeout=30s", "deleted");
  if (GetParam() == Age::kOld) return;  // it cannot wait for what is not there yet
  const std::string later = StrCat("(sleep 1; ", stage_->KubectlCommand(), "-n ", ns_, " create configmap late) & ");
  const Ran made = stage_->Shell(
      StrCat(later, stage_->KubectlCommand(), "-n ", ns_, " wait configmap/late --for=create --timeout=20s"));
  EXPECT_EQ(made.exit_code, 0) << made.out;
  EXPECT_THAT(made.out, HasSubstr("configmap/late condition met"));
}

TEST_P(Kubectl, WatchesEvents) {
  const std::string file = File(ns_ + "-events", "");
  const std::string command = StrCat(stage_->KubectlCommand(GetParam()), "-n ", ns_, " events --for plugin/a -w");
  ASSERT_EQ(stage_->Shell(StrCat("(", command, " > ", file, " 2>&1 & echo $! > ", file, ".pid)")).exit_code, 0);
  Does("apply -f -", "created", Plugin("a"));
  EXPECT_TRUE(Stage::Eventually([&] {
    return stage_->Shell("cat " + file).out.find("Plugin a was created") != std::string::npos;
  })) << stage_->Shell("cat " + file).out;
  stage_->Shell(StrCat("kill $(cat ", file, ".pid)"));
}

TEST_P(Kubectl, Explains) {
  Does("explain plugin.spec.replicas", "FIELD: replicas <integer>");
  Does("explain plugin --recursive", "readinessProbe");
  Does("explain plugins.metadata.labels", "labels <map[string]string>");
  Does("explain secret.data", "<map[string]string>");
  Does("explain plugin.spec.replicas --output=plaintext-openapiv2", "FIELD:    replicas <integer>");
  Refuses("explain plugin.spec.nosuch", "field \"nosuch\" does not exist");
}

TEST_P(Kubectl, TellsWhatThereIs) {
  Does("api-resources -o wide", "all,patchbay");
  Does("api-resources --namespaced=false -o name", "namespaces\n");
  Does("api-resources --api-group=patchbay.dev --verbs=deletecollection --sort-by=name", "webhooks");
  Does("api-versions", "patchbay.dev/v1\n");
  Does("version", "patchbay");
  Does("config view", "kind: Config");
  Does("auth can-i '*' '*'", "yes");
  Does("auth can-i get plugins/scale", "yes");
  Does("auth can-i --list", "selfsubjectreviews");
  if (GetParam() == Age::kCurrent) Does("auth whoami", "system:admin");  // the old one asks for the beta
}

// The client knows Kubernetes' own kinds alone for these; it says so and nothing is written.
TEST_P(Kubectl, RefusesWhatIsForOtherKinds) {
  Does("apply -f -", "", Plugin("a"));
  for (const char* command : {"rollout status plugin/a", "rollout history plugin/a", "rollout restart plugin/a",
                              "rollout undo plugin/a", "set image plugin/a c=d", "expose plugin a --port=80"}) {
    Refuses(command, "no kind \"Plugin\" is registered for version \"patchbay.dev/v1\"");
  }
  Refuses("autoscale plugin a --min=1 --max=2", "rror");
  Refuses("create deployment d --image=x", "the server could not find the requested resource");
  EXPECT_EQ(Field("plugin a", ".metadata.generation"), "1");
}

INSTANTIATE_TEST_SUITE_P(Stock, Kubectl, ::testing::Values(Age::kCurrent, Age::kOld),
                         [](const auto& of) { return std::string(of.param == Age::kOld ? "Old" : "Current"); });

}  // namespace
}  // namespace patchbay

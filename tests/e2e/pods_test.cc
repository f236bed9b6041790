// Containers as Pods, with the stock kubectl: read, watched, described, their logs, what they use, and deleted.
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "harness/stage/stage.h"
#include "object/object.h"

namespace patchbay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Manifest(int replicas) {
  return StrCat("apiVersion: patchbay.dev/v1\nkind: Plugin\nmetadata: {name: web, labels: {app: web}}\nspec:\n"
                "  image: patchbay-example:latest\n  replicas: ",
                replicas,
                "\n  terminationGracePeriodSeconds: 1\n  ports: [{name: http, containerPort: 8080}]\n"
                "  readinessProbe: {tcpSocket: {port: http}, periodSeconds: 1}\n");
}

constexpr const char* kRoute =
    "apiVersion: patchbay.dev/v1\nkind: Route\nmetadata: {name: web}\nspec:\n"
    "  paths: [{type: Prefix, value: /}]\n  backends: [{plugin: web, port: http}]\n";

std::string ReadAll(const std::string& file) {
  std::ifstream stream(file);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

class Pods : public ::testing::Test {
 protected:
  void SetUp() override { stage_.StartOperator(); }

  void Run(int replicas) {
    ASSERT_EQ(stage_.Kubectl("apply -f -", Manifest(replicas)).exit_code, 0);
    const Ran ready = stage_.Kubectl("wait plugin/web --for=condition=Ready --timeout=60s");
    ASSERT_EQ(ready.exit_code, 0) << ready.out;
  }
  void Expect(const Ran& ran, const std::string& words = "") {
    EXPECT_EQ(ran.exit_code, 0) << ran.out;
    EXPECT_THAT(ran.out, HasSubstr(words));
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const std::string& line : Split(stage_.Kubectl("get pods -o name").out, '\n'))
      if (line.starts_with("pod/")) names.push_back(line.substr(4));
    return names;
  }
  std::string Of(const std::string& pod, const std::string& path) {
    return stage_.Kubectl(StrCat("get pod ", pod, " -o 'jsonpath={", path, "}'")).out;
  }
  // A line in the pod's log.
  void Say(const std::string& pod, const std::string& word) {
    stage_.Shell(StrCat("curl -s -m 5 http://", Of(pod, ".status.podIP"), ":8080/", word));
  }

  Stage stage_;
};

TEST_F(Pods, AreReadDescribedAndMeasured) {
  Run(2);
  EXPECT_EQ(Names().size(), 2u);
  Expect(stage_.Kubectl("get pods"), "1/1     Running   0");
  Expect(stage_.Kubectl("get po -A -o wide"), "172.");
  Expect(stage_.Kubectl("get all"), "pod/" + Names()[0]);
  Expect(stage_.Kubectl("get pods -l app=web -o yaml"), "containerID: docker://");
  Expect(stage_.Kubectl("get pods -l patchbay.dev/plugin=web --field-selector=status.phase=Running -o name"), "pod/");
  EXPECT_THAT(stage_.Kubectl("get pods -l app=other").out, HasSubstr("No resources found"));
  Expect(stage_.Kubectl("wait pod -l app=web --for=condition=Ready --timeout=20s"), "condition met");
  Expect(stage_.Kubectl("explain pod.status.phase"), "Pending, Running");
  const Ran described = stage_.Kubectl("describe pod " + Names()[0]);
  Expect(described, "Controlled By:  Plugin/web");
  EXPECT_THAT(described.out, HasSubstr("Started"));
  EXPECT_THAT(described.out, HasSubstr("started container " + Names()[0]));
  const Ran top = stage_.Kubectl("top pods --containers");
  Expect(top, Names()[0]);
  EXPECT_THAT(top.out, HasSubstr("Mi"));
  Expect(stage_.Kubectl("top pods -l app=web"), Names()[1]);
  const Ran written = stage_.Kubectl("label pod " + Names()[0] + " a=b");
  EXPECT_NE(written.exit_code, 0);
  EXPECT_THAT(written.out, HasSubstr("change the Plugin"));
}

TEST_F(Pods, AreWatched) {
  Run(1);
  const std::string file = stage_.folder() + "/watch.txt";
  stage_.Shell(StrCat("HOME=", stage_.folder(), " KUBECONFIG=/dev/null timeout 60 ", PATCHBAY_SOURCE_DIR,
                      "/.cache/clients/kubectl --server ", stage_.server(),
                      " get pods -w --output-watch-events > ", file, " 2>&1 & true"));
  ASSERT_TRUE(Stage::Eventually([&] { return ReadAll(file).find("ADDED") != std::string::npos; })) << ReadAll(file);
  Expect(stage_.Kubectl("scale plugin web --replicas=2"));
  ASSERT_TRUE(Stage::Eventually([&] { return Names().size() == 2; }));
  Expect(stage_.Kubectl("scale plugin web --replicas=1"));
  EXPECT_TRUE(Stage::Eventually([&] { return ReadAll(file).find("DELETED") != std::string::npos; })) << ReadAll(file);
  EXPECT_THAT(ReadAll(file), HasSubstr("MODIFIED"));
  EXPECT_THAT(ReadAll(file), HasSubstr("Terminating"));
}

TEST_F(Pods, LogsAreRead) {
  Run(1);
  const std::string pod = Names()[0];
  Say(pod, "first");
  SystemClock().SleepFor(std::chrono::seconds(3), {});
  Say(pod, "second");
  const Ran all = stage_.Kubectl("logs " + pod);
  Expect(all, "GET /first");
  EXPECT_THAT(all.out, HasSubstr("GET /second"));
  EXPECT_THAT(stage_.Kubectl("logs --tail=1 " + pod).out, Not(HasSubstr("/first")));
  const Ran recent = stage_.Kubectl("logs --since=2s " + pod);
  EXPECT_THAT(recent.out, HasSubstr("/second"));
  EXPECT_THAT(recent.out, Not(HasSubstr("/first")));
  EXPECT_TRUE(ParseTime(Split(stage_.Kubectl("logs --timestamps --tail=1 " + pod).out, ' ')[0]));
  EXPECT_EQ(stage_.Kubectl("logs --limit-bytes=5 " + pod).out.size(), 5u);
  Expect(stage_.Kubectl("logs -l app=web --prefix"), StrCat("[pod/", pod, "/web] "));
  Expect(stage_.Kubectl("logs --all-containers " + pod), "/second");
  const Ran wrong = stage_.Kubectl("logs -c sidecar " + pod);
  EXPECT_NE(wrong.exit_code, 0);
  EXPECT_THAT(wrong.out, HasSubstr("container sidecar is not valid for pod"));
}

TEST_F(Pods, LogsAreFollowed) {
  Run(1);
  const std::string pod = Names()[0];
  const std::string file = stage_.folder() + "/follow.txt";
  stage_.Shell(StrCat("HOME=", stage_.folder(), " KUBECONFIG=/dev/null timeout 30 ", PATCHBAY_SOURCE_DIR,
                      "/.cache/clients/kubectl --server ", stage_.server(), " logs -f ", pod, " > ", file, " 2>&1 & true"));
  ASSERT_TRUE(Stage::Eventually([&] { return ReadAll(file).find("listens") != std::string::npos; })) << ReadAll(file);
  Say(pod, "later");
  EXPECT_TRUE(Stage::Eventually([&] { return ReadAll(file).find("/later") != std::string::npos; })) << ReadAll(file);
}

TEST_F(Pods, LogsOfTheRunBeforeAreKeptApart) {
  Run(1);
  const std::string pod = Names()[0];
  const Ran none = stage_.Kubectl("logs --previous " + pod);
  EXPECT_NE(none.exit_code, 0);
  EXPECT_THAT(none.out, HasSubstr(StrCat("previous terminated container \"web\" in pod \"", pod, "\" not found")));
  Say(pod, "crash");
  ASSERT_TRUE(Stage::Eventually([&] {
    return Of(pod, ".status.containerStatuses[0].restartCount") == "1" &&
           Of(pod, ".status.containerStatuses[0].ready") == "true";
  })) << stage_.Kubectl("get pods -o yaml").out;
  Say(pod, "revived");
  const Ran present = stage_.Kubectl("logs " + pod);
  EXPECT_THAT(present.out, HasSubstr("/revived"));
  EXPECT_THAT(present.out, HasSubstr("listens"));
  EXPECT_THAT(present.out, Not(HasSubstr("/crash")));
  const Ran before = stage_.Kubectl("logs --previous " + pod);
  EXPECT_THAT(before.out, HasSubstr("/crash: exit 1"));
  EXPECT_THAT(before.out, Not(HasSubstr("/revived")));
  Expect(stage_.Kubectl("get pods"), "ago)");
  EXPECT_EQ(Of(pod, ".status.containerStatuses[0].lastState.terminated.exitCode"), "1");
}

TEST_F(Pods, ADeletedOneIsReplacedAndNoRequestFails) {
  Run(1);
  Expect(stage_.Kubectl("apply -f -", kRoute));
  Expect(stage_.Kubectl("wait route/web --for=condition=Ready --timeout=30s"));
  ASSERT_TRUE(Stage::Eventually([&] { return stage_.Gateway("/healthz").status == 200; }));
  const std::string pod = Names()[0];
  Expect(stage_.Kubectl("delete pod --dry-run=server " + pod), "server dry run");
  const std::string codes = stage_.folder() + "/codes.txt";
  stage_.Shell(StrCat("(while [ ! -e ", stage_.folder(), "/done ]; do curl -s -m 10 -o /dev/null -w '%{http_code}\\n' ",
                      stage_.gateway_url(), "/healthz; sleep 0.02; done) > ", codes, " 2>&1 & true"));
  Expect(stage_.Kubectl("delete pod " + pod), "deleted");
  stage_.Shell(StrCat("touch ", stage_.folder(), "/done; sleep 0.3"));
  EXPECT_EQ(Names().size(), 1u);
  EXPECT_THAT(Names(), Not(::testing::Contains(pod)));
  EXPECT_TRUE(Stage::Eventually([&] { return stage_.IsReady("plugin/web"); }));
  EXPECT_EQ(stage_.Kubectl("get plugin web -o 'jsonpath={.status.evictions}'").out, "");
  const auto answers = Split(ReadAll(codes), '\n');
  EXPECT_GT(answers.size(), 10u);
  for (const std::string& code : answers) EXPECT_THAT(code, ::testing::AnyOf("200", ""));
}

TEST_F(Pods, AllAreReplacedAtOnce) {
  Run(2);
  const auto before = Names();
  Expect(stage_.Kubectl("delete pods --all --timeout=100s"), "deleted");
  ASSERT_TRUE(Stage::Eventually([&] { return stage_.IsReady("plugin/web"); }));
  const auto after = Names();
  EXPECT_EQ(after.size(), 2u);
  for (const std::string& name : before) EXPECT_THAT(after, Not(::testing::Contains(name)));
}

TEST_F(Pods, AWishToReplaceSurvivesTheOperator) {
  Run(1);
  const std::string pod = Names()[0];
  Expect(stage_.Kubectl("delete pod --wait=false " + pod), "deleted");
  stage_.KillOperator();
  stage_.StartOperator();
  ASSERT_TRUE(Stage::Eventually([&] {
    const auto names = Names();
    return names.size() == 1 && names[0] != pod && stage_.IsReady("plugin/web");
  })) << stage_.Kubectl("get pods,plugins -o yaml").out;
  EXPECT_EQ(stage_.Containers().size(), 1u);
  EXPECT_EQ(stage_.Kubectl("get plugin web -o 'jsonpath={.status.evictions}'").out, "");
}

TEST_F(Pods, NoneIsLeftOverFromBeforeTheOperatorStarted) {
  Run(2);
  const std::string pod = Names()[0];
  stage_.KillOperator();
  stage_.Docker("DELETE", StrCat("/containers/", pod, "?force=1"));
  stage_.StartOperator();
  ASSERT_TRUE(Stage::Eventually([&] { return stage_.IsReady("plugin/web") && Names().size() == 2; }));
  EXPECT_EQ(stage_.Containers().size(), 2u);
}

}  // namespace
}  // namespace patchbay

// What runs already comes under Patchbay without a stop: import, apply, nothing happens; then it is like any other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/text.h"
#include "harness/stage/stage.h"
#include "harness/stage/visitor.h"

namespace patchbay {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Import : public testing::Test {
 protected:
  ~Import() override {
    for (const std::string& id : by_hand_) stage_.Docker("DELETE", StrCat("/containers/", id, "?force=1&v=1"));
  }
  Json Engine(const std::string& method, const std::string& path, const Json& body = nullptr) {
    http::Call call;
    const std::string host = Stage::Engine();
    const bool socket = host.starts_with("unix://");
    call.method = method;
    call.unix_socket = socket ? host.substr(7) : "";
    call.url = StrCat(socket ? "http://engine" : StrCat("http://", host.substr(6)), path);
    call.headers.Set("Content-Type", "application/json");
    if (!body.is_null()) call.body = DumpJson(body);
    const auto answer = http_->Send(call);
    EXPECT_TRUE(answer.ok());
    const auto parsed = ParseJson(answer.ok() ? answer->body : "");
    return parsed.ok() ? *parsed : Json();
  }
  std::string RunByHand(const std::string& name, Json body) {
    body["Image"] = "patchbay-example:latest";
    const Json made = Engine("POST", "/containers/create?name=" + name, body);
    const std::string id = FindString(made, {"Id"});
    EXPECT_FALSE(id.empty()) << DumpJson(made);
    by_hand_.push_back(id);
    Engine("POST", StrCat("/containers/", id, "/start"));
    return id;
  }
  Json Inspect(const std::string& id) { return Engine("GET", StrCat("/containers/", id, "/json")); }
  Ran ImportThem(const std::string& arguments) {
    return stage_.Patchbay(StrCat("import ", arguments, " --docker-host ", Stage::Engine()));
  }
  std::string Folder() const { return stage_.folder() + "/imported"; }
  std::string StatusOf(const std::string& plugin, const std::string& path) {
    return stage_.Kubectl(StrCat("get plugin ", plugin, " -o jsonpath='{.status.", path, "}'")).out;
  }
  // The container runs on as it did: nobody stopped, started or made one.
  void ExpectUntouched(const std::string& id, const Json& before) {
    const Json now = Inspect(id);
    EXPECT_EQ(FindString(now, {"State", "StartedAt"}), FindString(before, {"State", "StartedAt"}));
    EXPECT_EQ(FindInt(now, {"RestartCount"}), 0);
    EXPECT_TRUE(FindBool(now, {"State", "Running"}));
    EXPECT_THAT(stage_.Containers(), IsEmpty());
    const std::string log = stage_.OperatorLog();
    for (const char* action : {"controller: create", "controller: start", "controller: stop", "controller: remove"})
      EXPECT_THAT(log, Not(HasSubstr(action)));
  }

  std::string CaddyAdmin() const {
    std::ifstream known(stage_.folder() + "/caddy.json");
    return FindString(*ParseJson(std::string(std::istreambuf_iterator<char>(known), {})), {"admin", "listen"});
  }
  void LoadIntoCaddy(const std::string& type, const std::string& config) {
    http::Call load;
    load.method = "POST";
    load.url = StrCat("http://", CaddyAdmin(), "/load");
    load.headers.Set("Content-Type", type);
    load.body = config;
    const auto answer = http_->Send(load);
    ASSERT_TRUE(answer.ok());
    ASSERT_EQ(answer->status, 200) << answer->body;
  }
  std::string CaddyConfig() {
    http::Call call;
    call.url = StrCat("http://", CaddyAdmin(), "/config/");
    return http_->Send(call)->body;
  }
  std::string RunBehind() {
    const std::string id = RunByHand("behind", *ParseJson(R"({"Env":["VERSION=9"],"HostConfig":{"RestartPolicy":{"Name":"always"}}})"));
    return FindString(Inspect(id), {"NetworkSettings", "Networks", "bridge", "IPAddress"});
  }

  explicit Import(StageOptions options = {}) : stage_(std::move(options)) {}
  Stage stage_;
  std::unique_ptr<http::HttpClient> http_ = http::NewCurlClient();
  std::vector<std::string> by_hand_;
};

class ImportIntoTheirServer : public Import {
 protected:
  ImportIntoTheirServer() : Import({.arguments = {"--caddy-server", "srv0"}}) {}
};

constexpr const char* kRoute = R"(
apiVersion: patchbay.dev/v1
kind: Route
metadata: {name: hand}
spec:
  paths: [{type: Prefix, value: /hand}]
  stripPath: true
  backends: [{plugin: hand-made, port: 8080}]
)";

TEST_F(Import, AContainerThatRunsIsAdoptedWithoutAStopAndThenRolledWithoutALoss) {
  stage_.StartOperator();
  const std::string id =
      RunByHand("hand_made", *ParseJson(R"({"Env":["VERSION=1","API_TOKEN=hush"],"Volumes":{"/keep":{}},
      "HostConfig":{"RestartPolicy":{"Name":"unless-stopped"},"Memory":134217728,"CpuQuota":80000,"CpuPeriod":100000}})"));
  const Json before = Inspect(id);
  const Ran written = ImportThem(StrCat("containers hand_made -o ", Folder()));
  ASSERT_EQ(written.exit_code, 0) << written.out;
  EXPECT_THAT(written.out, HasSubstr("API_TOKEN looks secret"));

  const Ran applied = stage_.Patchbay(StrCat("apply -f ", Folder()));
  ASSERT_EQ(applied.exit_code, 0) << applied.out;
  ASSERT_EQ(stage_.Kubectl("apply -f -", kRoute).exit_code, 0);
  ASSERT_TRUE(Stage::Eventually([&] { return stage_.IsReady("plugin/hand-made") && stage_.IsReady("route/hand"); },
                                seconds(60)))
      << stage_.Kubectl("get plugin,route -o yaml").out;
  ExpectUntouched(id, before);
  EXPECT_EQ(StatusOf("hand-made", "adopted[0].id"), id);
  EXPECT_EQ(StatusOf("hand-made", "drift"), "");
  EXPECT_THAT(stage_.Gateway("/hand/").body, HasSubstr("\"version\":\"1\""));
  EXPECT_THAT(stage_.Kubectl("get pods").out, HasSubstr("hand_made"));
  EXPECT_EQ(stage_.Patchbay("logs hand-made").exit_code, 0);
  EXPECT_EQ(stage_.Patchbay("drift").exit_code, 0);
  const Ran plan = stage_.Patchbay(StrCat("plan -f ", Folder()));
  EXPECT_EQ(plan.exit_code, 0) << "nothing to do: " << plan.out;

  stage_.KillOperator();
  stage_.StartOperator();
  ASSERT_TRUE(Stage::Eventually([&] { return stage_.IsReady("plugin/hand-made"); }));
  stage_.Patchbay("reconcile plugin/hand-made");
  ExpectUntouched(id, before);

  Visitor visitor(stage_, "/hand/");
  const std::string volume = FindString((*Find(before, {"Mounts"}))[0], {"Name"});
  const Ran patched = stage_.Kubectl(
      R"(patch plugin hand-made --type=json -p '[{"op":"replace","path":"/spec/env/0/value","value":"2"}]')");
  ASSERT_EQ(patched.exit_code, 0) << patched.out;
  ASSERT_TRUE(Stage::Eventually([&] { return stage_.IsReady("plugin/hand-made") && stage_.Containers().size() == 1; },
                                seconds(60)));
  ASSERT_TRUE(Stage::Eventually([&] { return FindString(Inspect(id), {"Id"}).empty(); })) << "the old one goes";
  EXPECT_THAT(stage_.Gateway("/hand/").body, HasSubstr("\"version\":\"2\""));
  visitor.Leave();
  EXPECT_GT(visitor.good(), 0);
  EXPECT_EQ(StatusOf("hand-made", "adopted"), "");
  EXPECT_EQ(StatusOf("hand-made", "rollout.droppedRequests"), "0");
  EXPECT_EQ(FindString(Engine("GET", "/volumes/" + volume), {"Name"}), volume) << "what is in its volume stays";
  const Json next = Inspect(FindString(stage_.Containers()[0], {"Id"}));
  EXPECT_EQ(FindString((*Find(next, {"Mounts"}))[0], {"Name"}), volume) << "and the next one has it";
  EXPECT_EQ(FindInt(next, {"HostConfig", "Memory"}), 134217728);
  const auto env = next["Config"]["Env"];
  EXPECT_NE(std::find(env.begin(), env.end(), "API_TOKEN=hush"), env.end());

  EXPECT_EQ(stage_.Kubectl("delete plugin hand-made --wait").exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([&] { return stage_.Containers().empty(); }));
  Engine("DELETE", "/volumes/" + volume);
}

TEST_F(Import, AComposeProjectThatRunsIsAdoptedWithAllItsReplicas) {
  stage_.StartOperator();
  std::vector<std::string> ids;
  for (int number = 1; number <= 2; ++number) {
    Json body = *ParseJson(R"({"Env":["VERSION=1"],"HostConfig":{"RestartPolicy":{"Name":"unless-stopped"}}})");
    body["Labels"] = {{"com.docker.compose.project", "corner"},
                      {"com.docker.compose.service", "web"},
                      {"com.docker.compose.container-number", std::to_string(number)},
                      {"com.docker.compose.oneoff", "False"}};
    ids.push_back(RunByHand(StrCat("corner-web-", number), body));
  }
  const std::vector<Json> before{Inspect(ids[0]), Inspect(ids[1])};
  const std::string file = stage_.folder() + "/compose.yaml";
  std::ofstream(file)
      << "name: corner\nservices:\n  web:\n    image: patchbay-example:latest\n    network_mode: bridge\n"
         "    restart: unless-stopped\n    environment: {VERSION: \"${NO_SUCH:-1}\"}\n    expose: [8080]\n";
  const Ran written = ImportThem(StrCat("compose -f ", file, " -o ", Folder()));
  ASSERT_EQ(written.exit_code, 0) << written.out;
  ASSERT_EQ(stage_.Patchbay(StrCat("apply -f ", Folder())).exit_code, 0);
  ASSERT_TRUE(Stage::Eventually([&] { return stage_.IsReady("plugin/web"); }))
      << stage_.Kubectl("get plugin web -o yaml").out;
  EXPECT_EQ(StatusOf("web", "ready"), "2/2");
  EXPECT_EQ(StatusOf("web", "adopted[*].id"), StrCat(ids[0], " ", ids[1]));
  for (std::size_t i = 0; i < ids.size(); ++i) ExpectUntouched(ids[i], before[i]);
  ASSERT_EQ(stage_.Patchbay("restart plugin/web").exit_code, 0);
  ASSERT_TRUE(
      Stage::Eventually([&] { return stage_.IsReady("plugin/web") && stage_.Containers().size() == 2; }, seconds(60)));
  for (const std::string& id : ids)
    EXPECT_TRUE(Stage::Eventually([&] { return FindString(Inspect(id), {"Id"}).empty(); }));
}

TEST_F(Import, WhatACaddyServesIsServedByRoutesBesideIt) {
  const std::string address = RunBehind();
  const std::string admin = StrCat("http://", CaddyAdmin());
  const std::string old = StrCat("127.0.0.1:", dev::FreePort());
  Json config = *ParseJson(CaddyConfig());
  config["apps"]["http"]["servers"]["old"] =
      *ParseJson(StrCat(R"({"listen":[")", old, R"("],"routes":[{"match":[{"path":["/old/*"]}],"handle":[
      {"handler":"rewrite","strip_path_prefix":"/old"},{"handler":"reverse_proxy","upstreams":[{"dial":")",
                        address, R"(:8080"}]}]}]})"));
  LoadIntoCaddy("application/json", DumpJson(config));
  stage_.StartOperator();
  for (const std::string& what : {StrCat("caddy --no-adopt --gateway ", admin), std::string("containers behind")}) {
    const Ran written = ImportThem(StrCat(what, " -o ", Folder()));
    ASSERT_EQ(written.exit_code, 0) << written.out;
  }
  ASSERT_EQ(stage_.Patchbay(StrCat("apply -f ", Folder())).exit_code, 0);
  ASSERT_TRUE(Stage::Eventually([&] { return stage_.IsReady("plugin/behind") && stage_.IsReady("route/old"); }))
      << stage_.Kubectl("get route -o yaml").out;
  EXPECT_THAT(stage_.Gateway("/old/x").body, HasSubstr("\"version\":\"9\""));
  http::Call call;
  call.url = StrCat("http://", old, "/old/x");
  EXPECT_THAT(http_->Send(call)->body, HasSubstr("\"version\":\"9\"")) << "the old entry goes on";
  const Ran again = ImportThem(StrCat("caddy --gateway ", admin));
  EXPECT_THAT(again.out, HasSubstr("name: old\n")) << again.out;
  EXPECT_THAT(again.out, Not(HasSubstr("servers.patchbay"))) << "our own are passed over";
}

TEST_F(ImportIntoTheirServer, WhatACaddyServesIsTakenOverAsItStandsAndThenRolledWithoutALoss) {
  const std::string address = RunBehind();
  LoadIntoCaddy("text/caddyfile", StrCat("{\n admin ", CaddyAdmin(), "\n}\nhttp://", stage_.gateway_address(), " {\n handle_path /old/* {\n  reverse_proxy ",
                                         address, ":8080\n }\n respond /mine mine\n}\n"));
  const std::string before = CaddyConfig();
  EXPECT_THAT(stage_.Gateway("/old/x").body, HasSubstr("\"version\":\"9\""));
  stage_.StartOperator();
  for (const std::string& what : {StrCat("caddy --gateway http://", CaddyAdmin()), std::string("containers behind")}) {
    const Ran written = ImportThem(StrCat(what, " -o ", Folder()));
    ASSERT_EQ(written.exit_code, 0) << written.out;
  }
  const Ran first = stage_.Patchbay(StrCat("plan -f ", Folder()));
  EXPECT_EQ(first.exit_code, 1);
  EXPECT_THAT(first.out, HasSubstr("adopt"));
  ASSERT_EQ(stage_.Patchbay(StrCat("apply -f ", Folder())).exit_code, 0);
  const std::string route = "route/127-0-0-1-old";
  ASSERT_TRUE(Stage::Eventually([&] { return stage_.Kubectl("get route -o jsonpath='{.items[0].status.adopted[0]}'").out.starts_with("caddy:srv0:"); }))
      << stage_.Kubectl("get route,plugin -o yaml").out;
  ASSERT_TRUE(stage_.IsReady(route));
  EXPECT_EQ(CaddyConfig(), before);
  const Ran plan = stage_.Patchbay(StrCat("plan -f ", Folder()));
  EXPECT_EQ(plan.exit_code, 0) << "nothing to do: " << plan.out;
  stage_.KillOperator();
  stage_.StartOperator();
  ASSERT_TRUE(Stage::Eventually([&] { return stage_.IsReady("plugin/behind") && stage_.IsReady(route); }));
  EXPECT_EQ(CaddyConfig(), before);

  Visitor visitor(stage_, "/old/");
  ASSERT_EQ(stage_.Kubectl(R"(patch plugin behind --type=json -p '[{"op":"replace","path":"/spec/env/0/value","value":"10"}]')").exit_code, 0);
  ASSERT_TRUE(Stage::Eventually([&] { return FindString(Inspect(by_hand_[0]), {"Id"}).empty(); }, seconds(60))) << "the old container goes";
  EXPECT_THAT(stage_.Gateway("/old/x").body, HasSubstr("\"version\":\"10\""));
  EXPECT_EQ(stage_.Gateway("/mine").body, "mine");
  visitor.Leave();
  EXPECT_GT(visitor.good(), 0);
  EXPECT_THAT(CaddyConfig(), Not(HasSubstr(R"({"handle":[{"handler":"reverse_proxy")"))) << "and the old entry";
  EXPECT_THAT(before, HasSubstr(R"({"handle":[{"handler":"reverse_proxy")"));
  EXPECT_EQ(stage_.Kubectl("get route -o jsonpath='{.items[0].status.adopted}'").out, "");
}

TEST_F(Import, WhatIsDeletedTakesItsAdoptedContainerAlongAndNoOther) {
  stage_.StartOperator();
  const std::string id = RunByHand("leaving", Json::object());
  const std::string other = RunByHand("staying", Json::object());
  ASSERT_EQ(ImportThem(StrCat("containers leaving -o ", Folder())).exit_code, 0);
  ASSERT_EQ(stage_.Patchbay(StrCat("apply -f ", Folder())).exit_code, 0);
  ASSERT_TRUE(Stage::Eventually([&] { return stage_.IsReady("plugin/leaving"); }));
  ASSERT_EQ(stage_.Kubectl("delete plugin leaving --wait").exit_code, 0);
  EXPECT_TRUE(FindString(Inspect(id), {"Id"}).empty());
  EXPECT_TRUE(FindBool(Inspect(other), {"State", "Running"}));
  const Ran again = stage_.Patchbay(StrCat("apply -f ", Folder()));
  ASSERT_EQ(again.exit_code, 0) << again.out;
  ASSERT_TRUE(Stage::Eventually([&] {
    return stage_.Kubectl(R"(get plugin leaving -o jsonpath='{.status.conditions[?(@.type=="Stalled")].reason}')")
               .out == "AdoptionNotFound";
  })) << stage_.Kubectl("get plugin leaving -o yaml").out;
  EXPECT_THAT(stage_.Containers(), IsEmpty());
}

}  // namespace
}  // namespace patchbay

// The operator with Kong as its gateway, and with Caddy and Kong at once: real containers, a real Caddy, and an imitation
// of Kong's Admin API that is as strict as its documentation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "harness/gateway/fake_kong.h"
#include "harness/stage/served_app.h"
#include "harness/stage/stage.h"
#include "harness/stage/visitor.h"
#include "object/object.h"

namespace patchbay {
namespace {

using driver::FakeKong;
using driver::FakeKongServer;
using std::chrono::seconds;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string RouteWith(const std::string& name, const std::string& field) {
  return StrCat("apiVersion: patchbay.dev/v1\nkind: Route\nmetadata: {name: ", name, "}\nspec: {paths: [{value: /", name,
                "}], backends: [{plugin: app, port: http}], ", field, "}\n");
}

class OnKong : public testing::Test {
 protected:
  explicit OnKong(bool caddy = false) : stage_({.caddy = caddy, .kong = server_.address()}) {
    const Json service = kong_.Put("/services", {{"name", "theirs"}, {"host", "theirs.example.org"}});
    kong_.Put("/routes", {{"name", "theirs"}, {"paths", {"/theirs"}}, {"service", {{"id", service["id"]}}}});
    kong_.Put("/upstreams", {{"name", "theirs"}, {"tags", {"patchbay-00000000"}}});
    kong_.Put("/upstreams/theirs/targets", {{"target", "10.9.9.9:80"}});
    foreign_ = World();
    stage_.StartOperator();
    EXPECT_EQ(stage_.Kubectl("apply -f -", ServedApp(2)).exit_code, 0);
    EXPECT_TRUE(Stage::Eventually([&] { return stage_.IsReady("plugin/app") && stage_.IsReady("route/app"); }, seconds(90)))
        << stage_.Kubectl("get patchbay -o yaml").out;
  }
  ~OnKong() override { EXPECT_THAT(kong_.starved(), IsEmpty()) << "a route led to nobody"; }

  Json World() const { return kong_.WithoutTag("no tag of anybody"); }
  // What theirs is must be as it was, whatever ours is.
  void ExpectForeignAsItWas() const {
    const Json now = World();
    for (const auto& [kind, entities] : foreign_.items())
      for (const Json& entity : entities) EXPECT_THAT(now.at(kind), Contains(entity));
  }
  std::vector<Json> Ours(const std::string& kind) const {
    std::vector<Json> ours = kong_.All(kind);
    std::erase_if(ours, [&](const Json& entity) { return DumpJson(foreign_).find(FindString(entity, {"id"})) != std::string::npos; });
    return ours;
  }
  std::set<std::string> Targets() const {
    std::set<std::string> targets;
    for (const Json& target : Ours("targets")) targets.insert(FindString(target, {"target"}));
    return targets;
  }
  static std::string AddressOf(const Json& container) {
    for (const auto& [name, network] : container.at("NetworkSettings").at("Networks").items())
      return FindString(network, {"IPAddress"}) + ":8080";
    return "";
  }
  // By address.
  std::map<std::string, std::string> RunningIds() {
    std::map<std::string, std::string> ids;
    for (const Json& container : stage_.Containers("patchbay.dev/plugin=app"))
      if (FindString(container, {"State"}) == "running") ids[AddressOf(container)] = FindString(container, {"Id"});
    return ids;
  }
  std::set<std::string> Addresses() {
    std::set<std::string> addresses;
    for (const auto& [address, id] : RunningIds()) addresses.insert(address);
    return addresses;
  }
  bool AwaitServed(std::size_t replicas) {
    return Stage::Eventually(
        [&] { return stage_.IsReady("plugin/app") && Targets().size() == replicas && Targets() == Addresses(); }, seconds(90));
  }
  void Begin(int version) {
    const Ran patched = stage_.Kubectl(StrCat(R"(patch plugin app --type=merge -p '{"spec":{"env":[{"name":"VERSION","value":")", version,
                                              R"("},{"name":"ON_TERM","value":"close"}]}}')"));
    ASSERT_EQ(patched.exit_code, 0) << patched.out;
  }
  void Roll(int version) {
    Begin(version);
    ASSERT_TRUE(AwaitServed(2)) << stage_.Kubectl("get plugin app -o yaml").out;
  }
  std::string Ask(const std::string& what) { return stage_.Kubectl(StrCat("get ", what)).out; }

  FakeKong kong_;
  FakeKongServer server_{kong_};
  Stage stage_;
  Json foreign_;
};

class OnCaddyAndKong : public OnKong {
 protected:
  OnCaddyAndKong() : OnKong(true) {}
};

TEST_F(OnKong, ARouteIsAServiceARouteAndAnUpstreamWithATargetForEachReadyContainer) {
  EXPECT_THAT(Ours("services"), SizeIs(1));
  EXPECT_THAT(Ours("routes"), SizeIs(1));
  EXPECT_THAT(Ours("upstreams"), SizeIs(1));
  EXPECT_TRUE(AwaitServed(2));
  for (const int replicas : {3, 1}) {
    EXPECT_EQ(stage_.Kubectl(StrCat("scale plugin app --replicas=", replicas)).exit_code, 0);
    EXPECT_TRUE(AwaitServed(static_cast<std::size_t>(replicas))) << Ask("plugin app -o yaml");
  }
  ExpectForeignAsItWas();
  EXPECT_EQ(stage_.Kubectl("delete route/app plugin/app --timeout=60s").exit_code, 0);
  EXPECT_EQ(World(), foreign_) << "nothing of ours is left";
  EXPECT_THAT(RunningIds(), IsEmpty());
}

// The time at which the engine was told to end a container, in nanoseconds.
std::map<std::string, std::int64_t> KillTimes(Stage& stage, WallTime since) {
  const auto second = [](WallTime at) { return std::chrono::duration_cast<seconds>(at.time_since_epoch()).count(); };
  const std::string filters = EncodeUrl(R"({"type":["container"],"event":["kill"]})");
  const auto answer = stage.Docker("GET", StrCat("/events?since=", second(since), "&until=", second(SystemClock().Wall()) + 1, "&filters=", filters));
  std::map<std::string, std::int64_t> times;
  for (const std::string& line : Split(answer.body, '\n'))
    if (const auto event = ParseJson(line); event.ok() && event->is_object())
      times.try_emplace(FindString(*event, {"Actor", "ID"}), FindInt(*event, {"timeNano"}));
  return times;
}

TEST_F(OnKong, AnOldContainerIsStoppedOnlySecondsAfterKongHasLetItGo) {
  const WallTime began = SystemClock().Wall();
  const auto old = RunningIds();
  std::map<std::string, std::string> address_of;  // by target id
  for (const Json& target : Ours("targets")) address_of[FindString(target, {"id"})] = FindString(target, {"target"});
  ASSERT_EQ(address_of.size(), 2U);
  Roll(1);
  EXPECT_EQ(Ask("plugin app -o jsonpath='{.status.rollout.drain}'"), "Timed");
  const auto killed = KillTimes(stage_, began);
  const auto writes = kong_.writes();
  const auto moments = kong_.written_at();
  std::set<std::string> let_go;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const auto target = address_of.find(writes[i].substr(writes[i].rfind('/') + 1));
    if (!writes[i].starts_with("DELETE ") || target == address_of.end()) continue;
    let_go.insert(target->second);
    ASSERT_TRUE(killed.contains(old.at(target->second)));
    const std::chrono::nanoseconds stopped(killed.at(old.at(target->second)));
    EXPECT_GT(stopped - moments[i].time_since_epoch(), seconds(4)) << "what was under way to " << target->second << " had no time";
  }
  EXPECT_THAT(let_go, SizeIs(2));
  ExpectForeignAsItWas();
}

TEST_F(OnKong, AFieldThatKongCannotDoIsRefusedByItsName) {
  EXPECT_EQ(stage_.Kubectl("apply -f -", RouteWith("slow", "retry: {attempts: 1, timeout: 5s}")).exit_code, 0);
  EXPECT_EQ(stage_.Kubectl("apply -f -", RouteWith("few", "rateLimit: {requests: 5, per: minute}")).exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([&] {
    return Ask("route slow -o jsonpath='{.status.conditions[?(@.type==\"Accepted\")].message}'") == "the gateway cannot do: spec.retry.timeout (kong)";
  })) << Ask("route slow -o yaml");
  EXPECT_TRUE(Stage::Eventually([&] { return stage_.IsReady("route/few"); })) << Ask("route few -o yaml");
  EXPECT_THAT(Ours("services"), SizeIs(2));
  EXPECT_THAT(Ours("plugins"), SizeIs(1));
}

TEST_F(OnCaddyAndKong, TheSameRouteIsInBothAndARolloutLosesNoRequest) {
  EXPECT_EQ(stage_.Gateway("/app/").status, 200);
  EXPECT_TRUE(AwaitServed(2));
  Visitor fresh(stage_, "/app/", "", true);
  Visitor slow(stage_, "/app/slow?ms=1000");
  Roll(1);
  fresh.Leave();
  slow.Leave();
  EXPECT_GT(fresh.good(), 50);
  EXPECT_THAT(stage_.Gateway("/app/").body, HasSubstr("\"1\""));
  EXPECT_EQ(Ask("plugin app -o jsonpath='{.status.rollout.drain}'"), "Timed");
  EXPECT_EQ(stage_.Kubectl("apply -f -", RouteWith("few", "rateLimit: {requests: 5, per: minute}")).exit_code, 0);
  EXPECT_TRUE(Stage::Eventually([&] {
    return Ask("route few -o jsonpath='{.status.conditions[?(@.type==\"Accepted\")].message}'") == "the gateway cannot do: spec.rateLimit (caddy)";
  })) << Ask("route few -o yaml");
  ExpectForeignAsItWas();
  EXPECT_EQ(stage_.Kubectl("delete route/app route/few --timeout=60s").exit_code, 0);
  EXPECT_EQ(stage_.Gateway("/app/").status, 404);
  EXPECT_EQ(World(), foreign_);
}

TEST_F(OnCaddyAndKong, NothingIsStoppedWhileOneIsAwayAndItIsSaidWhichAndAllGoesOnWhenItIsBack) {
  const auto old = RunningIds();
  server_.Stop();
  Begin(1);
  EXPECT_TRUE(Stage::Eventually([&] { return stage_.Api("GET", "/readyz?verbose").body.find("kong: ") != std::string::npos; }));
  EXPECT_TRUE(Stage::Eventually([&] {
    return Ask("route app -o jsonpath='{.status.conditions[?(@.type==\"Ready\")].message}'").starts_with("kong: ");
  })) << Ask("route app -o yaml");
  EXPECT_THAT(stage_.Api("GET", "/metrics").body,
              AllOf(HasSubstr("patchbay_gateway_up{gateway=\"caddy\"} 1"), HasSubstr("patchbay_gateway_up{gateway=\"kong\"} 0")));
  // Longer than a container is given where nobody counts its requests.
  EXPECT_FALSE(Stage::Eventually(
      [&] {
        const auto running = RunningIds();
        return std::any_of(old.begin(), old.end(), [&](const auto& entry) { return !running.contains(entry.first); });
      },
      seconds(12)));
  EXPECT_EQ(stage_.Gateway("/app/").status, 200);
  server_.Start();
  EXPECT_TRUE(AwaitServed(2)) << Ask("patchbay -o yaml");
  EXPECT_TRUE(Stage::Eventually([&] { return stage_.IsReady("route/app"); }));
  for (const auto& [address, id] : RunningIds())
    EXPECT_TRUE(!old.contains(address) || old.at(address) != id) << "all were replaced";
  EXPECT_EQ(stage_.Api("GET", "/readyz").status, 200);
}

TEST_F(OnCaddyAndKong, GatewaysThatCannotBeGivenTogetherAreRefusedAtTheStart) {
  const auto start = [&](const std::string& variables, const std::string& flags) {
    return stage_.Shell(StrCat(variables, " timeout 20 ", PATCHBAY_BINARY_DIR, "/operator/patchbay operator --listen 127.0.0.1:0 ", flags));
  };
  const Ran none = start("", "--gateway none --gateway kong=http://127.0.0.1:1");
  EXPECT_NE(none.exit_code, 0);
  EXPECT_THAT(none.out, HasSubstr("none stands alone"));
  const Ran two = start("PATCHBAY_GATEWAY='kong=http://127.0.0.1:1, kong=http://127.0.0.1:2'", "");
  EXPECT_NE(two.exit_code, 0);
  EXPECT_THAT(two.out, HasSubstr("--gateway kong=http://127.0.0.1:2: there is kong=http://127.0.0.1:1 already"));
  const Ran other = start("", "--gateway nginx=http://127.0.0.1:1");
  EXPECT_NE(other.exit_code, 0);
  EXPECT_THAT(other.out, HasSubstr("write caddy=URL, kong=URL or none"));
}

}  // namespace
}  // namespace patchbay

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "base/clock.h"
#include "contract/caddy_contract_world.h"
#include "contract/gateway_contract.h"
#include "driver/gateway/gateway_group.h"
#include "harness/gateway/caddy_world.h"
#include "harness/gateway/echo_upstream.h"
#include "harness/gateway/fake_caddy.h"
#include "harness/gateway/fake_gateway.h"
#include "harness/gateway/flaky_gateway.h"
#include "harness/gateway/kong_world.h"
#include "object/json.h"

namespace patchbay::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using Type = PathMatch::Type;

class FakeWorld : public GatewayWorld {
 public:
  Gateway& gateway() override { return gateway_; }
  GatewayRoute Spoil(GatewayRoute route, const std::string& words) override {
    gateway_.Refuse(route.id, words);
    return route;
  }
  void RestartEmpty() override { gateway_.Restart(); }
  void GoAway() override { gateway_.SetUnavailable(true); }
  void ComeBack() override { gateway_.SetUnavailable(false); }
  void AddForeign() override { gateway_.SetForeign("theirs", "{}"); }
  std::string ForeignAsItIs() override { return gateway_.Foreign().at("theirs"); }
  std::vector<std::string> AddEntries(int number) override {
    gateway_.AddEntry(StrCat("entry-", number));
    return {StrCat("fake:entry-", number)};
  }
  bool HasEntry(const std::string& entry) override { return gateway_.Entries().contains(entry.substr(5)); }
  void RemoveEntry(const std::string& entry) override { gateway_.RemoveEntry(entry.substr(5)); }

 private:
  FakeGateway gateway_;
};

// A route with a service of its own; named as KongGateway names it.
std::string AddKongEntry(FakeKong& kong, int number) {
  const Json service = kong.Put("/services", {{"name", StrCat("old-", number)}, {"host", "old.example.org"}});
  const Json route = kong.Put("/routes", {{"name", StrCat("old-", number)}, {"hosts", {StrCat("h", number, ".example.org")}}, {"service", {{"id", service["id"]}}}});
  return StrCat("kong:", FindString(route, {"id"}), "@", FindInt(route, {"updated_at"}));
}

bool HasKongEntry(const FakeKong& kong, const std::string& entry) {
  for (const Json& route : kong.All("routes"))
    if (StrCat("kong:", FindString(route, {"id"}), "@", FindInt(route, {"updated_at"})) == entry) return true;
  return false;
}

void RemoveKongEntry(FakeKong& kong, const std::string& entry) {
  kong.Delete(StrCat("/routes/", entry.substr(5, entry.find('@') - 5)));
}

class FakeKongWorld : public GatewayWorld {
 public:
  explicit FakeKongWorld(FakeKong::Options options) : options_(options), kong_(options) {}

  Gateway& gateway() override { return kong_.gateway(); }
  GatewayRoute Spoil(GatewayRoute route, const std::string& words) override {
    route.hosts = {words};
    return route;
  }
  void RestartEmpty() override {
    kong_.kong().LoseEverything();
    kong_.kong().Restart();
  }
  void GoAway() override { kong_.server().Stop(); }
  void ComeBack() override { kong_.server().Start(); }
  void AddForeign() override {
    const Json service = kong_.kong().Put("/services", {{"name", "theirs"}, {"host", "theirs.example.org"}, {"tags", {"patchbay"}}});
    kong_.kong().Put("/routes", {{"name", "theirs"}, {"hosts", {"h1.example.org"}}, {"service", {{"id", service["id"]}}}});
    kong_.kong().Put("/plugins", {{"name", "cors"}, {"service", {{"id", service["id"]}}}});
    kong_.kong().Put("/upstreams", {{"name", "theirs"}});
    kong_.kong().Put("/upstreams/theirs/targets", {{"target", "127.0.0.1:20001"}});
  }
  std::string ForeignAsItIs() override { return DumpJson(kong_.kong().WithoutTag(kong_.gateway().mark())); }
  bool Shares() const override { return options_.database; }
  std::vector<std::string> AddEntries(int number) override { return {AddKongEntry(kong_.kong(), number)}; }
  bool HasEntry(const std::string& entry) override { return HasKongEntry(kong_.kong(), entry); }
  void RemoveEntry(const std::string& entry) override { RemoveKongEntry(kong_.kong(), entry); }

 private:
  const FakeKong::Options options_;
  KongWorld kong_;
};

// Two gateways as one; the second refuses what the first takes.
class FakeGroupWorld : public GatewayWorld {
 public:
  Gateway& gateway() override { return group_; }
  GatewayRoute Spoil(GatewayRoute route, const std::string& words) override {
    b_->Refuse(route.id, words);
    return route;
  }
  void RestartEmpty() override {
    a_->Restart();
    b_->Restart();
  }
  void GoAway() override { b_->SetUnavailable(true); }
  void ComeBack() override { b_->SetUnavailable(false); }
  void AddForeign() override {
    a_->SetForeign("theirs", "{}");
    b_->SetForeign("theirs", "{}");
  }
  std::string ForeignAsItIs() override { return StrCat(a_->Foreign().at("theirs"), b_->Foreign().at("theirs")); }
  std::vector<std::string> AddEntries(int number) override {
    for (FakeGateway* fake : {a_, b_}) fake->AddEntry(StrCat("entry-", number));
    return {StrCat("a:entry-", number), StrCat("b:entry-", number)};
  }
  bool HasEntry(const std::string& entry) override { return Of(entry).Entries().contains(entry.substr(2)); }
  void RemoveEntry(const std::string& entry) override { Of(entry).RemoveEntry(entry.substr(2)); }

 private:
  std::vector<std::unique_ptr<Gateway>> Members() {
    std::vector<std::unique_ptr<Gateway>> members;
    for (FakeGateway** fake : {&a_, &b_}) {
      auto made = std::make_unique<FakeGateway>(fake == &a_ ? "a" : "b");
      *fake = made.get();
      members.push_back(std::move(made));
    }
    return members;
  }
  FakeGateway& Of(const std::string& entry) { return entry.starts_with("a:") ? *a_ : *b_; }
  FakeGateway* a_ = nullptr;
  FakeGateway* b_ = nullptr;
  GatewayGroup group_{Members()};
};

// Caddy and Kong, both imitated, without sockets; Kong refuses what Caddy takes.
class CaddyAndKongWorld : public GatewayWorld {
 public:
  Gateway& gateway() override { return group_; }
  GatewayRoute Spoil(GatewayRoute route, const std::string& words) override {
    route.hosts = {words};
    return route;
  }
  void RestartEmpty() override {
    caddy_->Restart();
    kong_.LoseEverything();
    kong_.Restart();
  }
  void GoAway() override { to_kong_->CutAfterWrites(0); }
  void ComeBack() override { to_kong_->CutAfterWrites(-1); }
  void AddForeign() override {
    caddy_->SetConfig({{"apps", {{"http", {{"servers", {{"theirs", {{"listen", {":81"}}}}}}}}}}});
    kong_.Put("/services", {{"name", "theirs"}, {"host", "theirs.example.org"}});
  }
  std::string ForeignAsItIs() override {
    auto config = caddy_->config();
    if (Json* servers = Find(config, {"apps", "http", "servers"})) servers->erase("patchbay");
    return DumpJson(config) + DumpJson(kong_.WithoutTag(mark_));
  }
  std::vector<std::string> AddEntries(int number) override {
    Json config = caddy_->config();
    config["apps"]["http"]["servers"]["patchbay"]["routes"].push_back(CaddySite(number));
    caddy_->SetConfig(config);
    return {NameLastSite(Routes(), "patchbay"), AddKongEntry(kong_, number)};
  }
  bool HasEntry(const std::string& entry) override {
    return entry.starts_with("kong:") ? HasKongEntry(kong_, entry) : !PlaceOfEntry(Routes(), "patchbay", entry).empty();
  }
  void RemoveEntry(const std::string& entry) override {
    if (entry.starts_with("kong:")) return RemoveKongEntry(kong_, entry);
    Json config = caddy_->config();
    Json& routes = config["apps"]["http"]["servers"]["patchbay"]["routes"];
    EXPECT_TRUE(RemoveCaddyEntries("patchbay", {entry.substr(6)}, routes));
    caddy_->SetConfig(config);
  }

 private:
  std::vector<std::unique_ptr<Gateway>> Members() {
    std::vector<std::unique_ptr<Gateway>> members;
    CaddyOptions caddy;
    caddy.installation = "test1234";
    members.push_back(*CaddyGateway::New(caddy_, caddy));
    KongOptions options;
    options.admin = "http://kong";
    options.installation = "test1234";
    auto kong = *KongGateway::New(to_kong_, options);
    mark_ = kong->mark();
    members.push_back(std::move(kong));
    return members;
  }
  Json Routes() const { return *Find(caddy_->config(), {"apps", "http", "servers", "patchbay", "routes"}); }
  const std::shared_ptr<FakeCaddy> caddy_ = std::make_shared<FakeCaddy>();
  FakeKong kong_;
  const std::shared_ptr<FakeKongClient> to_kong_ = std::make_shared<FakeKongClient>(kong_);
  std::string mark_;
  GatewayGroup group_{Members()};
};

INSTANTIATE_TEST_SUITE_P(TwoFakes, GatewayContract, testing::Values([] { return std::make_unique<FakeGroupWorld>(); }));
INSTANTIATE_TEST_SUITE_P(CaddyAndKong, GatewayContract, testing::Values([] { return std::make_unique<CaddyAndKongWorld>(); }));
INSTANTIATE_TEST_SUITE_P(Kong28, GatewayContract, testing::Values([] { return std::make_unique<FakeKongWorld>(FakeKong::Options{2, 8, true, ""}); }));
INSTANTIATE_TEST_SUITE_P(Kong3, GatewayContract, testing::Values([] { return std::make_unique<FakeKongWorld>(FakeKong::Options{3, 4, true, ""}); }));
INSTANTIATE_TEST_SUITE_P(Kong28WithoutDatabase, GatewayContract, testing::Values([] { return std::make_unique<FakeKongWorld>(FakeKong::Options{2, 8, false, ""}); }));
INSTANTIATE_TEST_SUITE_P(Kong3WithoutDatabase, GatewayContract, testing::Values([] { return std::make_unique<FakeKongWorld>(FakeKong::Options{3, 4, false, ""}); }));
INSTANTIATE_TEST_SUITE_P(Fake, GatewayContract, testing::Values([] { return std::make_unique<FakeWorld>(); }));
INSTANTIATE_TEST_SUITE_P(Caddy, GatewayContract, testing::Values([] { return std::make_unique<CaddyContractWorld>(); }));
INSTANTIATE_TEST_SUITE_P(CaddyShared, GatewayContract, testing::Values([] { return std::make_unique<CaddyContractWorld>(false, true); }));
INSTANTIATE_TEST_SUITE_P(TwoFakes, TakeOver, testing::Values([] { return std::make_unique<FakeGroupWorld>(); }));
INSTANTIATE_TEST_SUITE_P(CaddyAndKong, TakeOver, testing::Values([] { return std::make_unique<CaddyAndKongWorld>(); }));
INSTANTIATE_TEST_SUITE_P(Kong28, TakeOver, testing::Values([] { return std::make_unique<FakeKongWorld>(FakeKong::Options{2, 8, true, ""}); }));
INSTANTIATE_TEST_SUITE_P(Kong3, TakeOver, testing::Values([] { return std::make_unique<FakeKongWorld>(FakeKong::Options{3, 4, true, ""}); }));
INSTANTIATE_TEST_SUITE_P(Fake, TakeOver, testing::Values([] { return std::make_unique<FakeWorld>(); }));
INSTANTIATE_TEST_SUITE_P(Caddy, TakeOver, testing::Values([] { return std::make_unique<CaddyContractWorld>(); }));
INSTANTIATE_TEST_SUITE_P(CaddyShared, TakeOver, testing::Values([] { return std::make_unique<CaddyContractWorld>(false, true); }));

// What only traffic through the real one shows.
class CaddyTraffic : public testing::Test {
 protected:
  static GatewayRoute RouteTo(const std::string& id, std::vector<PathMatch> paths, const EchoUpstream& upstream) {
    GatewayRoute route;
    route.id = id;
    route.name = StrCat("default/", id);
    route.paths = std::move(paths);
    route.upstreams = {{upstream.address()}};
    return route;
  }
  void Publish(const std::vector<GatewayRoute>& routes) {
    const auto published = caddy_.gateway().Publish(routes);
    ASSERT_TRUE(published.ok()) << published.error().message;
    ASSERT_THAT(published->refused, IsEmpty());
  }
  // Who answered: the upstream's name, or the status.
  std::string Who(const std::string& path, const std::string& host = "", const std::string& method = "GET") {
    const auto answer = caddy_.Get(path, host, {}, method);
    return answer.status == 200 ? std::string(answer.headers.Get("X-Upstream")) : StrCat(answer.status);
  }

  CaddyWorld caddy_;
  EchoUpstream a_{"a"};
  EchoUpstream b_{"b"};
};

TEST_F(CaddyTraffic, MatchesAPrefixByWholeSegmentsAndCase) {
  Publish({RouteTo("api", {{Type::kPrefix, "/api/"}}, a_)});
  for (const char* path : {"/api", "/api/", "/api/x", "/api?q=1", "//api//x", "/%61pi"})
    EXPECT_EQ(Who(path), "a") << path;
  for (const char* path : {"/", "/apix", "/API", "/x/api"}) EXPECT_EQ(Who(path), "404") << path;
}

TEST_F(CaddyTraffic, MatchesExactPathsAndRegexes) {
  Publish({RouteTo("exact", {{Type::kExact, "/x.y"}}, a_), RouteTo("regex", {{Type::kRegex, "/v[0-9]+/.*"}}, b_)});
  EXPECT_EQ(Who("/x.y"), "a");
  EXPECT_EQ(Who("/v12/z"), "b");
  for (const char* path : {"/x.y/", "/xzy", "/vv/", "/z/v1/"}) EXPECT_EQ(Who(path), "404") << path;
}

TEST_F(CaddyTraffic, PrefersTheMoreExactRoute) {
  auto urgent = RouteTo("urgent", {{Type::kPrefix, "/urgent"}}, b_);
  urgent.priority = 10;
  Publish({RouteTo("root", {{Type::kPrefix, "/"}}, a_), RouteTo("long", {{Type::kPrefix, "/api/v2"}}, b_),
           RouteTo("short", {{Type::kPrefix, "/api"}}, a_), RouteTo("exact", {{Type::kExact, "/api/v2/x"}}, a_), urgent,
           RouteTo("exact-urgent", {{Type::kExact, "/urgent/x"}}, a_)});
  EXPECT_EQ(Who("/other"), "a");
  EXPECT_EQ(Who("/api/v1"), "a");
  EXPECT_EQ(Who("/api/v2/y"), "b");
  EXPECT_EQ(Who("/api/v2/x"), "a");
  EXPECT_EQ(Who("/urgent/x"), "b");
}

TEST_F(CaddyTraffic, MatchesHostsAndMethods) {
  auto exact = RouteTo("exact", {}, a_);
  exact.hosts = {"A.example.org"};
  auto wild = RouteTo("wild", {}, b_);
  wild.hosts = {"*.example.org"};
  auto posts = RouteTo("posts", {{Type::kPrefix, "/p"}}, a_);
  posts.methods = {"POST", "PUT"};
  Publish({exact, wild, posts});
  EXPECT_EQ(Who("/", "a.example.org"), "a");
  EXPECT_EQ(Who("/", "x.example.org:8080"), "b");
  EXPECT_EQ(Who("/", "y.X.example.org"), "b");
  EXPECT_EQ(Who("/", "example.org"), "404");
  EXPECT_EQ(Who("/", "xexample.org"), "404");
  EXPECT_EQ(Who("/p", "", "POST"), "a");
  EXPECT_EQ(Who("/p"), "404");
}

TEST_F(CaddyTraffic, StripsTheMatchedPrefix) {
  auto route = RouteTo("strip", {{Type::kPrefix, "/api"}, {Type::kPrefix, "/other/{x}"}}, a_);
  route.strip_path = true;
  Publish({route});
  EXPECT_THAT(caddy_.Get("/api/x?y=1").body, StartsWith("a\nGET /x?y=1 "));
  EXPECT_THAT(caddy_.Get("/api").body, StartsWith("a\nGET / "));
  EXPECT_THAT(caddy_.Get("/other/%7Bx%7D/z").body, StartsWith("a\nGET /z "));
}

TEST_F(CaddyTraffic, EditsHeadersBothWays) {
  auto route = RouteTo("headers", {}, a_);
  route.request_headers.set = {{"X-Set", "one {env.HOME}"}, {"Host", "inner.example.org"}};
  route.request_headers.add = {{"X-Add", "two"}};
  route.request_headers.remove = {"X-Remove"};
  route.response_headers.set = {{"X-Upstream", "hidden"}};
  route.response_headers.remove = {"Server"};
  Publish({route});
  http::Headers headers;
  headers.Set("X-Remove", "1");
  headers.Set("X-Add", "1");
  headers.Set("X-Set", "1");
  const auto answer = caddy_.Get("/", "", headers);
  EXPECT_THAT(answer.body, HasSubstr("Host: inner.example.org\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("X-Set: one {env.HOME}\r\n"));
  EXPECT_THAT(answer.body, HasSubstr("X-Add: 1\r\nX-Add: two\r\n"));
  EXPECT_THAT(answer.body, Not(HasSubstr("X-Remove")));
  EXPECT_EQ(answer.headers.Get("X-Upstream"), "hidden");
  EXPECT_FALSE(answer.headers.Has("Server"));
}

TEST_F(CaddyTraffic, SharesRequestsByWeight) {
  auto route = RouteTo("weights", {}, a_);
  route.upstreams = {{a_.address(), false, 30}, {b_.address(), false, 10}, {"127.0.0.1:1", false, 0}};
  Publish({route});
  for (int i = 0; i < 40; ++i) EXPECT_NE(Who("/"), "502");
  EXPECT_EQ(a_.requests(), 30);
  EXPECT_EQ(b_.requests(), 10);
}

TEST_F(CaddyTraffic, SaysUnavailableWithRetryAfterWithoutUpstreams) {
  auto route = RouteTo("none", {}, a_);
  route.upstreams.clear();
  Publish({route});
  const auto answer = caddy_.Get("/");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.Get("Retry-After"), "1");
}

TEST_F(CaddyTraffic, GivesUpOnASlowUpstream) {
  auto route = RouteTo("slow", {}, a_);
  route.timeout = std::chrono::milliseconds(200);
  a_.SetDelay(std::chrono::milliseconds(3000));
  Publish({route});
  const auto begin = SystemClock().Mono();
  EXPECT_EQ(caddy_.Get("/").status, 504);
  EXPECT_LT(SystemClock().Mono() - begin, std::chrono::milliseconds(2000));
  a_.SetDelay(std::chrono::milliseconds(0));
  EXPECT_EQ(Who("/"), "a");
}

TEST_F(CaddyTraffic, TriesAnotherUpstreamWhenOneIsGone) {
  const std::string gone = StrCat("127.0.0.1:", dev::FreePort());
  auto route = RouteTo("retry", {}, a_);
  route.upstreams = {{gone}, {a_.address()}};
  Publish({route});
  const std::set<std::string> without = {Who("/"), Who("/")};
  EXPECT_TRUE(without.contains("502"));
  route.retries = 1;
  Publish({route});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Who("/"), "a");
}

TEST_F(CaddyTraffic, WaitsForAnUpstreamThatComesBack) {
  const int port = dev::FreePort();
  auto route = RouteTo("retry", {}, a_);
  route.upstreams = {{StrCat("127.0.0.1:", port)}};
  route.retry_for = std::chrono::seconds(10);
  Publish({route});
  std::string who;
  std::jthread request([&] { who = Who("/"); });
  SystemClock().SleepFor(std::chrono::milliseconds(300), {});
  EchoUpstream late("late", port);
  request.join();
  EXPECT_EQ(who, "late");
}

TEST_F(CaddyTraffic, CountsRequestsUnderWay) {
  Publish({RouteTo("held", {}, a_)});
  a_.Hold(true);
  std::jthread request([&] { Who("/"); });
  const auto deadline = SystemClock().Mono() + std::chrono::seconds(10);
  const auto count = [&] { return (*caddy_.gateway().InFlight())[a_.address()]; };
  while (count() != 1 && SystemClock().Mono() < deadline) SystemClock().SleepFor(std::chrono::milliseconds(10), {});
  EXPECT_EQ(count(), 1);
  a_.Hold(false);
  request.join();
  EXPECT_EQ(count(), 0);
}

TEST_F(CaddyTraffic, TellsWhatEachUpstreamAnswers) {
  GatewayRoute one = RouteTo("one", {{Type::kPrefix, "/one"}}, a_);
  one.measured = true;
  GatewayRoute gone = RouteTo("gone", {{Type::kPrefix, "/gone"}}, b_);
  gone.upstreams = {{"127.0.0.1:1"}};
  Publish({one, gone});
  for (int i = 0; i < 5; ++i) Who("/one");
  EXPECT_EQ(caddy_.Get("/gone").status, 502);
  const auto deadline = SystemClock().Mono() + std::chrono::seconds(10);
  const auto counted = [&] { return *caddy_.gateway().Answers(); };
  while ((counted()[a_.address()].requests() < 5 || counted()["127.0.0.1:1"].requests() < 1) && SystemClock().Mono() < deadline)
    SystemClock().SleepFor(std::chrono::milliseconds(10), {});
  EXPECT_EQ(counted()[a_.address()].requests(), 5);
  EXPECT_EQ(counted()[a_.address()].failed(), 0);
  EXPECT_EQ(counted()["127.0.0.1:1"].failed(), 1);
}

TEST_F(CaddyTraffic, FinishesRequestsUnderWayWhenRoutesChange) {
  Publish({RouteTo("one", {}, a_)});
  a_.Hold(true);
  std::string who;
  std::jthread request([&] { who = Who("/"); });
  while (a_.requests() == 0) SystemClock().SleepFor(std::chrono::milliseconds(5), {});
  const auto begin = SystemClock().Mono();
  Publish({RouteTo("one", {}, b_)});
  EXPECT_LT(SystemClock().Mono() - begin, std::chrono::seconds(5));
  EXPECT_EQ(Who("/"), "b");
  a_.Hold(false);
  request.join();
  EXPECT_EQ(who, "a");
}

TEST_F(CaddyTraffic, KeepsServingWhileABadRouteIsSearched) {
  Publish({RouteTo("good", {{Type::kPrefix, "/good"}}, a_)});
  std::atomic<int> failures = 0;
  std::jthread load([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) failures += Who("/good") == "a" ? 0 : 1;
  });
  for (int i = 0; i < 5; ++i) {
    const auto bad = RouteTo("bad", {{Type::kRegex, StrCat("a((", i)}}, b_);
    const auto published = caddy_.gateway().Publish({RouteTo("good", {{Type::kPrefix, "/good"}}, a_), bad});
    ASSERT_TRUE(published.ok()) << published.error().message;
    EXPECT_TRUE(published->refused.contains("bad"));
  }
  load.request_stop();
  load.join();
  EXPECT_EQ(failures, 0);
}

TEST_F(CaddyTraffic, LosesNoConcurrentForeignWrite) {
  constexpr int kWrites = 15;
  Publish({RouteTo("first", {}, a_)});
  std::jthread others([&] {
    for (int i = 0; i < kWrites; ++i)
      EXPECT_TRUE(caddy_.admin()
                      .Change("POST", "/config/apps/http/servers/patchbay/routes",
                              StrCat(R"({"group":"foreign-)", i, R"(","handle":[]})"), "")
                      .ok());
  });
  for (int i = 0; i < kWrites; ++i) {
    std::vector<GatewayRoute> routes;
    for (int k = 0; k <= i % 4; ++k) routes.push_back(RouteTo(StrCat("r", k), {{Type::kPrefix, StrCat("/", i)}}, a_));
    Publish(routes);
  }
  others.join();
  Publish({RouteTo("last", {}, a_)});
  const std::string config = caddy_.Config();
  for (int i = 0; i < kWrites; ++i) EXPECT_THAT(config, HasSubstr(StrCat("\"foreign-", i, "\"")));
  EXPECT_THAT(caddy_.gateway().Read()->routes, testing::SizeIs(1));
}

TEST_F(CaddyTraffic, PrintsRoutesByteForByteAsCaddyDoes) {
  auto route = RouteTo("odd", {{Type::kRegex, "/<&>\\d\"é"}, {Type::kExact, "/*{}"}}, a_);
  route.hosts = {"a.example.org", "*.example.org"};
  route.methods = {"GET"};
  route.strip_path = true;
  route.timeout = std::chrono::milliseconds(1500);
  route.retries = 2;
  route.retry_for = std::chrono::seconds(5);
  route.request_headers = {{{"a", "<1>"}, {"B", "\\{2}"}}, {{"c", "3"}}, {"d"}};
  route.response_headers = route.request_headers;
  auto tls = RouteTo("tls", {}, a_);
  tls.upstreams.front().tls = true;
  auto none = RouteTo("none", {{Type::kPrefix, "/none"}}, a_);
  none.upstreams.clear();
  Publish({route, tls, none});
  const std::string config = caddy_.Config("/config/apps/http/servers/patchbay");
  for (const auto* each : {&route, &tls, &none}) {
    const auto pieces = MapToCaddy(*each, caddy_.gateway().mark());
    for (const auto& piece : *pieces) EXPECT_THAT(config, HasSubstr(piece.text));
  }
}

TEST_F(CaddyTraffic, AdoptsTheCaddyThatACrashLeftRunning) {
  Publish({RouteTo("kept", {}, a_)});
  const auto pid = caddy_.caddy().pid();
  caddy_.caddy().Forget();
  EXPECT_EQ(Who("/"), "a");
  caddy_.Start();
  EXPECT_TRUE(caddy_.caddy().adopted());
  EXPECT_EQ(caddy_.caddy().pid(), pid);
  EXPECT_EQ(Who("/"), "a");
  caddy_.Stop();
  caddy_.Start();
  EXPECT_FALSE(caddy_.caddy().adopted());
  EXPECT_NE(caddy_.caddy().pid(), pid);
}

// A signal takes its time to reach every thread. States as in proc(5).
void AwaitState(pid_t pid, char state) {
  const auto now = [&] {
    std::ifstream file(StrCat("/proc/", pid, "/stat"));
    const std::string stat((std::istreambuf_iterator<char>(file)), {});
    return stat.substr(std::min(stat.size(), stat.rfind(')') + 2), 1);
  };
  const auto deadline = SystemClock().Mono() + std::chrono::seconds(20);
  while (now() != std::string(1, state) && SystemClock().Mono() < deadline)
    SystemClock().SleepFor(std::chrono::milliseconds(5), {});
}

TEST_F(CaddyTraffic, StartsAnewWhenItsCaddyWasKilledOrHangs) {
  for (const int signal : {SIGKILL, SIGSTOP}) {
    Publish({RouteTo("kept", {}, a_)});
    const auto pid = caddy_.caddy().pid();
    caddy_.caddy().Forget();
    ASSERT_EQ(kill(pid, signal), 0);
    AwaitState(pid, signal == SIGKILL ? 'Z' : 'T');
    caddy_.Start();
    EXPECT_FALSE(caddy_.caddy().adopted());
    EXPECT_NE(caddy_.caddy().pid(), pid);
    EXPECT_THAT(caddy_.gateway().Read()->routes, IsEmpty());
  }
  Publish({RouteTo("kept", {}, a_)});
  EXPECT_EQ(Who("/"), "a");
}

TEST(FlakyGateway, FailsTheNthCallBeforeOrAfterItTookEffect) {
  FakeGateway fake;
  FlakyGateway flaky(fake);
  GatewayRoute route;
  route.id = "a";
  flaky.FailCall("Publish", 2, FailWhen::kBeforeEffect, {Code::kUnavailable, "away"});
  flaky.FailCall("Publish", 3, FailWhen::kAfterEffect, {Code::kInDoubt, "cut"});
  EXPECT_TRUE(flaky.Publish({}).ok());
  EXPECT_EQ(flaky.Publish({route}).error().code, Code::kUnavailable);
  EXPECT_THAT(fake.Served(), IsEmpty());
  EXPECT_EQ(flaky.Publish({route}).error().code, Code::kInDoubt);
  EXPECT_THAT(fake.Served(), ElementsAre(route));
  EXPECT_FALSE(flaky.Publish({route})->changed);
}

TEST(CaddyChild, SaysWhichPackageIsMissing) {
  const auto client = http::NewCurlClient();
  dev::CaddyChildOptions options;
  options.folder = testing::TempDir() + "patchbay-no-caddy";
  options.program = "no-such-caddy";
  const auto caddy = dev::CaddyChild::Start(*client, options);
  ASSERT_FALSE(caddy.ok());
  EXPECT_EQ(caddy.error().code, Code::kNotFound);
  EXPECT_THAT(caddy.error().message, HasSubstr("apt-get install caddy"));
}

}  // namespace
}  // namespace patchbay::driver

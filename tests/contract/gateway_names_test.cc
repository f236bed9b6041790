// CaddyGateway with a DnsAnswerer, on a real Caddy: what a change of containers does to those who are being served.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "contract/caddy_contract_world.h"
#include "harness/gateway/caddy_world.h"
#include "harness/gateway/echo_upstream.h"

namespace patchbay::driver {
namespace {

using testing::HasSubstr;
using testing::Not;
using Type = PathMatch::Type;

// Every route of the contract is a moving one here.
class MovingGateway : public Gateway {
 public:
  explicit MovingGateway(Gateway& gateway) : gateway_(gateway) {}
  std::string name() const override { return gateway_.name(); }
  std::vector<FieldNotDone> Unsupported() const override { return gateway_.Unsupported(); }
  std::string Digest(const GatewayRoute& route) const override { return gateway_.Digest(Move(route)); }
  Result<Published> Publish(const std::vector<GatewayRoute>& routes) override {
    return gateway_.Publish(MoveAll(routes));
  }
  Result<GatewayState> Read() override { return gateway_.Read(); }
  Result<std::map<std::string, RouteDifferences>> Compare(const std::vector<GatewayRoute>& routes) override {
    return gateway_.Compare(MoveAll(routes));
  }
  Result<std::map<std::string, int>> InFlight() override { return gateway_.InFlight(); }
  Result<std::map<std::string, AnswerCount>> Answers() override { return gateway_.Answers(); }

 private:
  static GatewayRoute Move(GatewayRoute route) {
    route.moving = true;
    return route;
  }
  static std::vector<GatewayRoute> MoveAll(const std::vector<GatewayRoute>& routes) {
    std::vector<GatewayRoute> moving;
    for (const GatewayRoute& route : routes) moving.push_back(Move(route));
    return moving;
  }
  Gateway& gateway_;
};

class MovingWorld : public CaddyContractWorld {
 public:
  MovingWorld() : CaddyContractWorld(true) {}
  Gateway& gateway() override { return moving_; }

 private:
  MovingGateway moving_{CaddyContractWorld::gateway()};
};

INSTANTIATE_TEST_SUITE_P(CaddyByName, GatewayContract, testing::Values([] { return std::make_unique<CaddyContractWorld>(true); }));
INSTANTIATE_TEST_SUITE_P(CaddyMoving, GatewayContract, testing::Values([] { return std::make_unique<MovingWorld>(); }));
INSTANTIATE_TEST_SUITE_P(CaddyMoving, TakeOver, testing::Values([] { return std::make_unique<MovingWorld>(); }));

// A connection to the gateway that is open for as long as it likes.
class Socket {
 public:
  Socket(int port, const std::string& path) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{10, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    Send(StrCat("GET ", path, " HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"));
    EXPECT_THAT(Receive(), HasSubstr("101 Switching Protocols"));
  }
  ~Socket() { close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void Send(const std::string& text) { static_cast<void>(!send(fd_, text.data(), text.size(), MSG_NOSIGNAL)); }
  std::string Receive() {
    char buffer[4096];
    const auto count = recv(fd_, buffer, sizeof buffer, 0);
    return count <= 0 ? "closed" : std::string(buffer, static_cast<std::size_t>(count));
  }
  bool Lives() {
    Send("hello");
    return Receive() == "hello";
  }

 private:
  int fd_;
};

class CaddyNamesTest : public testing::Test {
 protected:
  GatewayRoute RouteTo(const std::string& id, const std::vector<const EchoUpstream*>& upstreams) {
    GatewayRoute route;
    route.id = id;
    route.name = StrCat("default/", id);
    route.paths = {{Type::kPrefix, StrCat("/", id)}};
    route.moving = true;
    for (const EchoUpstream* upstream : upstreams) route.upstreams.push_back({upstream->address()});
    return route;
  }
  Published Publish(const std::vector<GatewayRoute>& routes) {
    auto published = caddy_.gateway().Publish(routes);
    EXPECT_TRUE(published.ok()) << published.error().message;
    return published.ok() ? *published : Published{};
  }
  std::string Who(const std::string& path) {
    const auto answer = caddy_.Get(path);
    return answer.status == 200 ? std::string(answer.headers.Get("X-Upstream")) : StrCat(answer.status);
  }
  std::string Config() { return caddy_.Config("/config/apps/http/servers/patchbay"); }
  int InFlight(const EchoUpstream& upstream) {
    auto counts = caddy_.gateway().InFlight();
    EXPECT_TRUE(counts.ok()) << counts.error().message;
    return counts.ok() ? (*counts)[upstream.address()] : -1;
  }
  void AwaitInFlight(const EchoUpstream& upstream, int count) {
    const auto deadline = SystemClock().Mono() + std::chrono::seconds(20);
    while (InFlight(upstream) != count) ASSERT_LT(SystemClock().Mono(), deadline) << InFlight(upstream);
  }

  CaddyWorld caddy_{true};
  EchoUpstream a_{"a"};
  EchoUpstream b_{"b", a_.port(), "127.0.0.2"};
  EchoUpstream c_{"c", a_.port(), "127.0.0.3"};
};

TEST_F(CaddyNamesTest, LeadsToAnotherContainerWithoutTouchingTheConfiguration) {
  Publish({RouteTo("x", {&a_})});
  EXPECT_EQ(Who("/x"), "a");
  const std::string before = Config();
  Socket held(caddy_.port(), "/x");  // a reload would close it, and bring the fallback up to date
  EXPECT_TRUE(Publish({RouteTo("x", {&b_})}).changed);
  EXPECT_EQ(Config(), before);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Who("/x"), "b");
  EXPECT_EQ(caddy_.gateway().Read()->routes.at("x"), caddy_.gateway().Digest(RouteTo("x", {&b_})));
}

TEST_F(CaddyNamesTest, KeepsEveryOpenWebSocketThroughTwentySwitches) {
  Publish({RouteTo("x", {&a_}), RouteTo("y", {&c_})});
  Socket own(caddy_.port(), "/x");
  Socket other(caddy_.port(), "/y");
  for (int i = 0; i < 20; ++i) {
    const EchoUpstream& next = i % 2 == 0 ? b_ : a_;
    Publish({RouteTo("x", {&next}), RouteTo("y", {&c_})});
    ASSERT_EQ(Who("/x"), i % 2 == 0 ? "b" : "a") << i;
  }
  EXPECT_TRUE(own.Lives());
  EXPECT_TRUE(other.Lives());
}

TEST_F(CaddyNamesTest, CountsARequestToAContainerThatWasTakenOutUntilItEnds) {
  Publish({RouteTo("x", {&a_})});
  a_.Hold(true);
  std::jthread slow([&] { EXPECT_EQ(Who("/x"), "a"); });
  AwaitInFlight(a_, 1);
  Publish({RouteTo("x", {&b_})});
  EXPECT_EQ(Who("/x"), "b");
  EXPECT_EQ(InFlight(a_), 1);
  a_.Hold(false);
  slow.join();
  AwaitInFlight(a_, 0);
}

TEST_F(CaddyNamesTest, SharesRequestsByWeight) {
  auto route = RouteTo("x", {&a_, &b_});
  route.upstreams[0].weight = 3;
  Publish({route});
  std::map<std::string, int> served;
  for (int i = 0; i < 40; ++i) ++served[Who("/x")];
  EXPECT_EQ(served["a"], 30);
  EXPECT_EQ(served["b"], 10);
}

TEST_F(CaddyNamesTest, SendsNoRequestToTheOldContainerOnceItHasPublished) {
  Publish({RouteTo("x", {&a_})});
  std::atomic<int> answered = 0;
  std::jthread load([&](const std::stop_token& stop) {
    for (; !stop.stop_requested(); ++answered) EXPECT_NE(Who("/x"), "502");
  });
  while (answered == 0) std::this_thread::yield();  // from now on nobody can take this for a quiet time
  for (int round = 0; round < 10; ++round) {
    const EchoUpstream& now = round % 2 == 0 ? b_ : a_;
    const EchoUpstream& old = round % 2 == 0 ? a_ : b_;
    Publish({RouteTo("x", {&now})});
    AwaitInFlight(old, 0);
    const int before = old.requests();
    for (int i = 0; i < 20; ++i) Who("/x");
    EXPECT_EQ(old.requests(), before);
  }
}

TEST_F(CaddyNamesTest, FallsBackToTheConfiguredAddressesWhenTheOperatorIsGone) {
  Publish({RouteTo("x", {&a_})});
  Publish({RouteTo("x", {&b_})});  // nobody is served at this moment: the fallback is brought up to date
  EXPECT_THAT(Config(), HasSubstr(b_.address()));
  EXPECT_THAT(Config(), Not(HasSubstr(a_.address())));
  caddy_.Silence();
  SystemClock().SleepFor(std::chrono::milliseconds(300), {});
  EXPECT_EQ(Who("/x"), "b");
}

TEST_F(CaddyNamesTest, BringsTheFallbackUpToDateAsSoonAsNobodyIsServed) {
  Publish({RouteTo("x", {&a_})});
  {
    Socket held(caddy_.port(), "/x");
    EXPECT_TRUE(Publish({RouteTo("x", {&b_})}).postponed);
    EXPECT_TRUE(Publish({RouteTo("x", {&b_})}).postponed);
    EXPECT_TRUE(held.Lives());
  }
  AwaitInFlight(a_, 0);
  const auto deadline = SystemClock().Mono() + std::chrono::seconds(20);
  while (Publish({RouteTo("x", {&b_})}).postponed) ASSERT_LT(SystemClock().Mono(), deadline);
  EXPECT_THAT(Config(), HasSubstr(b_.address()));
}

TEST_F(CaddyNamesTest, DoesNotFallBackToAnAddressThatIsAnothersByNow) {
  Publish({RouteTo("x", {&a_}), RouteTo("y", {&c_})});
  Socket held(caddy_.port(), "/y");
  EXPECT_TRUE(Publish({RouteTo("x", {&b_}), RouteTo("y", {&c_})}).postponed);
  EXPECT_FALSE(Publish({RouteTo("x", {&b_}), RouteTo("y", {&a_})}).postponed);
  caddy_.Silence();
  SystemClock().SleepFor(std::chrono::milliseconds(300), {});
  EXPECT_EQ(Who("/x"), "b");
  EXPECT_EQ(Who("/y"), "a");
}

TEST_F(CaddyNamesTest, Gives503ToARouteThatLosesItsLastContainerAndServesTheNext) {
  Publish({RouteTo("x", {&a_})});
  Publish({RouteTo("x", {})});
  EXPECT_EQ(Who("/x"), "503");
  Publish({RouteTo("x", {&b_})});
  EXPECT_EQ(Who("/x"), "b");
}

TEST_F(CaddyNamesTest, TakesOverFromAnOperatorThatDied) {
  Publish({RouteTo("x", {&a_})});
  caddy_.ForgetEverything();
  EXPECT_EQ(Who("/x"), "a");
  Publish({RouteTo("x", {&b_})});
  EXPECT_EQ(Who("/x"), "b");
}

TEST_F(CaddyNamesTest, CountsRequestsOfARouteThatCannotBeAskedForByName) {
  EchoUpstream other_port("other");
  auto route = RouteTo("x", {&a_, &other_port});  // two ports
  Publish({route});
  EXPECT_THAT(Config(), Not(HasSubstr("dynamic_upstreams")));
  a_.Hold(true);
  std::jthread slow([&] {
    for (int i = 0; i < 2; ++i) Who("/x");
  });
  AwaitInFlight(a_, 1);
  route.upstreams.erase(route.upstreams.begin());
  route.leaving = {a_.address()};
  Publish({route});
  EXPECT_EQ(InFlight(a_), 1);
  EXPECT_EQ(Who("/x"), "other");
  a_.Hold(false);
  slow.join();
  AwaitInFlight(a_, 0);
  route.leaving.clear();
  EXPECT_FALSE(Publish({route}).changed);  // the marker harms nobody: no reload for it
  route.upstreams[0].weight = 2;
  route.hosts = {"other.example.org"};
  Publish({route});
  EXPECT_THAT(Config(), Not(HasSubstr(a_.address())));
}

}  // namespace
}  // namespace patchbay::driver

// What hostile and broken clients send. Every test ends by asking the server for a good answer.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <ctime>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "base/meter.h"
#include "raw_client.h"

namespace patchbay::http {
namespace {

using std::chrono::milliseconds;

constexpr char kGet[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

// Counts by "name{label}".
class CountingMeter : public Meter {
 public:
  Counter& AddCounter(const std::string& name, const std::string&, const MeterLabels& labels) override {
    return At(name, labels);
  }
  Gauge& AddGauge(const std::string& name, const std::string&, const MeterLabels& labels) override {
    return At(name, labels);
  }
  Histogram& AddHistogram(const std::string& name, const std::string& help, const MeterLabels& labels,
                          const std::vector<double>& bounds) override {
    return NullMeter().AddHistogram(name, help, labels, bounds);
  }
  double refused(const std::string& reason) { return numbers_["patchbay_http_refused_total" + reason].value; }
  double connections() { return numbers_["patchbay_http_connections"].value; }

 private:
  struct Number : Counter, Gauge {
    void Add(double amount) override {
      double seen = value;
      while (!value.compare_exchange_weak(seen, seen + amount)) {
      }
    }
    void Set(double to) override { value = to; }
    std::atomic<double> value = 0;
  };
  Number& At(const std::string& name, const MeterLabels& labels) {
    return numbers_[labels.empty() ? name : name + labels[0].second];
  }
  std::map<std::string, Number> numbers_;
};

struct AbusedServer {
  CountingMeter meter;
  TestServer server;

  static ServerOptions With(ServerOptions options, Meter& meter) {
    options.meter = &meter;
    return options;
  }
  explicit AbusedServer(ServerOptions options = {}) : server(EchoHandler, With(std::move(options), meter)) {}
  ~AbusedServer() {
    EXPECT_EQ(server.Ask(kGet).status, 200) << "the server did not survive";
    EXPECT_TRUE(Eventually([&] { return meter.connections() == 0; })) << meter.connections();
  }
  // Every status that comes back for `bytes`, until the server closes.
  std::vector<int> Statuses(std::string_view bytes) const {
    RawSocket client(server.address);
    client.Send(bytes);
    client.FinishSending();
    std::vector<int> statuses;
    while (const int status = client.ReceiveResponse().status) statuses.push_back(status);
    return statuses;
  }
};

ServerOptions Hurried() {
  ServerOptions options;
  options.idle_timeout = milliseconds(300);
  options.header_timeout = options.body_timeout = options.write_timeout = milliseconds(150);
  return options;
}

TEST(Abuse, AnswersSmugglersWith400AndHangsUp) {
  AbusedServer abused;
  const std::string post = "POST /a HTTP/1.1\r\nHost: x\r\n";
  const std::string attacks[] = {
      post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
      post + "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG",
      post + "Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
      post + "Content-Length: -5\r\n\r\nabc",
      post + "Transfer-Encoding: chunked\r\n\r\n-1\r\nabcabcabc\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n-2\r\nabcabcabc\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n",
      post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
      post + "X: a\r\n Transfer-Encoding: chunked\r\n\r\n",
      "GET /a HTTP/1.1\nHost: x\n\n",
      "GET /a HTTP/1.1\r\nHost: x\r\nX: a\nY: b\r\n\r\n",
      "GET /a HTTP/1.1\r\nHost: x\r\nX: a\rY: b\r\n\r\n",
      std::string("GET /a HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n", 37),
      "GET /a/../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET http://evil/ HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
      "GET /a HTTP/1.1\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n",
      "\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n",
  };
  for (const std::string& attack : attacks) {
    // What follows the refused request is never read as another one.
    EXPECT_EQ(abused.Statuses(attack + kGet), (std::vector<int>{400})) << attack;
  }
  EXPECT_EQ(abused.meter.refused("bad_request"), static_cast<double>(std::size(attacks)));
}

TEST(Abuse, ExplainsARefusalAsAKubernetesStatus) {
  AbusedServer abused;
  const RawResponse response = abused.server.Ask("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n");
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(response.Field("Content-Type"), "application/json");
  EXPECT_EQ(response.Field("Connection"), "close");
  EXPECT_EQ(
      response.body,
      R"({"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"Request entity too large: )"
      R"(limit is 3145728","reason":"RequestEntityTooLarge","code":413})"
      "\n");
}

TEST(Abuse, IgnoresOneEmptyLineBeforeARequest) {
  AbusedServer abused;
  EXPECT_EQ(abused.Statuses(StrCat("\r\n", kGet, "\r\n", kGet)), (std::vector<int>{200, 200}));
}

TEST(Abuse, LimitsTheHeader) {
  AbusedServer abused;
  EXPECT_EQ(abused.Statuses(StrCat("GET / HTTP/1.1\r\nHost: x\r\nX: ", std::string(16'000, 'a'), "\r\n\r\n")),
            (std::vector<int>{200}));
  EXPECT_EQ(abused.Statuses(StrCat("GET / HTTP/1.1\r\nHost: x\r\nX: ", std::string(20'000, 'a'), "\r\n\r\n", kGet)),
            (std::vector<int>{431}));
  EXPECT_EQ(abused.Statuses(StrCat("GET /", std::string(20'000, 'a'))), (std::vector<int>{431}));
  // Without an end it is not collected either.
  RawSocket endless(abused.server.address);
  std::thread feeder([&] {
    for (int i = 0; i < 2'000 && endless.Send(std::string(10'000, 'a')); ++i) {
    }
  });
  EXPECT_EQ(endless.ReceiveResponse().status, 431);
  feeder.join();
}

TEST(Abuse, LimitsAChunkedBodyInItsMiddle) {
  AbusedServer abused;
  const std::string chunk = StrCat("100000\r\n", std::string(0x100000, 'x'), "\r\n");
  RawSocket client(abused.server.address);
  client.Send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(client.Send(chunk));
  client.Send("1\r\n");
  EXPECT_EQ(client.ReceiveResponse().status, 413);
  // A client that first sends all of it gets to read the answer, too.
  RawSocket stubborn(abused.server.address);
  stubborn.Send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n");
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(stubborn.Send(std::string(1'000'000, 'x')));
  EXPECT_EQ(stubborn.ReceiveResponse().status, 413);
}

TEST(Abuse, CutsTheSlow) {
  AbusedServer abused(Hurried());
  RawSocket silent(abused.server.address);
  RawSocket loris(abused.server.address);
  RawSocket dripping(abused.server.address);
  RawSocket body(abused.server.address);
  loris.Send("GET /a HTT");
  body.Send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  std::jthread drip([&](std::stop_token stop) {
    for (int i = 0; !stop.stop_requested() && dripping.Send(i == 0 ? "GET / HTTP/1.1\r\n" : "X: y\r\n"); ++i)
      Nap(milliseconds(20));
  });
  EXPECT_EQ(loris.ReceiveResponse().status, 408);
  EXPECT_EQ(body.ReceiveResponse().status, 408);
  EXPECT_EQ(dripping.ReceiveResponse().status, 408);
  drip.request_stop();
  EXPECT_TRUE(silent.Ends());
  EXPECT_EQ(silent.received(), "");
  EXPECT_EQ(abused.meter.refused("too_slow"), 3);
}

TEST(Abuse, CutsAClientThatDoesNotReadItsAnswer) {
  const auto large = std::make_shared<const std::string>(1 << 20, 'x');
  TestServer server(
      [&](const std::shared_ptr<Exchange>& exchange) {
        Response response;
        response.body.assign(50, large);
        exchange->Reply(std::move(response));
      },
      Hurried());
  RawSocket client(server.address);
  client.Send(kGet);
  client.ReceiveUntil("\r\n\r\n");
  Nap(milliseconds(600));
  EXPECT_LT(client.ReceiveAll().size(), 50u << 20);
}

TEST(Abuse, SurvivesClientsThatLeaveAtAnyByte) {
  AbusedServer abused;
  const std::string text =
      "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /b "
      "HTTP/1.1\r\nHost: x\r\n\r\n";
  for (std::size_t size = 0; size <= text.size(); ++size) {
    RawSocket leaving(abused.server.address);
    leaving.Send(std::string_view(text).substr(0, size));
    if (size % 2 == 0) leaving.Reset();
  }
}

TEST(Abuse, LimitsConnections) {
  ServerOptions options;
  options.max_connections = 3;
  AbusedServer abused(options);
  {
    std::vector<RawSocket> inside;
    for (int i = 0; i < 3; ++i) {
      inside.emplace_back(abused.server.address);
      inside.back().Send(kGet);
      EXPECT_EQ(inside.back().ReceiveResponse().status, 200);
    }
    RawSocket outside(abused.server.address);
    EXPECT_TRUE(outside.Ends());
    EXPECT_EQ(abused.meter.refused("too_many_connections"), 1);
  }
  EXPECT_TRUE(Eventually([&] { return abused.meter.connections() == 0; }));
}

TEST(Abuse, LimitsConnectionsOfOneAddress) {
  ServerOptions options;
  options.max_connections_per_address = 2;
  AbusedServer abused(options);
  {
    RawSocket first(abused.server.address);
    RawSocket second(abused.server.address);
    RawSocket third(abused.server.address);
    EXPECT_TRUE(third.Ends());
    EXPECT_EQ(abused.meter.refused("too_many_connections_per_address"), 1);
  }
  EXPECT_TRUE(Eventually([&] { return abused.meter.connections() == 0; }));
}

double ProcessorSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

TEST(Abuse, WaitsWithoutBusyLoopWhenDescriptorsRunOut) {
  AbusedServer abused;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  RawSocket waiting(abused.server.address);
  waiting.Send(kGet);
  ASSERT_EQ(waiting.ReceiveResponse().status, 200);
  const int next = dup(waiting.descriptor());
  close(next);
  rlimit tight = before;
  tight.rlim_cur = next + 1;  // room for the client's socket only
  setrlimit(RLIMIT_NOFILE, &tight);
  {
    RawSocket hungry(abused.server.address);
    ASSERT_TRUE(hungry.connected());
    hungry.Send(kGet);
    const double start = ProcessorSeconds();
    Nap(milliseconds(400));
    EXPECT_LT(ProcessorSeconds() - start, 0.2);
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_EQ(hungry.ReceiveResponse().status, 200);
  }
  EXPECT_GE(abused.meter.refused("no_descriptors"), 1);
}

TEST(Abuse, SurvivesMutatedRequests) {
  AbusedServer abused;
  const std::string seed =
      "POST /a/b?c=d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n";
  std::mt19937 chance(20261121);
  for (int i = 0; i < 1'500; ++i) {
    std::string text = seed;
    for (int change = 0; change < 1 + i % 4; ++change) {
      const std::size_t at = chance() % text.size();
      switch (chance() % 4) {
        case 0: text[at] = static_cast<char>(chance()); break;
        case 1: text.erase(at, 1 + chance() % 5); break;
        case 2: text.insert(at, text.substr(chance() % text.size(), chance() % 20)); break;
        default: text.insert(at, 1, "\r\n\0 :-;,%/"[chance() % 10]); break;
      }
      if (text.empty()) text = "x";
    }
    RawSocket client(abused.server.address);
    const std::size_t half = chance() % text.size();
    client.Send(text.substr(0, half));
    client.Send(text.substr(half));
    client.FinishSending();
    if (i % 5 != 0) client.ReceiveAll();
  }
}

}  // namespace
}  // namespace patchbay::http

#include "http/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <thread>

#include "base/guarded.h"
#include "http/public_address.h"
#include "raw_client.h"

namespace patchbay::http {
namespace {

using std::chrono::milliseconds;

Call To(const std::string& url, const std::string& method = "GET") {
  Call call;
  call.method = method;
  call.url = url;
  call.timeout = milliseconds(5'000);
  return call;
}

Code CodeOf(const Result<Answer>& answer) {
  EXPECT_FALSE(answer.ok());
  return answer.ok() ? Code::kInternal : answer.error().code;
}

TEST(Client, SendsWhatItIsGiven) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) {
    std::string text = StrCat(exchange->request().method, " ", exchange->request().target, "\n");
    for (const auto& [name, value] : exchange->request().headers.all()) text += StrCat(name, ": ", value, "\n");
    Response response = Response::Text(207, text + exchange->request().body);
    response.headers.Add("X-Answer", "yes");
    exchange->Reply(std::move(response));
  });
  const auto client = NewCurlClient();
  Call call = To(server.url("/a%20b?c=d"), "PATCH");
  call.body = std::string("bo\0dy", 5);
  call.headers.Add("X-One", "1");
  call.headers.Add("X-Empty", "");
  call.headers.Add("Content-Length", "99");
  const auto answer = client->Send(call);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->status, 207);
  EXPECT_EQ(answer->headers.Get("x-answer"), "yes");
  EXPECT_EQ(answer->body.substr(0, 18), "PATCH /a%20b?c=d\nH");
  EXPECT_NE(answer->body.find("X-One: 1\n"), std::string::npos);
  EXPECT_NE(answer->body.find("X-Empty: \n"), std::string::npos);
  EXPECT_NE(answer->body.find("Content-Length: 5\n"), std::string::npos);
  EXPECT_EQ(answer->body.find("Expect"), std::string::npos);
  EXPECT_EQ(answer->body.find("Content-Type"), std::string::npos);
  EXPECT_EQ(answer->body.substr(answer->body.size() - 5), call.body);
}

TEST(Client, UsesEveryMethodAndUnixSockets) {
  const std::string path = StrCat(testing::TempDir(), "patchbay_client_", getpid(), ".sock");
  ServerOptions options;
  options.listen = {StrCat("unix:", path)};
  TestServer server(EchoHandler, options);
  const auto client = NewCurlClient();
  for (const char* method : {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    Call call = To("http://docker/x", method);
    call.unix_socket = path;
    EXPECT_EQ(client->Send(call)->body, StrCat(method, " /x "));
  }
  Call head = To("http://docker/x", "HEAD");
  head.unix_socket = path;
  const auto answer = client->Send(head);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->headers.Get("Content-Length"), "8");
  EXPECT_EQ(answer->body, "");
}

TEST(Client, GivesStatusesAsAnswersAndDoesNotFollowRedirects) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) {
    Response response = Response::Text(exchange->request().path == "/500" ? 500 : 302, "");
    response.headers.Add("Location", "/500");
    exchange->Reply(std::move(response));
  });
  const auto client = NewCurlClient();
  EXPECT_EQ(client->Send(To(server.url("/500")))->status, 500);
  EXPECT_EQ(client->Send(To(server.url("/a")))->status, 302);
}

TEST(Client, RefusesWhatCannotBeSent) {
  const auto client = NewCurlClient();
  for (const char* url : {"", "file:///etc/passwd", "ftp://127.0.0.1/", "http://a b/", "http://x/\r\nHost: y",
                          "gopher://x", "http://[::1/"}) {
    EXPECT_EQ(CodeOf(client->Send(To(url))), Code::kInvalid) << url;
  }
  EXPECT_EQ(CodeOf(client->Send(To("http://127.0.0.1:1/", "GET /x"))), Code::kInvalid);
  EXPECT_EQ(CodeOf(client->Send(To("http://127.0.0.1:1/", "G\r\nX: y"))), Code::kInvalid);
  for (const auto& [name, value] :
       {std::pair("X", "a\r\nY: b"), std::pair("X y", "a"), std::pair("", "a"), std::pair("X:", "a")}) {
    Call call = To("http://127.0.0.1:1/");
    call.headers.Add(name, value);
    EXPECT_EQ(CodeOf(client->Send(call)), Code::kInvalid) << name;
  }
}

TEST(Client, SaysUnavailableWhenNothingWasSent) {
  const auto client = NewCurlClient();
  int port = 0;
  {
    RawServer gone;
    port = gone.port();
  }
  EXPECT_EQ(CodeOf(client->Send(To(StrCat("http://127.0.0.1:", port, "/"), "POST"))), Code::kUnavailable);
  Call call = To("http://docker/", "POST");
  call.unix_socket = "/none.sock";
  EXPECT_EQ(CodeOf(client->Send(call)), Code::kUnavailable);
  EXPECT_EQ(CodeOf(client->Send(To("http://does-not-exist.invalid/"))), Code::kUnavailable);
}

TEST(Client, SaysInDoubtWhenAWriteWasSentAndCut) {
  const auto client = NewCurlClient();
  RawServer server;
  for (const bool answer_begins : {false, true}) {
    std::jthread peer([&] {
      RawSocket socket = server.Accept();
      socket.ReceiveUntil("\r\n\r\n");
      if (answer_begins) socket.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    });
    EXPECT_EQ(CodeOf(client->Send(To(server.url(), "POST"))), Code::kInDoubt);
  }
}

TEST(Client, GivesTrailersAmongTheHeaders) {
  const auto client = NewCurlClient();
  RawServer server;
  std::jthread peer([&] {
    RawSocket socket = server.Accept();
    socket.ReceiveUntil("\r\n\r\n");
    socket.Send(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: ETag\r\n\r\n"
        "3\r\nabc\r\n0\r\nETag: \"/config/ 1234\"\r\n\r\n");
  });
  const auto answer = client->Send(To(server.url()));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body, "abc");
  EXPECT_EQ(answer->headers.Get("ETag"), "\"/config/ 1234\"");
}

TEST(Client, KeepsToItsDeadline) {
  const auto client = NewCurlClient();
  RawServer silent;  // its backlog takes connections that nobody serves
  const MonoTime start = SystemClock().Mono();
  Call get = To(silent.url());
  get.timeout = milliseconds(150);
  EXPECT_EQ(CodeOf(client->Send(get)), Code::kTimeout);
  Call post = To(silent.url(), "POST");
  post.timeout = milliseconds(150);
  EXPECT_EQ(CodeOf(client->Send(post)), Code::kInDoubt);
  EXPECT_GE(SystemClock().Mono() - start, milliseconds(290));
  EXPECT_LT(SystemClock().Mono() - start, milliseconds(2'000));
}

TEST(Client, NeverSendsAWriteTwice) {
  auto client = NewCurlClient();
  RawServer server;
  std::atomic<int> posts = 0;
  // The second request on a kept connection is read and then the connection dies: libcurl alone would send it again.
  std::jthread peer([&] {
    for (int connection = 0; connection < 3; ++connection) {
      RawSocket socket = server.Accept(milliseconds(connection == 2 ? 200 : 5'000));
      if (!socket.connected()) return;
      while (!socket.ReceiveUntil("\r\n\r\n").empty()) {
        if (++posts == 2) break;
        socket.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      }
    }
  });
  EXPECT_TRUE(client->Send(To(server.url(), "POST")).ok());
  EXPECT_EQ(CodeOf(client->Send(To(server.url(), "POST"))), Code::kInDoubt);
  EXPECT_EQ(posts, 2);
  EXPECT_TRUE(client->Send(To(server.url(), "POST")).ok());
  client.reset();
}

TEST(Client, LimitsTheAnswer) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) {
    exchange->Reply(Response::Text(200, std::string(exchange->request().path == "/fits" ? 1000 : 1001, 'x')));
  });
  const auto client = NewCurlClient();
  Call call = To(server.url("/fits"));
  call.max_body = 1000;
  EXPECT_EQ(client->Send(call)->body.size(), 1000u);
  call.url = server.url("/not");
  EXPECT_EQ(CodeOf(client->Send(call)), Code::kTooLarge);
}

TEST(Client, BoundsConnectionsPerHostButNotByStreams) {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  std::vector<std::jthread> late;
  std::mutex mutex;
  std::vector<std::shared_ptr<Stream>> streams;
  TestServer server([&](std::shared_ptr<Exchange> exchange) {
    std::lock_guard lock(mutex);
    if (exchange->request().path == "/stream") {
      streams.push_back(exchange->StartStream(Response(), nullptr));
      return;
    }
    most = std::max<int>(most, ++now);
    late.emplace_back([&now, exchange = std::move(exchange)] {
      Nap(milliseconds(10));
      --now;
      EchoHandler(exchange);
    });
  });
  CurlOptions options;
  options.connections_per_host = 3;
  const auto client = NewCurlClient(options);
  std::vector<std::unique_ptr<Subscription>> open;
  for (int i = 0; i < 5; ++i) open.push_back(*client->Open(To(server.url("/stream")), {}));
  ASSERT_TRUE(Eventually([&] { return std::lock_guard(mutex), streams.size() == 5; }));
  std::vector<std::jthread> callers;
  for (int i = 0; i < 12; ++i) {
    callers.emplace_back([&] { EXPECT_TRUE(client->Send(To(server.url("/call"))).ok()); });
  }
  callers.clear();
  EXPECT_LE(most, 3);
}

// What a stream under test has told.
struct Heard {
  std::atomic<int> status = 0;
  Guarded<std::string> pieces;
  std::atomic<int> ends = 0;
  Guarded<Result<void>> end;
  HttpClient::StreamEvents events() {
    return {[this](const Answer& head) { status = head.status; },
            [this](std::string_view piece) {
              pieces.Lock()->append(piece);
              return piece != "stop";
            },
            [this](Result<void> result) {
              *end.Lock() = std::move(result);
              ++ends;
            }};
  }
};

TEST(ClientStream, HearsHeadPiecesAndEnd) {
  const auto client = NewCurlClient();
  RawServer server;
  Heard heard;
  auto subscription = client->Open(To(server.url("/events")), heard.events());
  ASSERT_TRUE(subscription.ok());
  RawSocket peer = server.Accept();
  peer.ReceiveUntil("\r\n\r\n");
  peer.Send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_TRUE(Eventually([&] { return heard.status == 200; }));
  peer.Send("3\r\none\r\n");
  EXPECT_TRUE(Eventually([&] { return heard.pieces.Copy() == "one"; }));
  peer.Send("3\r\ntwo\r\n0\r\n\r\n");
  EXPECT_TRUE(Eventually([&] { return heard.ends == 1; }));
  EXPECT_TRUE(heard.end.Lock()->ok());
  EXPECT_EQ(heard.pieces.Copy(), "onetwo");
}

TEST(ClientStream, TellsHowItBroke) {
  const auto client = NewCurlClient();
  RawServer server;
  Heard cut;
  auto subscription = client->Open(To(server.url()), cut.events());
  RawSocket peer = server.Accept();
  peer.ReceiveUntil("\r\n\r\n");
  peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nstop\r\n");
  EXPECT_TRUE(Eventually([&] { return cut.ends == 1; }));
  EXPECT_EQ(cut.end.Lock()->error().code, Code::kCancelled);

  Heard broken;
  subscription = client->Open(To(server.url()), broken.events());
  peer = server.Accept();
  peer.ReceiveUntil("\r\n\r\n");
  peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  EXPECT_TRUE(Eventually([&] { return broken.pieces.Copy() == "one"; }));
  peer.Reset();
  EXPECT_TRUE(Eventually([&] { return broken.ends == 1; }));
  EXPECT_EQ(broken.end.Lock()->error().code, Code::kInDoubt);

  Heard nobody;
  Call call = To("http://docker/");
  call.unix_socket = "/none.sock";
  subscription = client->Open(call, nobody.events());
  EXPECT_TRUE(Eventually([&] { return nobody.ends == 1; }));
  EXPECT_EQ(nobody.end.Lock()->error().code, Code::kUnavailable);
  EXPECT_EQ(nobody.status, 0);
}

TEST(ClientStream, IsSilentOnceDropped) {
  std::atomic<bool> stop = false;
  std::jthread writer;
  TestServer server([&](const std::shared_ptr<Exchange>& exchange) {
    writer = std::jthread([&stop, stream = exchange->StartStream(Response(), nullptr)] {
      const auto piece = std::make_shared<const std::string>("x");
      while (!stop && !stream->gone()) {
        if (stream->waiting() < 1'000) stream->Write(piece);
      }
    });
  });
  const auto client = NewCurlClient();
  for (int round = 0; round < 10; ++round) {
    auto heard = std::make_unique<Heard>();
    auto subscription = client->Open(To(server.url("/")), heard->events());
    ASSERT_TRUE(Eventually([&] { return !heard->pieces.Lock()->empty(); }));
    subscription->reset();
    heard.reset();  // a callback now would be seen by the sanitizers
  }
  stop = true;
}

TEST(ClientStream, MayBeDroppedWithinItsOwnCallback) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) {
    exchange->StartStream(Response(), nullptr)->Write(std::make_shared<const std::string>("x"));
  });
  const auto client = NewCurlClient();
  Guarded<std::unique_ptr<Subscription>> subscription;
  std::atomic<int> calls = 0;
  HttpClient::StreamEvents events;
  events.on_piece = [&](std::string_view) {
    auto mine = std::move(*subscription.Lock());
    mine.reset();
    ++calls;
    return true;
  };
  events.on_end = [&](Result<void>) { calls += 100; };
  {
    auto lock = subscription.Lock();
    *lock = *client->Open(To(server.url("/")), events);
  }
  EXPECT_TRUE(Eventually([&] { return calls == 1; }));
  Nap(milliseconds(50));
  EXPECT_EQ(calls, 1);
}

TEST(ClientStream, EndsWithItsClient) {
  RawServer server;
  Heard heard;
  auto client = NewCurlClient();
  auto subscription = client->Open(To(server.url()), heard.events());
  RawSocket peer = server.Accept();
  client.reset();
  EXPECT_EQ(heard.ends, 1);
  EXPECT_EQ(heard.end.Lock()->error().code, Code::kCancelled);
}

TEST(Client, SleepsWhenThereIsNothingToDo) {
  RawServer server;
  const auto client = NewCurlClient();
  Heard heard;
  auto subscription = client->Open(To(server.url()), heard.events());
  RawSocket peer = server.Accept();
  const std::clock_t before = std::clock();
  Nap(milliseconds(300));
  EXPECT_LT(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC, 0.05);
}

TEST(PublicOnly, RefusesInnerAddressesHoweverTheyAreWritten) {
  RawServer inner;
  setenv("http_proxy", inner.url().c_str(), 1);
  auto client = NewCurlClient();
  EXPECT_EQ(inner.Accept(milliseconds(0)).connected(), false);
  for (const std::string host : {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433", "0",
                                 "169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
                                 "[64:ff9b::7f00:1]", "[fe80::1]", "[fd00::1]", "224.0.0.1", "[2002:7f00:1::]"}) {
    Call call = To(StrCat("http://", host, ":", inner.port(), "/"));
    call.public_only = true;
    EXPECT_EQ(CodeOf(client->Send(call)), Code::kForbidden) << host;
  }
  // A connection that was opened without the filter does not help.
  std::jthread peer([&] {
    RawSocket socket = inner.Accept();
    socket.ReceiveUntil("\r\n\r\n");
    socket.Send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    socket.Ends();
  });
  EXPECT_TRUE(client->Send(To(inner.url())).ok());
  Call call = To(inner.url());
  call.public_only = true;
  EXPECT_EQ(CodeOf(client->Send(call)), Code::kForbidden);
  call.unix_socket = "/var/run/docker.sock";
  EXPECT_EQ(CodeOf(client->Send(call)), Code::kForbidden);
  call.unix_socket = "";
  Heard heard;
  auto subscription = client->Open(call, heard.events());
  EXPECT_TRUE(Eventually([&] { return heard.ends == 1; }));
  EXPECT_EQ(heard.end.Lock()->error().code, Code::kForbidden);
  subscription->reset();
  client.reset();
  unsetenv("http_proxy");
}

TEST(PublicAddress, KnowsTheWorldFromTheHouse) {
  const auto is_public = [](const char* text) {
    sockaddr_storage storage{};
    auto* four = reinterpret_cast<sockaddr_in*>(&storage);
    auto* six = reinterpret_cast<sockaddr_in6*>(&storage);
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
      storage.ss_family = AF_INET;
    } else {
      EXPECT_EQ(inet_pton(AF_INET6, text, &six->sin6_addr), 1) << text;
      storage.ss_family = AF_INET6;
    }
    return IsPublicAddress(*reinterpret_cast<sockaddr*>(&storage));
  };
  for (const char* text : {"8.8.8.8", "93.184.216.34", "172.32.0.1", "2606:4700:4700::1111", "2a00:1450:4001::1"}) {
    EXPECT_TRUE(is_public(text)) << text;
  }
  for (const char* text :
       {"172.31.255.255", "198.19.0.1", "255.255.255.255", "::", "ff02::1", "2001:db8::1", "::127.0.0.1"}) {
    EXPECT_FALSE(is_public(text)) << text;
  }
}

}  // namespace
}  // namespace patchbay::http

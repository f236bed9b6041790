#include "http/server.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "raw_client.h"

namespace patchbay::http {
namespace {

constexpr char kGet[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

TEST(Server, AnswersWithLengthAndDateAndNoServerField) {
  TestServer server(EchoHandler);
  const RawResponse response = server.Ask(kGet);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "GET /a ");
  EXPECT_EQ(response.Field("Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(response.Field("Date").size(), 29u);
  EXPECT_EQ(response.Field("Server"), "");
  EXPECT_EQ(response.Field("Connection"), "");
}

TEST(Server, KeepsTheConnectionForManyRequests) {
  TestServer server(EchoHandler);
  RawSocket client(server.address);
  for (int i = 0; i < 50; ++i) {
    client.Send(StrCat("POST /", i, " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"));
    ASSERT_EQ(client.ReceiveResponse().body, StrCat("POST /", i, " hi"));
  }
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  // Every other answer comes late and from another thread.
  std::vector<std::jthread> late;
  std::mutex mutex;
  int count = 0;
  TestServer server([&](std::shared_ptr<Exchange> exchange) {
    std::lock_guard lock(mutex);
    if (++count % 2 == 0) return EchoHandler(exchange);
    late.emplace_back([exchange = std::move(exchange)] { EchoHandler(exchange); });
  });
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    requests += i % 3 == 0 ? StrCat("POST /", i,
                                    " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
                           : StrCat("GET /", i, " HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  RawSocket client(server.address);
  client.Send(requests);
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(client.ReceiveResponse().body, i % 3 == 0 ? StrCat("POST /", i, " abc") : StrCat("GET /", i, " "));
  }
}

TEST(Server, ReadsARequestThatComesByteByByte) {
  TestServer server(EchoHandler);
  RawSocket client(server.address);
  const std::string text =
      "POST /a%20b?c=d HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;e=f\r\nhello\r\n0\r\nT: t\r\n\r\n"
      "PUT /c HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nworld";
  for (const char c : text) {
    ASSERT_TRUE(client.Send({&c, 1}));
  }
  EXPECT_EQ(client.ReceiveResponse().body, "POST /a b hello");
  EXPECT_EQ(client.ReceiveResponse().body, "PUT /c world");
}

TEST(Server, AnswersHeadWithoutABody) {
  TestServer server(EchoHandler);
  RawSocket client(server.address);
  client.Send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  const RawResponse head = client.ReceiveResponse(true);
  EXPECT_EQ(head.Field("Content-Length"), "8");
  client.Send(kGet);
  EXPECT_EQ(client.ReceiveResponse().body, "GET /a ");
}

TEST(Server, SaysNothingAboutABodyThatCannotBe) {
  TestServer server([](std::shared_ptr<Exchange> exchange) { exchange->Reply(Response::Text(204, "never sent")); });
  RawSocket client(server.address);
  client.Send(StrCat(kGet, kGet));
  const RawResponse response = client.ReceiveResponse();
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.Field("Content-Length"), "");
  EXPECT_EQ(client.ReceiveResponse().status, 204);
}

TEST(Server, TellsTheClientToGoOnOrSparesItTheBody) {
  TestServer server(EchoHandler);
  RawSocket client(server.address);
  client.Send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReceiveUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("ok");
  EXPECT_EQ(client.ReceiveResponse().body, "POST /a ok");
  client.Send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReceiveResponse().status, 413);
}

TEST(Server, SpeaksHttpOnePointZero) {
  TestServer server(EchoHandler);
  RawSocket client(server.address);
  client.Send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(client.ReceiveResponse().Field("Connection"), "keep-alive");
  client.Send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.ReceiveResponse().Field("Connection"), "close");
  EXPECT_TRUE(client.Ends());
}

TEST(Server, SendsManySharedPiecesWhole) {
  const auto piece = std::make_shared<const std::string>(1013, 'p');
  const auto comma = std::make_shared<const std::string>(",");
  TestServer server([&](std::shared_ptr<Exchange> exchange) {
    Response response;
    for (int i = 0; i < 20'000; ++i) {
      response.body.push_back(piece);
      response.body.push_back(comma);
    }
    response.body.push_back(nullptr);
    exchange->Reply(std::move(response));
  });
  const RawResponse response = server.Ask(kGet);
  ASSERT_EQ(response.body.size(), 20'000u * 1014);
  std::string expected = *piece + *comma;
  for (int i = 0; i < 20'000; ++i) ASSERT_EQ(response.body.compare(i * 1014, 1014, expected), 0) << i;
}

TEST(Server, TakesALargeBodyWithoutChangingIt) {
  std::string body(3 * 1024 * 1024, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31 + i / 4096);
  std::string seen;
  TestServer server([&](std::shared_ptr<Exchange> exchange) {
    seen = std::move(exchange->request().body);
    exchange->Reply(Response::Text(200, "ok"));
  });
  RawSocket client(server.address);
  client.Send(StrCat("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ", body.size(), "\r\n\r\n"));
  client.Send(body);
  EXPECT_EQ(client.ReceiveResponse().status, 200);
  EXPECT_TRUE(seen == body);
  client.Send("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n");
  client.Send(body.substr(0, 0x100000));
  client.Send("\r\n200000\r\n");
  client.Send(body.substr(0x100000));
  client.Send("\r\n0\r\n\r\n");
  EXPECT_EQ(client.ReceiveResponse().status, 200);
  EXPECT_TRUE(seen == body);
}

TEST(Server, AnswersADroppedOrThrowingRequestWith500) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) {
    if (exchange->request().path == "/throw") throw std::runtime_error("broken on purpose");
  });
  EXPECT_EQ(server.Ask(kGet).status, 500);
  const RawResponse response = server.Ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(response.status, 500);
  EXPECT_NE(response.body.find(R"("kind":"Status")"), std::string::npos);
}

TEST(Server, SendsOnlyTheFirstOfTwoAnswers) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) {
    exchange->Reply(Response::Text(200, "first"));
    exchange->Reply(Response::Text(500, "second"));
    EXPECT_TRUE(exchange->StartStream(Response(), [] {})->gone());
  });
  RawSocket client(server.address);
  client.Send(StrCat(kGet, kGet));
  EXPECT_EQ(client.ReceiveResponse().body, "first");
  EXPECT_EQ(client.ReceiveResponse().body, "first");
}

TEST(Server, KeepsLineEndsOutOfAnswersHeaders) {
  TestServer server([](const std::shared_ptr<Exchange>& exchange) {
    Response response = Response::Text(200, "");
    response.headers.Add("X-Split", "a\r\nSet-Cookie: b");
    response.headers.Add("Content-Length", "77");
    exchange->Reply(std::move(response));
  });
  const RawResponse response = server.Ask(kGet);
  EXPECT_EQ(response.Field("X-Split"), "a  Set-Cookie: b");
  EXPECT_EQ(response.Field("Set-Cookie"), "");
  EXPECT_EQ(response.Field("Content-Length"), "0");
}

TEST(Server, PassesMethodsThatTheListenerWouldAnswerItself) {
  TestServer server(EchoHandler);
  for (const char* method : {"OPTIONS", "TRACE", "PATCH", "DELETE", "PROPFIND", "ODD"}) {
    EXPECT_EQ(server.Ask(StrCat(method, " /a HTTP/1.1\r\nHost: x\r\n\r\n")).body, StrCat(method, " /a "));
  }
}

TEST(Server, ListensOnSeveralAddressesAtOnce) {
  const std::string path = StrCat(testing::TempDir(), "patchbay_", getpid(), ".sock");
  ServerOptions options;
  options.listen = {"127.0.0.1:0", "[::1]:0", StrCat("unix:", path)};
  std::string remote;
  TestServer server(
      [&](const std::shared_ptr<Exchange>& exchange) {
        exchange->Reply(Response::Text(200, exchange->request().remote));
      },
      options);
  ASSERT_EQ(server.server->addresses().size(), 3u);
  const std::string expected[] = {"127.0.0.1", "::1", "unix"};
  for (int i = 0; i < 3; ++i) {
    RawSocket client(server.server->addresses()[i]);
    client.Send(kGet);
    EXPECT_EQ(client.ReceiveResponse().body, expected[i]);
  }
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  server.server->Stop(std::chrono::seconds(1));
  EXPECT_NE(stat(path.c_str(), &status), 0);
}

TEST(Server, ReplacesAStaleSocketFileButNotAServer) {
  const std::string path = StrCat(testing::TempDir(), "patchbay_stale_", getpid(), ".sock");
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
  const int owner = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(owner, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  ASSERT_EQ(listen(owner, 1), 0);
  ServerOptions options;
  options.listen = {StrCat("unix:", path)};
  const auto refused = Server::Start(options, EchoHandler);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  close(owner);
  TestServer server(EchoHandler, options);
  EXPECT_EQ(server.Ask(kGet).status, 200);
}

TEST(Server, NamesTheAddressItCannotHave) {
  RawServer taken;
  ServerOptions options;
  options.listen = {StrCat("127.0.0.1:", taken.port())};
  const auto refused = Server::Start(options, EchoHandler);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_EQ(refused.error().message, StrCat("127.0.0.1:", taken.port(), ": Address already in use"));
  for (const char* address : {"", "x", "localhost:1", "127.0.0.1", "127.0.0.1:99999", "unix:", "[::1"}) {
    options.listen = {address};
    const auto invalid = Server::Start(options, EchoHandler);
    ASSERT_FALSE(invalid.ok()) << address;
    EXPECT_EQ(invalid.error().code, Code::kInvalid) << address;
  }
}

TEST(Server, StandsAloneAndCanBeStartedAgain) {
  for (int i = 0; i < 3; ++i) {
    TestServer server(EchoHandler);
    EXPECT_EQ(server.Ask(kGet).status, 200);
    ServerOptions options;
    options.listen = {"127.0.0.1:0"};
    const auto second = Server::Start(options, EchoHandler);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Code::kUnavailable);
  }
}

}  // namespace
}  // namespace patchbay::http

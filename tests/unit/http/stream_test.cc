#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/guarded.h"
#include "raw_client.h"

namespace patchbay::http {
namespace {

using std::chrono::milliseconds;

constexpr char kWatch[] = "GET /watch HTTP/1.1\r\nHost: x\r\n\r\n";

Stream::Piece Text(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

// Every request opens a stream; the test writes to it.
struct StreamServer {
  struct Open {
    std::shared_ptr<Stream> stream;
    std::shared_ptr<std::atomic<int>> gone = std::make_shared<std::atomic<int>>(0);
  };
  Guarded<std::vector<Open>> opened;
  TestServer server;

  explicit StreamServer(ServerOptions options = {})
      : server(
            [this](const std::shared_ptr<Exchange>& exchange) {
              Open open;
              Response head;
              head.headers.Add("Content-Type", "application/json");
              open.stream = exchange->StartStream(std::move(head), [gone = open.gone] { ++*gone; });
              opened.Lock()->push_back(open);
            },
            std::move(options)) {}
  Open At(std::size_t index) {
    EXPECT_TRUE(Eventually([&] { return opened.Lock()->size() > index; }));
    return opened.Lock()->at(index);
  }
};

TEST(Stream, SendsEachPieceAsAChunkAtOnce) {
  StreamServer server;
  RawSocket client(server.server.address);
  client.Send(kWatch);
  EXPECT_NE(client.ReceiveUntil("\r\n\r\n").find("Transfer-Encoding: chunked"), std::string::npos);
  const auto open = server.At(0);
  EXPECT_TRUE(open.stream->Write(Text("one\n")));
  EXPECT_EQ(client.ReceiveUntil("\n\r\n"), "4\r\none\n\r\n");
  EXPECT_TRUE(open.stream->Write(Text("")));
  EXPECT_TRUE(open.stream->Write(Text("second\n")));
  EXPECT_EQ(client.ReceiveUntil("\n\r\n"), "7\r\nsecond\n\r\n");
  EXPECT_TRUE(open.stream->Write(Text("last")));
  open.stream->Close();
  open.stream->Close();
  EXPECT_FALSE(open.stream->Write(Text("too late")));
  EXPECT_EQ(client.ReceiveAll(), "4\r\nlast\r\n0\r\n\r\n");
  client.Close();
  Nap(milliseconds(20));
  EXPECT_EQ(*open.gone, 0);
}

TEST(Stream, IsPlainForHttpOnePointZero) {
  StreamServer server;
  RawSocket client(server.server.address);
  client.Send("GET /watch HTTP/1.0\r\n\r\n");
  const auto open = server.At(0);
  open.stream->Write(Text("plain"));
  open.stream->Close();
  const std::string all = client.ReceiveAll();
  EXPECT_NE(all.find("\r\n\r\nplain"), std::string::npos) << all;
  EXPECT_EQ(all.find("chunked"), std::string::npos);
}

TEST(Stream, NoticesAtOnceThatTheClientLeft) {
  StreamServer server;
  RawSocket polite(server.server.address);
  RawSocket rude(server.server.address);
  polite.Send(kWatch);
  server.At(0);
  rude.Send(kWatch);
  server.At(1);
  polite.FinishSending();
  rude.Reset();
  EXPECT_TRUE(Eventually([&] { return *server.At(0).gone == 1 && *server.At(1).gone == 1; }));
  EXPECT_TRUE(server.At(0).stream->gone());
  EXPECT_FALSE(server.At(1).stream->Write(Text("x")));
  server.At(1).stream->Close();
  Nap(milliseconds(20));
  EXPECT_EQ(*server.At(1).gone, 1);
}

TEST(Stream, DropsAClientThatDoesNotRead) {
  ServerOptions options;
  options.stream_queue = 100'000;
  StreamServer server(options);
  RawSocket client(server.server.address);
  client.KeepReceiveBufferSmall();
  client.Send(kWatch);
  const auto open = server.At(0);
  const auto piece = Text(std::string(10'000, 'x'));
  int written = 0;
  while (open.stream->Write(piece)) {
    ASSERT_LT(++written, 5'000) << "never dropped";
    ASSERT_LE(open.stream->waiting(), 100'000u);
  }
  EXPECT_TRUE(Eventually([&] { return *open.gone == 1; }));
  EXPECT_TRUE(open.stream->gone());
  EXPECT_EQ(open.stream->waiting(), 0u);
}

TEST(Stream, LetsOnePieceOfAnySizeWait) {
  ServerOptions options;
  options.stream_queue = 1000;
  StreamServer server(options);
  RawSocket client(server.server.address);
  client.Send(kWatch);
  const auto open = server.At(0);
  EXPECT_TRUE(open.stream->Write(Text(std::string(5 << 20, 'x'))));
  open.stream->Close();
  EXPECT_GT(client.ReceiveAll().size(), 5u << 20);
}

TEST(Stream, EndsWithoutProgressAndNotBecauseItIsQuiet) {
  ServerOptions options;
  options.write_timeout = options.body_timeout = milliseconds(150);
  options.idle_timeout = milliseconds(500);
  StreamServer server(options);
  RawSocket stuck(server.server.address);
  stuck.KeepReceiveBufferSmall();
  stuck.Send(kWatch);
  server.At(0).stream->Write(Text(std::string(20 << 20, 'x')));
  RawSocket quiet(server.server.address);
  quiet.Send(kWatch);
  EXPECT_TRUE(Eventually([&] { return *server.At(0).gone == 1; }));
  Nap(milliseconds(600));
  EXPECT_EQ(*server.At(1).gone, 0);
  EXPECT_TRUE(server.At(1).stream->Write(Text("still here")));
  EXPECT_NE(quiet.ReceiveUntil("still here"), "");
}

TEST(Stream, GivesHeadTheHeadersAlone) {
  StreamServer server;
  RawSocket client(server.server.address);
  client.Send("HEAD /watch HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.ReceiveResponse(true).Field("Transfer-Encoding"), "chunked");
  EXPECT_TRUE(server.At(0).stream->gone());
  EXPECT_FALSE(server.At(0).stream->Write(Text("x")));
  EXPECT_TRUE(Eventually([&] { return *server.At(0).gone == 1; }));
  client.Send("HEAD /watch HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.ReceiveResponse(true).status, 200);
}

TEST(Stream, MayStartLaterOnAnotherThread) {
  std::atomic<int> gone = 0;
  std::vector<std::jthread> late;
  std::mutex mutex;
  TestServer server([&](std::shared_ptr<Exchange> exchange) {
    std::lock_guard lock(mutex);
    late.emplace_back([&gone, exchange = std::move(exchange)] {
      Nap(milliseconds(30));
      exchange->StartStream(Response(), [&gone] { ++gone; })->Write(Text("later"));
    });
  });
  RawSocket client(server.address);
  client.Send(kWatch);
  EXPECT_NE(client.ReceiveUntil("later"), "");
  // One that has left before its stream begins.
  RawSocket leaving(server.address);
  leaving.Send(kWatch);
  leaving.Reset();
  EXPECT_TRUE(Eventually([&] { return gone == 1; }));
  client.Close();
  EXPECT_TRUE(Eventually([&] { return gone == 2; }));
}

TEST(Stream, ReachesManyClientsFromManyThreads) {
  StreamServer server;
  constexpr int kClients = 100;
  std::vector<RawSocket> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back(server.server.address);
    clients.back().Send(kWatch);
  }
  server.At(kClients - 1);
  const auto streams = server.opened.Copy();
  {
    std::vector<std::jthread> writers;
    for (int thread = 0; thread < 3; ++thread) {
      writers.emplace_back([&] {
        for (int i = 0; i < 50; ++i) {
          const auto piece = Text("event\n");
          for (const auto& open : streams) open.stream->Write(piece);
        }
      });
    }
  }
  for (const auto& open : streams) open.stream->Close();
  for (RawSocket& client : clients) {
    const std::string all = client.ReceiveAll();
    std::size_t events = 0;
    for (std::size_t at = 0; (at = all.find("6\r\nevent\n\r\n", at)) != std::string::npos; ++at) ++events;
    ASSERT_EQ(events, 150u);
    ASSERT_EQ(all.substr(all.size() - 5), "0\r\n\r\n");
  }
}

TEST(Stop, EndsStreamsWithTheirLastChunkAndTellsTheirWriters) {
  StreamServer server;
  std::vector<RawSocket> clients;
  for (int i = 0; i < 50; ++i) {
    clients.emplace_back(server.server.address);
    clients.back().Send(kWatch);
  }
  for (int i = 0; i < 50; ++i) server.At(i).stream->Write(Text("before"));
  const MonoTime start = SystemClock().Mono();
  server.server.server->Stop(std::chrono::seconds(5));
  EXPECT_LT(SystemClock().Mono() - start, std::chrono::seconds(2));
  for (int i = 0; i < 50; ++i) {
    const std::string all = clients[i].ReceiveAll();
    EXPECT_EQ(all.substr(all.find("\r\n\r\n") + 4), "6\r\nbefore\r\n0\r\n\r\n");
    EXPECT_EQ(*server.At(i).gone, 1);
    EXPECT_FALSE(server.At(i).stream->Write(Text("after")));
  }
}

TEST(Stop, LetsRequestsUnderWayFinish) {
  std::jthread late;
  TestServer server([&](std::shared_ptr<Exchange> exchange) {
    late = std::jthread([exchange = std::move(exchange)] {
      Nap(milliseconds(100));
      exchange->Reply(Response::Text(200, "done"));
    });
  });
  RawSocket client(server.address);
  RawSocket idle(server.address);
  client.Send(kWatch);
  Nap(milliseconds(30));
  server.server->Stop(std::chrono::seconds(5));
  const RawResponse response = client.ReceiveResponse();
  EXPECT_EQ(response.body, "done");
  EXPECT_EQ(response.Field("Connection"), "close");
  EXPECT_TRUE(idle.Ends());
}

TEST(Stop, GoesOnWithoutWhoeverIsNotDoneInTime) {
  Guarded<std::vector<std::shared_ptr<Exchange>>> kept;
  std::atomic<int> gone = 0;
  {
    TestServer server([&](std::shared_ptr<Exchange> exchange) { kept.Lock()->push_back(std::move(exchange)); });
    RawSocket first(server.address);
    RawSocket second(server.address);
    first.Send(kWatch);
    second.Send(kWatch);
    ASSERT_TRUE(Eventually([&] { return kept.Lock()->size() == 2; }));
    server.server->Stop(milliseconds(50));
    server.server->Stop(milliseconds(50));
    EXPECT_TRUE(first.Ends());
  }
  // Answers after the server's end go nowhere.
  auto exchanges = std::move(*kept.Lock());
  exchanges[0]->Reply(Response::Text(200, "to nobody"));
  EXPECT_TRUE(exchanges[1]->StartStream(Response(), [&] { ++gone; })->gone());
  exchanges.clear();
}

TEST(Stop, HoldsUnderLoad) {
  for (int round = 0; round < 8; ++round) {
    std::vector<std::jthread> clients;
    std::atomic<bool> stop = false;
    std::atomic<int> answers = 0;
    {
      Guarded<std::vector<std::shared_ptr<Stream>>> streams;
      TestServer server([&](const std::shared_ptr<Exchange>& exchange) {
        if (exchange->request().path == "/watch") {
          streams.Lock()->push_back(exchange->StartStream(Response(), [] {}));
        } else {
          EchoHandler(exchange);
          for (const auto& stream : streams.Copy()) stream->Write(Text("event"));
        }
      });
      for (int i = 0; i < 4; ++i) {
        clients.emplace_back([&, i, address = server.address] {
          while (!stop) {
            RawSocket client(address);
            if (!client.connected()) break;
            client.Send(i == 0 ? StrCat(kWatch)
                               : "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
            if (client.Receive()) ++answers;
          }
        });
      }
      ASSERT_TRUE(Eventually([&] { return answers > 20; }));
      server.server->Stop(milliseconds(round % 2 == 0 ? 0 : 500));
    }
    stop = true;
  }
}

}  // namespace
}  // namespace patchbay::http

// The API behind the real transport.
#include <gtest/gtest.h>

#include "http/client.h"
#include "http/server.h"
#include "object/object.h"
#include "world.h"

namespace patchbay::api {
namespace {

class Served {
 public:
  Served() {
    http::ServerOptions options;
    options.listen = {"127.0.0.1:0"};
    auto server = http::Server::Start(options, [this](std::shared_ptr<http::Exchange> exchange) {
      world.api->Serve(std::move(exchange));
    });
    EXPECT_TRUE(server.ok());
    if (server.ok()) server_ = *std::move(server);
  }
  ~Served() { Stop(); }
  void Stop() {
    world.api->EndWatches();
    if (server_) server_->Stop(std::chrono::seconds(5));
  }
  http::Call MakeCall(const std::string& method, const std::string& path, std::string body = "") const {
    http::Call call;
    call.method = method;
    call.url = "http://" + server_->addresses().front() + path;
    call.headers.Add("Content-Type", "application/json");
    call.body = std::move(body);
    return call;
  }

  World world;
  std::unique_ptr<http::HttpClient> client = http::NewCurlClient();

 private:
  std::unique_ptr<http::Server> server_;
};

TEST(Server, CreatesListsAndDeletes) {
  Served served;
  const auto created = served.client->Send(served.MakeCall("POST", kPluginsPath, DumpJson(MakePlugin("a"))));
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(created->status, 201);
  const auto list = served.client->Send(served.MakeCall("GET", kPluginsPath));
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(Json::parse(list->body)["items"][0], Json::parse(created->body));
  const auto head = served.client->Send(served.MakeCall("HEAD", OneOf("a")));
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->status, 200);
  const auto deleted = served.client->Send(served.MakeCall("DELETE", OneOf("a")));
  ASSERT_TRUE(deleted.ok());
  EXPECT_TRUE(IsDeleting(Json::parse(deleted->body)));
}

TEST(Server, StreamsAWatchUntilItEnds) {
  Served served;
  struct Heard {
    std::string text;
    bool ended = false;
  };
  Guarded<Heard> heard;
  std::condition_variable changed;
  http::HttpClient::StreamEvents events;
  events.on_head = [](const http::Answer& head) { EXPECT_EQ(head.status, 200); };
  events.on_piece = [&](std::string_view piece) {
    heard.Lock()->text += piece;
    changed.notify_all();
    return true;
  };
  events.on_end = [&](const Result<void>&) {
    heard.Lock()->ended = true;
    changed.notify_all();
  };
  http::Call call = served.MakeCall("GET", std::string(kPluginsPath) + "?watch=true");
  call.timeout = std::chrono::milliseconds(0);
  auto subscription = served.client->Open(call, std::move(events));
  ASSERT_TRUE(subscription.ok());
  served.world.Post(kPluginsPath, MakePlugin("a"));
  {
    auto locked = heard.Lock();
    EXPECT_TRUE(changed.wait_for(locked.lock(), std::chrono::seconds(20),
                                 [&] { return locked->text.find('\n') != std::string::npos; }));
  }
  EXPECT_EQ(NameOf(Json::parse(heard.Copy().text)["object"]), "a");
  served.Stop();
  auto locked = heard.Lock();
  EXPECT_TRUE(changed.wait_for(locked.lock(), std::chrono::seconds(20), [&] { return locked->ended; }));
}

}  // namespace
}  // namespace patchbay::api

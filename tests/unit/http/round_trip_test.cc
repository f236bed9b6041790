#include <gtest/gtest.h>

#include "http/client.h"
#include "http/server.h"
namespace patchbay::http {
TEST(RoundTrip, Works) {
  ServerOptions options;
  options.listen = {"127.0.0.1:0"};
  auto server = Server::Start(
      options, [](std::shared_ptr<Exchange> e) { e->Reply(Response::Text(200, e->request().body + "!")); });
  ASSERT_TRUE(server.ok());
  auto client = NewCurlClient();
  Call call;
  call.method = "POST";
  call.body = "hi";
  call.url = "http://" + (*server)->addresses()[0] + "/x";
  auto answer = client->Send(call);
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->body, "hi!");
}
}  // namespace patchbay::http

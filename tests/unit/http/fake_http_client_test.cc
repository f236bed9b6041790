#include "harness/http/fake_http_client.h"

#include <gtest/gtest.h>

#include <string>

namespace patchbay::http {
namespace {

Call Make(const std::string& method, const std::string& url) {
  Call call;
  call.method = method;
  call.url = url;
  return call;
}

TEST(FakeHttpClient, AnswersByTheLatestRuleThatFits) {
  FakeHttpClient client;
  client.On("GET", "http://x/*", {200, {}, "any"});
  client.On("GET", "http://x/one", {201, {}, "one"});
  EXPECT_EQ(client.Send(Make("GET", "http://x/two"))->body, "any");
  EXPECT_EQ(client.Send(Make("GET", "http://x/one"))->status, 201);
  EXPECT_EQ(client.Send(Make("POST", "http://x/one"))->status, 404);
  EXPECT_EQ(client.calls("GET", "http://x/*").size(), 2u);
}

TEST(FakeHttpClient, FailsBeforeAndAfterTheEffectAndRecovers) {
  FakeHttpClient client;
  int effects = 0;
  client.On("POST", "http://x/", [&](const Call&) -> Result<Answer> {
    ++effects;
    return Answer{200, {}, ""};
  });
  client.FailNext(FakeHttpClient::Fault::kBefore);
  client.FailNext(FakeHttpClient::Fault::kAfter);
  EXPECT_EQ(client.Send(Make("POST", "http://x/")).error().code, Code::kUnavailable);
  EXPECT_EQ(effects, 0);
  EXPECT_EQ(client.Send(Make("POST", "http://x/")).error().code, Code::kInDoubt);
  EXPECT_EQ(effects, 1);
  EXPECT_TRUE(client.Send(Make("POST", "http://x/")).ok());
}

TEST(FakeHttpClient, DeliversAStreamUntilItIsDropped) {
  FakeHttpClient client;
  std::string seen;
  HttpClient::StreamEvents events;
  events.on_piece = [&](std::string_view piece) {
    seen += piece;
    return true;
  };
  auto subscription = client.Open(Make("GET", "http://x/events"), events);
  ASSERT_TRUE(subscription.ok());
  const auto stream = client.WaitForStream("GET", "http://x/events");
  ASSERT_NE(stream, nullptr);
  EXPECT_TRUE(stream->Piece("a"));
  subscription->reset();
  EXPECT_FALSE(stream->Piece("b"));
  EXPECT_EQ(seen, "a");
  EXPECT_TRUE(client.streams("GET", "*").empty());
}

}  // namespace
}  // namespace patchbay::http

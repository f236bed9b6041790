#include "driver/notifier/webhook_notifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/text.h"
#include "harness/clock/fake_clock.h"

namespace patchbay::driver {
namespace {

using testing::HasSubstr;

class Receiver : public http::HttpClient {
 public:
  Result<http::Answer> Send(const http::Call& call) override {
    calls.push_back(call);
    if (while_sending) while_sending();
    return answer;
  }
  Result<std::unique_ptr<http::Subscription>> Open(const http::Call&, StreamEvents) override {
    return Error{Code::kUnsupported, "no streams here"};
  }

  std::vector<http::Call> calls;
  std::function<void()> while_sending;
  Result<http::Answer> answer = http::Answer{204, {}, ""};
};

class WebhookNotifierTest : public testing::Test {
 protected:
  WebhookNotifierTest() {
    message_.id = "msg-1";
    message_.url = "http://receiver.example.org/hook?x=1";
    message_.payload = R"({"type":"plugin.ready"})";
    message_.secrets = {"first secret"};
  }
  std::unique_ptr<WebhookNotifier> New(bool allow_private = true) {
    WebhookOptions options;
    options.clock = &clock_;
    options.allow_private = allow_private;
    return std::make_unique<WebhookNotifier>(receiver_, options);
  }

  FakeClock clock_;
  std::shared_ptr<Receiver> receiver_ = std::make_shared<Receiver>();
  Message message_;
};

TEST_F(WebhookNotifierTest, PostsTheExactBytesSigned) {
  const auto receipt = New()->Send(message_);
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(receipt->status, 204);
  ASSERT_EQ(receiver_->calls.size(), 1u);
  const auto& call = receiver_->calls.front();
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.url, message_.url);
  EXPECT_EQ(call.body, message_.payload);
  EXPECT_EQ(call.timeout, message_.timeout);
  EXPECT_EQ(call.headers.Get("content-type"), "application/json");
  EXPECT_EQ(call.headers.Get("user-agent"), "patchbay");
  EXPECT_EQ(call.headers.Get("webhook-id"), "msg-1");
  EXPECT_EQ(call.headers.Get("webhook-timestamp"), "1800000000");
  EXPECT_EQ(call.headers.Get("webhook-signature"), *SignV1("first secret", "msg-1", 1800000000, message_.payload));
}

TEST_F(WebhookNotifierTest, SignsEachAttemptWithItsOwnTime) {
  const auto notifier = New();
  ASSERT_TRUE(notifier->Send(message_).ok());
  clock_.Advance(std::chrono::seconds(7));
  ASSERT_TRUE(notifier->Send(message_).ok());
  EXPECT_EQ(receiver_->calls[1].headers.Get("webhook-id"), "msg-1");
  EXPECT_EQ(receiver_->calls[1].headers.Get("webhook-timestamp"), "1800000007");
  EXPECT_NE(receiver_->calls[1].headers.Get("webhook-signature"), receiver_->calls[0].headers.Get("webhook-signature"));
}

TEST_F(WebhookNotifierTest, SignsWithEverySecretWhileKeysAreExchanged) {
  message_.secrets = {"old", "new"};
  ASSERT_TRUE(New()->Send(message_).ok());
  EXPECT_EQ(receiver_->calls.front().headers.Get("webhook-signature"),
            StrCat(*SignV1("old", "msg-1", 1800000000, message_.payload), " ",
                   *SignV1("new", "msg-1", 1800000000, message_.payload)));
}

TEST_F(WebhookNotifierTest, SendsUnsignedWithoutSecrets) {
  message_.secrets.clear();
  ASSERT_TRUE(New()->Send(message_).ok());
  EXPECT_FALSE(receiver_->calls.front().headers.Has("webhook-signature"));
}

TEST_F(WebhookNotifierTest, TakesTheUsersHeadersButNotForItsOwn) {
  message_.headers = {{"Authorization", "Bearer x"},
                      {"Webhook-Signature", "v1,forged"},
                      {"host", "elsewhere"},
                      {"Content-Length", "1"}};
  ASSERT_TRUE(New()->Send(message_).ok());
  const auto& headers = receiver_->calls.front().headers;
  EXPECT_EQ(headers.Get("Authorization"), "Bearer x");
  EXPECT_THAT(std::string(headers.Get("webhook-signature")), testing::StartsWith("v1,"));
  EXPECT_NE(headers.Get("webhook-signature"), "v1,forged");
  EXPECT_FALSE(headers.Has("Host"));
  EXPECT_FALSE(headers.Has("Content-Length"));
}

TEST_F(WebhookNotifierTest, SendsNothingThatIsMalformed) {
  message_.headers = {{"X", "a\r\nY: b"}};
  EXPECT_EQ(New()->Send(message_).error().code, Code::kInvalid);
  message_.headers = {{"bad name", "a"}};
  EXPECT_EQ(New()->Send(message_).error().code, Code::kInvalid);
  message_.headers.clear();
  message_.secrets = {"whsec_short"};
  EXPECT_EQ(New()->Send(message_).error().code, Code::kInvalid);
  EXPECT_TRUE(receiver_->calls.empty());
}

TEST_F(WebhookNotifierTest, ReportsEveryStatusAsItIs) {
  for (const int status : {200, 302, 410, 500}) {
    receiver_->answer = http::Answer{status, {}, ""};
    EXPECT_EQ(New()->Send(message_)->status, status);
  }
}

TEST_F(WebhookNotifierTest, ReportsHowLongToWait) {
  http::Answer busy{429, {}, ""};
  busy.headers.Set("Retry-After", "30");
  receiver_->answer = busy;
  EXPECT_EQ(New()->Send(message_)->retry_after, std::chrono::seconds(30));
}

TEST_F(WebhookNotifierTest, ReportsHowLongItTook) {
  receiver_->while_sending = [&] { clock_.Advance(std::chrono::milliseconds(250)); };
  EXPECT_EQ(New()->Send(message_)->took, std::chrono::milliseconds(250));
}

TEST_F(WebhookNotifierTest, AsksForPublicAddressesAloneWhenToldSo) {
  ASSERT_TRUE(New(true)->Send(message_).ok());
  ASSERT_TRUE(New(false)->Send(message_).ok());
  EXPECT_FALSE(receiver_->calls[0].public_only);
  EXPECT_TRUE(receiver_->calls[1].public_only);
}

TEST_F(WebhookNotifierTest, PassesOnWhyItFailed) {
  receiver_->answer = Error{Code::kForbidden, "the address is private"};
  const auto receipt = New()->Send(message_);
  EXPECT_EQ(receipt.error().code, Code::kForbidden);
  EXPECT_THAT(receipt.error().message, HasSubstr("private"));
}

}  // namespace
}  // namespace patchbay::driver

#include "controller/webhook.h"

#include <gmock/gmock.h>

#include "harness/world/world.h"

namespace patchbay::controller {
namespace {

using driver::Receipt;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Json WebhookSpec(const std::string& url) { return {{"url", url}, {"events", {"plugin.ready"}}, {"timeoutSeconds", 5}}; }

void MakeNews(World& world, const std::string& name = "echo") {
  world.ApplyPlugin(name, PluginSpec());
  world.Settle();
}

TEST(Webhook, IsToldOfWhatItAskedFor) {
  World world;
  world.ApplyPlain({std::string(kSecrets), "default", "s"}, "Secret", {{"data", {{"secret", "aGVsbG8="}}}});
  Json spec = WebhookSpec("http://h/1");
  spec["secretRef"] = {{"name", "s"}};
  spec["headers"] = {{{"name", "X-A"}, {"value", "b"}}};
  world.Apply(world.WebhookKey("w"), spec);
  MakeNews(world);
  world.Advance(seconds(3));
  ASSERT_THAT(world.notifier.Sent(), SizeIs(1));
  const auto message = world.notifier.Sent()[0];
  EXPECT_EQ(message.url, "http://h/1");
  EXPECT_THAT(message.payload, HasSubstr("plugin.ready"));
  EXPECT_EQ(message.secrets, std::vector<std::string>{"hello"});
  EXPECT_EQ(message.headers.at(0).first, "X-A");
  const Json webhook = world.Get(world.WebhookKey("w"));
  EXPECT_EQ(FindInt(webhook, {"status", "delivered"}), 1);
  EXPECT_EQ(FindInt(webhook, {"status", "pending"}), 0);
  EXPECT_EQ(FindString(webhook, {"status", "lastDelivery", "outcome"}), "Delivered");
  EXPECT_EQ(world.ConditionOf(world.WebhookKey("w"), "Ready"), "True/Sending");
}

TEST(Webhook, TriesAgainUnderTheSameIdWithBackoff) {
  World world;
  world.notifier.AnswerWith("http://h/1", 500);
  world.Apply(world.WebhookKey("w"), WebhookSpec("http://h/1"));
  MakeNews(world);
  EXPECT_THAT(world.notifier.Sent(), SizeIs(1));
  world.Advance(seconds(7));
  EXPECT_THAT(world.notifier.Sent(), SizeIs(2));
  world.notifier.AnswerAsUsual("http://h/1");
  world.Advance(seconds(12));
  ASSERT_THAT(world.notifier.Sent(), SizeIs(3));
  EXPECT_EQ(world.notifier.Sent()[0].id, world.notifier.Sent()[2].id);
  EXPECT_EQ(FindInt(world.Get(world.WebhookKey("w")), {"status", "delivered"}), 1);
}

TEST(Webhook, WaitsAsLongAsTheReceiverAsks) {
  World world;
  world.notifier.AnswerWith("http://h/1", [](const auto&) { return Receipt{503, milliseconds(1), minutes(10)}; });
  world.Apply(world.WebhookKey("w"), WebhookSpec("http://h/1"));
  MakeNews(world);
  world.Advance(minutes(9));
  EXPECT_THAT(world.notifier.Sent(), SizeIs(1));
  world.Advance(minutes(2));
  EXPECT_THAT(world.notifier.Sent(), SizeIs(2));
}

TEST(Webhook, GivesUpAfterItsAttempts) {
  World world;
  world.notifier.FailWith("http://h/1", Error{Code::kUnavailable, "refused"});
  Json spec = WebhookSpec("http://h/1");
  spec["retry"] = {{"maxAttempts", 3}};
  world.Apply(world.WebhookKey("w"), spec);
  MakeNews(world);
  world.Advance(hours(2));
  EXPECT_THAT(world.notifier.Sent(), SizeIs(3));
  EXPECT_EQ(FindInt(world.Get(world.WebhookKey("w")), {"status", "failed"}), 1);
}

TEST(Webhook, KeepsItsMessagesWhileDisabled) {
  World world;
  Json spec = WebhookSpec("http://h/1");
  world.Apply(world.WebhookKey("w"), spec);
  world.notifier.AnswerWith("http://h/1", 500);
  MakeNews(world);
  world.Patch(world.WebhookKey("w"), {{"enabled", false}});
  world.notifier.AnswerAsUsual("http://h/1");
  world.Advance(hours(72));
  EXPECT_THAT(world.notifier.Sent(), SizeIs(1));
  EXPECT_EQ(world.ConditionOf(world.WebhookKey("w"), "Ready"), "True/Disabled");
  world.Patch(world.WebhookKey("w"), {{"enabled", true}});
  world.Advance(seconds(5));
  EXPECT_EQ(FindInt(world.Get(world.WebhookKey("w")), {"status", "delivered"}), 1);
}

TEST(Webhook, WaitsForItsSecret) {
  World world;
  Json spec = WebhookSpec("http://h/1");
  spec["secretRef"] = {{"name", "s"}, {"key", "k"}};
  world.Apply(world.WebhookKey("w"), spec);
  MakeNews(world);
  world.Advance(minutes(2));
  EXPECT_THAT(world.notifier.Sent(), IsEmpty());
  EXPECT_EQ(world.ConditionOf(world.WebhookKey("w"), "Ready"), "False/SecretNotFound");
  world.ApplyPlain({std::string(kSecrets), "default", "s"}, "Secret", {{"data", {{"k", "aGVsbG8="}}}});
  world.Advance(seconds(5));
  EXPECT_THAT(world.notifier.Sent(), SizeIs(1));
}

TEST(Webhook, SignsWithTheSecretAsItIsNow) {
  World world;
  const Key secret{std::string(kSecrets), "default", "s"};
  world.ApplyPlain(secret, "Secret", {{"data", {{"secret", "b2xk"}}}});
  world.notifier.AnswerWith("http://h/1", 500);
  Json spec = WebhookSpec("http://h/1");
  spec["secretRef"] = {{"name", "s"}};
  world.Apply(world.WebhookKey("w"), spec);
  MakeNews(world);
  world.Advance(seconds(3));
  ASSERT_THAT(world.notifier.Sent(), SizeIs(1));
  EXPECT_EQ(world.notifier.Sent()[0].secrets, std::vector<std::string>{"old"});
  world.ApplyPlain(secret, "Secret", {{"data", {{"secret", "bmV3"}}}});
  world.notifier.AnswerAsUsual("http://h/1");
  world.Advance(minutes(5));
  ASSERT_THAT(world.notifier.Sent(), SizeIs(2));
  EXPECT_EQ(world.notifier.Sent()[1].secrets, std::vector<std::string>{"new"});
}

TEST(Webhook, ThatIsGoneIsPausedUntilItsSpecChanges) {
  World world;
  world.notifier.AnswerWith("http://h/1", 410);
  world.Apply(world.WebhookKey("w"), WebhookSpec("http://h/1"));
  MakeNews(world);
  world.Advance(hours(3));
  EXPECT_THAT(world.notifier.Sent(), SizeIs(1));
  EXPECT_EQ(world.ConditionOf(world.WebhookKey("w"), "Stalled"), "True/EndpointGone");
  world.Patch(world.WebhookKey("w"), {{"url", "http://h/2"}});
  world.Advance(seconds(10));
  EXPECT_THAT(world.notifier.Sent(), SizeIs(2));
  EXPECT_EQ(world.ConditionOf(world.WebhookKey("w"), "Ready"), "True/Sending");
}

TEST(Webhook, LosesNothingWhenTheOperatorDiesBeforeItSettles) {
  World world;
  world.Apply(world.WebhookKey("w"), WebhookSpec("http://h/1"));
  world.notifier.AnswerWith("http://h/1", [](const auto&) -> Result<Receipt> { throw Crash(); });
  world.ApplyPlugin("echo", PluginSpec());
  EXPECT_THROW(world.Settle(), Crash);
  world.notifier.AnswerAsUsual("http://h/1");
  world.RestartOperator();
  world.Advance(minutes(2));
  ASSERT_THAT(world.notifier.Sent(), SizeIs(2));
  EXPECT_EQ(world.notifier.Sent()[0].id, world.notifier.Sent()[1].id);
  EXPECT_EQ(FindInt(world.Get(world.WebhookKey("w")), {"status", "delivered"}), 1);
}

TEST(WebhookBackoff, DoublesUpToTheMost) {
  Random random(1);
  WebhookWish wish;
  wish.backoff_first = seconds(5);
  wish.backoff_most = seconds(60);
  EXPECT_LE(WebhookBackoff(wish, 0, random), seconds(5));
  EXPECT_GE(WebhookBackoff(wish, 0, random), milliseconds(4'500));
  EXPECT_GE(WebhookBackoff(wish, 2, random), seconds(18));
  EXPECT_LE(WebhookBackoff(wish, 40, random), seconds(60));
}

}  // namespace
}  // namespace patchbay::controller

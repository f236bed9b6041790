#include "driver/gateway/caddy_journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "driver/gateway/caddy_gateway.h"
#include "harness/gateway/fake_caddy.h"
#include "harness/gateway/plain_route.h"
#include "object/json.h"

namespace patchbay::driver {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::UnorderedElementsAre;

TEST(AnswerCount, TellsHowManyWereSlowerAndNeverTooMany) {
  AnswerCount count;
  for (const int ms : {0, 1, 90, 100, 101, 130, 200, 60'000}) count.Add(ms == 200, milliseconds(ms));
  EXPECT_EQ(count.requests(), 8);
  EXPECT_EQ(count.failed(), 1);
  EXPECT_EQ(count.CountSlower(milliseconds(150)), 2);
  EXPECT_LE(count.CountSlower(milliseconds(100)), 4);
  EXPECT_EQ(count.CountSlower(milliseconds(600'000)), 0);
  const AnswerCount before = count;
  count.Add(true, milliseconds(10));
  count -= before;
  EXPECT_EQ(count.requests(), 1);
  EXPECT_EQ(count.failed(), 1);
  EXPECT_EQ(count.CountSlower(milliseconds(1)), 1);
}

class Journal : public testing::Test {
 protected:
  const std::unique_ptr<CaddyJournal> journal_ = *CaddyJournal::Listen("127.0.0.1", 0);
};

// Lines as Caddy 2.6.2 writes them.
TEST_F(Journal, CountsRoundTripsByUpstream) {
  const std::string head = R"({"level":"debug","ts":1.5,"logger":"http.handlers.reverse_proxy","msg":"upstream roundtrip","upstream":)";
  journal_->Take(head + R"("127.0.0.1:1","duration":0.023647232,"status":200})" "\n");
  journal_->Take(head + R"("127.0.0.1:1","duration":0.015,"status":404})");
  journal_->Take(head + R"("127.0.0.1:1","duration":0.015,"status":503})");
  journal_->Take(head + R"("127.0.0.1:2","duration":0.00015526,"error":"dial tcp 127.0.0.1:2: connect: connection refused"})");
  auto counts = journal_->Counts();
  EXPECT_THAT(counts, UnorderedElementsAre(Key("127.0.0.1:1"), Key("127.0.0.1:2")));
  EXPECT_EQ(counts["127.0.0.1:1"].requests(), 3);
  EXPECT_EQ(counts["127.0.0.1:1"].failed(), 1);
  EXPECT_EQ(counts["127.0.0.1:1"].CountSlower(milliseconds(18)), 1);
  EXPECT_EQ(counts["127.0.0.1:2"].failed(), 1);
}

TEST_F(Journal, IgnoresWhatIsNoRoundTrip) {
  for (const char* line : {"", "{", "upstream roundtrip", R"({"msg":"selected upstream","dial":"127.0.0.1:1"})",
                           R"({"msg":"upstream roundtrip","upstream":"127.0.0.1:1","duration":"long"})",
                           R"({"msg":"upstream roundtrip","upstream":7,"duration":1})", R"(["upstream roundtrip"])"})
    journal_->Take(line);
  EXPECT_THAT(journal_->Counts(), IsEmpty());
}

TEST(CaddyJournal, ListensOnlyWhereItCan) {
  EXPECT_THAT(CaddyJournal::Listen("localhost", 1).error().message, HasSubstr("is not an IPv4 address and a port to hear"));
  EXPECT_EQ(CaddyJournal::Listen("127.0.0.1", 70'000).error().code, Code::kInvalid);
}

// In Caddy's configuration: only while a route is to be measured, and beside the logs of others.
class JournalOfGateway : public Journal {
 protected:
  JournalOfGateway() {
    CaddyOptions options;
    options.installation = "abc";
    options.journal = journal_.get();
    gateway_ = *CaddyGateway::New(caddy_, options);
    caddy_->SetConfig(*ParseJson(R"({"logging":{"logs":{"theirs":{"level":"ERROR"}}}})"));
  }
  Published Publish(bool measured) {
    GatewayRoute route = Route("r");
    route.measured = measured;
    const auto published = gateway_->Publish({route});
    EXPECT_TRUE(published.ok()) << published.error().message;
    return published.ok() ? *published : Published{};
  }
  std::vector<std::string> Logs() const {
    std::vector<std::string> names;
    const Json config = caddy_->config();
    for (const auto& [name, log] : Find(config, {"logging", "logs"})->items()) names.push_back(name);
    return names;
  }

  const std::shared_ptr<FakeCaddy> caddy_ = std::make_shared<FakeCaddy>();
  std::unique_ptr<CaddyGateway> gateway_;
};

TEST_F(JournalOfGateway, StandsInTheConfigurationWhileARouteIsMeasured) {
  Publish(false);
  EXPECT_THAT(Logs(), UnorderedElementsAre("theirs"));
  Publish(true);
  EXPECT_THAT(Logs(), UnorderedElementsAre("theirs", "patchbay-ba7816bf-answers"));
  const int reloads = caddy_->reloads();
  Publish(true);
  EXPECT_EQ(caddy_->reloads(), reloads);
}

TEST_F(JournalOfGateway, GoesWhenNobodyNeedsItAndNobodyIsServed) {
  Publish(true);
  caddy_->SetInFlight("10.0.0.1:80", 1);
  EXPECT_TRUE(Publish(false).postponed);
  EXPECT_EQ(Logs().size(), 2u);
  caddy_->SetInFlight("10.0.0.1:80", 0);
  EXPECT_FALSE(Publish(false).postponed);
  EXPECT_THAT(Logs(), UnorderedElementsAre("theirs"));
}

TEST_F(JournalOfGateway, IsPutBackWhenOthersRemovedIt) {
  Publish(true);
  Json config = caddy_->config();
  config["logging"]["logs"].erase("patchbay-ba7816bf-answers");
  caddy_->SetConfig(config);
  EXPECT_TRUE(gateway_->Answers().ok());
  EXPECT_EQ(Logs().size(), 2u);
}

TEST(CaddyWithoutAJournal, SaysWhatIsMissing) {
  CaddyOptions options;
  options.installation = "abc";
  const auto gateway = *CaddyGateway::New(std::make_shared<FakeCaddy>(), options);
  EXPECT_EQ(gateway->Answers().error().code, Code::kUnsupported);
  EXPECT_THAT(gateway->Answers().error().message, HasSubstr("--gateway-journal"));
}

}  // namespace
}  // namespace patchbay::driver

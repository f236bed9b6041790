#include <algorithm>

#include "unit/gateway/kong_stage.h"

namespace patchbay::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Type = PathMatch::Type;

// Every write may be the last one before a crash, its answer seen or not.
class KongCrashTest : public KongGatewayTest, public testing::WithParamInterface<bool> {
 protected:
  void CrashEverywhere(const std::vector<GatewayRoute>& before, const std::vector<GatewayRoute>& after) {
    for (int writes = 0; writes < 100; ++writes) {
      client_->CutAfterWrites(-1);
      Publish(before);
      EXPECT_EQ(gateway_->Read()->routes, Digests(before));
      client_->CutAfterWrites(writes, GetParam());
      const bool done = gateway_->Publish(after).ok();
      Renew();
      Publish(after);
      EXPECT_EQ(gateway_->Read()->routes, Digests(after)) << "after " << writes << " writes";
      EXPECT_FALSE(Publish(after).changed) << "after " << writes << " writes";
      EXPECT_EQ(kong_.WithoutTag(gateway_->mark()), foreign_) << "after " << writes << " writes";
      if (done) return;
    }
    ADD_FAILURE() << "never done";
  }
  void SetUp() override {
    AddForeign();
    foreign_ = kong_.WithoutTag(gateway_->mark());
  }
  Json foreign_;
};

INSTANTIATE_TEST_SUITE_P(AnswerSeen, KongCrashTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(AnswerLost, KongCrashTest, testing::Values(true));

TEST_P(KongCrashTest, IsFinishedByTheNextPublishWhileRoutesAreMade) { CrashEverywhere({}, Routes(3)); }
TEST_P(KongCrashTest, IsFinishedByTheNextPublishWhileRoutesGo) { CrashEverywhere(Routes(3), {}); }
TEST_P(KongCrashTest, IsFinishedByTheNextPublishWhileTargetsAreReplaced) {
  CrashEverywhere({Route("a", {{"10.0.0.1:80"}, {"10.0.0.2:80"}})},
                  {Route("a", {{"10.0.0.3:80", false, 2}, {"10.0.0.4:80", false, 1}})});
}
TEST_P(KongCrashTest, IsFinishedByTheNextPublishWhileARouteRunsEmpty) {
  CrashEverywhere({Route("a")}, {Route("a", {})});
}
TEST_P(KongCrashTest, IsFinishedByTheNextPublishWhileCallersChange) {
  CrashEverywhere(
      {Guarded("a", CallerCheck::Type::kKey, {{"one", "k1"}}), Guarded("b", CallerCheck::Type::kBasic, {{"u", "1"}})},
      {Guarded("a", CallerCheck::Type::kBasic, {{"u", "2"}}),
       Guarded("b", CallerCheck::Type::kBasic, {{"u", "2"}, {"v", "3"}})});
}
TEST_P(KongCrashTest, IsFinishedByTheNextPublishWhileEverythingChanges) {
  auto other = Route("a", {{"10.0.0.9:443", true}});
  other.hosts = {"a.example.org", "*.example.org"};
  other.request_headers.set = {{"X-A", "1"}};
  other.paths = {{Type::kExact, "/x"}, {Type::kRegex, "/v[0-9]"}};
  CrashEverywhere({Route("a"), Route("b")}, {other, Route("c")});
}

class KongWithoutDatabase : public KongGatewayTest {
 protected:
  KongWithoutDatabase() : KongGatewayTest({3, 4, false, ""}) {}
};

TEST_F(KongWithoutDatabase, IsGivenEverythingInOnePost) {
  Publish(Routes(5));
  EXPECT_THAT(Writes(), ElementsAre("POST config"));
  EXPECT_FALSE(Publish(Routes(5)).changed);
  Publish(Routes(4));
  EXPECT_THAT(Writes(), ElementsAre("POST config"));
  EXPECT_EQ(gateway_->Read()->routes, Digests(Routes(4)));
}

TEST_F(KongWithoutDatabase, IsGivenCallersToo) {
  const std::vector<GatewayRoute> routes = {Guarded("a", CallerCheck::Type::kKey, {{"one", "k1"}}),
                                            Guarded("b", CallerCheck::Type::kKey, {{"one", "k1"}})};
  EXPECT_THAT(Publish(routes).refused, IsEmpty());
  EXPECT_EQ(gateway_->Read()->routes, Digests(routes));
  EXPECT_THAT(kong_.All("acls"), SizeIs(2));
}

TEST_F(KongWithoutDatabase, FindsTheRouteThatIsRefused) {
  auto routes = Routes(5);
  routes[3].hosts = {"not a host"};
  const auto published = Publish(routes);
  ASSERT_THAT(published.refused, SizeIs(1));
  EXPECT_THAT(published.refused.at("r3"), HasSubstr("hosts.1: invalid value: not a host"));
  EXPECT_THAT(gateway_->Read()->routes, SizeIs(4));
}

TEST_F(KongWithoutDatabase, TouchesNothingWhileOthersAreThere) {
  AddForeign();
  const auto before = kong_.WithoutTag("-");
  const auto published = gateway_->Publish(Routes(1));
  EXPECT_EQ(published.error().code, Code::kInvalid);
  EXPECT_THAT(published.error().message, HasSubstr("holds what is not Patchbay's (services theirs)"));
  EXPECT_EQ(kong_.WithoutTag("-"), before);
}

TEST_F(KongWithoutDatabase, HasAnotherEpochAfterARestart) {
  const auto before = gateway_->Read()->epoch;
  EXPECT_EQ(gateway_->Read()->epoch, before);
  kong_.Restart();
  const auto after = gateway_->Read()->epoch;
  EXPECT_NE(after, before);
  EXPECT_EQ(gateway_->Read()->epoch, after);
}

}  // namespace
}  // namespace patchbay::driver

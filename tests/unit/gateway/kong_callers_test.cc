#include <algorithm>

#include "unit/gateway/kong_stage.h"

namespace patchbay::driver {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(KongGatewayTest, ChecksCallersBeforeTheRouteIsThere) {
  Publish({Guarded("a", CallerCheck::Type::kKey, {{"one", "k1"}, {"two", "k2"}})});
  EXPECT_THAT(Writes(), ElementsAre("PUT consumers", "PUT consumers", "PUT key-auth", "PUT key-auth", "PUT upstreams",
                                    "POST targets", "PUT acls", "PUT acls", "PUT services", "PUT plugins",
                                    "PUT plugins", "PUT routes"));
  EXPECT_THAT(kong_.unguarded("key-auth"), IsEmpty());
  EXPECT_THAT(kong_.unguarded("acl"), IsEmpty());
}

TEST_F(KongGatewayTest, SharesAKeyAmongRoutesAndForgetsItWithTheLast) {
  const auto a = Guarded("a", CallerCheck::Type::kKey, {{"one", "k1"}});
  const auto b = Guarded("b", CallerCheck::Type::kKey, {{"uno", "k1"}, {"two", "k2"}});
  Publish({a, b});
  EXPECT_THAT(kong_.All("consumers"), SizeIs(2));
  EXPECT_THAT(kong_.All("acls"), SizeIs(3));
  EXPECT_EQ(gateway_->Read()->routes, Digests({a, b}));
  Publish({a});
  EXPECT_THAT(kong_.All("consumers"), SizeIs(1));
  EXPECT_THAT(kong_.All("keyauth_credentials"), SizeIs(1));
  EXPECT_EQ(gateway_->Read()->routes, Digests({a}));
  Publish({});
  EXPECT_EQ(kong_.WithoutTag("-"), Json::object());
}

TEST_F(KongGatewayTest, ChangesAPasswordInPlaceAndNoticesALostCredential) {
  auto route = Guarded("a", CallerCheck::Type::kBasic, {{"admin", "old"}});
  Publish({route});
  Writes();
  EXPECT_FALSE(Publish({route}).changed);
  const auto before = gateway_->Digest(route);
  route.auth->credentials = {{"admin", "new"}};
  EXPECT_NE(gateway_->Digest(route), before);
  EXPECT_TRUE(Publish({route}).changed);
  EXPECT_THAT(Writes(), ElementsAre("PUT basic-auth"));
  EXPECT_EQ(gateway_->Read()->routes, Digests({route}));
  kong_.Delete("/consumers/x/basic-auth/" + FindString(kong_.All("basicauth_credentials").front(), {"id"}));
  EXPECT_NE(gateway_->Read()->routes, Digests({route}));
  Publish({route});
  EXPECT_EQ(gateway_->Read()->routes, Digests({route}));
}

TEST_F(KongGatewayTest, RefusesTheSecondOfTwoPasswordsOfOneUser) {
  const auto published = Publish({Guarded("a", CallerCheck::Type::kBasic, {{"admin", "1"}}),
                                  Guarded("b", CallerCheck::Type::kBasic, {{"admin", "2"}})});
  ASSERT_THAT(published.refused, SizeIs(1));
  EXPECT_THAT(published.refused.at("b"), HasSubstr("another route has another secret for \"admin\""));
}

TEST_F(KongGatewayTest, RefusesTheRoutesOfAKeyThatSomebodyElseHas) {
  const auto theirs = kong_.Put("/consumers", {{"username", "theirs"}});
  kong_.Put("/consumers/theirs/key-auth", {{"key", "k1"}});
  const auto published = Publish({Guarded("a", CallerCheck::Type::kKey, {{"one", "k1"}}), Route("b")});
  ASSERT_THAT(published.refused, SizeIs(1));
  EXPECT_THAT(published.refused.at("a"), HasSubstr("UNIQUE violation detected on '{key=\"k1\"}'"));
  EXPECT_EQ(gateway_->Read()->routes, Digests({Route("b")}));
  EXPECT_THAT(kong_.All("consumers"), SizeIs(1));
}

TEST_F(KongGatewayTest, ReadsTokensOfAnIssuer) {
  const auto shared = Guarded("a", CallerCheck::Type::kJwt, {{"https://issuer", "secret"}});
  const auto signed_by_key =
      Guarded("b", CallerCheck::Type::kJwt, {{"https://other", "-----BEGIN PUBLIC KEY-----\nx"}});
  EXPECT_THAT(Publish({shared, signed_by_key}).refused, IsEmpty());
  EXPECT_THAT(kong_.All("jwt_secrets"), SizeIs(2));
  EXPECT_FALSE(Publish({shared, signed_by_key}).changed);
  EXPECT_THAT(kong_.unguarded("jwt"), IsEmpty());
}

}  // namespace
}  // namespace patchbay::driver

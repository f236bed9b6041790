#include "controller/endpoints.h"

#include <gmock/gmock.h>

namespace patchbay::controller {
namespace {

const Key kShop{"plugins.patchbay.dev", "default", "shop"};
const Key kOther{"plugins.patchbay.dev", "default", "other"};

struct World {
  int changes = 0;
  std::vector<Key> confirmed;
  Endpoints endpoints{[this] { ++changes; }, [this](const Key& key) { confirmed.push_back(key); }};
};

// An operator that just started does not know whom the gateway leads to.
TEST(Endpoints, AreNotSettledBeforeTheFirstConfirmation) {
  World world;
  world.endpoints.Set(kShop, {.members = {{"new", "172.17.0.3"}}});
  EXPECT_FALSE(world.endpoints.Settled(kShop));
  EXPECT_EQ(world.changes, 1);
  world.endpoints.SetReferenced({kShop});
  world.endpoints.Confirm(world.endpoints.View().version);
  EXPECT_TRUE(world.endpoints.Settled(kShop));
  EXPECT_THAT(world.confirmed, testing::ElementsAre(kShop));
}

TEST(Endpoints, TellWhoAskedBeforeTheFirstConfirmation) {
  World world;
  EXPECT_FALSE(world.endpoints.Known(kShop));
  world.endpoints.Confirm(world.endpoints.View().version);
  EXPECT_THAT(world.confirmed, testing::ElementsAre(kShop));
  EXPECT_FALSE(world.endpoints.Known(kShop));  // what is served of it was told by the operator before
  world.endpoints.Set(kShop, {});
  EXPECT_TRUE(world.endpoints.Known(kShop));
}

TEST(Endpoints, OfWhatNoRouteRefersToAreSettledAtOnce) {
  World world;
  world.endpoints.SetReferenced({kOther});
  world.endpoints.Confirm(world.endpoints.View().version);
  world.endpoints.Set(kShop, {.members = {{"new", "172.17.0.3"}}});
  EXPECT_TRUE(world.endpoints.Settled(kShop));
}

TEST(Endpoints, AreReferredToUntilTheRoutesWithdrawalIsConfirmed) {
  World world;
  world.endpoints.Set(kShop, {.members = {{"a", "172.17.0.3"}}});
  world.endpoints.SetReferenced({kShop});
  world.endpoints.Confirm(world.endpoints.View().version);
  world.endpoints.SetReferenced({});
  world.endpoints.Set(kShop, {});
  EXPECT_FALSE(world.endpoints.Settled(kShop));
  world.endpoints.Confirm(world.endpoints.View().version);
  EXPECT_TRUE(world.endpoints.Settled(kShop));
}

TEST(Endpoints, ChangedWhileBeingPublishedAreNotConfirmedByThat) {
  World world;
  world.endpoints.SetReferenced({kShop});
  const auto published = world.endpoints.View().version;
  world.endpoints.Set(kShop, {.members = {{"a", "172.17.0.3"}}});
  world.endpoints.Confirm(published);
  EXPECT_FALSE(world.endpoints.Settled(kShop));
}

}  // namespace
}  // namespace patchbay::controller

#include <algorithm>

#include "unit/gateway/kong_stage.h"

namespace patchbay::driver {
namespace {

// More upstreams than are asked each time.
TEST_F(KongGatewayTest, AsksForFewTargetsThoughRoutesAreMany) {
  auto routes = Routes(100);
  Publish(routes);
  EXPECT_EQ(gateway_->Read()->routes, Digests(routes));
  const int before = kong_.requests();
  EXPECT_EQ(gateway_->Read()->routes, Digests(routes));
  EXPECT_LT(kong_.requests() - before, 30);
  routes[70].upstreams = {{"10.0.0.2:80", false, 1}, {"10.0.0.3:80", false, 2}};
  Publish(routes);
  EXPECT_EQ(gateway_->Read()->routes, Digests(routes));
  // A target that is gone and one that came are noticed at once, another weight when its turn comes.
  const auto target = kong_.All("targets").back();
  const auto path = StrCat("/upstreams/", FindString(target, {"upstream", "id"}), "/targets");
  kong_.Delete(StrCat(path, "/", FindString(target, {"id"})));
  EXPECT_NE(gateway_->Read()->routes, Digests(routes));
  Publish(routes);
  kong_.Put(path, {{"target", "10.9.9.9:80"}, {"tags", {gateway_->mark()}}});
  EXPECT_NE(gateway_->Read()->routes, Digests(routes));
  Publish(routes);
  kong_.Put(StrCat(path, "/", FindString(target, {"id"})), {{"weight", 99}});
  bool noticed = false;
  for (int i = 0; i < 7 && !noticed; ++i) noticed = gateway_->Read()->routes != Digests(routes);
  EXPECT_TRUE(noticed);
  Publish(routes);
  EXPECT_EQ(gateway_->Read()->routes, Digests(routes));
}

}  // namespace
}  // namespace patchbay::driver

#include "harness/gateway/kong_world.h"

#include <stdexcept>

namespace patchbay::driver {

KongWorld::KongWorld(FakeKong::Options options) : kong_(std::move(options)), server_(kong_) {
  KongOptions ours;
  ours.admin = server_.address();
  ours.installation = "test1234";
  auto gateway = KongGateway::New(http::NewCurlClient(), ours);
  if (!gateway.ok()) throw std::runtime_error(gateway.error().message);
  gateway_ = *std::move(gateway);
}

}  // namespace patchbay::driver

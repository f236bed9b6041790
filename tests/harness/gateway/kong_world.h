// A fake Kong over HTTP and our gateway on it, for the contract.
#pragma once

#include <memory>

#include "driver/gateway/kong_gateway.h"
#include "harness/gateway/fake_kong.h"
#include "http/client.h"

namespace patchbay::driver {

class KongWorld {
 public:
  explicit KongWorld(FakeKong::Options options = {});
  KongGateway& gateway() { return *gateway_; }
  FakeKong& kong() { return kong_; }
  FakeKongServer& server() { return server_; }

 private:
  FakeKong kong_;
  FakeKongServer server_;
  std::unique_ptr<KongGateway> gateway_;
};

}  // namespace patchbay::driver

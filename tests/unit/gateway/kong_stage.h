// A gateway on a fake Kong without a socket, and the routes that its tests publish.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "driver/gateway/kong_gateway.h"
#include "harness/clock/fake_clock.h"
#include "harness/gateway/fake_kong.h"
#include "harness/gateway/plain_route.h"

namespace patchbay::driver {

inline std::vector<GatewayRoute> Routes(int count) {
  std::vector<GatewayRoute> routes;
  for (int i = 0; i < count; ++i) routes.push_back(Route(StrCat("r", i)));
  return routes;
}

inline GatewayRoute Guarded(const std::string& id, CallerCheck::Type type,
                            std::vector<std::pair<std::string, std::string>> credentials) {
  auto route = Route(id);
  route.auth = CallerCheck{type, std::move(credentials), "X-Key"};
  return route;
}

class KongGatewayTest : public testing::Test {
 protected:
  explicit KongGatewayTest(FakeKong::Options options = {}) : kong_(options) { Renew(); }
  ~KongGatewayTest() override { EXPECT_THAT(kong_.starved(), testing::IsEmpty()); }

  // A gateway that remembers nothing: the operator after a crash.
  void Renew() {
    client_ = std::make_shared<FakeKongClient>(kong_);
    KongOptions options;
    options.admin = "http://kong";
    options.installation = "abc";
    options.clock = &clock_;
    gateway_ = *KongGateway::New(client_, options);
  }
  Published Publish(const std::vector<GatewayRoute>& routes) {
    auto published = gateway_->Publish(routes);
    EXPECT_TRUE(published.ok()) << published.error().message;
    return published.ok() ? *published : Published{};
  }
  std::map<std::string, std::string> Digests(const std::vector<GatewayRoute>& routes) {
    std::map<std::string, std::string> digests;
    for (const auto& route : routes) digests[route.id] = gateway_->Digest(route);
    return digests;
  }
  // Methods and collections of what was written since the last time: "POST targets".
  std::vector<std::string> Writes() {
    const auto all = kong_.writes();
    std::vector<std::string> fresh;
    for (auto i = seen_; i < all.size(); ++i) {
      const auto steps = Split(all[i].substr(all[i].find('/') + 1), '/');
      fresh.push_back(all[i].substr(0, all[i].find('/')) + (steps.size() > 2 ? steps[2] : steps[0]));
    }
    seen_ = all.size();
    return fresh;
  }
  void AddForeign() {
    const auto service = kong_.Put("/services", {{"name", "theirs"}, {"host", "theirs.example.org"}});
    kong_.Put("/routes", {{"name", "theirs"}, {"paths", {"/theirs"}}, {"service", {{"id", service["id"]}}}});
    kong_.Put("/upstreams", {{"name", "theirs"}, {"tags", {"patchbay-00000000"}}});
  }

  FakeKong kong_;
  FakeClock clock_;
  std::shared_ptr<FakeKongClient> client_;
  std::unique_ptr<KongGateway> gateway_;
  std::size_t seen_ = 0;
};

}  // namespace patchbay::driver

#include "driver/gateway/route_difference.h"

#include <gtest/gtest.h>

#include "driver/gateway/gateway.h"

namespace patchbay::driver {
namespace {

RouteDifferences Between(const GatewayRoute& route, const std::string& wanted, const std::string& served) {
  RouteDifferences found;
  AddDifferences(route, "", wanted, served, found);
  return found;
}

TEST(RouteDifference, NamesTheFieldAndBothValues) {
  const RouteDifferences found = Between({}, R"({"a":[{"dial":"10.0.0.1:80"}]})", R"({"a":[{"dial":"10.0.0.2:80"}]})");
  EXPECT_EQ(found, (RouteDifferences{{"a[0].dial", "10.0.0.1:80", "10.0.0.2:80"}}));
}
TEST(RouteDifference, TellsAValueOfSeveralLinesInOne) {
  EXPECT_EQ(Between({}, R"({"body":"x"})", R"({"body":"by\nhand"})").front().served, R"("by\nhand")");
}
TEST(RouteDifference, TellsNoValueOfARouteThatAsksWhoCalls) {
  GatewayRoute route;
  route.auth = CallerCheck{};
  for (const auto& each : Between(route, R"({"key":"secret-1"})", R"({"key":"secret-2"})")) {
    EXPECT_EQ(each.wanted, "as in the spec");
    EXPECT_EQ(each.served, "something else");
  }
}

}  // namespace
}  // namespace patchbay::driver

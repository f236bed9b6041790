#include "object/caddy_entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace patchbay {
namespace {

using testing::Key;
using testing::SizeIs;
using testing::UnorderedElementsAre;

// Two sites that do the same within, as a Caddyfile makes them, and a route by itself.
Json Routes() {
  return *ParseJson(R"([
    {"handle":[{"handler":"subroute","routes":[{"handle":[{"handler":"reverse_proxy"}]}]}],"match":[{"host":["a"]}]},
    {"handle":[{"handler":"subroute","routes":[{"handle":[{"handler":"reverse_proxy"}]}]}],"match":[{"host":["b"]}]},
    {"handle":[{"handler":"reverse_proxy"}]}])");
}

TEST(CaddyEntries, AreRoutesAtEveryDepth) {
  EXPECT_THAT(NameCaddyEntries("srv0", Routes()),
              UnorderedElementsAre(Key("[0]"), Key("[0].handle[0].routes[0]"), Key("[1]"), Key("[1].handle[0].routes[0]"), Key("[2]")));
}

TEST(CaddyEntries, HaveNamesOfTheirOwnByWhatIsAroundThem) {
  const auto names = NameCaddyEntries("srv0", Routes());
  std::set<std::string> different;
  for (const auto& [place, name] : names) different.insert(name);
  EXPECT_THAT(different, SizeIs(5));
  EXPECT_NE(NameCaddyEntries("srv1", Routes()).at("[2]"), names.at("[2]"));
}

TEST(CaddyEntries, KeepTheirNamesWhileOthersComeAndGo) {
  const auto before = NameCaddyEntries("srv0", Routes());
  Json routes = Routes();
  routes.insert(routes.begin(), Json{{"@id", "patchbay-1-2"}});
  routes[1]["handle"][0]["routes"].insert(routes[1]["handle"][0]["routes"].begin(), Json{{"handle", Json::array()}});
  const auto after = NameCaddyEntries("srv0", routes);
  EXPECT_EQ(after.at("[1].handle[0].routes[1]"), before.at("[0].handle[0].routes[0]"));
  EXPECT_EQ(after.at("[3]"), before.at("[2]"));
}

TEST(CaddyEntries, GetAnotherNameWhenTheyOrTheirConditionsChange) {
  const auto before = NameCaddyEntries("srv0", Routes());
  Json routes = Routes();
  routes[0]["match"][0]["host"][0] = "c";
  routes[2]["handle"][0]["upstreams"] = Json::array();
  const auto after = NameCaddyEntries("srv0", routes);
  EXPECT_NE(after.at("[0].handle[0].routes[0]"), before.at("[0].handle[0].routes[0]"));
  EXPECT_NE(after.at("[2]"), before.at("[2]"));
  EXPECT_EQ(after.at("[1]"), before.at("[1]"));
}

TEST(CaddyEntries, GoFromWhereverTheyStandAndNothingElseDoes) {
  const auto names = NameCaddyEntries("srv0", Routes());
  Json routes = Routes();
  EXPECT_TRUE(RemoveCaddyEntries("srv0", {names.at("[1].handle[0].routes[0]"), names.at("[2]")}, routes));
  Json expected = Routes();
  expected[1]["handle"][0]["routes"] = Json::array();
  expected.erase(2);
  EXPECT_EQ(routes, expected);
  EXPECT_FALSE(RemoveCaddyEntries("srv0", {names.at("[2]")}, routes));
}

}  // namespace
}  // namespace patchbay

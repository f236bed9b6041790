#include "object/extent.h"

#include <gtest/gtest.h>

namespace patchbay {
namespace {

bool HostsMeet(const std::string& a, const std::string& b) { return Overlap({{a}, {}}, {{b}, {}}); }
bool PathsMeet(const std::string& a, const std::string& b) { return Overlap({{}, {a}}, {{}, {b}}); }

TEST(Extent, OverlapsWhereOneHostMayBeBoth) {
  EXPECT_TRUE(HostsMeet("a.example.org", "A.example.org"));
  EXPECT_TRUE(HostsMeet("*.example.org", "a.b.example.org"));
  EXPECT_TRUE(HostsMeet("b.example.org", "*.example.org"));
  EXPECT_TRUE(HostsMeet("*.example.org", "*.a.example.org"));
  EXPECT_FALSE(HostsMeet("a.example.org", "b.example.org"));
  EXPECT_FALSE(HostsMeet("*.example.org", "example.org"));
  EXPECT_FALSE(HostsMeet("*.example.org", "aexample.org"));
  EXPECT_TRUE(Overlap({{}, {"/"}}, {{"a"}, {"/"}}));
}

TEST(Extent, OverlapsWhereOnePathMayBeBoth) {
  EXPECT_TRUE(PathsMeet("/", "/api"));
  EXPECT_TRUE(PathsMeet("/api/v1", "/api"));
  EXPECT_FALSE(PathsMeet("/api", "/shop"));
  EXPECT_TRUE(Overlap({{}, {}}, {{}, {"/api"}}));
  EXPECT_TRUE(Overlap({{}, {"/a", "/b"}}, {{}, {"/c", "/b/d"}}));
}

TEST(Extent, NeedsBothToMeet) { EXPECT_FALSE(Overlap({{"a"}, {"/"}}, {{"b"}, {"/"}})); }

}  // namespace
}  // namespace patchbay

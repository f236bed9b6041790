#include "driver/notifier/retry_after.h"

#include <gtest/gtest.h>

namespace patchbay::driver {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Sun, 06 Nov 1994 08:49:37 GMT.
constexpr WallTime kNow{seconds(784111777)};

TEST(RetryAfter, ReadsSeconds) {
  EXPECT_EQ(ParseRetryAfter("120", kNow), seconds(120));
  EXPECT_EQ(ParseRetryAfter(" 0 ", kNow), seconds(0));
}

TEST(RetryAfter, ReadsADate) {
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:50:00 GMT", kNow), seconds(23));
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:36 GMT", kNow), milliseconds(0));
}

TEST(RetryAfter, WaitsAYearAtMost) {
  EXPECT_EQ(ParseRetryAfter("99999999999999999999999", kNow), hours(24 * 365));
  EXPECT_EQ(ParseRetryAfter("9223372036854775807", kNow), hours(24 * 365));
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 2094 08:49:37 GMT", kNow), hours(24 * 365));
}

TEST(RetryAfter, IsNothingWhenMalformed) {
  for (const char* value : {"", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:49:37", "Sun, 31 Feb 1994 08:49:37 GMT",
                            "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Xxx 1994 08:49:37 GMT"})
    EXPECT_EQ(ParseRetryAfter(value, kNow), std::nullopt) << value;
}

}  // namespace
}  // namespace patchbay::driver

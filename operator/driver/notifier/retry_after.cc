#include "driver/notifier/retry_after.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace patchbay::driver {
namespace {

constexpr std::chrono::milliseconds kMost = std::chrono::hours(24 * 365);

std::optional<unsigned> MonthOf(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto month = std::find(kMonths.begin(), kMonths.end(), name);
  if (month == kMonths.end()) return std::nullopt;
  return static_cast<unsigned>(month - kMonths.begin()) + 1;
}

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that may be sent today.
std::optional<WallTime> ParseHttpDate(std::string_view text) {
  using std::chrono::day, std::chrono::month, std::chrono::year;
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT") return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t count) { return ParseInt(text.substr(at, count)); };
  const auto days = number(5, 2), years = number(12, 4), hours = number(17, 2), minutes = number(20, 2),
             seconds = number(23, 2);
  const auto months = MonthOf(text.substr(8, 3));
  if (!days || !years || !months || !hours || !minutes || !seconds) return std::nullopt;
  const std::chrono::year_month_day date{year(static_cast<int>(*years)), month(*months),
                                         day(static_cast<unsigned>(*days))};
  if (!date.ok() || *hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;
  return WallTime(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(*hours) +
                  std::chrono::minutes(*minutes) + std::chrono::seconds(*seconds));
}

}  // namespace

std::optional<std::chrono::milliseconds> ParseRetryAfter(std::string_view value, WallTime now) {
  value = Trim(value);
  if (value.empty()) return std::nullopt;
  if (std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    const auto seconds = ParseInt(value);
    // Too many digits for a number is still a wish to be left alone.
    if (!seconds || *seconds > std::chrono::duration_cast<std::chrono::seconds>(kMost).count()) return kMost;
    return std::chrono::seconds(*seconds);
  }
  const auto date = ParseHttpDate(value);
  if (!date) return std::nullopt;
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(*date - now);
  return std::clamp(wait, std::chrono::milliseconds(0), kMost);
}

}  // namespace patchbay::driver

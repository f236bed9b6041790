#include "base/clock.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace patchbay {
namespace {

class RealClock : public Clock {
 public:
  WallTime Wall() const override { return std::chrono::system_clock::now(); }
  MonoTime Mono() const override { return std::chrono::steady_clock::now(); }
  bool SleepUntil(MonoTime deadline, std::stop_token stop) override {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_until(lock, stop, deadline, [] { return false; });
    return !stop.stop_requested();
  }
};

std::tm Utc(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

bool Digits(std::string_view& text, int count, int& value) {
  if (static_cast<int>(text.size()) < count) return false;
  value = 0;
  for (int i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool Literal(std::string_view& text, char expected) {
  if (text.empty() || text[0] != expected) return false;
  text.remove_prefix(1);
  return true;
}

// Offset of a zone suffix in seconds, or nothing.
std::optional<int> Zone(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!Digits(text, 2, hours) || !Literal(text, ':') || !Digits(text, 2, minutes) || !text.empty()) return std::nullopt;
  if (hours > 23 || minutes > 59) return std::nullopt;
  return sign * (hours * 3600 + minutes * 60);
}

}  // namespace

Clock& SystemClock() {
  static RealClock clock;
  return clock;
}

std::string FormatTime(WallTime time) {
  const std::tm parts = Utc(time);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::string FormatMicroTime(WallTime time) {
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(time - std::chrono::floor<std::chrono::seconds>(time));
  const std::tm parts = Utc(time);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(micros.count()));
  return std::string(text.data()) + fraction.data();
}

std::optional<WallTime> ParseTime(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (!Digits(text, 4, year) || !Literal(text, '-') || !Digits(text, 2, month) || !Literal(text, '-') ||
      !Digits(text, 2, day))
    return std::nullopt;
  if (text.empty() || (text[0] != 'T' && text[0] != 't')) return std::nullopt;
  text.remove_prefix(1);
  if (!Digits(text, 2, hour) || !Literal(text, ':') || !Digits(text, 2, minute) || !Literal(text, ':') ||
      !Digits(text, 2, second))
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  std::chrono::nanoseconds fraction{0};
  if (Literal(text, '.')) {
    long scale = 100'000'000;
    if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
      fraction += std::chrono::nanoseconds(scale * (text[0] - '0'));
      scale /= 10;
      text.remove_prefix(1);
    }
  }
  const auto offset = Zone(text);
  if (!offset) return std::nullopt;
  const auto time = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                    std::chrono::seconds(second - *offset);
  return std::chrono::time_point_cast<WallTime::duration>(time + fraction);
}

std::string FormatAge(std::chrono::seconds age) {
  const long s = std::max<long>(0, age.count());
  const auto two = [](long a, const char* au, long b, const char* bu) {
    return std::to_string(a) + au + (b > 0 ? std::to_string(b) + bu : "");
  };
  if (s < 120) return std::to_string(s) + "s";
  const long m = s / 60;
  if (m < 10) return two(m, "m", s % 60, "s");
  if (m < 180) return std::to_string(m) + "m";
  const long h = m / 60;
  if (h < 8) return two(h, "h", m % 60, "m");
  if (h < 48) return std::to_string(h) + "h";
  if (h < 192) return two(h / 24, "d", h % 24, "h");
  const long d = h / 24;
  if (d < 730) return std::to_string(d) + "d";
  if (d < 2920) return two(d / 365, "y", d % 365, "d");
  return std::to_string(d / 365) + "y";
}

std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    double number = 0;
    double scale = 1;
    bool digits = false;
    bool fraction = false;
    while (!text.empty() && ((text[0] >= '0' && text[0] <= '9') || (text[0] == '.' && !fraction))) {
      if (text[0] == '.') {
        fraction = true;
      } else {
        digits = true;
        if (fraction) scale /= 10;
        number = fraction ? number + scale * (text[0] - '0') : number * 10 + (text[0] - '0');
      }
      text.remove_prefix(1);
    }
    if (!digits) return std::nullopt;
    if (text.starts_with("ms")) {
      total += number;
      text.remove_prefix(2);
    } else if (text.starts_with("s")) {
      total += number * 1000;
      text.remove_prefix(1);
    } else if (text.starts_with("m")) {
      total += number * 60'000;
      text.remove_prefix(1);
    } else if (text.starts_with("h")) {
      total += number * 3'600'000;
      text.remove_prefix(1);
    } else {
      return std::nullopt;
    }
    if (total > 1e15) return std::nullopt;
  }
  return std::chrono::milliseconds(static_cast<long>(total));
}

}  // namespace patchbay

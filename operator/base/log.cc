#include "base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>

#include "base/clock.h"
#include "base/text.h"

namespace patchbay {
namespace {

std::atomic<LogLevel> least_level{LogLevel::kInfo};
std::atomic<LogFormat> log_format{LogFormat::kText};

const char* LevelName(LogLevel level) {
  constexpr std::array<const char*, 4> names{"debug", "info", "warn", "error"};
  return names[static_cast<int>(level)];
}

bool NeedsQuotes(std::string_view value) {
  if (value.empty()) return true;
  for (const char c : value)
    if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f) return true;
  return false;
}

}  // namespace

void SetLog(LogLevel least, LogFormat format) {
  least_level = least;
  log_format = format;
}

bool LogEnabled(LogLevel level) { return level >= least_level.load(std::memory_order_relaxed); }

void Log(LogLevel level, std::string_view room, std::string_view message, std::initializer_list<LogField> fields) {
  if (!LogEnabled(level)) return;
  std::string line;
  const std::string time = FormatMicroTime(SystemClock().Wall());
  if (log_format.load(std::memory_order_relaxed) == LogFormat::kJson) {
    line = StrCat("{\"time\":\"", time, "\",\"level\":\"", LevelName(level), "\",\"room\":", QuoteJson(room),
                  ",\"message\":", QuoteJson(message));
    for (const LogField& field : fields) line += StrCat(",", QuoteJson(field.key), ":", QuoteJson(field.value));
    line += "}\n";
  } else {
    line = StrCat(time, " ", LevelName(level), " ", room, ": ", message);
    for (const LogField& field : fields)
      line += StrCat(" ", field.key, "=", NeedsQuotes(field.value) ? QuoteJson(field.value) : field.value);
    line += "\n";
  }
  // One write keeps lines whole; a full or closed stderr is nobody's business.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace patchbay

// Structured log lines on stderr, as text for people or JSON for machines. Thread-safe; one write per line.
// A value may be anything; control characters are escaped. Secrets are the caller's duty: see base/text.h, Redact.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace patchbay {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kText, kJson };

struct LogField {
  std::string_view key;
  std::string value;
};

// May be called at any time; lines already under way keep the old form.
void SetLog(LogLevel least, LogFormat format);
bool LogEnabled(LogLevel level);

// `room` is the operator's room ("store"), `message` a short constant sentence; what varies goes into fields.
void Log(LogLevel level, std::string_view room, std::string_view message, std::initializer_list<LogField> fields = {});
inline void LogDebug(std::string_view room, std::string_view message, std::initializer_list<LogField> fields = {}) {
  if (LogEnabled(LogLevel::kDebug)) Log(LogLevel::kDebug, room, message, fields);
}
inline void LogInfo(std::string_view room, std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kInfo, room, message, fields);
}
inline void LogWarn(std::string_view room, std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kWarn, room, message, fields);
}
inline void LogError(std::string_view room, std::string_view message, std::initializer_list<LogField> fields = {}) {
  Log(LogLevel::kError, room, message, fields);
}

}  // namespace patchbay

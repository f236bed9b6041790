#include "object/yaml_scalar.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace patchbay {
namespace {

constexpr std::string_view kOutOfRange = "a number out of range (quote it if it is text)";

bool IsOneOf(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::size_t CountDigits(std::string_view text) {
  const auto end = text.find_first_not_of("0123456789");
  return end == std::string_view::npos ? text.size() : end;
}

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool LooksLikeFloat(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  const std::size_t whole = CountDigits(text);
  text.remove_prefix(whole);
  std::size_t fraction = 0;
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    fraction = CountDigits(text);
    text.remove_prefix(fraction);
  }
  if (whole + fraction == 0) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && CountDigits(text) == text.size();
}

bool LooksLikeInteger(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  return !text.empty() && CountDigits(text) == text.size();
}

template <class T>
bool ReadWhole(std::string_view text, T& value, int base = 10) {
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return failure == std::errc() && end == text.data() + text.size();
}

Result<Json> ReadInteger(std::string_view text, int base) {
  std::int64_t number = 0;
  std::uint64_t large = 0;
  if (ReadWhole(text, number, base)) return Json(number);
  if (ReadWhole(text, large, base)) return Json(large);
  return Error{Code::kInvalid, std::string(kOutOfRange)};
}

Result<Json> ReadFloat(std::string_view text) {
  double number = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), number).ec != std::errc())
    return Error{Code::kInvalid, std::string(kOutOfRange)};
  return Json(number);
}

}  // namespace

Result<Json> ResolvePlainScalar(const std::string& text) {
  if (IsOneOf(text, {"", "~", "null", "Null", "NULL"})) return Json();
  if (IsOneOf(text, {"true", "True", "TRUE"})) return Json(true);
  if (IsOneOf(text, {"false", "False", "FALSE"})) return Json(false);
  const std::string_view unsigned_text = std::string_view(text).substr(text[0] == '+' ? 1 : 0);
  if (LooksLikeInteger(text)) return ReadInteger(unsigned_text, 10);
  const std::string_view digits = std::string_view(text).substr(std::min<std::size_t>(2, text.size()));
  if (text.starts_with("0o") && !digits.empty() && digits.find_first_not_of("01234567") == std::string_view::npos)
    return ReadInteger(digits, 8);
  if (text.starts_with("0x") && !digits.empty() &&
      digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos)
    return ReadInteger(digits, 16);
  if (LooksLikeFloat(text)) return ReadFloat(unsigned_text);
  const std::string lower = Lower(text);
  if (IsOneOf(lower, {".nan", ".inf", "-.inf", "+.inf"}))
    return Error{Code::kInvalid, "infinity and NaN are not numbers here"};
  return Json(text);
}

}  // namespace patchbay

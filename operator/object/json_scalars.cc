// The half of the JSON reader that reads strings and numbers.
#include <array>
#include <charconv>

#include "base/text.h"
#include "object/json_reader.h"

namespace patchbay::json_detail {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Bytes that end the quick run through a string: quote, backslash, control.
constexpr std::array<bool, 256> kEndsRun = [] {
  std::array<bool, 256> ends{};
  for (std::size_t c = 0; c < 0x20; ++c) ends[c] = true;
  ends['"'] = ends['\\'] = true;
  return ends;
}();
bool EndsRun(char c) { return kEndsRun[static_cast<unsigned char>(c)]; }

void AppendUtf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

bool IsLowSurrogate(std::uint32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }
bool IsHighSurrogate(std::uint32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }

// The end of the number at `p`, nullptr when there is none; `integer` is whether it has neither fraction nor exponent.
const char* FindNumberEnd(const char* p, const char* end, bool& integer) {
  const auto skip_digits = [&] {
    const char* const from = p;
    while (p != end && IsDigit(*p)) ++p;
    return p - from;
  };
  if (p != end && *p == '-') ++p;
  const char* const whole = p;
  const auto count = skip_digits();
  if (count == 0 || (count > 1 && *whole == '0')) return nullptr;
  if (p != end && *p == '.') {
    integer = false;
    ++p;
    if (skip_digits() == 0) return nullptr;
  }
  if (p != end && (*p == 'e' || *p == 'E')) {
    integer = false;
    ++p;
    if (p != end && (*p == '+' || *p == '-')) ++p;
    if (skip_digits() == 0) return nullptr;
  }
  return p;
}

}  // namespace

bool Reader::ReadString(std::string& out) {
  const char* const start = ++at_;
  bool ascii = true;
  const char* run = at_;
  while (true) {
    while (at_ != end_ && !EndsRun(*at_)) ascii &= static_cast<signed char>(*at_++) >= 0;
    if (at_ == end_) return Fail("a string is not closed");
    out.append(run, static_cast<std::size_t>(at_ - run));
    if (*at_ == '"') break;
    if (*at_ != '\\') return Fail("a control character in a string");
    if (!ReadEscape(out)) return false;
    run = at_;
  }
  if (!ascii && !IsUtf8({start, static_cast<std::size_t>(at_ - start)})) return Fail("a string is not valid UTF-8");
  ++at_;
  return true;
}

bool Reader::SkipString() {
  for (++at_; at_ != end_ && *at_ != '"'; ++at_)
    if (*at_ == '\\' && ++at_ == end_) break;
  if (at_ == end_) return Fail("a string is not closed");
  ++at_;
  return true;
}

bool Reader::ReadEscape(std::string& out) {
  if (++at_ == end_) return Fail("a string is not closed");
  constexpr std::string_view kNames = "\"\\/bfnrt";
  constexpr std::string_view kBytes = "\"\\/\b\f\n\r\t";
  const char name = *at_++;
  if (const auto found = kNames.find(name); found != std::string_view::npos) {
    out += kBytes[found];
    return true;
  }
  std::uint32_t unit = 0;
  if (name != 'u' || !ReadHex(unit)) return Fail("an unknown escape in a string");
  if (unit == 0) return Fail("U+0000 is not allowed");
  if (IsLowSurrogate(unit)) return Fail("half of a surrogate pair in a string");
  if (IsHighSurrogate(unit)) {
    std::uint32_t low = 0;
    const bool pair = end_ - at_ >= 2 && at_[0] == '\\' && at_[1] == 'u';
    if (pair) at_ += 2;
    if (!pair || !ReadHex(low) || !IsLowSurrogate(low)) return Fail("half of a surrogate pair in a string");
    unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
  }
  AppendUtf8(out, unit);
  return true;
}

bool Reader::ReadHex(std::uint32_t& unit) {
  if (end_ - at_ < 4) return false;
  unit = 0;
  const auto [last, failure] = std::from_chars(at_, at_ + 4, unit, 16);
  if (failure != std::errc() || last != at_ + 4) return false;
  at_ += 4;
  return true;
}

bool Reader::ReadNumber(Json& out) {
  const char* const start = at_;
  bool integer = true;
  const char* const stop = FindNumberEnd(start, end_, integer);
  if (stop == nullptr) {
    const bool begins = start != end_ && (*start == '-' || IsDigit(*start));
    return Fail(begins ? "not a number" : "a value is expected");
  }
  std::errc failure{};
  if (!integer) {
    double value = 0;
    failure = std::from_chars(start, stop, value).ec;
    out = value;
  } else if (*start == '-') {
    std::int64_t value = 0;
    failure = std::from_chars(start, stop, value).ec;
    out = value;
  } else {
    std::uint64_t value = 0;
    failure = std::from_chars(start, stop, value).ec;
    // As int64 when it fits: one number has one type, however it was made.
    if (value <= INT64_MAX)
      out = static_cast<std::int64_t>(value);
    else
      out = value;
  }
  if (failure != std::errc()) return Fail("a number out of range");
  at_ = stop;
  return true;
}

}  // namespace patchbay::json_detail

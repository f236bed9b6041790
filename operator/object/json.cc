#include "object/json.h"

#include <charconv>
#include <cmath>
#include <unordered_map>

#include "base/text.h"
#include "object/json_reader.h"

namespace patchbay {
namespace {

bool IsPlain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\' && c != 0x7f; }

void AppendEscaped(std::string& out, char c) {
  constexpr std::string_view kBytes = "\"\\\n\t\r";
  constexpr std::string_view kNames = "\"\\ntr";
  out += '\\';
  if (const auto found = kBytes.find(c); found != std::string_view::npos) {
    out += kNames[found];
    return;
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += "u00";
  out += kDigits[static_cast<unsigned char>(c) >> 4];
  out += kDigits[c & 15];
}

void AppendString(std::string& out, const std::string& text) {
  bool ascii = true;
  for (const char c : text) ascii &= static_cast<signed char>(c) >= 0;
  if (!ascii && !IsUtf8(text)) {
    out += QuoteJson(text);
    return;
  }
  out += '"';
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (IsPlain(text[i])) continue;
    out.append(text, from, i - from);
    AppendEscaped(out, text[i]);
    from = i + 1;
  }
  out.append(text, from);
  out += '"';
}

template <class T>
void AppendInteger(std::string& out, T value) {
  char digits[24];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
}

// The shortest text that reads back as the same double, with a mark that it is one.
void AppendDouble(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  const double size = std::fabs(value);
  const bool fixed = value == 0 || (size >= 1e-6 && size < 1e15);
  char digits[40];
  char* const end = digits + sizeof digits;
  const auto written =
      fixed ? std::to_chars(digits, end, value, std::chars_format::fixed) : std::to_chars(digits, end, value);
  const std::string_view text(digits, written.ptr - digits);
  out += text;
  if (text.find_first_of(".e") == std::string_view::npos) out += ".0";
}

const Json* FindIn(const Json& value, std::string_view key) {
  if (!value.is_object()) return nullptr;
  for (const auto& [name, member] : value.get_ref<const Json::object_t&>())
    if (name == key) return &member;
  return nullptr;
}

}  // namespace

Result<Json> ParseJson(std::string_view text, const JsonLimits& limits, std::vector<std::string>* duplicates) {
  if (text.size() > limits.bytes)
    return Error{Code::kTooLarge, StrCat("the text has ", text.size(), " bytes, the limit is ", limits.bytes)};
  return json_detail::Reader(text, limits, duplicates).Read();
}

void AppendJson(std::string& out, const Json& value) {
  switch (value.type()) {
    case Json::value_t::object: {
      char before = '{';
      for (const auto& [key, member] : value.get_ref<const Json::object_t&>()) {
        out += before;
        before = ',';
        AppendString(out, key);
        out += ':';
        AppendJson(out, member);
      }
      out += before == '{' ? "{}" : "}";
      return;
    }
    case Json::value_t::array: {
      char before = '[';
      for (const auto& item : value.get_ref<const Json::array_t&>()) {
        out += before;
        before = ',';
        AppendJson(out, item);
      }
      out += before == '[' ? "[]" : "]";
      return;
    }
    case Json::value_t::string: return AppendString(out, value.get_ref<const std::string&>());
    case Json::value_t::boolean: out += value.get<bool>() ? "true" : "false"; return;
    case Json::value_t::number_integer: return AppendInteger(out, value.get<std::int64_t>());
    case Json::value_t::number_unsigned: return AppendInteger(out, value.get<std::uint64_t>());
    case Json::value_t::number_float: return AppendDouble(out, value.get<double>());
    case Json::value_t::binary: {
      const Json::binary_t& text = value.get_binary();
      out.append(text.begin(), text.end());
      return;
    }
    default: out += "null";
  }
}

std::string DumpJson(const Json& value) {
  std::string out;
  AppendJson(out, value);
  return out;
}

Json WrittenJson(std::string_view text) { return Json::binary({text.begin(), text.end()}); }

std::string DumpJsonPretty(const Json& value) { return value.dump(4, ' ', false, Json::error_handler_t::replace); }

const Json* Find(const Json& value, std::initializer_list<std::string_view> path) {
  const Json* at = &value;
  for (const std::string_view key : path)
    if ((at = FindIn(*at, key)) == nullptr) return nullptr;
  return at;
}

Json* Find(Json& value, std::initializer_list<std::string_view> path) {
  return const_cast<Json*>(Find(static_cast<const Json&>(value), path));
}

std::string FindString(const Json& value, std::initializer_list<std::string_view> path, std::string_view fallback) {
  const Json* found = Find(value, path);
  return found != nullptr && found->is_string() ? found->get_ref<const std::string&>() : std::string(fallback);
}

long FindInt(const Json& value, std::initializer_list<std::string_view> path, long fallback) {
  const Json* found = Find(value, path);
  if (found == nullptr || !found->is_number_integer()) return fallback;
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX) return fallback;
  return found->get<long>();
}

bool FindBool(const Json& value, std::initializer_list<std::string_view> path, bool fallback) {
  const Json* found = Find(value, path);
  return found != nullptr && found->is_boolean() ? found->get<bool>() : fallback;
}

bool EqualJson(const Json& a, const Json& b) {
  if (a.is_array() && b.is_array()) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
      if (!EqualJson(a[i], b[i])) return false;
    return true;
  }
  if (!a.is_object() || !b.is_object()) return a == b;
  if (a.size() != b.size()) return false;
  const MemberIndex index(b);
  for (const auto& [key, member] : a.get_ref<const Json::object_t&>()) {
    const Json* other = index.Find(key);
    if (other == nullptr || !EqualJson(member, *other)) return false;
  }
  return true;
}

MemberIndex::MemberIndex(const Json& object) : object_(&object) {
  if (!object.is_object() || object.size() < 16) return;
  by_key_.reserve(object.size());
  for (const auto& [key, member] : object.get_ref<const Json::object_t&>()) by_key_.emplace(key, &member);
}

const Json* MemberIndex::Find(std::string_view key) const {
  if (by_key_.empty()) return FindIn(*object_, key);
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second;
}

}  // namespace patchbay

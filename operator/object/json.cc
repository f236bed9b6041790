#include "object/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <unordered_map>

#include "base/text.h"
#include "object/json_reader.h"

namespace patchbay {
namespace {

enum ByteClass : char { kPlain, kEscaped, kBeyondAscii };

constexpr std::array<ByteClass, 256> kClasses = [] {
  std::array<ByteClass, 256> classes{};
  for (std::size_t c = 0; c < 256; ++c) {
    if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f) classes[c] = kEscaped;
    if (c >= 0x80) classes[c] = kBeyondAscii;
  }
  return classes;
}();

ByteClass ClassOf(char c) { return kClasses[static_cast<unsigned char>(c)]; }

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

bool Names(std::initializer_list<std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Every member of `a` but these stands in `b` too. Mostly both have one order: then nothing is looked up.
bool EqualMembers(const Json& a, const Json& b, std::initializer_list<std::string_view> but) {
  const auto& others = b.get_ref<const Json::object_t&>();
  std::optional<MemberIndex> index;
  auto next = others.begin();
  for (const auto& [key, member] : a.get_ref<const Json::object_t&>()) {
    const bool beside = next != others.end() && next->first == key;
    if (!beside && !index) index.emplace(b);
    const Json* other = beside ? &next->second : index->Find(key);
    if (beside) ++next;
    if (Names(but, key)) continue;
    if (other == nullptr || !EqualJson(member, *other)) return false;
  }
  return true;
}

}  // namespace

Result<Json> ParseJson(std::string_view text, const JsonLimits& limits, std::vector<std::string>* duplicates) {
  if (text.size() > limits.bytes)
    return Error{Code::kTooLarge, StrCat("the text has ", text.size(), " bytes, the limit is ", limits.bytes)};
  return json_detail::Reader(text, limits, duplicates).Read();
}

Result<Json> ParseOwnedJson(std::string_view text) {
  constexpr JsonLimits kStored{.bytes = 64 * 1024 * 1024, .depth = 256, .values = 10'000'000};
  json_detail::Reader reader(text, kStored, nullptr);
  reader.LeaveFieldsWritten();
  return reader.Read();
}

void AppendQuoted(std::string& out, std::string_view text) {
  const std::size_t start = out.size();
  out += '"';
  bool checked = false;
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const ByteClass found = ClassOf(text[i]);
    if (found == kPlain || (found == kBeyondAscii && checked)) continue;
    if (found == kBeyondAscii) {
      checked = IsUtf8(text);
      if (checked) continue;
      out.resize(start);
      out += QuoteJson(text);
      return;
    }
    out.append(text, from, i - from);
    AppendEscaped(out, text[i]);
    from = i + 1;
  }
  out.append(text, from);
  out += '"';
}

void AppendJson(std::string& out, const Json& value) {
  switch (value.type()) {
    case Json::value_t::object: {
      char before = '{';
      for (const auto& [key, member] : value.get_ref<const Json::object_t&>()) {
        out += before;
        before = ',';
        AppendQuoted(out, key);
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
    case Json::value_t::string: return AppendQuoted(out, value.get_ref<const std::string&>());
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
  if (a.is_array() && b.is_array()) return std::equal(a.begin(), a.end(), b.begin(), b.end(), EqualJson);
  if (!a.is_object() || !b.is_object()) return a == b;
  return a.size() == b.size() && EqualMembers(a, b, {});
}

bool EqualJsonBut(const Json& a, const Json& b, std::initializer_list<std::string_view> names) {
  if (!a.is_object() || !b.is_object()) return EqualJson(a, b);
  const auto count = [&](const Json& object) {
    const auto& members = object.get_ref<const Json::object_t&>();
    const auto counts = [&](const auto& member) { return !Names(names, member.first); };
    return std::count_if(members.begin(), members.end(), counts);
  };
  return count(a) == count(b) && EqualMembers(a, b, names);
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

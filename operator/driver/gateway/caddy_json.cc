#include "driver/gateway/caddy_json.h"

#include <algorithm>

#include "base/text.h"
#include "object/json.h"

namespace patchbay::driver {
namespace {

void AppendCodePoint(std::string& out, unsigned value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kDigits[(value >> shift) & 15U];
}

void AppendAscii(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '<':
    case '>':
    case '&': AppendCodePoint(out, static_cast<unsigned char>(c)); return;
    default:
      if (static_cast<unsigned char>(c) < 0x20)
        AppendCodePoint(out, static_cast<unsigned char>(c));
      else
        out += c;
  }
}

std::string PrintValue(const Json& value) {
  if (value.is_string()) return PrintText(value.get_ref<const std::string&>());
  if (value.is_array()) {
    std::vector<std::string> values;
    values.reserve(value.size());
    for (const auto& item : value) values.push_back(PrintValue(item));
    return PrintArray(values);
  }
  if (!value.is_object()) return DumpJson(value);
  std::vector<std::pair<std::string_view, std::string>> members;
  members.reserve(value.size());
  for (const auto& [key, item] : value.items()) members.emplace_back(key, PrintValue(item));
  return PrintObject(std::move(members));
}

// Past the end of the value that begins at `at`: the position of the ',' or the bracket after it.
std::size_t SkipValue(std::string_view text, std::size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at)
        if (text[at] == '\\') ++at;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth-- == 0) return at;
    } else if (c == ',' && depth == 0) {
      return at;
    }
  }
  return at;
}

}  // namespace

std::string PrintText(std::string_view text) {
  std::string clean;
  if (!IsUtf8(text)) {
    clean = Json::parse(QuoteJson(text)).get<std::string>();
    text = clean;
  }
  std::string out;
  out.reserve(text.size() + 2);
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
    if (text.substr(i, 2) == "\xE2\x80" && i + 2 < text.size() && (text[i + 2] == '\xA8' || text[i + 2] == '\xA9')) {
      AppendCodePoint(out, text[i + 2] == '\xA8' ? 0x2028 : 0x2029);
      i += 2;
    } else {
      AppendAscii(out, text[i]);
    }
  }
  out += '"';
  return out;
}

std::string PrintObject(std::vector<std::pair<std::string_view, std::string>> members) {
  std::sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string out = "{";
  for (const auto& [key, value] : members) {
    if (value.empty()) continue;
    if (out.size() > 1) out += ',';
    out += PrintText(key);
    out += ':';
    out += value;
  }
  out += '}';
  return out;
}

std::string PrintArray(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const auto& value : values) {
    if (out.size() > 1) out += ',';
    out += value;
  }
  out += ']';
  return out;
}

std::string PrintTexts(const std::vector<std::string>& texts) {
  std::vector<std::string> values;
  values.reserve(texts.size());
  for (const auto& text : texts) values.push_back(PrintText(text));
  return PrintArray(values);
}

std::optional<std::string> PrintCanonically(std::string_view text) {
  const auto value = ParseJson(text);
  if (!value.ok()) return std::nullopt;
  return PrintValue(*value);
}

std::optional<std::vector<std::string_view>> SplitArray(std::string_view text) {
  text = Trim(text);
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return std::nullopt;
  std::vector<std::string_view> pieces;
  for (std::size_t at = 1; at + 1 < text.size();) {
    const std::size_t end = SkipValue(text, at);
    pieces.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return pieces;
}

std::optional<std::vector<std::pair<std::string_view, std::string_view>>> SplitObject(std::string_view text) {
  text = Trim(text);
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return std::nullopt;
  std::vector<std::pair<std::string_view, std::string_view>> members;
  for (std::size_t at = 1; at + 1 < text.size();) {
    const std::size_t end = SkipValue(text, at);
    const auto member = text.substr(at, end - at);
    if (member.empty()) return std::nullopt;
    std::size_t quote = 1;
    while (quote < member.size() && member[quote] != '"') quote += member[quote] == '\\' ? 2 : 1;
    if (member.front() != '"' || quote + 1 >= member.size() || member[quote + 1] != ':') return std::nullopt;
    members.emplace_back(member.substr(1, quote - 1), member.substr(quote + 2));
    at = end + 1;
  }
  return members;
}

}  // namespace patchbay::driver

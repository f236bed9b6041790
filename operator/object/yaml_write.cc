#include <algorithm>
#include <cstdint>
#include <cstdio>

#include "base/text.h"
#include "object/yaml.h"

namespace patchbay {
namespace {

// An implicit key may not be longer (YAML 1.2, section 7.4).
constexpr std::size_t kLongestImplicitKey = 1000;

// The code point at text[0] and its length; a wrong byte counts as one of its own.
std::pair<std::uint32_t, std::size_t> FirstCode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length == 1 || text.size() < length) return {lead, 1};
  std::uint32_t code = lead & (0xFF >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) code = code << 6 | (byte(i) & 0x3F);
  return {code, length};
}

bool NeedsEscape(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code <= 0xA0) || code == 0x2028 || code == 0x2029 || code == 0xFEFF ||
         code == 0xFFFE || code == 0xFFFF;
}

std::string QuoteYaml(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto [code, length] = FirstCode(text);
    if (code == '"' || code == '\\') {
      out += '\\';
      out += static_cast<char>(code);
    } else if (code == '\n') {
      out += "\\n";
    } else if (code == '\t') {
      out += "\\t";
    } else if (NeedsEscape(code)) {
      char escape[12];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(code));
      out += escape;
    } else {
      out.append(text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  return out + '"';
}

bool HasEscapes(std::string_view text, bool lines) {
  while (!text.empty()) {
    const auto [code, length] = FirstCode(text);
    if (NeedsEscape(code) && !(lines && (code == '\n' || code == '\t'))) return true;
    text.remove_prefix(length);
  }
  return false;
}

// Numbers, times and what YAML 1.1 takes for them (1:30, 1_000, 0b1, 2026-01-01): quoted once too often is harmless.
bool LooksLikeNumber(std::string_view text) {
  if (std::string_view("0123456789+-.").find(text[0]) == std::string_view::npos) return false;
  return text.find_first_not_of("0123456789+-._:, abcdefABCDEFoxOXTZtzinINyY") == std::string_view::npos;
}

bool LooksLikeWord(std::string_view text) {
  if (text.size() > 5) return false;
  const std::string lower = Lower(text);
  for (const std::string_view word : {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"})
    if (lower == word) return true;
  return false;
}

bool IsPlainSafe(const std::string& text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (std::string_view("-?:,[]{}#&*!|>'\"%@`=<~.").find(text[0]) != std::string_view::npos) return false;
  if (LooksLikeNumber(text) || LooksLikeWord(text)) return false;
  if (text.find(": ") != std::string::npos || text.find(" #") != std::string::npos) return false;
  return !HasEscapes(text, false);
}

bool IsBlockSafe(const std::string& text) {
  if (text.find('\n') == std::string::npos || text[0] == ' ' || text[0] == '\t' || text[0] == '\n') return false;
  if (HasEscapes(text, true)) return false;
  // Lines of white space alone are read differently by different readers.
  for (const std::string& line : Split(text, '\n'))
    if (!line.empty() && line.find_first_not_of(" \t") == std::string::npos) return false;
  return text.find("\n\t") == std::string::npos;
}

void Indent(std::string& out, int indent) { out.append(static_cast<std::size_t>(indent), ' '); }

void WriteBlock(std::string& out, const std::string& text, int indent) {
  const std::size_t body = text.find_last_not_of('\n') + 1;
  const std::size_t newlines = text.size() - body;
  out += newlines == 0 ? "|-\n" : newlines == 1 ? "|\n" : "|+\n";
  for (const std::string& line : Split(std::string_view(text).substr(0, body), '\n')) {
    if (!line.empty()) Indent(out, indent);
    out += line + '\n';
  }
  if (newlines > 1) out.append(newlines - 1, '\n');
}

void WriteScalar(std::string& out, const Json& value, int indent) {
  if (!value.is_string()) {
    AppendJson(out, value);
    out += '\n';
    return;
  }
  const auto& text = value.get_ref<const std::string&>();
  if (!IsUtf8(text))
    out += QuoteJson(text) + '\n';
  else if (indent > 0 && IsBlockSafe(text))
    WriteBlock(out, text, indent);
  else
    out += (IsPlainSafe(text) ? text : QuoteYaml(text)) + '\n';
}

void WriteValue(std::string& out, const Json& value, int indent);

void WriteKey(std::string& out, const std::string& key) {
  const std::string text = IsPlainSafe(key) ? key : QuoteYaml(key);
  if (text.size() <= kLongestImplicitKey)
    out += text + ':';
  else
    out += "? " + text + "\n:";
}

// At `indent`, the cursor already there.
void WriteObject(std::string& out, const Json& object, int indent) {
  bool first = true;
  for (const auto& [key, value] : object.get_ref<const Json::object_t&>()) {
    if (!first) Indent(out, indent);
    first = false;
    const std::size_t start = out.size();
    WriteKey(out, key);
    if (const auto line = out.find('\n', start); line != std::string::npos)
      out.insert(line + 1, static_cast<std::size_t>(indent), ' ');
    if (value.is_structured() && !value.empty()) {
      const int inner = value.is_array() ? indent : indent + 2;
      out += '\n';
      Indent(out, inner);
      WriteValue(out, value, inner);
    } else {
      out += ' ';
      WriteScalar(out, value, indent + 2);
    }
  }
}

void WriteList(std::string& out, const Json& list, int indent) {
  bool first = true;
  for (const Json& item : list) {
    if (!first) Indent(out, indent);
    first = false;
    out += "- ";
    WriteValue(out, item, indent + 2);
  }
}

void WriteValue(std::string& out, const Json& value, int indent) {
  if (value.is_object() && !value.empty()) return WriteObject(out, value, indent);
  if (value.is_array() && !value.empty()) return WriteList(out, value, indent);
  WriteScalar(out, value, indent);
}

}  // namespace

std::string DumpYaml(const Json& value) {
  std::string out;
  WriteValue(out, value, 0);
  return out;
}

}  // namespace patchbay

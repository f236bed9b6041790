#include "cli/compose_words.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace patchbay::cli {
namespace {

bool IsNameChar(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::size_t NameEnd(const std::string& text, std::size_t from) {
  while (from < text.size() && IsNameChar(text[from])) ++from;
  return from;
}

// The brace that closes the one before `from`.
std::size_t FindClose(const std::string& text, std::size_t from) {
  int depth = 1;
  for (; from < text.size(); ++from) {
    if (text.compare(from, 2, "${") == 0) ++depth;
    if (text[from] == '}' && --depth == 0) return from;
  }
  return std::string::npos;
}

// "NAME", "NAME:-default" ...
Result<std::string> Expand(const std::string& inside, const Variables& variables, std::set<std::string>& missing) {
  const std::size_t end = NameEnd(inside, 0);
  const std::string name = inside.substr(0, end);
  std::string rest = inside.substr(end);
  if (name.empty()) return Error{Code::kInvalid, StrCat("\"${", inside, "}\" names no variable")};
  const auto found = variables.find(name);
  const bool strict = rest.starts_with(':');
  if (strict) rest.erase(0, 1);
  const bool given = found != variables.end() && !(strict && found->second.empty());
  if (rest.empty() && !strict) {
    if (!given) missing.insert(name);
    return given ? found->second : "";
  }
  const char operation = rest.empty() ? '\0' : rest[0];
  const std::string other = rest.substr(std::min<std::size_t>(1, rest.size()));
  if (operation == '-') return given ? Result<std::string>(found->second) : Interpolate(other, variables, missing);
  if (operation == '+') return given ? Interpolate(other, variables, missing) : Result<std::string>("");
  if (operation == '?' && given) return found->second;
  if (operation == '?')
    return Error{Code::kInvalid, StrCat("the variable ", name, " is not set", other.empty() ? "" : ": ", other)};
  return Error{Code::kInvalid, StrCat("\"${", inside, "}\" is not understood")};
}

std::string Unquote(std::string value) {
  const bool quoted = value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0];
  if (!quoted) {
    const auto comment = value.find(" #");
    return std::string(Trim(value.substr(0, comment)));
  }
  const bool plain = value[0] == '\'';
  value = value.substr(1, value.size() - 2);
  if (plain) return value;
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char next = i + 1 < value.size() ? value[i + 1] : '\0';
    if (value[i] == '\\' && (next == 'n' || next == '"' || next == '\\')) {
      text += next == 'n' ? '\n' : next;
      ++i;
    } else {
      text += value[i];
    }
  }
  return text;
}

}  // namespace

Result<std::string> Interpolate(const std::string& text, const Variables& variables, std::set<std::string>& missing) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (text[i] != '$' || next == '\0') {
      out += text[i];
    } else if (next == '$') {
      out += '$';
      ++i;
    } else if (next == '{') {
      const std::size_t close = FindClose(text, i + 2);
      if (close == std::string::npos) return Error{Code::kInvalid, StrCat("\"", text, "\" has a ${ without its }")};
      PATCHBAY_TRY(const std::string value, Expand(text.substr(i + 2, close - i - 2), variables, missing));
      out += value;
      i = close;
    } else if (IsNameChar(next) && std::isdigit(static_cast<unsigned char>(next)) == 0) {
      const std::size_t end = NameEnd(text, i + 1);
      PATCHBAY_TRY(const std::string value, Expand(text.substr(i + 1, end - i - 1), variables, missing));
      out += value;
      i = end - 1;
    } else {
      return Error{Code::kInvalid, StrCat("\"", text, "\" has a $ that starts no variable; write $$ for one")};
    }
  }
  return out;
}

Result<Json> InterpolateAll(const Json& document, const Variables& variables, std::set<std::string>& missing) {
  if (document.is_string()) {
    PATCHBAY_TRY(const std::string text, Interpolate(document.get_ref<const std::string&>(), variables, missing));
    return Json(text);
  }
  if (!document.is_object() && !document.is_array()) return document;
  Json out = document;
  for (auto& each : out) {
    PATCHBAY_TRY(each, InterpolateAll(each, variables, missing));
  }
  return out;
}

Variables ParseDotEnv(const std::string& text) {
  Variables variables;
  for (const std::string& raw : Split(text, '\n')) {
    std::string line(Trim(raw));
    if (line.starts_with("export ")) line = std::string(Trim(line.substr(7)));
    const auto equals = line.find('=');
    if (line.empty() || line[0] == '#' || equals == std::string::npos) continue;
    variables[std::string(Trim(line.substr(0, equals)))] = Unquote(std::string(Trim(line.substr(equals + 1))));
  }
  return variables;
}

std::vector<std::string> Words(const Json& value) {
  std::vector<std::string> words;
  if (value.is_array()) {
    for (const Json& each : value) words.push_back(Text(each));
    return words;
  }
  std::string word;
  bool begun = false;
  char quote = '\0';
  const std::string text = Text(value);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    if (quote == '\0' && blank) {
      if (begun) words.push_back(std::exchange(word, ""));
      begun = false;
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
      begun = true;
    } else if (c == quote) {
      quote = '\0';
    } else {
      if (c == '\\' && quote != '\'' && i + 1 < text.size()) ++i;
      word += text[i];
      begun = true;
    }
  }
  if (begun) words.push_back(word);
  return words;
}

std::optional<std::int64_t> ParseBytes(const Json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  const std::string text = Lower(Text(value));
  const auto digits = text.find_first_not_of("0123456789");
  const auto number = ParseInt(text.substr(0, digits));
  if (!number) return std::nullopt;
  std::string unit = digits == std::string::npos ? "" : text.substr(digits);
  if (unit.size() > 1 && unit.back() == 'b') unit.pop_back();
  if (unit.empty() || unit == "b") return *number;
  const auto power = std::string("kmgt").find(unit);
  if (unit.size() != 1 || power == std::string::npos) return std::nullopt;
  return *number << (10 * (power + 1));
}

std::vector<std::pair<std::string, std::optional<std::string>>> Pairs(const Json* value) {
  std::vector<std::pair<std::string, std::optional<std::string>>> pairs;
  if (value == nullptr) return pairs;
  if (value->is_object()) {
    for (const auto& [name, each] : value->items())
      pairs.emplace_back(name, each.is_null() ? std::nullopt : std::optional(Text(each)));
  } else if (value->is_array()) {
    for (const Json& each : *value) {
      const std::string text = Text(each);
      const auto equals = text.find('=');
      pairs.emplace_back(text.substr(0, equals),
                         equals == std::string::npos ? std::nullopt : std::optional(text.substr(equals + 1)));
    }
  }
  return pairs;
}

std::string Text(const Json& scalar) {
  if (scalar.is_string()) return scalar.get<std::string>();
  return scalar.is_null() ? "" : DumpJson(scalar);
}

}  // namespace patchbay::cli

#include "harness/gateway/fake_kong_rules.h"

#include <algorithm>

#include "base/text.h"

namespace patchbay::driver::fake_kong {
namespace {

bool Consists(std::string_view text, std::string_view more) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           more.find(c) != std::string_view::npos;
  });
}

// As far as parentheses go; PCRE's words.
std::string ComplainOfRegex(const std::string& regex) {
  int depth = 0;
  for (std::size_t i = 0; i < regex.size(); ++i) {
    if (regex[i] == '\\')
      ++i;
    else if (regex[i] == '(')
      ++depth;
    else if (regex[i] == ')' && --depth < 0)
      return StrCat("invalid regex: '", regex, "' (PCRE returned: unmatched closing parenthesis)");
  }
  return depth == 0 ? "" : StrCat("invalid regex: '", regex, "' (PCRE returned: missing closing parenthesis)");
}

}  // namespace

Rule Text(std::function<std::string(const std::string&)> complain) {
  return [complain](const Json& value) -> std::optional<Json> {
    if (!value.is_string()) return "expected a string";
    if (value.get_ref<const std::string&>().empty()) return "length must be at least 1";
    const std::string error = complain ? complain(value.get<std::string>()) : "";
    return error.empty() ? std::nullopt : std::optional<Json>(error);
  };
}
Rule AnyText() {
  return [](const Json& value) -> std::optional<Json> {
    return value.is_string() ? std::nullopt : std::optional<Json>("expected a string");
  };
}
Rule Whole(long least, long most) {
  return [=](const Json& value) -> std::optional<Json> {
    if (!value.is_number_integer()) return "expected an integer";
    if (value.get<long>() < least || value.get<long>() > most)
      return StrCat("value should be between ", least, " and ", most);
    return std::nullopt;
  };
}
Rule Positive() {
  return [](const Json& value) -> std::optional<Json> {
    if (!value.is_number()) return "expected a number";
    return value.get<double>() > 0 ? std::nullopt : std::optional<Json>("value must be greater than 0");
  };
}
Rule Bool() {
  return [](const Json& value) -> std::optional<Json> {
    return value.is_boolean() ? std::nullopt : std::optional<Json>("expected a boolean");
  };
}
Rule OneOf(std::vector<std::string> words) {
  return [words](const Json& value) -> std::optional<Json> {
    if (!value.is_string()) return "expected a string";
    if (std::find(words.begin(), words.end(), value.get<std::string>()) != words.end()) return std::nullopt;
    return StrCat("expected one of: ", Join(words, ", "));
  };
}
Rule ListOf(Rule rule) {
  return [rule](const Json& value) -> std::optional<Json> {
    if (!value.is_array()) return "expected an array";
    Json errors = Json::array();
    bool bad = false;
    for (const auto& entry : value) {
      const auto error = rule ? rule(entry) : std::nullopt;
      errors.push_back(error.value_or(nullptr));
      bad |= error.has_value();
    }
    return bad ? std::optional(errors) : std::nullopt;
  };
}
Rule Foreign() {
  return [](const Json& value) -> std::optional<Json> {
    if (!value.is_object() || value.size() != 1 || !value.contains("id")) return Json{{"id", "missing primary key"}};
    return std::nullopt;
  };
}

Json CheckFields(const Fields& fields, const Json& given, Json& errors) {
  Json entity = Json::object();
  for (const auto& field : fields) {
    const Json* value = Find(given, {field.name});
    Json taken = value == nullptr || value->is_null() ? field.preset : *value;
    if (taken.is_null() && field.required) errors[field.name] = "required field missing";
    if (!taken.is_null() && field.rule)
      if (auto error = field.rule(taken)) errors[field.name] = std::move(*error);
    entity[field.name] = std::move(taken);
  }
  for (const auto& [name, value] : given.items())
    if (std::none_of(fields.begin(), fields.end(), [&](const auto& field) { return field.name == name; }))
      errors[name] = "unknown field";
  return entity;
}

std::string ComplainOfName(const std::string& name) {
  if (Consists(name, ".-_~")) return "";
  return StrCat("invalid value '", name, "': it must only contain alphanumeric and '., -, _, ~' characters");
}

std::string ComplainOfHost(const std::string& host) {
  const std::string plain = host.starts_with("*.") ? host.substr(2)
                            : host.ends_with(".*") ? host.substr(0, host.size() - 2)
                                                   : host;
  if (plain.find('*') != std::string::npos) return "invalid wildcard: must be placed at leftmost or rightmost label";
  return Consists(plain, ".-_") ? "" : StrCat("invalid value: ", host);
}

std::string ComplainOfHostName(const std::string& host) {
  return Consists(host, ".-_") && host.find_first_not_of("0123456789.") != std::string::npos
             ? ""
             : "Invalid name; must be a valid hostname";
}

std::string ComplainOfTarget(const std::string& target) {
  const auto colon = target.rfind(':');
  const auto port = colon == std::string::npos ? std::nullopt : ParseInt(target.substr(colon + 1));
  if (port && *port > 0 && *port < 65536 && Consists(target.substr(0, colon), ".-_[]:")) return "";
  return StrCat("Invalid target ('", target, "'); not a valid hostname or ip address");
}

std::string ComplainOfPath(const std::string& path, int major) {
  const bool tilde = major >= 3 && path.starts_with('~');
  const std::string rest = tilde ? path.substr(1) : path;
  if (!rest.starts_with('/'))
    return major >= 3 ? "should start with: / (fixed path) or ~/ (regex path)" : "should start with: /";
  if (rest.find("//") != std::string::npos) return "must not have empty segments";
  const bool plain = Consists(rest, ".-_~/%");
  if (tilde || (major < 3 && !plain)) return ComplainOfRegex(rest);
  return plain ? "" : StrCat("invalid path: '", path, "' (characters outside of the reserved list of RFC 3986 found)");
}

std::string ComplainOfTag(const std::string& tag) {
  const bool bad = std::any_of(tag.begin(), tag.end(),
                               [](char c) { return c == ',' || c == '/' || (c >= 0 && c < ' ') || c == 0x7f; });
  return bad ? StrCat("invalid tag '", tag, "': expected printable ascii (except `,` and `/`) or valid utf-8 sequences")
             : "";
}

std::string ComplainOfUuid(const std::string& id) {
  bool good = id.size() == 36;
  for (std::size_t i = 0; good && i < id.size(); ++i)
    good = i == 8 || i == 13 || i == 18 || i == 23
               ? id[i] == '-'
               : std::string_view("0123456789abcdef").find(id[i]) != std::string_view::npos;
  return good ? "" : "expected a valid UUID";
}

std::string ComplainOfPair(const std::string& line) {
  const auto colon = line.find(':');
  return colon != std::string::npos && colon > 0 ? "" : StrCat("invalid value: ", line);
}

std::string ComplainOfMethod(const std::string& method) {
  return std::all_of(method.begin(), method.end(), [](char c) { return c >= 'A' && c <= 'Z'; })
             ? ""
             : StrCat("invalid value: ", method);
}

Rule Record(Fields fields) {
  return [fields](const Json& value) -> std::optional<Json> {
    if (!value.is_object()) return "expected a record";
    Json errors = Json::object();
    CheckFields(fields, value, errors);
    return errors.empty() ? std::nullopt : std::optional(errors);
  };
}

}  // namespace patchbay::driver::fake_kong

#include "object/key.h"

#include "base/text.h"

namespace patchbay {
namespace {

bool IsLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool IsLabel(std::string_view text) {
  if (text.empty() || !IsLowerAlnum(text.front()) || !IsLowerAlnum(text.back())) return false;
  for (const char c : text)
    if (!IsLowerAlnum(c) && c != '-') return false;
  return true;
}

bool IsSubdomain(std::string_view text) {
  while (true) {
    const auto dot = text.find('.');
    if (!IsLabel(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsAlnum(char c) { return IsLowerAlnum(c) || (c >= 'A' && c <= 'Z'); }

// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
bool IsName(std::string_view text) {
  if (text.empty() || !IsAlnum(text.front()) || !IsAlnum(text.back())) return false;
  for (const char c : text)
    if (!IsAlnum(c) && c != '-' && c != '_' && c != '.') return false;
  return true;
}

constexpr std::string_view kNameRule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view kLabelTooLong = "must be no more than 63 characters";

}  // namespace

std::string Key::ToString() const {
  return ns.empty() ? StrCat(resource, " ", name) : StrCat(resource, " ", ns, "/", name);
}

std::string CheckSubdomain(std::string_view name) {
  if (name.size() > 253) return "must be no more than 253 characters";
  if (IsSubdomain(name)) return "";
  return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
         "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
         "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
}

std::string CheckLabel(std::string_view name) {
  if (name.size() > 63) return "must be no more than 63 characters";
  if (IsLabel(name)) return "";
  return "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
         "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
         "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
}

std::vector<std::string> CheckQualifiedName(std::string_view name) {
  const auto slash = name.find('/');
  if (slash != name.rfind('/'))
    return {StrCat("a qualified name ", kNameRule,
                   " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")};
  std::vector<std::string> broken;
  if (slash == 0) {
    broken.emplace_back("prefix part must be non-empty");
  } else if (slash != std::string_view::npos) {
    if (const auto rule = CheckSubdomain(name.substr(0, slash)); !rule.empty()) broken.push_back("prefix part " + rule);
  }
  const std::string_view rest = slash == std::string_view::npos ? name : name.substr(slash + 1);
  if (rest.empty())
    broken.emplace_back("name part must be non-empty");
  else if (rest.size() > 63)
    broken.push_back(StrCat("name part ", kLabelTooLong));
  if (!IsName(rest)) broken.push_back(StrCat("name part ", kNameRule));
  return broken;
}

std::vector<std::string> CheckLabelValue(std::string_view value) {
  std::vector<std::string> broken;
  if (value.size() > 63) broken.emplace_back(kLabelTooLong);
  if (!value.empty() && !IsName(value))
    broken.emplace_back(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
        "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
        "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')");
  return broken;
}

}  // namespace patchbay

std::size_t std::hash<patchbay::Key>::operator()(const patchbay::Key& key) const noexcept {
  const std::hash<std::string_view> digest;
  std::size_t seed = digest(key.name);
  for (const std::string_view part : {std::string_view(key.ns), std::string_view(key.resource)})
    seed ^= digest(part) + 0x9e3779b97f4a7c15 + (seed << 6) + (seed >> 2);
  return seed;
}

#include "driver/gateway/route_rules.h"

#include <algorithm>

#include "base/text.h"

namespace patchbay::driver {
namespace {

bool IsHeaderName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool IsHeaderValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || (c >= ' ' && c != 0x7f) || c < 0; });
}

}  // namespace

Result<void> CheckHeaders(const HeaderEdits& edits, std::string_view which) {
  const auto refuse = [&](const std::string& name, std::string_view why) {
    return Error{Code::kInvalid, StrCat(which, " header ", QuoteJson(name), " ", why)};
  };
  for (const auto* list : {&edits.set, &edits.add})
    for (const auto& [name, value] : *list) {
      if (!IsHeaderName(name)) return refuse(name, "is not a header name");
      if (!IsHeaderValue(value)) return refuse(name, "has a value with control characters");
    }
  for (const auto& name : edits.remove)
    if (!IsHeaderName(name)) return refuse(name, "is not a header name");
  return {};
}

std::string QuoteRegex(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace patchbay::driver

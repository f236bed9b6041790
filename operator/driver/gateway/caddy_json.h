// JSON text exactly as Caddy's admin API prints it (Go's encoding/json: compact, keys sorted by bytes, '<', '>', '&',
// U+2028 and U+2029 escaped), so that 5,000 routes are compared as bytes and never parsed. Seen with Caddy 2.6.2.
// Pure functions; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::driver {

std::string PrintText(std::string_view text);  // a string literal, quotes included
// Values are JSON text already. Members are sorted here; one with an empty value is left out.
std::string PrintObject(std::vector<std::pair<std::string_view, std::string>> members);
std::string PrintArray(const std::vector<std::string>& values);
std::string PrintTexts(const std::vector<std::string>& texts);  // an array of string literals

// The same value in the form above, whoever printed it: Go versions differ in how they escape. Nothing when malformed.
std::optional<std::string> PrintCanonically(std::string_view text);

// Top-level pieces of a well-formed compact text, as views into it; nothing when it is not an array (object).
std::optional<std::vector<std::string_view>> SplitArray(std::string_view text);
// Keys without quotes, not unescaped.
std::optional<std::vector<std::pair<std::string_view, std::string_view>>> SplitObject(std::string_view text);

}  // namespace patchbay::driver

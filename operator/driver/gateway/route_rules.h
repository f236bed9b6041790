// What holds for a GatewayRoute whatever gateway it goes to. Pure functions; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "driver/gateway/gateway.h"

namespace patchbay::driver {

// kInvalid, a sentence for the user, for names and values that are none in HTTP. `which`: "request", "response".
Result<void> CheckHeaders(const HeaderEdits& edits, std::string_view which);

// The text itself as a regular expression (RE2, PCRE and Rust's).
std::string QuoteRegex(std::string_view text);

}  // namespace patchbay::driver

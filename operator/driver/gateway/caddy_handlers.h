// The part of a Caddy route that answers: header edits, path rewriting, reverse proxy. Pure functions; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "driver/gateway/gateway.h"

namespace patchbay::driver {

// What Caddy would accept and then not do, or do otherwise than asked. kInvalid, a sentence for the user.
Result<void> CheckForCaddy(const GatewayRoute& route);

// The "handle" array. `strip_prefix`: taken off the path, "" for nothing; `addresses`: as to be tried in turn.
// `dynamic`: where Caddy asks for them instead (JSON); they are what it takes when nobody answers.
std::string PrintHandlers(const GatewayRoute& route, std::string_view strip_prefix,
                          const std::vector<std::string>& addresses, const std::string& dynamic = "");

// Caddy replaces "{name}" in most values; "\{" stands for the brace itself.
std::string EscapeBraces(std::string_view text);

}  // namespace patchbay::driver

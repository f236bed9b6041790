// What each gateway makes of each field of Route.spec, as data: Gateway::Unsupported() and the table in docs/gateways.md
// (scripts/gateways_page.py) come from here.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "driver/gateway/gateway.h"

namespace patchbay::driver {

enum class Can { kYes, kPartly, kNo };  // kNo: a Route that sets the field is not accepted, and the field is named

struct Capability {
  std::string_view gateway;
  std::string_view versions;
  std::string_view field;  // path in Route.spec; "auth.type=Forward" for one value of it
  Can can = Can::kYes;
  std::string_view how;
};

// One row a line: the script reads them.
// clang-format off
inline constexpr std::array kCapabilities = {
    Capability{"caddy", "2.6 and later", "hosts", Can::kYes, "host and header_regexp matchers; `*.` is every depth"},
    Capability{"kong", "2.8 to 3.x", "hosts", Can::kYes, "a route for exact hosts, one for each length of wildcards; `*.` is every depth"},
    Capability{"caddy", "2.6 and later", "paths", Can::kYes, "path_regexp; a Regex is RE2"},
    Capability{"kong", "2.8 to 3.x", "paths", Can::kYes, "regular expressions, with `~` since 3.0; a Regex is PCRE in 2.8 and Rust's since 3.0; no empty segments (`//`)"},
    Capability{"caddy", "2.6 and later", "priority", Can::kYes, "order of the routes"},
    Capability{"kong", "2.8 to 3.x", "priority", Can::kPartly, "regex_priority, among routes of one kind: Kong asks routes with hosts and with methods before those without, and exact hosts before wildcards, whatever their priority"},
    Capability{"caddy", "2.6 and later", "methods", Can::kYes, "method matcher"},
    Capability{"kong", "2.8 to 3.x", "methods", Can::kYes, "the route's methods"},
    Capability{"caddy", "2.6 and later", "stripPath", Can::kYes, "rewrite with strip_path_prefix"},
    Capability{"kong", "2.8 to 3.x", "stripPath", Can::kYes, "strip_path; not for a Regex"},
    Capability{"caddy", "2.6 and later", "backends.weight", Can::kYes, "addresses repeated in proportion, at most 100"},
    Capability{"kong", "2.8 to 3.x", "backends.weight", Can::kYes, "weights of targets, 1 to 1,000"},
    Capability{"caddy", "2.6 and later", "headers", Can::kYes, "headers handler"},
    Capability{"kong", "2.8 to 3.x", "headers", Can::kPartly, "request-transformer and response-transformer; no request value with `$(` or a `#` at its beginning, which Kong would evaluate"},
    Capability{"caddy", "2.6 and later", "timeout", Can::kYes, "response_header_timeout"},
    Capability{"kong", "2.8 to 3.x", "timeout", Can::kPartly, "read_timeout and write_timeout: also the longest pause within an answer, so an idle WebSocket ends with it"},
    Capability{"caddy", "2.6 and later", "retry.attempts", Can::kYes, "retries"},
    Capability{"kong", "2.8 to 3.x", "retry.attempts", Can::kYes, "the service's retries"},
    Capability{"caddy", "2.6 and later", "retry.timeout", Can::kYes, "try_duration"},
    Capability{"kong", "2.8 to 3.x", "retry.timeout", Can::kNo, ""},
    Capability{"caddy", "2.6 and later", "retry.on", Can::kNo, ""},
    Capability{"kong", "2.8 to 3.x", "retry.on", Can::kNo, ""},
    Capability{"caddy", "2.6 and later", "rateLimit", Can::kNo, ""},
    Capability{"kong", "2.8 to 3.x", "rateLimit", Can::kPartly, "rate-limiting, counted by each node for itself (policy local); key client-ip, consumer or header:NAME"},
    Capability{"kong", "2.8 to 3.x", "rateLimit.burst", Can::kNo, ""},
    Capability{"kong", "2.8 to 3.x", "rateLimit.key=host", Can::kNo, ""},
    Capability{"caddy", "2.6 and later", "auth", Can::kNo, ""},
    Capability{"kong", "2.8 to 3.x", "auth", Can::kPartly, "key-auth, basic-auth or jwt, with acl and a consumer for each user, key or issuer; a user has one password and an issuer one key in all of Kong"},
    Capability{"kong", "2.8 to 3.x", "auth.type=Forward", Can::kNo, ""},
    Capability{"kong", "2.8 to 3.x", "auth.audiences", Can::kNo, ""},
    Capability{"kong", "2.8 to 3.x", "auth.copyHeaders", Can::kNo, ""},
    Capability{"kong", "2.8 to 3.x", "auth.realm", Can::kNo, ""},
    Capability{"kong", "2.8 to 3.x", "auth.url", Can::kNo, ""},
    Capability{"caddy", "2.6 and later", "cors", Can::kNo, ""},
    Capability{"kong", "2.8 to 3.x", "cors", Can::kYes, "cors"},
};
// clang-format on

// Gateway::Unsupported() of that gateway.
inline std::vector<FieldNotDone> FieldsNotDone(std::string_view gateway) {
  std::vector<FieldNotDone> fields;
  for (const auto& row : kCapabilities)
    if (row.gateway == gateway && row.can == Can::kNo) fields.push_back({std::string(row.field), std::string(gateway)});
  return fields;
}

}  // namespace patchbay::driver

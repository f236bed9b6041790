// The small languages inside a Compose file: ${VARIABLES}, .env files, command lines, sizes, ports. Pure. Source: the
// Compose specification, https://github.com/compose-spec/compose-spec/blob/main/spec.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "object/json.h"

namespace patchbay::cli {

using Variables = std::map<std::string, std::string>;

// $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?why}, ${NAME?why}, ${NAME:+other}, ${NAME+other}; $$ is a
// $. What is not set is "" and is named in `missing`. kInvalid: a ${NAME:?why} that is not set, or what is none of
// these.
Result<std::string> Interpolate(const std::string& text, const Variables& variables, std::set<std::string>& missing);
// In every string value (no key) of a document.
Result<Json> InterpolateAll(const Json& document, const Variables& variables, std::set<std::string>& missing);

// KEY=VALUE a line, with # comments, `export`, quotes; a KEY alone has no value and is left out.
Variables ParseDotEnv(const std::string& text);

// A command line as a shell would part it, without expansion. A list is taken as it is.
std::vector<std::string> Words(const Json& value);

// "512m", "1gb", 1024: Compose's units are powers of 1024. Nothing when it is none.
std::optional<std::int64_t> ParseBytes(const Json& value);

// {"A": 1, "B": null} or ["A=1", "B"], in order; nothing for a value that is to be taken from elsewhere.
std::vector<std::pair<std::string, std::optional<std::string>>> Pairs(const Json* value);
// "8080" of 8080, "true" of true; "" of null.
std::string Text(const Json& scalar);

}  // namespace patchbay::cli

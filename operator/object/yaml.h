// YAML 1.2 core in and out, through the same limits as JSON: no anchors, aliases, foreign tags or duplicate keys.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "object/json.h"

namespace patchbay {

struct YamlMark {
  int line = 0;    // 1-based, over the whole stream
  int column = 0;  // 1-based
};

struct YamlDocument {
  Json value;
  YamlMark start;
  // Where each field stands, by JSON path as in Cause::field ("spec.env[0].name"); the nearest known parent otherwise.
  std::map<std::string, YamlMark> marks;
  YamlMark MarkOf(std::string_view field) const;
};

// All documents of a stream; empty ones are left out. A JSON stream is YAML too. kInvalid with "FILE:LINE:COLUMN: why";
// `name` is what the person called the input ("app.yaml", "-").
Result<std::vector<YamlDocument>> ParseYaml(std::string_view text, std::string_view name,
                                            const JsonLimits& limits = {});

// Block style, two spaces, strings quoted where they would read as another type. Ends with a newline.
std::string DumpYaml(const Json& value);

}  // namespace patchbay

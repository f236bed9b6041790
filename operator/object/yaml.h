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
  // Where each field stands (a member at its key, a list item at its value), by JSON path as in Cause::field
  // ("spec.env[0].name"). Bounded: a very large document has marks for its beginning only.
  std::map<std::string, YamlMark> marks;
  // The field's place; the nearest known parent's otherwise.
  YamlMark MarkOf(std::string_view field) const;
};

enum class YamlMarks { kKeep, kNone };

// All documents of a stream; empty ones (nothing, comments, null) are left out. JSON is YAML too; with YamlMarks::kNone
// it is read at JSON's speed. kInvalid with "FILE:LINE:COLUMN: why", kTooLarge over limits.bytes; `name` is what the
// person called the input ("app.yaml", "-"). Core schema of YAML 1.2: `on` and `yes` are text, `010` is ten.
Result<std::vector<YamlDocument>> ParseYaml(std::string_view text, std::string_view name, const JsonLimits& limits = {},
                                            YamlMarks marks = YamlMarks::kKeep);

// Block style as kubectl writes it: two spaces, lists flush with their key, many lines as a literal block, strings
// quoted where this reader or one of YAML 1.1 would take them for another type. Ends with a newline.
std::string DumpYaml(const Json& value);

}  // namespace patchbay

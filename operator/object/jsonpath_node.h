// The parsed form of a JSONPath template; inside the object room only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "object/jsonpath.h"

namespace patchbay::jsonpath_detail {

struct Operand;

struct Step {
  enum class Kind { kField, kEvery, kDescend, kSlice, kIndex, kUnion, kFilter };
  Kind kind = Kind::kField;
  std::string name = {};                                 // kField
  long index = 0;                                        // kIndex
  std::optional<long> from = {}, to = {}, stride = {};   // kSlice
  std::vector<Step> choices = {};                        // kUnion: fields and indexes
  std::shared_ptr<const Operand> left = {}, right = {};  // kFilter
  std::string op = {};                                   // kFilter: "", "==", "!=", "<", "<=", ">", ">="
};

struct Path {
  bool from_root = false;
  std::vector<Step> steps = {};
};

// One side of a comparison: a path from the item, or a literal.
struct Operand {
  std::optional<Path> path;
  Json literal;
};

}  // namespace patchbay::jsonpath_detail

namespace patchbay {

struct JsonPath::Node {
  enum class Kind { kList, kText, kPath, kRange };
  Kind kind = Kind::kList;
  std::string text = {};            // kText
  jsonpath_detail::Path path = {};  // kPath, kRange
  std::vector<Node> body = {};      // kList, kRange
};

}  // namespace patchbay

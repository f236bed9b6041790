// kubectl's JSONPath: ".a.b", "[*]", "[0]", "[-1]", "[1:3]", "..name", "['a.b']", filters "[?(@.type=="Ready")]", and
// templates "{.a}{"\n"}{range .items[*]}..{end}". Parsed once; thread-safe after construction.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "object/json.h"

namespace patchbay {

class JsonPath {
 public:
  // A bare path, with or without braces and leading dot: printer columns and wait use it.
  static Result<JsonPath> ParsePath(std::string_view text);
  // kubectl -o jsonpath=TEMPLATE.
  static Result<JsonPath> ParseTemplate(std::string_view text);
  JsonPath(JsonPath&&) noexcept;
  JsonPath& operator=(JsonPath&&) noexcept;
  ~JsonPath();

  // All values the (first) path reaches; they live as long as `root`.
  std::vector<const Json*> Select(const Json& root) const;
  // The template's text; kNotFound when a key is missing and allow_missing is false, as kubectl says it.
  Result<std::string> Render(const Json& root, bool allow_missing = true) const;

 private:
  struct Node;
  explicit JsonPath(std::shared_ptr<const Node> root);
  std::shared_ptr<const Node> root_;
};

}  // namespace patchbay

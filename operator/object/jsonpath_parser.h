// Reads one JSONPath or literal; the grammar of k8s.io/client-go/util/jsonpath. Inside the object room only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "object/jsonpath_node.h"

namespace patchbay::jsonpath_detail {

class PathParser {
 public:
  explicit PathParser(std::string_view text, int nesting = 0) : text_(text), nesting_(nesting) {}

  std::size_t at() const { return at_; }
  bool done() const { return at_ >= text_.size(); }
  char look(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void SkipSpace();
  // Up to the end, or to the first character that cannot go on (a closing brace, for one).
  Result<Path> ReadPath();
  // REQUIRES: look() is a quote.
  Result<std::string> ReadQuoted();

 private:
  Result<void> ReadField(Path& path);
  // The text between [ and its ], quotes minded.
  Result<std::string_view> ReadBracketText();
  Result<Step> ReadBrackets();
  Result<Step> ReadChoice();
  Result<Step> ReadFilter(std::string_view text) const;
  Result<std::shared_ptr<const Operand>> ReadOperand(std::string_view text) const;

  const std::string_view text_;
  const int nesting_;
  std::size_t at_ = 0;
};

}  // namespace patchbay::jsonpath_detail

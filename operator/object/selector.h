// Label and field selectors in Kubernetes' syntax. Parsed once, matched many times; thread-safe after construction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "object/object.h"

namespace patchbay {

// "a=b,c!=d,e in (x,y),f notin (z),g,!h"; empty matches everything.
class LabelSelector {
 public:
  static Result<LabelSelector> Parse(std::string_view text);
  // A metav1.LabelSelector: matchLabels, matchExpressions.
  static Result<LabelSelector> FromJson(const Json& value);
  bool Matches(const Labels& labels) const;
  bool empty() const { return terms_.empty(); }

 private:
  enum class Op { kIn, kNotIn, kExists, kAbsent };
  struct Term {
    std::string key;
    Op op;
    std::vector<std::string> values;
  };
  std::vector<Term> terms_;
};

// "metadata.name=x,status.phase!=y". Which fields a kind knows is the caller's to say.
class FieldSelector {
 public:
  struct Term {
    std::string field;
    std::string value;
    bool equal = true;
  };
  static Result<FieldSelector> Parse(std::string_view text);
  const std::vector<Term>& terms() const { return terms_; }
  bool Matches(const Json& object) const;  // absent is ""
  bool empty() const { return terms_.empty(); }

 private:
  std::vector<Term> terms_;
};

}  // namespace patchbay

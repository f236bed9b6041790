// Label and field selectors in Kubernetes' syntax. Parsed once, matched many times; thread-safe after construction.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "object/object.h"

namespace patchbay {

// "a=b,c!=d,e in (x,y),f notin (z),g,!h,i>1"; empty matches everything. An absent label is not in any set.
class LabelSelector {
 public:
  // kInvalid in Kubernetes' words: "unable to parse requirement: found '', expected: identifier".
  static Result<LabelSelector> Parse(std::string_view text);
  // A metav1.LabelSelector: matchLabels, matchExpressions.
  static Result<LabelSelector> FromJson(const Json& value);
  bool Matches(const Labels& labels) const;
  bool empty() const { return terms_.empty(); }

 private:
  friend class LabelSelectorParser;
  enum class Op { kIn, kNotIn, kExists, kAbsent, kAbove, kBelow };
  struct Term {
    std::string key;
    Op op;
    std::vector<std::string> values;
  };
  static Result<Term> MakeTerm(std::string key, Op op, std::vector<std::string> values);
  static bool Holds(const Term& term, const Labels& labels);
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

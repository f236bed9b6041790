#include "object/selector.h"

#include <algorithm>

#include "base/text.h"

namespace patchbay {
namespace {

constexpr std::string_view kSymbols = "(),!=<>";

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Symbols ("(", "!=", "==") and words; an empty token is the end.
std::vector<std::string> Tokens(std::string_view text) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    std::size_t length = 1;
    if (IsSpace(c)) {
      ++i;
      continue;
    }
    if (kSymbols.find(c) == std::string_view::npos) {
      while (i + length < text.size() && !IsSpace(text[i + length]) &&
             kSymbols.find(text[i + length]) == std::string_view::npos)
        ++length;
    } else if ((c == '!' || c == '=') && i + 1 < text.size() && text[i + 1] == '=') {
      length = 2;
    }
    out.emplace_back(text.substr(i, length));
    i += length;
  }
  out.emplace_back();
  return out;
}

bool IsWord(const std::string& token) { return !token.empty() && kSymbols.find(token[0]) == std::string_view::npos; }

Error Unparsed(std::string why) { return {Code::kInvalid, "unable to parse requirement: " + std::move(why)}; }

Error Found(const std::string& token, std::string_view expected) {
  return Unparsed(StrCat("found '", token, "', expected: ", expected));
}

// A field is a path of object keys; what is there, as text.
std::string FieldText(const Json& object, std::string_view field) {
  const Json* at = &object;
  for (const std::string& key : Split(field, '.'))
    if (at != nullptr) at = Find(*at, {key});
  if (at == nullptr || at->is_null()) return "";
  return at->is_string() ? at->get<std::string>() : DumpJson(*at);
}

}  // namespace

// The grammar of k8s.io/apimachinery labels.Parse, with its words for errors.
class LabelSelectorParser {
 public:
  using Op = LabelSelector::Op;
  using Term = LabelSelector::Term;

  explicit LabelSelectorParser(std::string_view text) : tokens_(Tokens(text)) {}

  Result<LabelSelector> Parse() {
    LabelSelector out;
    if (Look().empty()) return out;
    while (true) {
      if (!IsWord(Look()) && Look() != "!") return Found(Look(), "!, identifier, or 'end of string'");
      PATCHBAY_TRY(Term term, ParseTerm());
      out.terms_.push_back(std::move(term));
      if (Look().empty()) return out;
      if (Look() != ",") return Found(Look(), "',' or 'end of string'");
      Next();
      if (!IsWord(Look()) && Look() != "!") return Found(Look(), "identifier after ','");
    }
  }

 private:
  const std::string& Look() const { return tokens_[at_]; }
  std::string Next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }

  Result<Term> ParseTerm() {
    const bool absent = Look() == "!";
    if (absent) Next();
    if (!IsWord(Look())) return Found(Look(), "identifier");
    std::string key = Next();
    if (absent || Look().empty() || Look() == ",")
      return LabelSelector::MakeTerm(std::move(key), absent ? Op::kAbsent : Op::kExists, {});
    const std::string op = Next();
    if (op == "in" || op == "notin") {
      PATCHBAY_TRY(auto values, ParseValues());
      return LabelSelector::MakeTerm(std::move(key), op == "in" ? Op::kIn : Op::kNotIn, std::move(values));
    }
    static const std::map<std::string, Op> kOps = {
        {"=", Op::kIn}, {"==", Op::kIn}, {"!=", Op::kNotIn}, {">", Op::kAbove}, {"<", Op::kBelow}};
    const auto known = kOps.find(op);
    if (known == kOps.end()) return Found(op, "in, notin, =, ==, !=, gt, lt");
    std::string value;
    if (IsWord(Look()))
      value = Next();
    else if (!Look().empty() && Look() != ",")
      return Found(Look(), "identifier");
    return LabelSelector::MakeTerm(std::move(key), known->second, {std::move(value)});
  }

  Result<std::vector<std::string>> ParseValues() {
    if (Look() != "(") return Found(Look(), "'('");
    Next();
    std::vector<std::string> values;
    if (Look() != ")" && Look() != "," && !IsWord(Look())) return Found(Look(), "',', ')' or identifier");
    while (Look() != ")") {
      values.push_back(IsWord(Look()) ? Next() : "");
      if (Look() == ",") {
        Next();
        if (Look() == ")") values.emplace_back();
      } else if (Look() != ")") {
        return Found(Look(), "',' or ')'");
      }
    }
    Next();
    return values;
  }

  const std::vector<std::string> tokens_;
  std::size_t at_ = 0;
};

Result<LabelSelector::Term> LabelSelector::MakeTerm(std::string key, Op op, std::vector<std::string> values) {
  if (const auto broken = CheckQualifiedName(key); !broken.empty())
    return Unparsed(StrCat("invalid label key ", QuoteJson(key), ": ", Join(broken, "; ")));
  if (op == Op::kIn && values.empty()) return Unparsed("for 'in', 'notin' operators, values set can't be empty");
  if (op == Op::kNotIn && values.empty()) return Unparsed("for 'in', 'notin' operators, values set can't be empty");
  if (op == Op::kAbove || op == Op::kBelow) {
    if (!ParseInt(values[0])) return Unparsed("for 'Gt', 'Lt' operators, the value must be an integer");
  }
  for (std::size_t i = 0; i < values.size(); ++i)
    if (const auto broken = CheckLabelValue(values[i]); !broken.empty())
      return Unparsed(
          StrCat("values[", i, "][", key, "]: Invalid value: ", QuoteJson(values[i]), ": ", Join(broken, "; ")));
  std::sort(values.begin(), values.end());
  return Term{std::move(key), op, std::move(values)};
}

Result<LabelSelector> LabelSelector::Parse(std::string_view text) { return LabelSelectorParser(text).Parse(); }

Result<LabelSelector> LabelSelector::FromJson(const Json& value) {
  LabelSelector out;
  if (value.is_null()) return out;
  if (!value.is_object()) return Error{Code::kInvalid, "a label selector must be an object"};
  if (const Json* labels = patchbay::Find(value, {"matchLabels"}); labels != nullptr && labels->is_object()) {
    for (const auto& [key, wanted] : labels->get_ref<const Json::object_t&>()) {
      if (!wanted.is_string()) return Error{Code::kInvalid, StrCat("matchLabels.", key, " must be a string")};
      PATCHBAY_TRY(Term term, MakeTerm(key, Op::kIn, {wanted.get<std::string>()}));
      out.terms_.push_back(std::move(term));
    }
  }
  const Json* expressions = patchbay::Find(value, {"matchExpressions"});
  if (expressions == nullptr || !expressions->is_array()) return out;
  static const std::map<std::string, Op> kOps = {
      {"In", Op::kIn}, {"NotIn", Op::kNotIn}, {"Exists", Op::kExists}, {"DoesNotExist", Op::kAbsent}};
  for (const Json& expression : *expressions) {
    const auto op = kOps.find(FindString(expression, {"operator"}));
    if (op == kOps.end())
      return Error{Code::kInvalid,
                   StrCat(QuoteJson(FindString(expression, {"operator"})), " is not a valid label selector operator")};
    std::vector<std::string> values;
    if (const Json* list = patchbay::Find(expression, {"values"}); list != nullptr && list->is_array())
      for (const Json& item : *list)
        if (item.is_string()) values.push_back(item.get<std::string>());
    const bool takes_values = op->second == Op::kIn || op->second == Op::kNotIn;
    if (!takes_values && !values.empty())
      return Error{Code::kInvalid, "values set must be empty for exists and does not exist"};
    PATCHBAY_TRY(Term term, MakeTerm(FindString(expression, {"key"}), op->second, std::move(values)));
    out.terms_.push_back(std::move(term));
  }
  return out;
}

bool LabelSelector::Holds(const Term& term, const Labels& labels) {
  const auto found = labels.find(term.key);
  const bool present = found != labels.end();
  switch (term.op) {
    case Op::kExists: return present;
    case Op::kAbsent: return !present;
    case Op::kIn: return present && std::binary_search(term.values.begin(), term.values.end(), found->second);
    case Op::kNotIn: return !present || !std::binary_search(term.values.begin(), term.values.end(), found->second);
    default: break;
  }
  const auto is = present ? ParseInt(found->second) : std::nullopt;
  const auto bound = ParseInt(term.values[0]);
  if (!is || !bound) return false;
  return term.op == Op::kAbove ? *is > *bound : *is < *bound;
}

bool LabelSelector::Matches(const Labels& labels) const {
  for (const Term& term : terms_)
    if (!Holds(term, labels)) return false;
  return true;
}

Result<FieldSelector> FieldSelector::Parse(std::string_view text) {
  FieldSelector out;
  if (Trim(text).empty()) return out;
  std::string part;
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < text.size(); ++i) {
    // A backslash keeps what follows from splitting; it is taken off with the value.
    if (text[i] == '\\' && i + 1 < text.size()) {
      part += text.substr(i++, 2);
    } else if (text[i] == ',') {
      parts.push_back(std::move(part));
      part.clear();
    } else {
      part += text[i];
    }
  }
  parts.push_back(std::move(part));
  for (const std::string& each : parts) {
    if (each.empty()) continue;
    const auto at = each.find('=');
    if (at == std::string::npos)
      return Error{Code::kInvalid, StrCat("invalid selector: '", text, "'; can't understand '", each, "'")};
    const bool unequal = at > 0 && each[at - 1] == '!';
    const bool twice = !unequal && each[at + 1] == '=';
    std::string value;
    for (std::size_t i = at + (twice ? 2 : 1); i < each.size(); ++i) {
      if (each[i] == '\\' && i + 1 < each.size()) ++i;
      value += each[i];
    }
    out.terms_.push_back({each.substr(0, unequal ? at - 1 : at), std::move(value), !unequal});
  }
  return out;
}

bool FieldSelector::Matches(const Json& object) const {
  for (const Term& term : terms_)
    if ((FieldText(object, term.field) == term.value) != term.equal) return false;
  return true;
}

}  // namespace patchbay

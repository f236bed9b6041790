#include "object/jsonpath_parser.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace patchbay::jsonpath_detail {
namespace {

// Filters may hold paths that hold filters.
constexpr int kMostNesting = 16;

Error Refuse(std::string why) { return {Code::kInvalid, std::move(why)}; }

std::size_t FindOperator(std::string_view text) {
  char quote = '\0';
  int open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == '\\')
        ++i;
      else if (c == quote)
        quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[' || c == ']') {
      open += c == '[' ? 1 : -1;
    } else if (open == 0 && std::string_view("!<>=").find(c) != std::string_view::npos) {
      return i;
    }
  }
  return std::string_view::npos;
}

}  // namespace

void PathParser::SkipSpace() {
  while (look() == ' ' || look() == '\t' || look() == '\n') ++at_;
}

Result<Path> PathParser::ReadPath() {
  Path path;
  if (look() == '$' || look() == '@') {
    path.from_root = look() == '$';
    ++at_;
  }
  while (!done() && look() != '}') {
    if (look() == '.' && look(1) == '.') {
      at_ += 2;
      path.steps.push_back({.kind = Step::Kind::kDescend});
      if (look() != '[') PATCHBAY_CHECK(ReadField(path));
    } else if (look() == '.') {
      ++at_;
      if (done() || look() == '}' || look() == '[') continue;
      PATCHBAY_CHECK(ReadField(path));
    } else if (look() == '[') {
      PATCHBAY_TRY(Step step, ReadBrackets());
      path.steps.push_back(std::move(step));
    } else if (look() == ' ' || look() == '\t' || look() == '\n') {
      ++at_;
    } else {
      return Refuse(StrCat("unrecognized character ", QuoteJson(text_.substr(at_, 1))));
    }
  }
  return path;
}

Result<std::string> PathParser::ReadQuoted() {
  const char quote = text_[at_++];
  std::string out;
  while (!done() && look() != quote) {
    char c = text_[at_++];
    if (c == '\\' && !done()) {
      c = text_[at_++];
      constexpr std::string_view kNames = "ntr";
      if (const auto found = kNames.find(c); found != std::string_view::npos) c = "\n\t\r"[found];
    }
    out += c;
  }
  if (done()) return Refuse("unterminated quoted string");
  ++at_;
  return out;
}

Result<void> PathParser::ReadField(Path& path) {
  std::string name;
  constexpr std::string_view kEnds = " \t\n.[]{},$@()";
  while (!done() && kEnds.find(look()) == std::string_view::npos) {
    if (look() == '\\' && at_ + 1 < text_.size()) ++at_;
    name += text_[at_++];
  }
  if (name.empty()) return Refuse("a field name is missing");
  if (name == "*")
    path.steps.push_back({.kind = Step::Kind::kEvery});
  else
    path.steps.push_back({.kind = Step::Kind::kField, .name = std::move(name)});
  return {};
}

Result<std::string_view> PathParser::ReadBracketText() {
  const std::size_t start = ++at_;
  int open = 1;
  char quote = '\0';
  for (; !done(); ++at_) {
    const char c = look();
    if (quote != '\0') {
      if (c == '\\')
        ++at_;
      else if (c == quote)
        quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '[') {
      ++open;
    } else if (c == ']' && --open == 0) {
      return text_.substr(start, at_++ - start);
    }
  }
  return Refuse("unterminated array");
}

Result<Step> PathParser::ReadBrackets() {
  PATCHBAY_TRY(const std::string_view inner, ReadBracketText());
  const std::string_view text = Trim(inner);
  if (text.starts_with("?")) return ReadFilter(Trim(text.substr(1)));
  std::vector<Step> choices;
  PathParser parser(text);
  while (true) {
    PATCHBAY_TRY(Step choice, parser.ReadChoice());
    choices.push_back(std::move(choice));
    parser.SkipSpace();
    if (parser.done()) break;
    if (parser.look() != ',') return Refuse(StrCat("invalid array index ", text));
    ++parser.at_;
  }
  if (choices.size() == 1) return std::move(choices[0]);
  Step step{.kind = Step::Kind::kUnion};
  step.choices = std::move(choices);
  return step;
}

Result<Step> PathParser::ReadChoice() {
  SkipSpace();
  if (look() == '\'' || look() == '"') {
    PATCHBAY_TRY(std::string name, ReadQuoted());
    return Step{.kind = Step::Kind::kField, .name = std::move(name)};
  }
  const auto comma = std::min(text_.find(',', at_), text_.size());
  const std::string_view word = Trim(text_.substr(at_, comma - at_));
  at_ = comma;
  if (word == "*") return Step{.kind = Step::Kind::kEvery};
  const std::vector<std::string> parts = Split(word, ':');
  std::optional<long> numbers[3];
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i == 3) return Refuse(StrCat("invalid array index ", word));
    const bool negative = parts[i].starts_with('-');
    const auto number = ParseInt(std::string_view(parts[i]).substr(negative ? 1 : 0));
    if (!parts[i].empty() && !number) return Refuse(StrCat("invalid array index ", word));
    if (number) numbers[i] = negative ? -*number : *number;
  }
  if (parts.size() == 1) {
    if (!numbers[0]) return Refuse("invalid array index");
    return Step{.kind = Step::Kind::kIndex, .index = *numbers[0]};
  }
  if (numbers[2] && *numbers[2] <= 0) return Refuse("step must be > 0");
  Step step{.kind = Step::Kind::kSlice};
  step.from = numbers[0];
  step.to = numbers[1];
  step.stride = numbers[2];
  return step;
}

Result<Step> PathParser::ReadFilter(std::string_view text) const {
  if (nesting_ >= kMostNesting) return Refuse("filters are nested too deep");
  if (!text.starts_with('(') || !text.ends_with(')')) return Refuse("unterminated filter");
  const std::string_view inside = text.substr(1, text.size() - 2);
  Step step{.kind = Step::Kind::kFilter};
  const std::size_t split = FindOperator(inside);
  std::string_view right;
  if (split != std::string_view::npos) {
    right = inside.substr(split);
    const auto length = right.find_first_not_of("!<>=");
    step.op = right.substr(0, length);
    right.remove_prefix(std::min(length, right.size()));
    static constexpr std::string_view kOps[] = {"==", "!=", "<", "<=", ">", ">="};
    if (std::find(std::begin(kOps), std::end(kOps), step.op) == std::end(kOps))
      return Refuse(StrCat("unrecognized filter operator ", step.op));
    PATCHBAY_TRY(step.right, ReadOperand(Trim(right)));
  }
  PATCHBAY_TRY(step.left, ReadOperand(Trim(inside.substr(0, split))));
  return step;
}

Result<std::shared_ptr<const Operand>> PathParser::ReadOperand(std::string_view text) const {
  if (text.empty()) return Refuse("a filter lacks an operand");
  Operand operand;
  PathParser parser(text, nesting_ + 1);
  if (text[0] == '"' || text[0] == '\'') {
    PATCHBAY_TRY(operand.literal, parser.ReadQuoted());
  } else if (text[0] == '@' || text[0] == '.' || text[0] == '$' || text[0] == '[') {
    PATCHBAY_TRY(operand.path, parser.ReadPath());
  } else {
    auto literal = ParseJson(text);
    if (!literal) return Refuse(StrCat("unrecognized operand ", text));
    operand.literal = *std::move(literal);
    return std::make_shared<const Operand>(std::move(operand));
  }
  if (!parser.done()) return Refuse(StrCat("unrecognized operand ", text));
  return std::make_shared<const Operand>(std::move(operand));
}

}  // namespace patchbay::jsonpath_detail

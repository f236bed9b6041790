#include <algorithm>
#include <utility>

#include "base/text.h"
#include "object/jsonpath_node.h"

namespace patchbay {
namespace jsonpath_detail {
namespace {

// Filters may hold paths that hold filters.
constexpr int kMostNesting = 16;

// Reads one path or literal from `text` at at(); the grammar of k8s.io/client-go/util/jsonpath.
class PathParser {
 public:
  explicit PathParser(std::string_view text, int nesting = 0) : text_(text), nesting_(nesting) {}

  std::size_t at() const { return at_; }
  bool done() const { return at_ >= text_.size(); }
  char look(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void SkipSpace() {
    while (look() == ' ' || look() == '\t' || look() == '\n') ++at_;
  }

  // Up to the end, or to the first character that cannot go on (a closing brace, for one).
  Result<Path> ReadPath() {
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

  Result<std::string> ReadQuoted() {
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

 private:
  static Error Refuse(std::string why) { return {Code::kInvalid, std::move(why)}; }

  Result<void> ReadField(Path& path) {
    std::string name;
    constexpr std::string_view kEnds = " \t\n.[]{},$@()";
    while (!done() && kEnds.find(look()) == std::string_view::npos) {
      if (look() == '\\' && at_ + 1 < text_.size()) ++at_;
      name += text_[at_++];
    }
    if (name.empty()) return Refuse("a field name is missing");
    if (name == "*") path.steps.push_back({.kind = Step::Kind::kEvery});
    else path.steps.push_back({.kind = Step::Kind::kField, .name = std::move(name)});
    return {};
  }

  // The text between [ and its ], quotes minded.
  Result<std::string_view> ReadBracketText() {
    const std::size_t start = ++at_;
    int open = 1;
    char quote = '\0';
    for (; !done(); ++at_) {
      const char c = look();
      if (quote != '\0') {
        if (c == '\\') ++at_;
        else if (c == quote) quote = '\0';
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

  Result<Step> ReadBrackets() {
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

  Result<Step> ReadChoice() {
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

  Result<Step> ReadFilter(std::string_view text) {
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

  static std::size_t FindOperator(std::string_view text) {
    char quote = '\0';
    int open = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (quote != '\0') {
        if (c == '\\') ++i;
        else if (c == quote) quote = '\0';
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

  Result<std::shared_ptr<const Operand>> ReadOperand(std::string_view text) {
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

  const std::string_view text_;
  const int nesting_;
  std::size_t at_ = 0;
};

}  // namespace
}  // namespace jsonpath_detail

using jsonpath_detail::Path;
using jsonpath_detail::PathParser;

namespace {

bool IsWord(std::string_view text, std::string_view word) {
  return text.starts_with(word) &&
         (text.size() == word.size() || std::string_view(" \t\n}").find(text[word.size()]) != std::string_view::npos);
}

Error Within(const Error& error, std::string_view text) {
  return {Code::kInvalid, StrCat("error parsing jsonpath ", text, ", ", error.message)};
}

}  // namespace

Result<JsonPath> JsonPath::ParsePath(std::string_view text) {
  std::string_view bare = Trim(text);
  if (bare.starts_with('{') && bare.ends_with('}')) bare = Trim(bare.substr(1, bare.size() - 2));
  std::string dotted(bare);
  if (!dotted.empty() && std::string_view(".[$@").find(dotted[0]) == std::string_view::npos) dotted.insert(0, ".");
  PathParser parser(dotted);
  auto path = parser.ReadPath();
  if (!path) return Within(path.error(), text);
  if (!parser.done()) return Within({Code::kInvalid, "unrecognized character"}, text);
  Node root;
  root.body.push_back({.kind = Node::Kind::kPath, .path = *std::move(path)});
  return JsonPath(std::make_shared<const Node>(std::move(root)));
}

Result<JsonPath> JsonPath::ParseTemplate(std::string_view text) {
  // Those still open: the template itself, then each {range}.
  std::vector<Node> open(1);
  const auto fail = [&](std::string why) { return Within({Code::kInvalid, std::move(why)}, text); };
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '{') {
      const auto next = std::min(text.find('{', at), text.size());
      open.back().body.push_back({.kind = Node::Kind::kText, .text = std::string(text.substr(at, next - at))});
      at = next;
      continue;
    }
    PathParser parser(text.substr(at + 1));
    parser.SkipSpace();
    const std::size_t start = at + 1 + parser.at();
    const std::string_view rest = text.substr(start);
    std::size_t used = 0;
    if (IsWord(rest, "end")) {
      if (open.size() == 1) return fail("not in range, nothing to end");
      Node range = std::move(open.back());
      open.pop_back();
      open.back().body.push_back(std::move(range));
      used = 3;
    } else if (rest.starts_with('"') || rest.starts_with('\'')) {
      PathParser quoted(rest);
      auto literal = quoted.ReadQuoted();
      if (!literal) return fail(literal.error().message);
      open.back().body.push_back({.kind = Node::Kind::kText, .text = *std::move(literal)});
      used = quoted.at();
    } else {
      const bool range = IsWord(rest, "range");
      PathParser inner(rest.substr(range ? 5 : 0));
      inner.SkipSpace();
      auto path = inner.ReadPath();
      if (!path) return fail(path.error().message);
      if (range) open.push_back({.kind = Node::Kind::kRange, .path = *std::move(path)});
      else open.back().body.push_back({.kind = Node::Kind::kPath, .path = *std::move(path)});
      used = inner.at() + (range ? 5 : 0);
    }
    PathParser tail(text.substr(start + used));
    tail.SkipSpace();
    if (tail.look() != '}') return fail("unclosed action");
    at = start + used + tail.at() + 1;
  }
  if (open.size() != 1) return fail("unclosed range");
  return JsonPath(std::make_shared<const Node>(std::move(open[0])));
}

JsonPath::JsonPath(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
JsonPath::JsonPath(JsonPath&&) noexcept = default;
JsonPath& JsonPath::operator=(JsonPath&&) noexcept = default;
JsonPath::~JsonPath() = default;

}  // namespace patchbay

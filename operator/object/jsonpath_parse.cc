#include <algorithm>
#include <utility>

#include "base/text.h"
#include "object/jsonpath_parser.h"

namespace patchbay {

using jsonpath_detail::Path;
using jsonpath_detail::PathParser;

namespace {

constexpr std::string_view kSpace = " \t\n";

bool IsWord(std::string_view text, std::string_view word) {
  return text.starts_with(word) &&
         (text.size() == word.size() || std::string_view(" \t\n}").find(text[word.size()]) != std::string_view::npos);
}

Error Within(const Error& error, std::string_view text) {
  return {Code::kInvalid, StrCat("error parsing jsonpath ", text, ", ", error.message)};
}

// What stands between braces, put into the innermost of `open`; how many characters it took.
template <class Node>
Result<std::size_t> ReadAction(std::string_view text, std::vector<Node>& open) {
  if (IsWord(text, "end")) {
    if (open.size() == 1) return Error{Code::kInvalid, "not in range, nothing to end"};
    Node range = std::move(open.back());
    open.pop_back();
    open.back().body.push_back(std::move(range));
    return std::size_t{3};
  }
  if (text.starts_with('"') || text.starts_with('\'')) {
    PathParser quoted(text);
    PATCHBAY_TRY(std::string literal, quoted.ReadQuoted());
    open.back().body.push_back({.kind = Node::Kind::kText, .text = std::move(literal)});
    return quoted.at();
  }
  const std::size_t skipped = IsWord(text, "range") ? 5 : 0;
  PathParser parser(text.substr(skipped));
  parser.SkipSpace();
  PATCHBAY_TRY(Path path, parser.ReadPath());
  if (skipped > 0)
    open.push_back({.kind = Node::Kind::kRange, .path = std::move(path)});
  else
    open.back().body.push_back({.kind = Node::Kind::kPath, .path = std::move(path)});
  return skipped + parser.at();
}

}  // namespace

Result<JsonPath> JsonPath::ParsePath(std::string_view text) {
  std::string_view bare = Trim(text);
  if (bare.starts_with('{') && bare.ends_with('}')) bare = Trim(bare.substr(1, bare.size() - 2));
  const bool needs_dot = !bare.empty() && std::string_view(".[$@").find(bare[0]) == std::string_view::npos;
  const std::string dotted = StrCat(needs_dot ? "." : "", bare);
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
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '{') {
      const auto next = std::min(text.find('{', at), text.size());
      open.back().body.push_back({.kind = Node::Kind::kText, .text = std::string(text.substr(at, next - at))});
      at = next;
      continue;
    }
    const auto start = std::min(text.find_first_not_of(kSpace, at + 1), text.size());
    const auto used = ReadAction(text.substr(start), open);
    if (!used) return Within(used.error(), text);
    at = text.find_first_not_of(kSpace, start + *used);
    if (at == std::string_view::npos || text[at] != '}') return Within({Code::kInvalid, "unclosed action"}, text);
    ++at;
  }
  if (open.size() != 1) return Within({Code::kInvalid, "unclosed range"}, text);
  return JsonPath(std::make_shared<const Node>(std::move(open[0])));
}

JsonPath::JsonPath(std::shared_ptr<const Node> root) : root_(std::move(root)) {}
JsonPath::JsonPath(JsonPath&&) noexcept = default;
JsonPath& JsonPath::operator=(JsonPath&&) noexcept = default;
JsonPath::~JsonPath() = default;

}  // namespace patchbay

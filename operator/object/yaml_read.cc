#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <unordered_set>

#include "base/text.h"
#include "object/yaml.h"
#include "object/yaml_scalar.h"

namespace patchbay {
namespace {

constexpr std::size_t kMostMarkBytes = 4 * 1024 * 1024;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kCore = "tag:yaml.org,2002:";

// Thrown through yaml-cpp by the handler; caught in ParseYaml.
struct Refusal {
  YamlMark at;
  std::string why;
};

YamlMark ToMark(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }
[[noreturn]] void Refuse(const YAML::Mark& mark, std::string why) { throw Refusal{ToMark(mark), std::move(why)}; }

class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view source, const JsonLimits& limits, bool keep_marks)
      : source_(source), limits_(limits), keep_marks_(keep_marks) {}

  YamlDocument Take() { return std::move(document_); }
  // Where the document's value begins, in bytes.
  std::size_t root() const { return root_; }

  void OnDocumentStart(const YAML::Mark& mark) override { document_.start = ToMark(mark); }
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Refuse(mark, "aliases are not allowed"); }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseAnchor(mark, anchor);
    if (ExpectsKey()) Refuse(mark, "a key is missing");
    Add(mark, nullptr);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    RefuseAnchor(mark, anchor);
    const bool plain = tag.empty() || tag == "?";
    if (!plain && tag != "!" && tag != StrCat(kCore, "str")) Refuse(mark, StrCat("the tag ", tag, " is not allowed"));
    if (text.find('\0') != std::string::npos) Refuse(mark, "U+0000 is not allowed");
    if (!plain) CheckQuoted(mark, text);
    if (ExpectsKey()) return AddKey(mark, text);
    if (!plain) return void(Add(mark, text));
    auto value = ResolvePlainScalar(text);
    if (!value) Refuse(mark, value.error().message);
    Add(mark, *std::move(value));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, tag, "seq", anchor, Json::array());
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, tag, "map", anchor, Json::object());
  }
  void OnSequenceEnd() override { levels_.pop_back(); }
  void OnMapEnd() override { levels_.pop_back(); }

 private:
  struct Level {
    Json* container;
    std::string path;
    std::string key;
    YAML::Mark key_mark;
    bool has_key = false;
    std::unordered_set<std::string> seen;
  };

  static void RefuseAnchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) Refuse(mark, "anchors are not allowed");
  }

  // yaml-cpp takes the end of the text for a closing quote, and surrogates in escapes for characters.
  void CheckQuoted(const YAML::Mark& mark, const std::string& text) const {
    if (!IsUtf8(text)) Refuse(mark, "a string is not valid UTF-8");
    const auto start = static_cast<std::size_t>(mark.pos);
    if (start >= source_.size() || source_[start] != '\'') return;
    for (std::size_t i = start + 1; i < source_.size(); ++i) {
      if (source_[i] != '\'') continue;
      if (i + 1 == source_.size() || source_[i + 1] != '\'') return;
      ++i;
    }
    Refuse(mark, "a quote is not closed");
  }

  bool ExpectsKey() const {
    return !levels_.empty() && levels_.back().container->is_object() && !levels_.back().has_key;
  }

  void AddKey(const YAML::Mark& mark, const std::string& key) {
    Level& level = levels_.back();
    if (!level.seen.insert(key).second) Refuse(mark, StrCat("duplicate key ", QuoteJson(key)));
    level.key = key;
    level.key_mark = mark;
    level.has_key = true;
  }

  // The value's place; `path` is filled while marks are kept.
  Json* Add(const YAML::Mark& mark, Json value, std::string* path = nullptr) {
    if (++values_ > limits_.values) Refuse(mark, StrCat("more than ", limits_.values, " values"));
    if (levels_.empty()) {
      document_.value = std::move(value);
      document_.start = ToMark(mark);
      root_ = static_cast<std::size_t>(mark.pos);
      return &document_.value;
    }
    Level& level = levels_.back();
    const bool list = level.container->is_array();
    if (keep_marks_) Keep(level, list, list ? mark : level.key_mark, path);
    if (list) {
      level.container->push_back(std::move(value));
      return &level.container->back();
    }
    level.has_key = false;
    auto& members = level.container->get_ref<Json::object_t&>();
    members.emplace_back(std::move(level.key), std::move(value));
    return &members.back().second;
  }

  void Keep(const Level& level, bool list, const YAML::Mark& mark, std::string* path) {
    std::string here = list ? StrCat(level.path, "[", level.container->size(), "]")
                            : StrCat(level.path, level.path.empty() ? "" : ".", level.key);
    mark_bytes_ += here.size() + 64;
    if (mark_bytes_ > kMostMarkBytes) {
      keep_marks_ = false;
      return;
    }
    if (path != nullptr) *path = here;
    document_.marks.emplace(std::move(here), ToMark(mark));
  }

  void Open(const YAML::Mark& mark, const std::string& tag, std::string_view core, YAML::anchor_t anchor, Json empty) {
    RefuseAnchor(mark, anchor);
    if (!tag.empty() && tag != "?" && tag != "!" && tag != StrCat(kCore, core))
      Refuse(mark, StrCat("the tag ", tag, " is not allowed"));
    if (ExpectsKey()) Refuse(mark, "a key must be a plain or quoted string");
    if (levels_.size() >= limits_.depth) Refuse(mark, StrCat("nested deeper than ", limits_.depth));
    Level level;
    level.container = Add(mark, std::move(empty), &level.path);
    levels_.push_back(std::move(level));
  }

  const std::string_view source_;
  const JsonLimits limits_;
  bool keep_marks_;
  std::size_t mark_bytes_ = 0;
  std::size_t values_ = 0;
  std::size_t root_ = 0;
  std::vector<Level> levels_;
  YamlDocument document_;
};

// What YAML allows of characters (section 5.1), found before yaml-cpp may trip over it. npos when all are good.
std::size_t FindForbidden(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return i;
    if (c != 0xC2 || i + 1 == text.size()) continue;
    const auto next = static_cast<unsigned char>(text[i + 1]);
    if (next >= 0x80 && next <= 0x9F && next != 0x85) return i;
  }
  return std::string_view::npos;
}

// yaml-cpp begins a new document wherever the last one cannot go on; YAML wants a line "---" or "..." between them.
bool HasMarkerBetween(std::string_view text, std::size_t from, std::size_t to) {
  const std::string_view part = text.substr(0, std::min(text.size(), to + 3));
  for (const std::string_view marker : {"---", "..."})
    for (auto at = part.find(marker, from); at != std::string_view::npos; at = part.find(marker, at + 1))
      if (at == 0 || part[at - 1] == '\n' || part[at - 1] == '\r') return true;
  return false;
}

YamlMark MarkAt(std::string_view text, std::size_t at) {
  const auto line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  const auto start = text.substr(0, at).rfind('\n');
  return {static_cast<int>(line) + 1, static_cast<int>(at - (start == std::string_view::npos ? 0 : start + 1)) + 1};
}

Error At(std::string_view name, YamlMark mark, std::string_view why) {
  return {Code::kInvalid, StrCat(name, ":", mark.line, ":", mark.column, ": ", why)};
}

// A carriage return alone is a line break, too (YAML 1.2, 5.4); yaml-cpp knows LF and CRLF.
bool IsLoneReturn(std::string_view text, std::size_t i) {
  return text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n');
}
std::optional<std::string> WithoutLoneReturns(std::string_view text) {
  std::optional<std::string> changed;
  for (std::size_t i = text.find('\r'); i != std::string_view::npos; i = text.find('\r', i + 1)) {
    if (!IsLoneReturn(text, i)) continue;
    if (!changed) changed.emplace(text);
    (*changed)[i] = '\n';
  }
  return changed;
}

Result<std::vector<YamlDocument>> ReadStream(std::string_view text, std::string_view name, const JsonLimits& limits,
                                             bool keep_marks) {
  std::istringstream stream{std::string(text)};
  std::vector<YamlDocument> documents;
  try {
    YAML::Parser parser(stream);
    std::optional<std::size_t> last_root;
    while (true) {
      Builder builder(text, limits, keep_marks);
      if (!parser.HandleNextDocument(builder)) break;
      if (last_root && !HasMarkerBetween(text, *last_root, builder.root()))
        return At(name, MarkAt(text, builder.root()), "this does not belong to what stands before it");
      last_root = builder.root();
      documents.push_back(builder.Take());
      if (documents.back().value.is_null()) documents.pop_back();
    }
  } catch (const Refusal& refusal) {
    return At(name, refusal.at, refusal.why);
  } catch (const YAML::Exception& exception) {
    return At(name, ToMark(exception.mark), exception.msg == "bad file" ? "nested too deep" : exception.msg);
  } catch (const std::exception& exception) {
    return Error{Code::kInternal, StrCat(name, ": ", exception.what())};
  }
  return documents;
}

}  // namespace

YamlMark YamlDocument::MarkOf(std::string_view field) const {
  while (!field.empty()) {
    if (const auto found = marks.find(std::string(field)); found != marks.end()) return found->second;
    const auto cut = field.find_last_of(".[");
    field = cut == std::string_view::npos ? std::string_view() : field.substr(0, cut);
  }
  return start;
}

Result<std::vector<YamlDocument>> ParseYaml(std::string_view text, std::string_view name, const JsonLimits& limits,
                                            YamlMarks marks) {
  if (text.size() > limits.bytes)
    return Error{Code::kTooLarge, StrCat(name, ": the text has ", text.size(), " bytes, the limit is ", limits.bytes)};
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (!IsUtf8(text)) return Error{Code::kInvalid, StrCat(name, ":1:1: the text is not valid UTF-8")};
  const std::optional<std::string> broken = WithoutLoneReturns(text);
  if (broken) text = *broken;
  const auto forbidden = FindForbidden(text);
  const bool keep_marks = marks == YamlMarks::kKeep;
  const std::string_view trimmed = Trim(text);
  if (!trimmed.empty() && (trimmed[0] == '{' || trimmed[0] == '[' || trimmed[0] == '"')) {
    // JSON's own escapes are not all YAML's, nor is U+007F: what is JSON is read as such, and YAML only says where
    // things stand.
    if (auto parsed = ParseJson(text, limits); parsed) {
      YamlDocument document;
      document.start = MarkAt(text, static_cast<std::size_t>(trimmed.data() - text.data()));
      if (keep_marks && forbidden == std::string_view::npos)
        if (auto marked = ReadStream(text, name, limits, true); marked && marked->size() == 1)
          document = std::move(marked->front());
      document.value = *std::move(parsed);
      std::vector<YamlDocument> documents;
      documents.push_back(std::move(document));
      return documents;
    }
  }
  if (forbidden != std::string_view::npos)
    return At(name, MarkAt(text, forbidden), "a control character is not allowed");
  return ReadStream(text, name, limits, keep_marks);
}

}  // namespace patchbay

#include "cache/entry.h"

#include "base/text.h"

namespace patchbay::cache {
namespace {

// Walks JSON text that our own writer made; gives up (false) on anything else.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool Take(char expected) {
    SkipSpace();
    if (at_ >= text_.size() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }
  // What stands between the quotes, escapes as they are.
  bool TakeString(std::string_view& raw) {
    if (!Take('"')) return false;
    const std::size_t from = at_;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
      } else if (text_[at_] == '"') {
        raw = text_.substr(from, at_++ - from);
        return true;
      }
    }
    return false;
  }
  bool SkipValue() {
    SkipSpace();
    int depth = 0;
    std::string_view ignored;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        if (!TakeString(ignored)) return false;
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
        continue;
      } else if (c == '}' || c == ']') {
        if (depth == 0) return true;
        --depth;
        ++at_;
      } else if (c == ',' && depth == 0) {
        return true;
      } else {
        ++at_;
        continue;
      }
      if (depth == 0) return true;
    }
    return depth == 0;
  }
  // Stands before the value of `wanted`, having entered the object that begins here.
  bool EnterTo(std::string_view wanted) {
    if (!Take('{')) return false;
    std::string_view key;
    while (TakeString(key) && Take(':')) {
      if (key == wanted) return true;
      if (!SkipValue() || !Take(',')) return false;
    }
    return false;
  }

 private:
  void SkipSpace() {
    const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

Labels ParseLabels(std::string_view bytes) {
  const auto object = ParseStored(bytes);
  return object.ok() ? LabelsOf(*object) : Labels{};
}

template <class Source>
EntryPtr MakeEntryFrom(const Source& source) {
  return std::make_shared<const Entry>(Entry{.key = source.key,
                                             .uid = source.uid,
                                             .revision = source.revision,
                                             .generation = source.generation,
                                             .labels = ScanLabels(*source.bytes),
                                             .bytes = source.bytes});
}

}  // namespace

EntryPtr MakeEntry(const store::Row& row) { return MakeEntryFrom(row); }
EntryPtr MakeEntry(const store::Change& change) { return MakeEntryFrom(change); }

Result<Json> ParseStored(std::string_view bytes) {
  static constexpr JsonLimits kStored{.bytes = 64 * 1024 * 1024, .depth = 256, .values = 10'000'000};
  return ParseJson(bytes, kStored);
}

Labels ScanLabels(std::string_view bytes) {
  Scanner scanner(bytes);
  Labels labels;
  if (!scanner.EnterTo("metadata") || !scanner.EnterTo("labels") || !scanner.Take('{')) return labels;
  std::string_view key;
  std::string_view value;
  while (scanner.TakeString(key) && scanner.Take(':') && scanner.TakeString(value)) {
    // Valid labels need no escapes; whatever else may come is read the long way.
    if (key.find('\\') != std::string_view::npos || value.find('\\') != std::string_view::npos)
      return ParseLabels(bytes);
    labels.emplace_hint(labels.end(), key, value);
    if (!scanner.Take(',')) break;
  }
  return labels;
}

Bytes WithRevision(std::string_view bytes, Revision revision) {
  constexpr std::string_view member = "\"resourceVersion\":\"";
  const std::size_t from = bytes.find(member);
  if (from == std::string_view::npos) return std::make_shared<const std::string>(bytes);
  const std::size_t digits = from + member.size();
  const std::size_t end = bytes.find('"', digits);
  return std::make_shared<const std::string>(StrCat(bytes.substr(0, digits), revision, bytes.substr(end)));
}

}  // namespace patchbay::cache

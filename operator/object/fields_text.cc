// FieldsV1 as text, read and written without a value in between.
#include <iterator>
#include <utility>

#include "object/fields.h"

namespace patchbay {
namespace {

constexpr std::size_t kDeepest = 128;

// Reads what FieldSet::ToText wrote; gives up (false) on anything else.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) { pending_.reserve(64); }

  bool Read(FieldSet& set) { return ReadNode(set, 0) && at_ == text_.size(); }

 private:
  bool Take(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  // Branches wait on one stack until their node closes, so that each list of them is allocated once.
  bool ReadNode(FieldSet& set, std::size_t depth) {
    if (depth > kDeepest || !Take("{")) return false;
    if (Take("}")) {
      set = FieldSet(depth > 0, {});
      return true;
    }
    const std::size_t base = pending_.size();
    const bool member = Take(R"(".":{})");
    if (member && !Take(",")) return false;
    do {
      FieldSet::Branch branch;
      if (!ReadStep(branch.step) || !ReadNode(branch.below, depth + 1)) return false;
      pending_.push_back(std::move(branch));
    } while (Take(","));
    if (!Take("}")) return false;
    const auto first = pending_.begin() + static_cast<std::ptrdiff_t>(base);
    std::vector<FieldSet::Branch> branches(std::make_move_iterator(first),
                                           std::make_move_iterator(pending_.end()));
    pending_.resize(base);
    set = FieldSet(member && depth > 0, std::move(branches));
    return true;
  }

  bool ReadStep(std::string& step) {
    if (!Take("\"")) return false;
    std::size_t run = at_;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] != '\\') continue;
      step.append(text_, run, at_ - run);
      run = ++at_;
      if (at_ == text_.size() || (text_[at_] != '"' && text_[at_] != '\\')) return false;
    }
    step.append(text_, run, at_ - run);
    const bool spelled = step.size() >= 2 && step[1] == ':' && std::string_view("fkvi").find(step[0]) != std::string::npos;
    return spelled && Take("\":");
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  std::vector<FieldSet::Branch> pending_;
};

void Append(std::string& out, const FieldSet& set) {
  char before = '{';
  if (set.member() && !set.branches().empty()) {
    out += R"({".":{})";
    before = ',';
  }
  for (const auto& [step, below] : set.branches()) {
    out += before;
    before = ',';
    AppendQuoted(out, step);
    out += ':';
    Append(out, below);
  }
  out += before == '{' ? "{}" : "}";
}

}  // namespace

Result<FieldSet> FieldSet::ParseText(std::string_view text) {
  FieldSet set;
  if (Reader(text).Read(set)) return set;
  PATCHBAY_TRY(const Json value, ParseJson(text, {.bytes = text.size(), .depth = 256, .values = 10'000'000}));
  return ParseValue(value, 0);
}

std::string FieldSet::ToText() const {
  std::string text;
  text.reserve(1024);
  Append(text, *this);
  return text;
}

}  // namespace patchbay

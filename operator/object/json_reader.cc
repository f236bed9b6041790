#include "object/json_reader.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"

namespace patchbay::json_detail {
namespace {

// Below this many members a look at each other beats sorting.
constexpr std::size_t kFewMembers = 16;
// An object, its metadata and its spec are about to get members more (defaults, uid, status), and a list of members
// that has to grow copies every key.
constexpr std::size_t kGrowingLevels = 2;
constexpr std::size_t kGrowth = 12;

}  // namespace

Reader::Reader(std::string_view text, const JsonLimits& limits, std::vector<std::string>* duplicates)
    : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), limits_(limits), duplicates_(duplicates) {
  pending_.reserve(64);
  levels_.reserve(16);
}

Result<Json> Reader::Read() {
  Json value;
  bool good = ReadValue(value);
  if (good) {
    SkipSpace();
    if (at_ != end_) good = Fail("text after the value");
  }
  if (good) return value;
  return Error{Code::kInvalid, StrCat("invalid JSON at byte ", static_cast<std::size_t>(at_ - begin_) + 1, ": ", why_)};
}

bool Reader::ReadValue(Json& out) {
  SkipSpace();
  if (at_ == end_) return Fail("a value is expected, the text ends");
  if (++values_ > limits_.values) return Fail(StrCat("more than ", limits_.values, " values"));
  switch (*at_) {
    case '{': return ReadObject(out);
    case '[': return ReadList(out);
    case '"': {
      std::string text;
      if (!ReadString(text)) return false;
      out = std::move(text);
      return true;
    }
    case 't': return ReadWord("true", true, out);
    case 'f': return ReadWord("false", false, out);
    case 'n': return ReadWord("null", nullptr, out);
    default: return ReadNumber(out);
  }
}

bool Reader::Open(bool list) {
  if (levels_.size() >= limits_.depth) return Fail(StrCat("nested deeper than ", limits_.depth));
  levels_.push_back({pending_.size(), pending_.size(), list});
  ++at_;
  SkipSpace();
  return true;
}

bool Reader::ReadObject(Json& out) {
  if (!Open(false)) return false;
  if (!Accept('}')) {
    do {
      if (!ReadMember()) return false;
      SkipSpace();
    } while (Accept(','));
    if (!Accept('}')) return Fail("',' or '}' is expected");
  }
  return TakeMembers(out);
}

bool Reader::ReadMember() {
  SkipSpace();
  if (at_ == end_ || *at_ != '"') return Fail("a key in double quotes is expected");
  const char* const start = at_;
  const std::size_t slot = pending_.size();
  const std::size_t base = levels_.back().base;
  levels_.back().slot = slot;
  pending_.emplace_back();
  if (!ReadString(pending_[slot].first)) return false;
  if (duplicates_ == nullptr && slot - base < kFewMembers) {
    for (std::size_t i = base; i < slot; ++i)
      if (pending_[i].first == pending_[slot].first) {
        at_ = start;
        return ReportDuplicate(slot);
      }
  }
  SkipSpace();
  if (!Accept(':')) return Fail("':' is expected after a key");
  Json value;
  if (leaves_fields_ && IsAtFields() ? !TakeWritten(value) : !ReadValue(value)) return false;
  pending_[slot].second = std::move(value);
  return true;
}

bool Reader::IsAtFields() const {
  const auto key = [&](std::size_t level) -> const std::string& { return pending_[levels_[level].slot].first; };
  return levels_.size() == 4 && key(3) == "fieldsV1" && levels_[2].list && key(1) == "managedFields" &&
         key(0) == "metadata";
}

bool Reader::TakeWritten(Json& out) {
  SkipSpace();
  if (at_ == end_ || *at_ != '{') return ReadValue(out);
  const char* const start = at_;
  std::size_t depth = 0;
  do {
    if (*at_ == '{') ++depth;
    if (*at_ == '}') --depth;
    if (*at_ != '"') {
      ++at_;
    } else if (!SkipString()) {
      return false;
    }
  } while (depth > 0 && at_ != end_);
  if (depth > 0) return Fail("an object is not closed");
  out = WrittenJson({start, static_cast<std::size_t>(at_ - start)});
  return true;
}

bool Reader::ReadList(Json& out) {
  if (!Open(true)) return false;
  const std::size_t base = levels_.back().base;
  if (!Accept(']')) {
    do {
      levels_.back().slot = pending_.size();
      pending_.emplace_back();
      Json value;
      if (!ReadValue(value)) return false;
      pending_.back().second = std::move(value);
      SkipSpace();
    } while (Accept(','));
    if (!Accept(']')) return Fail("',' or ']' is expected");
  }
  out = Json::array();
  auto& items = out.get_ref<Json::array_t&>();
  items.reserve(pending_.size() - base);
  for (std::size_t i = base; i < pending_.size(); ++i) items.push_back(std::move(pending_[i].second));
  pending_.resize(base);
  levels_.pop_back();
  return true;
}

bool Reader::TakeMembers(Json& out) {
  const std::size_t base = levels_.back().base;
  const bool few = pending_.size() - base <= kFewMembers;
  const bool unique = few && (duplicates_ == nullptr || AreUnique(base));
  if (!unique && !DropDuplicates(base)) return false;
  out = Json::object();
  auto& members = out.get_ref<Json::object_t&>();
  members.reserve(pending_.size() - base + (levels_.size() <= kGrowingLevels ? kGrowth : 0));
  for (std::size_t i = base; i < pending_.size(); ++i)
    members.emplace_back(std::move(pending_[i].first), std::move(pending_[i].second));
  pending_.resize(base);
  levels_.pop_back();
  return true;
}

bool Reader::AreUnique(std::size_t base) const {
  for (std::size_t i = base + 1; i < pending_.size(); ++i)
    for (std::size_t j = base; j < i; ++j)
      if (pending_[i].first == pending_[j].first) return false;
  return true;
}

// The first place keeps the key, the last value wins.
bool Reader::DropDuplicates(std::size_t base) {
  std::vector<std::size_t> order(pending_.size() - base);
  std::iota(order.begin(), order.end(), base);
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const int compared = pending_[a].first.compare(pending_[b].first);
    return compared != 0 ? compared < 0 : a < b;
  });
  std::vector<std::size_t> dropped;
  std::size_t first = 0;
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (pending_[order[i]].first != pending_[order[first]].first) {
      first = i;
      continue;
    }
    if (!ReportDuplicate(order[i])) return false;
    pending_[order[first]].second = std::move(pending_[order[i]].second);
    dropped.push_back(order[i]);
  }
  if (dropped.empty()) return true;
  std::sort(dropped.begin(), dropped.end());
  std::size_t to = dropped.front();
  for (std::size_t from = to, next = 0; from < pending_.size(); ++from) {
    if (next < dropped.size() && dropped[next] == from) {
      ++next;
      continue;
    }
    pending_[to++] = std::move(pending_[from]);
  }
  pending_.resize(to);
  return true;
}

bool Reader::ReportDuplicate(std::size_t slot) {
  levels_.back().slot = slot;
  if (duplicates_ == nullptr) return Fail(StrCat("duplicate key ", QuoteJson(PathOfCurrent())));
  duplicates_->push_back(PathOfCurrent());
  return true;
}

bool Reader::ReadWord(std::string_view word, Json value, Json& out) {
  if (static_cast<std::size_t>(end_ - at_) < word.size() || std::string_view(at_, word.size()) != word)
    return Fail("a value is expected");
  at_ += word.size();
  out = std::move(value);
  return true;
}

void Reader::SkipSpace() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

bool Reader::Accept(char c) {
  if (at_ == end_ || *at_ != c) return false;
  ++at_;
  return true;
}

bool Reader::Fail(std::string why) {
  if (why_.empty()) why_ = std::move(why);
  return false;
}

std::string Reader::PathOfCurrent() const {
  std::string path;
  for (const Level& level : levels_) {
    if (level.list) {
      path += StrCat("[", level.slot - level.base, "]");
    } else {
      if (!path.empty()) path += '.';
      path += pending_[level.slot].first;
    }
  }
  return path;
}

}  // namespace patchbay::json_detail

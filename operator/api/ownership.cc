#include "api/ownership.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "base/text.h"

namespace patchbay::api {
namespace {

std::string Quoted(std::string_view step) {
  std::string text;
  AppendQuoted(text, step);
  return text;
}

constexpr std::size_t kMostPaths = 100'000;
constexpr std::size_t kMostUpdaters = 10;
constexpr std::string_view kAncient = "ancient-changes";

std::optional<Share> ParseShare(const Json& entry) {
  Share share{.owner = {}, .fields = FieldSet(), .time = {}};
  const std::string operation = FindString(entry, {"operation"});
  share.owner.applies = operation == "Apply";
  share.owner.name = FindString(entry, {"manager"});
  share.owner.api_version = FindString(entry, {"apiVersion"});
  share.owner.subresource = FindString(entry, {"subresource"});
  share.time = FindString(entry, {"time"});
  if (!share.owner.applies && operation != "Update") return std::nullopt;
  if (share.owner.api_version.empty() || FindString(entry, {"fieldsType"}) != "FieldsV1") return std::nullopt;
  if (const Json* fields = Find(entry, {"fieldsV1"}); fields != nullptr && !fields->is_null()) {
    std::optional<OwnedFields> parsed = OwnedFields::Parse(*fields);
    if (!parsed) return std::nullopt;
    share.fields = *std::move(parsed);
  }
  return share;
}

Json WriteEntry(const Owner& owner, std::string_view time, Json fields_v1) {
  Json entry = {
      {"manager", owner.name}, {"operation", owner.applies ? "Apply" : "Update"}, {"apiVersion", owner.api_version}};
  if (!time.empty()) entry["time"] = time;
  entry["fieldsType"] = "FieldsV1";
  entry["fieldsV1"] = std::move(fields_v1);
  if (!owner.subresource.empty()) entry["subresource"] = owner.subresource;
  return entry;
}

// Whether the text of a set names one of these paths' last steps: if not, none of them is in it.
bool MaySpell(const std::string& text, const FieldSet& fields) {
  return std::any_of(fields.branches().begin(), fields.branches().end(), [&](const FieldSet::Branch& branch) {
    if (branch.below.member() && text.find(Quoted(branch.step)) != std::string::npos) return true;
    return MaySpell(text, branch.below);
  });
}

bool HasTooMany(const std::vector<Share>& shares) {
  std::size_t most = 0;
  for (const Share& share : shares) most += share.fields.MostPaths();
  if (most <= kMostPaths) return false;
  std::size_t paths = 0;
  for (const Share& share : shares) paths += share.fields.set().size();
  return paths > kMostPaths;
}

bool ComesBefore(const Share& a, const Share& b) {
  const auto rank = [](const Share& share) {
    const Owner& owner = share.owner;
    return std::tie(share.time, owner.name, owner.api_version, owner.subresource);
  };
  return a.owner.applies != b.owner.applies ? a.owner.applies : rank(a) < rank(b);
}

// One of them may be text.
bool ReadSame(const Json& a, const Json& b) {
  return a.type() == b.type() ? EqualJson(a, b) : DumpJson(a) == DumpJson(b);
}

// Everything but the time.
bool IsSameEntry(const Json& a, const Json& b) {
  if (!a.is_object() || !b.is_object()) return EqualJson(a, b);
  const Json* left = Find(a, {"fieldsV1"});
  const Json* right = Find(b, {"fieldsV1"});
  if ((left == nullptr) != (right == nullptr)) return false;
  return EqualJsonBut(a, b, {"time", "fieldsV1"}) && (left == nullptr || ReadSame(*left, *right));
}

}  // namespace

bool Owner::Is(const Owner& other) const {
  return applies == other.applies && name == other.name && subresource == other.subresource &&
         (applies || api_version == other.api_version);
}

std::string Owner::Print() const {
  std::string text = QuoteJson(name);
  if (!subresource.empty()) text += StrCat(" with subresource ", QuoteJson(subresource));
  return applies ? text : StrCat(text, " using ", api_version);
}

std::optional<OwnedFields> OwnedFields::Parse(const Json& fields_v1) {
  if (fields_v1.is_binary()) {
    const Json::binary_t& text = fields_v1.get_binary();
    return OwnedFields(std::string(text.begin(), text.end()));
  }
  Result<FieldSet> parsed = FieldSet::Parse(fields_v1);
  if (!parsed.ok()) return std::nullopt;
  return OwnedFields(*std::move(parsed));
}

const FieldSet& OwnedFields::set() const {
  if (!set_) {
    Result<FieldSet> parsed = FieldSet::ParseText(text_);
    set_ = parsed.ok() ? *std::move(parsed) : FieldSet();
  }
  return *set_;
}

void OwnedFields::Remove(const FieldSet& fields) {
  if (!set_ && !MaySpell(text_, fields)) return;
  set();
  if (set_->Remove(fields)) text_.clear();
}

bool operator==(const OwnedFields& a, const OwnedFields& b) {
  return (!a.text_.empty() && a.text_ == b.text_) || a.set() == b.set();
}

Ownership Ownership::Of(const Json& object) {
  const Json* managed = patchbay::Find(object, {"metadata", "managedFields"});
  return managed == nullptr ? Ownership() : Parse(*managed);
}

Ownership Ownership::Parse(const Json& managed_fields) {
  Ownership ownership;
  if (!managed_fields.is_array()) return ownership;
  for (const Json& entry : managed_fields) {
    std::optional<Share> share = ParseShare(entry);
    if (!share) return {};
    if (Share* same = ownership.FindShare(share->owner)) {
      *same = *std::move(share);
    } else {
      ownership.shares_.push_back(*std::move(share));
    }
  }
  return ownership;
}

Share* Ownership::FindShare(const Owner& owner) {
  const auto found = std::find_if(shares_.begin(), shares_.end(), [&](const Share& s) { return s.owner.Is(owner); });
  return found == shares_.end() ? nullptr : &*found;
}

const OwnedFields* Ownership::Find(const Owner& owner) const {
  const auto found = std::find_if(shares_.begin(), shares_.end(), [&](const Share& s) { return s.owner.Is(owner); });
  return found == shares_.end() ? nullptr : &found->fields;
}

Json Ownership::ToJson() {
  std::erase_if(shares_, [](const Share& share) { return share.fields.empty(); });
  if (shares_.empty() || HasTooMany(shares_)) return {};
  std::stable_sort(shares_.begin(), shares_.end(), ComesBefore);
  Json list = Json::array();
  for (const Share& share : shares_) list.push_back(WriteEntry(share.owner, share.time, share.fields.ToJson()));
  return list;
}

void Ownership::Set(const Owner& owner, OwnedFields fields, std::string_view time) {
  std::erase_if(shares_, [&](const Share& share) { return share.owner.Is(owner); });
  if (!fields.empty()) shares_.push_back({owner, std::move(fields), std::string(time)});
}

void Ownership::Add(const Owner& owner, const FieldSet& fields, std::string_view time) {
  if (fields.empty()) return;
  const OwnedFields* old = Find(owner);
  Set(owner, old == nullptr ? fields : Union(old->set(), fields), time);
}

void Ownership::Yield(const Comparison& change, const Owner* owner) {
  if (change.same()) return;
  const FieldSet lost = Union(Union(change.modified, change.added), change.removed);
  for (Share& share : shares_) {
    if (owner == nullptr || !share.owner.Is(*owner)) share.fields.Remove(lost);
  }
  std::erase_if(shares_, [](const Share& share) { return share.fields.empty(); });
}

void Ownership::MergeAncient() {
  const auto updates = [](const Share& share) { return !share.owner.applies; };
  auto many = static_cast<std::size_t>(std::count_if(shares_.begin(), shares_.end(), updates));
  if (many <= kMostUpdaters) return;
  std::stable_sort(shares_.begin(), shares_.end(), ComesBefore);
  const auto oldest = std::find_if(shares_.begin(), shares_.end(), updates);
  const auto end = oldest + static_cast<std::ptrdiff_t>(many - kMostUpdaters + 1);
  Share ancient = std::move(*oldest);
  for (auto share = oldest + 1; share != end; ++share) {
    ancient.fields = Union(ancient.fields.set(), share->fields.set());
    ancient.time = share->time;
  }
  ancient.owner.name = kAncient;
  ancient.owner.subresource.clear();
  *oldest = std::move(ancient);
  shares_.erase(oldest + 1, end);
}

FieldSet Ownership::All() const {
  FieldSet all;
  for (const Share& share : shares_) all = Union(all, share.fields.set());
  return all;
}

Json WriteOwner(const Owner& owner, std::string_view time, Json fields_v1) {
  Json list = Json::array();
  list.push_back(WriteEntry(owner, time, std::move(fields_v1)));
  return list;
}

bool SameOwners(const Json* a, const Json* b) {
  if (a == nullptr || b == nullptr) return a == b;
  if (!a->is_array() || !b->is_array() || a->size() != b->size()) return false;
  return std::is_permutation(a->begin(), a->end(), b->begin(), IsSameEntry);
}

}  // namespace patchbay::api

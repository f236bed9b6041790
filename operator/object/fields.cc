#include "object/fields.h"

#include <algorithm>

#include "base/text.h"
#include "object/field_step.h"

namespace patchbay {
namespace {

using Branches = std::vector<FieldSet::Branch>;

constexpr std::size_t kDeepest = 128;

bool BranchLess(const FieldSet::Branch& a, const FieldSet::Branch& b) { return StepLess(a.step, b.step); }

// Both lists side by side: `visit` gets the branches of the same step, nullptr where there is none.
template <class Visit>
void Pair(const Branches& a, const Branches& b, const Visit& visit) {
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() || right != b.end()) {
    if (right == b.end() || (left != a.end() && StepLess(left->step, right->step))) {
      visit(&*left++, nullptr);
    } else if (left == a.end() || left->step != right->step) {
      visit(nullptr, &*right++);
    } else {
      visit(&*left++, &*right++);
    }
  }
}

}  // namespace

FieldSet::FieldSet(bool member, std::vector<Branch> branches) : member_(member), branches_(std::move(branches)) {
  std::erase_if(branches_, [](const Branch& branch) { return branch.below.empty(); });
  if (!std::is_sorted(branches_.begin(), branches_.end(), BranchLess)) {
    std::sort(branches_.begin(), branches_.end(), BranchLess);
  }
}

Result<FieldSet> FieldSet::Parse(const Json& fields_v1) {
  if (!fields_v1.is_binary()) return ParseValue(fields_v1, 0);
  const Json::binary_t& text = fields_v1.get_binary();
  return ParseText({reinterpret_cast<const char*>(text.data()), text.size()});
}

Result<FieldSet> FieldSet::ParseValue(const Json& node, std::size_t depth) {
  if (!node.is_object() || depth > kDeepest) return Error{Code::kInvalid, "a field set must be objects within objects"};
  const auto& members = node.get_ref<const Json::object_t&>();
  bool member = members.empty() && depth > 0;
  Branches branches;
  branches.reserve(members.size());
  for (const auto& [name, value] : members) {
    if (name == ".") {
      member = depth > 0;
      continue;
    }
    PATCHBAY_TRY(std::string step, NormalizeStep(name));
    PATCHBAY_TRY(FieldSet below, ParseValue(value, depth + 1));
    branches.push_back({std::move(step), std::move(below)});
  }
  FieldSet set(member, std::move(branches));
  for (std::size_t i = 1; i < set.branches().size(); ++i) {
    if (set.branches()[i - 1].step == set.branches()[i].step) return Error{Code::kInvalid, "a step is there twice"};
  }
  return set;
}

const FieldSet* FieldSet::Find(std::string_view step) const {
  const auto found =
      std::lower_bound(branches_.begin(), branches_.end(), step,
                       [](const Branch& branch, std::string_view s) { return StepLess(branch.step, s); });
  return found == branches_.end() || found->step != step ? nullptr : &found->below;
}

FieldSet::Branch* FieldSet::FindBranch(std::string_view step) {
  for (Branch& branch : branches_)
    if (branch.step == step) return &branch;
  return nullptr;
}

std::size_t FieldSet::size() const {
  std::size_t count = member_ ? 1 : 0;
  for (const Branch& branch : branches_) count += branch.below.size();
  return count;
}

void FieldSet::DropTree(Steps path) { DropTree(path.begin(), path.end()); }

void FieldSet::DropTree(Steps::iterator at, Steps::iterator end) {
  Branch* branch = at == end ? nullptr : FindBranch(*at);
  if (branch == nullptr) return;
  if (at + 1 != end) branch->below.DropTree(at + 1, end);
  if (at + 1 == end || branch->below.empty()) branches_.erase(branches_.begin() + (branch - branches_.data()));
}

void FieldSet::KeepOnly(std::string_view step) {
  std::erase_if(branches_, [&](const Branch& branch) { return branch.step != step; });
}

void FieldSet::DropPath(Steps path) { DropPath(path.begin(), path.end()); }

void FieldSet::DropPath(Steps::iterator at, Steps::iterator end) {
  if (at == end) {
    member_ = false;
    return;
  }
  Branch* branch = FindBranch(*at);
  if (branch == nullptr) return;
  branch->below.DropPath(at + 1, end);
  if (branch->below.empty()) branches_.erase(branches_.begin() + (branch - branches_.data()));
}

void FieldSet::Put(std::string step, FieldSet below) {
  DropTree({step});
  if (below.empty()) return;
  const auto place = std::find_if(branches_.begin(), branches_.end(),
                                  [&](const Branch& branch) { return StepLess(step, branch.step); });
  branches_.insert(place, Branch{std::move(step), std::move(below)});
}

std::vector<std::string> FieldSet::Paths() const {
  std::vector<std::string> out;
  ListPaths("", out);
  return out;
}

void FieldSet::ListPaths(const std::string& here, std::vector<std::string>& out) const {
  for (const Branch& branch : branches_)
    if (branch.below.member_) out.push_back(here + PrintStep(branch.step));
  for (const Branch& branch : branches_)
    if (!branch.below.branches_.empty()) branch.below.ListPaths(here + PrintStep(branch.step), out);
}

bool FieldSet::Remove(const FieldSet& fields) {
  bool removed = fields.member_ && std::exchange(member_, false);
  bool emptied = false;
  for (const Branch& branch : fields.branches_) {
    FieldSet* below = const_cast<FieldSet*>(Find(branch.step));
    if (below == nullptr) continue;
    removed |= below->Remove(branch.below);
    emptied |= below->empty();
  }
  if (emptied) std::erase_if(branches_, [](const Branch& branch) { return branch.below.empty(); });
  return removed;
}

FieldSet Union(const FieldSet& a, const FieldSet& b) {
  FieldSet both;
  both.member_ = a.member_ || b.member_;
  Pair(a.branches_, b.branches_, [&](const FieldSet::Branch* left, const FieldSet::Branch* right) {
    if (left != nullptr && right != nullptr) {
      both.branches_.push_back({left->step, Union(left->below, right->below)});
    } else {
      both.branches_.push_back(left != nullptr ? *left : *right);
    }
  });
  return both;
}

FieldSet Difference(const FieldSet& a, const FieldSet& b) {
  FieldSet rest;
  rest.member_ = a.member_ && !b.member_;
  Pair(a.branches_, b.branches_, [&](const FieldSet::Branch* left, const FieldSet::Branch* right) {
    if (left == nullptr) return;
    FieldSet below = right == nullptr ? left->below : Difference(left->below, right->below);
    if (!below.empty()) rest.branches_.push_back({left->step, std::move(below)});
  });
  return rest;
}

FieldSet Intersection(const FieldSet& a, const FieldSet& b) {
  FieldSet shared;
  shared.member_ = a.member_ && b.member_;
  Pair(a.branches_, b.branches_, [&](const FieldSet::Branch* left, const FieldSet::Branch* right) {
    if (left == nullptr || right == nullptr) return;
    FieldSet below = Intersection(left->below, right->below);
    if (!below.empty()) shared.branches_.push_back({left->step, std::move(below)});
  });
  return shared;
}

bool operator==(const FieldSet& a, const FieldSet& b) { return a.member_ == b.member_ && a.branches_ == b.branches_; }

}  // namespace patchbay

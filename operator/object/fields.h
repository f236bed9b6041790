// Sets of field paths, as metadata.managedFields writes them: FieldsV1 of Kubernetes' server-side apply. Values; pure.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "object/json.h"

namespace patchbay {

// A tree of steps; a path is in the set when its last step says so, whatever is above or below it. A step is spelled as
// FieldsV1 spells it, each in one way only: `f:spec` the member, `k:{"name":"A"}` the list item with these keys
// (sorted), `v:"x"` the item of a set, `i:0` the item at a place.
class FieldSet {
 public:
  struct Branch;

  FieldSet() = default;
  // `member`: the path that leads here is in the set. `branches` may come in any order, each step once; empty ones are
  // dropped.
  FieldSet(bool member, std::vector<Branch> branches);

  // kInvalid for what is no FieldsV1. WrittenJson is taken for what ToText wrote: its steps are believed to have their
  // one spelling.
  static Result<FieldSet> Parse(const Json& fields_v1);
  static Result<FieldSet> ParseText(std::string_view text);
  // The root itself is never a path.
  std::string ToText() const;
  Json ToJson() const { return WrittenJson(ToText()); }

  bool empty() const;
  bool member() const { return member_; }
  void set_member(bool member) { member_ = member; }
  const std::vector<Branch>& branches() const { return branches_; }
  // What is below a step, nullptr when nothing is.
  const FieldSet* Find(std::string_view step) const;
  // How many paths.
  std::size_t size() const;

  // Takes out everything at and below this path.
  void DropTree(std::initializer_list<std::string_view> path);
  // Takes out everything but what is at and below this step.
  void KeepOnly(std::string_view step);
  // Takes out this path and leaves what is below it.
  void DropPath(std::initializer_list<std::string_view> path);
  // Puts this in the place of what is at and below a step.
  void Put(std::string step, FieldSet below);

  // ".spec.image", ".spec.env[name=\"A\"].value": the members of a step come before what is below them, as Kubernetes
  // lists conflicts.
  std::vector<std::string> Paths() const;

  // Takes out these paths; false when none of them is there. Costs what is taken out, not what is there.
  bool Remove(const FieldSet& fields);

  friend FieldSet Union(const FieldSet& a, const FieldSet& b);
  friend FieldSet Difference(const FieldSet& a, const FieldSet& b);
  friend FieldSet Intersection(const FieldSet& a, const FieldSet& b);
  friend bool operator==(const FieldSet& a, const FieldSet& b);

 private:
  using Steps = std::initializer_list<std::string_view>;
  static Result<FieldSet> ParseValue(const Json& node, std::size_t depth);
  Branch* FindBranch(std::string_view step);
  void DropTree(Steps::iterator at, Steps::iterator end);
  void DropPath(Steps::iterator at, Steps::iterator end);
  void ListPaths(const std::string& here, std::vector<std::string>& out) const;
  bool member_ = false;
  std::vector<Branch> branches_;  // sorted, none empty
};

struct FieldSet::Branch {
  std::string step;
  FieldSet below;
  friend bool operator==(const Branch&, const Branch&) = default;
};

inline bool FieldSet::empty() const { return !member_ && branches_.empty(); }

// Steps.
std::string MemberStep(std::string_view name);
std::string ValueStep(const Json& scalar);
std::string KeyStep(std::vector<std::pair<std::string_view, const Json*>> keys);
std::string PlaceStep(std::size_t place);
// Members, items by key, items by value, items by place; numbers by size, everything else by bytes.
bool StepLess(std::string_view a, std::string_view b);
// As paths have it: ".name", "[name=\"A\"]", "[=\"x\"]", "[0]".
std::string PrintStep(std::string_view step);

}  // namespace patchbay

#include "schema/merge.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "schema/granule.h"

namespace patchbay {
namespace {

using Shape = Granule::Shape;

Json MergeBoth(const Granule& granule, const Json& live, const Json& applied);

Json MergeMembers(const Granule& granule, const Json& live, const Json& applied) {
  if (!applied.is_object()) return live;
  if (!live.is_object()) return applied;
  Json merged = Json::object();
  auto& members = merged.get_ref<Json::object_t&>();
  members.reserve(std::max(live.size(), applied.size()));
  const MemberIndex in_applied(applied);
  for (const auto& [name, member] : live.get_ref<const Json::object_t&>()) {
    const Json* wish = in_applied.Find(name);
    members.emplace_back(name, wish == nullptr ? member : MergeBoth(granule.Member(name), member, *wish));
  }
  const MemberIndex in_live(live);
  for (const auto& [name, member] : applied.get_ref<const Json::object_t&>()) {
    if (in_live.Find(name) == nullptr) members.emplace_back(name, member);
  }
  return merged;
}

// Two lists of one type on their way into one.
class Zipper {
 public:
  Zipper(const Granule& granule, const Json& live, const Json& applied) : granule_(granule) {
    Name(live, live_);
    Name(applied, applied_);
    for (const Item& item : live_) by_step_.emplace(item.step, item.value);
    for (const Item& item : applied_) wanted_.emplace(item.step);
    for (const Item& item : applied_)
      if (by_step_.contains(item.step)) shared_.push_back(item.step);
  }

  Json Run() {
    while (left_ < live_.size() || right_ < applied_.size()) Step();
    return std::move(out_);
  }

 private:
  struct Item {
    std::string step;
    const Json* value;
  };

  void Name(const Json& list, std::vector<Item>& items) const {
    for (std::size_t i = 0; i < list.size(); ++i) items.push_back({granule_.StepOf(list[i], i), &list[i]});
  }
  void Step() {
    const Item* live = left_ < live_.size() ? &live_[left_] : nullptr;
    if (live != nullptr && !wanted_.contains(live->step)) {
      out_.push_back(*live->value);
      ++left_;
      return;
    }
    // Shared: it goes out when the applied list comes to it.
    const bool due = live != nullptr && next_ < shared_.size() && shared_[next_] == live->step;
    if (live != nullptr && !due) {
      ++left_;
      return;
    }
    if (live != nullptr && applied_[right_].step == live->step) ++left_;
    TakeApplied();
  }
  void TakeApplied() {
    const Item& item = applied_[right_++];
    const auto old = by_step_.find(item.step);
    if (old == by_step_.end()) {
      out_.push_back(*item.value);
      return;
    }
    ++next_;
    out_.push_back(MergeBoth(granule_.Item(), *old->second, *item.value));
  }

  const Granule& granule_;
  std::vector<Item> live_, applied_;
  std::unordered_map<std::string_view, const Json*> by_step_;
  std::unordered_set<std::string_view> wanted_;
  std::vector<std::string_view> shared_;  // in the applied order
  std::size_t left_ = 0, right_ = 0, next_ = 0;
  Json out_ = Json::array();
};

// Both lists have the same items in the same order, as mostly.
bool GoTogether(const Granule& granule, const Json& live, const Json& applied) {
  const auto same = [&](const Json& a, const Json& b) { return granule.SameStep(a, b); };
  return std::equal(live.begin(), live.end(), applied.begin(), applied.end(), same);
}

Json MergeItems(const Granule& granule, const Json& live, const Json& applied) {
  if (!GoTogether(granule, live, applied)) return Zipper(granule, live, applied).Run();
  Json merged = Json::array();
  merged.get_ref<Json::array_t&>().reserve(live.size());
  for (std::size_t i = 0; i < live.size(); ++i) merged.push_back(MergeBoth(granule.Item(), live[i], applied[i]));
  return merged;
}

Json MergeBoth(const Granule& granule, const Json& live, const Json& applied) {
  const Shape shape = granule.ShapeOf(applied);
  if (shape == Shape::kLeaf || shape != granule.ShapeOf(live) || (live.empty() && applied.empty())) return applied;
  if (shape == Shape::kMembers) return MergeMembers(granule, live, applied);
  return MergeItems(granule, live, applied);
}

Json Remove(const Granule& granule, const Json& value, const FieldSet& fields);

Json RemoveMembers(const Granule& granule, const Json& value, const FieldSet& fields) {
  Json kept = Json::object();
  auto& members = kept.get_ref<Json::object_t&>();
  for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
    const FieldSet* below = fields.Find(MemberStep(name));
    if (below == nullptr) {
      members.emplace_back(name, member);
    } else if (!below->member()) {
      Json rest = Remove(granule.Member(name), member, *below);
      if (!rest.is_null() || member.is_null()) members.emplace_back(name, std::move(rest));
    }
  }
  return kept;
}

Json RemoveItems(const Granule& granule, const Json& value, const FieldSet& fields) {
  Json kept = Json::array();
  for (std::size_t i = 0; i < value.size(); ++i) {
    const FieldSet* below = fields.Find(granule.StepOf(value[i], i));
    if (below == nullptr) {
      kept.push_back(value[i]);
    } else if (!below->member()) {
      Json rest = Remove(granule.Item(), value[i], *below);
      if (!rest.is_null()) kept.push_back(std::move(rest));
    }
  }
  return kept;
}

// Null when nothing is left.
Json Remove(const Granule& granule, const Json& value, const FieldSet& fields) {
  const Shape shape = granule.ShapeOf(value);
  if (shape == Shape::kLeaf || value.empty()) return value;
  Json rest = shape == Shape::kMembers ? RemoveMembers(granule, value, fields) : RemoveItems(granule, value, fields);
  return rest.empty() ? Json() : rest;
}

}  // namespace

Json Merge(const Kind& kind, const Json& live, const Json& applied) {
  return MergeBoth(Granule::Root(kind), live, applied);
}

Json RemoveFields(const Kind& kind, const Json& object, const FieldSet& fields) {
  if (fields.empty()) return object;
  return RemoveMembers(Granule::Root(kind), object, fields);
}

}  // namespace patchbay

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "schema/granule.h"
#include "schema/merge.h"

namespace patchbay {
namespace {

using Shape = Granule::Shape;
using Branches = std::vector<FieldSet::Branch>;
using Items = std::unordered_map<std::string, const Json*>;

// A comparison under way: what was found below one place.
struct Found {
  Branches added, modified, removed;

  void Take(std::string step, Comparison below) {
    if (!below.added.empty()) added.push_back({step, std::move(below.added)});
    if (!below.modified.empty()) modified.push_back({step, std::move(below.modified)});
    if (!below.removed.empty()) removed.push_back({step, std::move(below.removed)});
  }
  Comparison Finish() {
    return {FieldSet(false, std::move(added)), FieldSet(false, std::move(modified)),
            FieldSet(false, std::move(removed))};
  }
};

// What is below a place, without the place itself.
FieldSet Below(const Granule& granule, const Json& value) {
  if (granule.ShapeOf(value) == Shape::kLeaf || value.empty()) return {};
  FieldSet below = Everything(granule, value);
  below.set_member(false);
  return below;
}

Comparison CompareBoth(const Granule& granule, const Json& before, const Json& after);

Comparison CompareMembers(const Granule& granule, const Json& before, const Json& after) {
  Found found;
  const MemberIndex in_after(after);
  if (before.is_object()) {
    for (const auto& [name, member] : before.get_ref<const Json::object_t&>()) {
      const Granule below = granule.Member(name);
      if (const Json* other = in_after.Find(name)) {
        if (Comparison change = CompareBoth(below, member, *other); !change.same()) {
          found.Take(MemberStep(name), std::move(change));
        }
      } else {
        found.removed.push_back({MemberStep(name), Everything(below, member)});
      }
    }
  }
  if (!after.is_object()) return found.Finish();
  const MemberIndex in_before(before);
  for (const auto& [name, member] : after.get_ref<const Json::object_t&>()) {
    if (in_before.Find(name) == nullptr)
      found.added.push_back({MemberStep(name), Everything(granule.Member(name), member)});
  }
  return found.Finish();
}

Items IndexItems(const Granule& granule, const Json& list) {
  Items items;
  for (std::size_t i = 0; i < list.size(); ++i) items.emplace(granule.StepOf(list[i], i), &list[i]);
  return items;
}

bool GoTogether(const Granule& granule, const Json& before, const Json& after) {
  const auto same = [&](const Json& a, const Json& b) { return granule.SameStep(a, b); };
  return std::equal(before.begin(), before.end(), after.begin(), after.end(), same);
}

// REQUIRES: GoTogether.
Comparison ComparePairs(const Granule& granule, const Json& before, const Json& after) {
  Found found;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (Comparison change = CompareBoth(granule.Item(), before[i], after[i]); !change.same()) {
      found.Take(granule.StepOf(before[i], i), std::move(change));
    }
  }
  return found.Finish();
}

Comparison CompareItems(const Granule& granule, const Json& before, const Json& after) {
  if (GoTogether(granule, before, after)) return ComparePairs(granule, before, after);
  Found found;
  const Items old_items = IndexItems(granule, before);
  const Items new_items = IndexItems(granule, after);
  for (const auto& [step, item] : old_items) {
    if (const auto other = new_items.find(step); other != new_items.end()) {
      found.Take(step, CompareBoth(granule.Item(), *item, *other->second));
    } else {
      found.removed.push_back({step, Everything(granule.Item(), *item)});
    }
  }
  for (const auto& [step, item] : new_items) {
    if (!old_items.contains(step)) found.added.push_back({step, Everything(granule.Item(), *item)});
  }
  return found.Finish();
}

Comparison CompareBoth(const Granule& granule, const Json& before, const Json& after) {
  const Shape shape = granule.ShapeOf(after);
  if (shape != granule.ShapeOf(before)) {
    return {Below(granule, after), FieldSet(true, {}), Below(granule, before)};
  }
  const bool taken_apart = shape != Shape::kLeaf && !(before.empty() && after.empty());
  if (!taken_apart) return {{}, FieldSet(!EqualJson(before, after), {}), {}};
  if (shape == Shape::kMembers) return CompareMembers(granule, before, after);
  return before == after ? Comparison() : CompareItems(granule, before, after);
}

}  // namespace

Comparison Compare(const Kind& kind, const Json& before, const Json& after) {
  return CompareBoth(Granule::Root(kind), before, after);
}

}  // namespace patchbay

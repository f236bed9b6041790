// Everything at one revision, and how one such state leads to another. Values; pure.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cache/table.h"

namespace patchbay::cache {

struct World {
  Revision revision = 0;
  std::map<std::string, TablePtr, std::less<>> tables;  // by resource

  const Table& Of(std::string_view resource) const;  // an empty one when unknown
  TablePtr TableOf(std::string_view resource) const;  // nullptr when unknown
  std::vector<EntryPtr> All(std::string_view resource) const;  // "": of every resource
};
using WorldPtr = std::shared_ptr<const World>;

// From unordered entries.
World MakeWorld(Revision revision, std::vector<EntryPtr> entries);

// The steps from one world to a later one whose changes between are no longer known, in revision order:
// - what changed has its own revision; what was created anew under an old name is first deleted;
// - a deletion has a revision of its own: one in (from, to] that no object stands at (its real one is among those), so
//   that a watcher can resume after any of them;
// - `broken`: the two do not share a history (`to` is older, or an object changed without a newer revision). Then
//   revisions mean nothing between the two.
struct Difference {
  std::vector<StepPtr> steps;
  bool broken = false;
};
Difference Compare(const World& from, const World& to);

}  // namespace patchbay::cache

#include "cache/world.h"

#include <algorithm>
#include <set>

#include "cache/entry.h"

namespace patchbay::cache {
namespace {

struct Deletion {
  EntryPtr before;
  Revision latest = 0;  // its revision may not be above
};

struct Findings {
  std::vector<std::shared_ptr<Step>> puts;
  std::vector<Deletion> deletions;
  bool broken = false;
};

bool Equal(const Entry& a, const Entry& b) { return a.revision == b.revision && *a.bytes == *b.bytes; }

void Meet(const EntryPtr& before, const EntryPtr& after, const World& from, const World& to, Findings& found) {
  if (!after) {
    found.deletions.push_back({before, to.revision});
    return;
  }
  if (before && Equal(*before, *after)) return;
  if (after->revision <= from.revision) found.broken = true;
  const bool anew = before && before->uid != after->uid;
  if (anew) found.deletions.push_back({before, after->revision - 1});
  found.puts.push_back(std::make_shared<Step>(
      Step{.revision = after->revision, .key = after->key, .before = anew ? nullptr : before, .after = after,
           .deleted = nullptr}));
}

// Both in key order.
void CompareTables(const Table& a, const Table& b, const World& from, const World& to, Findings& found) {
  Table::Place left;
  Table::Place right;
  while (a.At(left) != nullptr || b.At(right) != nullptr) {
    const EntryPtr* before = a.At(left);
    const EntryPtr* after = b.At(right);
    if (before != nullptr && after != nullptr && (*before)->key != (*after)->key)
      ((*before)->key < (*after)->key ? after : before) = nullptr;
    Meet(before != nullptr ? *before : nullptr, after != nullptr ? *after : nullptr, from, to, found);
    if (before != nullptr) a.Advance(left);
    if (after != nullptr) b.Advance(right);
  }
}

// The smallest free revisions, earliest deadline first: the real ones are a solution, so this finds one.
void DateDeletions(const World& from, Findings& found, std::vector<StepPtr>& steps) {
  std::set<Revision> taken;
  for (const auto& put : found.puts) taken.insert(put->revision);
  std::stable_sort(found.deletions.begin(), found.deletions.end(),
                   [](const Deletion& a, const Deletion& b) { return a.latest < b.latest; });
  Revision next = from.revision;
  for (Deletion& deletion : found.deletions) {
    do ++next;
    while (taken.contains(next));
    if (next > deletion.latest) found.broken = true;
    Step step{.revision = next, .key = deletion.before->key, .before = deletion.before, .after = nullptr,
              .deleted = WithRevision(*deletion.before->bytes, next)};
    steps.push_back(std::make_shared<const Step>(std::move(step)));
  }
}

}  // namespace

const Table& World::Of(std::string_view resource) const {
  static const Table kNone;
  const auto found = tables.find(resource);
  return found == tables.end() ? kNone : *found->second;
}

TablePtr World::TableOf(std::string_view resource) const {
  const auto found = tables.find(resource);
  return found == tables.end() ? nullptr : found->second;
}

std::vector<EntryPtr> World::All(std::string_view resource) const {
  if (!resource.empty()) return Of(resource).All();
  std::vector<EntryPtr> all;
  for (const auto& [name, table] : tables) {
    const std::vector<EntryPtr> entries = table->All();
    all.insert(all.end(), entries.begin(), entries.end());
  }
  return all;
}

World MakeWorld(Revision revision, std::vector<EntryPtr> entries) {
  std::sort(entries.begin(), entries.end(), [](const EntryPtr& a, const EntryPtr& b) { return a->key < b->key; });
  World world{.revision = revision, .tables = {}};
  for (auto from = entries.begin(); from != entries.end();) {
    const std::string resource = (*from)->key.resource;
    const auto to = std::find_if(from, entries.end(), [&](const EntryPtr& e) { return e->key.resource != resource; });
    world.tables[resource] = std::make_shared<const Table>(
        std::vector<EntryPtr>(std::make_move_iterator(from), std::make_move_iterator(to)));
    from = to;
  }
  return world;
}

Difference Compare(const World& from, const World& to) {
  Findings found{.puts = {}, .deletions = {}, .broken = to.revision < from.revision};
  for (const auto& [resource, table] : to.tables) CompareTables(from.Of(resource), *table, from, to, found);
  for (const auto& [resource, table] : from.tables)
    if (!to.tables.contains(resource)) CompareTables(*table, Table(), from, to, found);
  Difference difference;
  DateDeletions(from, found, difference.steps);
  difference.steps.insert(difference.steps.end(), found.puts.begin(), found.puts.end());
  difference.broken = found.broken;
  // Stable: should a broken history give one revision twice, a deletion stays before what follows it.
  std::stable_sort(difference.steps.begin(), difference.steps.end(),
                   [](const StepPtr& a, const StepPtr& b) { return a->revision < b->revision; });
  return difference;
}

}  // namespace patchbay::cache

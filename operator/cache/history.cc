#include "cache/history.h"

#include <algorithm>

namespace patchbay::cache {
namespace {

// What only the step keeps alive: the old state and the deleted one. The new state stands in a table or is the next
// step's old one.
std::size_t WeightOf(const Step& step) {
  constexpr std::size_t kStepItself = sizeof(Step) + 64;
  constexpr std::size_t kEntryItself = sizeof(Entry) + 256;
  std::size_t bytes = kStepItself;
  if (step.before) bytes += kEntryItself + step.before->bytes->size();
  if (step.deleted) bytes += step.deleted->size();
  return bytes;
}

std::deque<StepPtr>::const_iterator FirstAfter(const std::deque<StepPtr>& steps, Revision from) {
  return std::partition_point(steps.begin(), steps.end(), [&](const StepPtr& step) { return step->revision <= from; });
}

}  // namespace

void History::Restart(Revision floor) {
  all_.clear();
  by_resource_.clear();
  gaps_.clear();
  bytes_ = 0;
  floor_ = floor;
}

void History::Append(const StepPtr& step) {
  bytes_ += WeightOf(*step);
  all_.push_back(step);
  by_resource_[step->key.resource].push_back(step);
  while (all_.size() > most_steps_ || (bytes_ > most_bytes_ && all_.size() > 1)) DropOldest();
}

void History::AddGap(Revision from, Revision to) {
  if (to > from + 1) gaps_.push_back({from, to});
}

void History::DropOldest() {
  const StepPtr oldest = std::move(all_.front());
  all_.pop_front();
  const auto of_resource = by_resource_.find(oldest->key.resource);
  of_resource->second.pop_front();
  if (of_resource->second.empty()) by_resource_.erase(of_resource);
  bytes_ -= WeightOf(*oldest);
  floor_ = oldest->revision;
  while (!gaps_.empty() && gaps_.front().to <= floor_) gaps_.pop_front();
}

bool History::Covers(Revision revision) const {
  if (revision < floor_) return false;
  return std::none_of(gaps_.begin(), gaps_.end(),
                      [&](const Gap& gap) { return gap.from < revision && revision < gap.to; });
}

std::vector<StepPtr> History::After(std::string_view resource, Revision from) const {
  if (resource.empty()) return {FirstAfter(all_, from), all_.end()};
  const auto found = by_resource_.find(resource);
  if (found == by_resource_.end()) return {};
  return {FirstAfter(found->second, from), found->second.end()};
}

TablePtr Undo(const TablePtr& now, const std::vector<StepPtr>& steps) {
  TableEdit edit(now);
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if ((*step)->before) {
      edit.Put((*step)->before);
    } else {
      edit.Remove((*step)->key.ns, (*step)->key.name);
    }
  }
  return edit.Finish();
}

}  // namespace patchbay::cache

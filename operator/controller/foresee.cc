// Diff to its end: Imagine and Foresee of diff.h.
#include <algorithm>

#include "base/text.h"
#include "controller/diff.h"

namespace patchbay::controller {
namespace {

using driver::ContainerState;

Replica* FindReplica(Observed& world, const Step& step) {
  for (Replica& replica : world.replicas)
    if (step.id.empty() ? replica.name == step.target : replica.id == step.id) return &replica;
  return nullptr;
}

void Apply(const Desired& desired, Observed& world, const Step& step) {
  if (step.action == Action::kCreate && !step.id.empty()) return;
  if (step.action == Action::kCreate) {
    world.replicas.push_back({.id = StrCat("new ", step.target), .name = step.target, .hash = desired.hash,
                              .ordinal = step.ordinal, .readiness = Readiness::kNotReady});
    return;
  }
  Replica* replica = FindReplica(world, step);
  if (replica == nullptr) return;
  switch (step.action) {
    case Action::kStart:
      replica->state = ContainerState::kRunning;
      replica->readiness = Readiness::kNotReady;
      replica->condemned = replica->leaving = false;
      return;
    case Action::kWaitReady:
      replica->state = ContainerState::kRunning;
      replica->readiness = Readiness::kReady;
      replica->seasoned = true;
      return;
    case Action::kJoin:
      replica->member = true;
      replica->leaving = false;
      return;
    case Action::kDrain:
      replica->leaving = true;
      replica->member = false;
      return;
    case Action::kLeave:
      replica->member = false;
      return;
    case Action::kWaitIdle:
      replica->busy = false;
      return;
    case Action::kStop:
      replica->state = ContainerState::kExited;
      return;
    case Action::kWaitGone:
      if (replica->state != ContainerState::kRemoving) return;
      [[fallthrough]];
    case Action::kRemove:
      std::erase_if(world.replicas, [id = replica->id](const Replica& other) { return other.id == id; });
      return;
    case Action::kCreate:
    case Action::kWaitServed:
      return;
  }
}

}  // namespace

Observed Imagine(const Desired& desired, Observed world, const std::vector<Step>& steps) {
  bool told = false;
  for (const Step& step : steps) {
    Apply(desired, world, step);
    told = told || step.action == Action::kJoin || step.action == Action::kLeave || step.action == Action::kDrain;
  }
  world.settled = !told;
  return world;
}

std::vector<Step> Foresee(const Desired& desired, Observed world) {
  std::vector<Step> all;
  const std::size_t most = 20 * (world.replicas.size() + static_cast<std::size_t>(desired.replicas) + 2);
  for (std::size_t round = 0; round < most; ++round) {
    const std::vector<Step> steps = Diff(desired, world);
    if (steps.empty()) break;
    for (const Step& step : steps) {
      const bool told = std::any_of(all.begin(), all.end(), [&](const Step& past) {
        return past.action == step.action && past.target == step.target;
      });
      if (!told) all.push_back(step);
    }
    world = Imagine(desired, std::move(world), steps);
  }
  return all;
}

}  // namespace patchbay::controller

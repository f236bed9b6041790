#include "controller/sweep.h"

#include "base/log.h"
#include "base/text.h"

namespace patchbay::controller {
namespace {

constexpr std::chrono::seconds kGrace{10};
constexpr std::chrono::milliseconds kSecondLook{5'000};

}  // namespace

std::vector<driver::Container> Sweep::FindOrphans(const std::vector<driver::Container>& all, bool& again) {
  std::set<std::string> owners;
  for (const auto& entry : cache_.All(kPlugins)) owners.insert(entry->uid);
  std::vector<driver::Container> orphans;
  std::set<std::string> missing;
  auto state = state_.Lock();
  for (const driver::Container& container : all) {
    const auto owner = container.labels.find(driver::kLabelOwnerUid);
    if (owner == container.labels.end() || owners.contains(owner->second)) continue;
    missing.insert(owner->second);
    if (state->gone.contains(owner->second) || state->suspect.contains(owner->second)) orphans.push_back(container);
    else again = true;
  }
  state->suspect = std::move(missing);
  std::erase_if(state->gone, [&](const std::string& uid) { return !state->suspect.contains(uid); });
  return orphans;
}

Outcome Sweep::Run() {
  if (!cache_.synced()) return CheckAgain{kSecondLook};
  // The containers first: an owner's row is there before its first container.
  const auto all = observer_.All();
  if (!all.ok()) return CheckAgain{kSecondLook};
  bool again = false;
  const auto orphans = FindOrphans(*all, again);
  const auto budget = std::max(static_cast<std::size_t>(most_), all->size() / 5);
  if (orphans.size() > budget) {
    metrics_.CountPruneRefused();
    LogError("controller", "too many containers have no owner: none is removed",
             {{"orphans", std::to_string(orphans.size())}, {"budget", std::to_string(budget)}});
    return Converged{};
  }
  for (const driver::Container& orphan : orphans) {
    LogInfo("controller", "removing a container whose owner is gone", {{"container", orphan.name}});
    observer_.Expect(orphan.id, {"die", "destroy"});
    auto done = runtime_.Stop(orphan.id, kGrace);
    metrics_.CountAct(Metrics::Act::kStop, done.ok());
    if (done.ok()) {
      done = runtime_.Remove(orphan.id);
      metrics_.CountAct(Metrics::Act::kRemove, done.ok());
    }
    if (!done.ok()) {
      return Failed{done.error()};
    }
    observer_.Drop(orphan.id);
  }
  if (again) return CheckAgain{kSecondLook};
  return Converged{};
}

}  // namespace patchbay::controller

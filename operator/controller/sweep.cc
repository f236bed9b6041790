#include "controller/sweep.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "controller/lookup.h"
#include "object/protection.h"

namespace patchbay::controller {
namespace {

constexpr std::chrono::seconds kGrace{10};
constexpr std::chrono::milliseconds kSecondLook{5'000};
const Key kHome{std::string(kNamespaces), "", "patchbay-system"};  // what has no owner is told about here

}  // namespace

std::vector<driver::Container> FindOrphans(const cache::Cache& cache, const std::vector<driver::Container>& all) {
  std::set<std::string> owners;
  for (const auto& entry : cache.All(kPlugins)) owners.insert(entry->uid);
  std::vector<driver::Container> orphans;
  for (const driver::Container& container : all) {
    const auto owner = container.labels.find(driver::kLabelOwnerUid);
    // What others made is removed on an object's wish alone.
    const bool claimed = container.labels.contains(driver::kLabelClaimed);
    if (owner != container.labels.end() && !owners.contains(owner->second) && !claimed) orphans.push_back(container);
  }
  return orphans;
}

std::size_t PruneBudget(int most, std::size_t all) { return std::max(static_cast<std::size_t>(std::max(0, most)), all / 5); }

bool IsGuarded(const driver::Container& container) {
  const auto mark = container.labels.find(kProtected);
  return mark != container.labels.end() && mark->second == "true";
}

Sweep::Found Sweep::Sort(const std::vector<driver::Container>& orphans) {
  Found found;
  std::set<std::string> missing;
  auto state = state_.Lock();
  for (const driver::Container& container : orphans) {
    const std::string& owner = container.labels.at(driver::kLabelOwnerUid);
    missing.insert(owner);
    const auto gone = state->gone.find(owner);
    const bool seen_to_go = gone != state->gone.end();
    if (seen_to_go ? gone->second : IsGuarded(container)) ++found.kept;
    else if (seen_to_go || state->suspect.contains(owner)) found.orphans.push_back(container);
    else found.again = true;
  }
  state->suspect = std::move(missing);
  std::erase_if(state->gone, [&](const auto& entry) { return !state->suspect.contains(entry.first); });
  return found;
}

Outcome Sweep::Run() {
  if (!parts_.cache.synced()) return CheckAgain{kSecondLook};
  // The containers first: an owner's row is there before its first container.
  const auto all = parts_.observer.All();
  if (!all.ok()) return CheckAgain{kSecondLook};
  const Found found = Sort(FindOrphans(parts_.cache, *all));
  const std::size_t budget = PruneBudget(parts_.most, all->size());
  const bool refused = found.orphans.size() > budget;
  parts_.metrics.SetOrphans(refused ? static_cast<int>(found.orphans.size()) : 0, found.kept);
  Tell("OrphansProtected", found.kept == 0 ? "" : StrCat(found.kept, " containers whose Plugins are gone stay: the annotation ",
                                                         kProtected, " protects them; remove them with the engine's own client"));
  Tell("PruneRefused", !refused ? "" : StrCat(found.orphans.size(), " containers have no Plugin, more than the budget of ", budget,
                                              ": none is removed; see --prune-budget"));
  if (refused) {
    parts_.metrics.CountPruneRefused();
    return Converged{};
  }
  for (const driver::Container& orphan : found.orphans)
    if (const auto done = Remove(orphan); !done.ok()) return Failed{done.error()};
  if (found.again) return CheckAgain{kSecondLook};
  return Converged{};
}

Result<void> Sweep::Remove(const driver::Container& orphan) {
  LogInfo("controller", "removing a container whose owner is gone", {{"container", orphan.name}});
  parts_.observer.Expect(orphan.id, {"die", "destroy"});
  auto done = parts_.runtime.Stop(orphan.id, kGrace);
  parts_.metrics.CountAct(Metrics::Act::kStop, done.ok());
  if (done.ok()) {
    done = parts_.runtime.Remove(orphan.id);
    parts_.metrics.CountAct(Metrics::Act::kRemove, done.ok());
  }
  if (done.ok()) parts_.observer.Drop(orphan.id);
  return done;
}

void Sweep::Tell(const std::string& reason, const std::string& message) {
  {
    auto state = state_.Lock();
    std::string& told = state->told[reason];
    if (told == message) return;
    told = message;
  }
  if (message.empty()) return;
  LogError("controller", message, {{"reason", reason}});
  if (const auto home = ReadObject(parts_.cache, kHome))
    static_cast<void>(parts_.committer.Record(*home, {true, reason, message}));
}

}  // namespace patchbay::controller

#include "controller/diff.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace patchbay::controller {
namespace {

using driver::ContainerState;

bool HasProcess(ContainerState state) {
  return state == ContainerState::kRunning || state == ContainerState::kRestarting || state == ContainerState::kPaused;
}

class Differ {
 public:
  Differ(const Desired& desired, const Observed& world) : desired_(desired), world_(world) {
    Sort();
    exclusive_ = desired.exclusive && std::any_of(old_.begin(), old_.end(), [](const Replica* old) { return old->holds_port; });
    atomic_ = desired.strategy.atomic && !exclusive_;
    surge_ = exclusive_ ? 0 : desired.strategy.max_surge;
    unavailable_ = exclusive_ ? std::max(1, desired.strategy.max_unavailable) : desired.strategy.max_unavailable;
    const auto serving = std::count_if(world.replicas.begin(), world.replicas.end(), Serves);
    spare_ = static_cast<int>(serving) - (desired.replicas - std::max(1, unavailable_));
    all_new_ready_ = !world.canaries && static_cast<int>(current_.size()) == desired.replicas &&
                     std::all_of(current_.begin(), current_.end(),
                                 [](const auto& entry) { return IsReady(*entry.second) && entry.second->seasoned; });
  }

  std::vector<Step> Run() {
    for (const auto& [ordinal, replica] : current_) Keep(*replica, true);
    RetireOld();
    for (const Replica* replica : old_)
      if (!retired_.contains(replica)) Keep(*replica, false);
    CreateMissing();
    return std::move(steps_);
  }

 private:
  // One container an ordinal is the current one; of several the one that serves, then the first.
  void Sort() {
    for (const Replica& replica : world_.replicas) {
      const bool fits = replica.hash == desired_.hash && replica.ordinal >= 0 && replica.ordinal < desired_.replicas;
      const bool wanted = fits && !IsEvicted(replica) && !replica.altered;
      if (!wanted) {
        old_.push_back(&replica);
        continue;
      }
      auto [place, fresh] = current_.try_emplace(replica.ordinal, &replica);
      if (fresh) continue;
      const bool better = IsReady(replica) && !IsReady(*place->second);
      old_.push_back(better ? std::exchange(place->second, &replica) : &replica);
    }
  }

  bool IsEvicted(const Replica& replica) const { return desired_.evicted.contains(replica.id); }
  // To be replaced, and nothing is lost (or nobody minds) when it goes before another comes.
  bool MayGoAtOnce(const Replica& old) const {
    const auto eviction = desired_.evicted.find(old.id);
    return eviction != desired_.evicted.end() && (eviction->second.now || !IsHealthyOld(old));
  }
  static bool IsReady(const Replica& replica) {
    return replica.state == ContainerState::kRunning && replica.readiness == Readiness::kReady && !replica.condemned;
  }
  bool IsAvailable(const Replica& current) const { return IsReady(current) && current.member && current.seasoned && world_.settled; }
  bool MustWaitForOthers() const {
    return atomic_ && !all_new_ready_ && !world_.canaries && std::any_of(old_.begin(), old_.end(), [](const Replica* old) { return old->member; });
  }
  bool MayBeServed() const { return !world_.settled || !world_.known; }
  // Of an old one, not knowing is as good as ready: it may be serving.
  static bool IsHealthyOld(const Replica& old) {
    return old.state == ContainerState::kRunning && old.readiness != Readiness::kNotReady && !old.condemned;
  }

  void Add(Action action, const Replica& replica, std::string reason) {
    const bool again = action == Action::kStart && replica.state != ContainerState::kCreated;
    steps_.push_back({action, replica.name, replica.id, replica.ordinal, std::move(reason), again});
  }

  // What keeps a container that stays in good order.
  void Keep(const Replica& replica, bool current) {
    switch (replica.state) {
      case ContainerState::kRunning:
        return KeepRunning(replica, current);
      case ContainerState::kRestarting:
        if (replica.member) Add(Action::kLeave, replica, "it ended and is being restarted");
        else if (current) Add(Action::kWaitReady, replica, "the engine is restarting it");
        return;
      case ContainerState::kCreated:
        // Its maker may have died before its files were in; making it again completes it. An old one cannot be.
        if (!current || !world_.ports_free) return;
        Add(Action::kCreate, replica, "it was begun and not finished");
        return Add(Action::kStart, replica, "it was begun and not finished");
      case ContainerState::kExited:
        if (replica.member) Add(Action::kLeave, replica, "it is not running");
        if (!replica.held && !replica.completed && (!current || world_.ports_free)) Add(Action::kStart, replica, "it is not running");
        return;
      case ContainerState::kPaused:
      case ContainerState::kDead:
        return Replace(replica, "it is paused or dead");
      case ContainerState::kRemoving:
        return Add(Action::kWaitGone, replica, "the engine is removing it");
    }
  }

  static bool Serves(const Replica& replica) {
    return replica.state == ContainerState::kRunning && replica.readiness == Readiness::kReady && replica.member;
  }

  void KeepRunning(const Replica& replica, bool current) {
    if (replica.condemned) {
      // What makes all of them fail at once (a database that is away) is not to take all of them away.
      if (Serves(replica) && spare_-- <= 0)
        return Add(Action::kWaitReady, replica, "its liveness probe failed, but it serves: it is replaced when enough others do");
      return current ? Replace(replica, "its liveness probe failed") : Restart(replica);
    }
    if (replica.readiness == Readiness::kReady) {
      const bool joined = replica.member && !replica.leaving;
      if (!joined && current && MustWaitForOthers()) Add(Action::kWaitReady, replica, "all new ones are to be ready first");
      else if (!joined) Add(Action::kJoin, replica, "it is ready");
      else if (current && !replica.seasoned) Add(Action::kWaitReady, replica, "it has not been ready for long enough");
      else if (!world_.settled && current) Add(Action::kWaitServed, replica, "the gateway is being told");
    } else if (replica.member && replica.readiness == Readiness::kNotReady) {
      Add(Action::kLeave, replica, "it is not ready");
    } else if (current) {
      Add(Action::kWaitReady, replica, "it is not ready yet");
    }
  }

  void Replace(const Replica& replica, const char* reason) {
    if (replica.member) return Add(Action::kLeave, replica, reason);
    if (MayBeServed()) return Add(Action::kWaitGone, replica, reason);
    if (HasProcess(replica.state)) Add(Action::kStop, replica, reason);
    Add(Action::kRemove, replica, reason);
  }

  void Restart(const Replica& replica) {
    if (replica.member) return Add(Action::kLeave, replica, "its liveness probe failed");
    if (MayBeServed()) return Add(Action::kWaitGone, replica, "its liveness probe failed");
    Add(Action::kStop, replica, "its liveness probe failed");
    Add(Action::kStart, replica, "its liveness probe failed");
  }

  void Retire(const Replica& replica) {
    retired_.insert(&replica);
    const std::string reason = WhyRetired(replica);
    if (!HasProcess(replica.state)) {
      if (replica.state == ContainerState::kRemoving) return Add(Action::kWaitGone, replica, reason);
      return Add(Action::kRemove, replica, reason);
    }
    if (!replica.leaving || replica.member) return Add(Action::kDrain, replica, reason);
    if (MayBeServed()) return Add(Action::kWaitGone, replica, reason);
    if (replica.busy && !MustGoNow(replica)) return Add(Action::kWaitIdle, replica, reason);
    Add(Action::kStop, replica, reason);
    Add(Action::kRemove, replica, reason);
  }

  bool MustGoNow(const Replica& replica) const {
    const auto eviction = desired_.evicted.find(replica.id);
    return replica.condemned || (eviction != desired_.evicted.end() && eviction->second.now);
  }

  std::string WhyRetired(const Replica& replica) const {
    if (desired_.deleting) return "the plugin is being deleted";
    if (!desired_.enabled) return "the plugin is disabled";
    if (replica.hash != desired_.hash)
      return StrCat("it is revision ", replica.hash, ", wanted is ", desired_.hash,
                    exclusive_ && replica.holds_port ? "; it goes first, for it has a host port that the new one wants" : "");
    if (replica.ordinal >= desired_.replicas) return desired_.replicas == 1 ? "only one replica is wanted" : StrCat("only ", desired_.replicas, " replicas are wanted");
    if (IsEvicted(replica)) return "its pod was deleted";
    if (replica.altered) return "somebody changed its limits or networks";
    return "there is another one for its place";
  }

  // As the Deployment controller does it (kubernetes/pkg/controller/deployment/rolling.go): first what does not serve,
  // then what serves, never below the least that has to be available.
  void RetireOld() {
    std::vector<const Replica*> broken;
    std::vector<const Replica*> healthy;
    for (const Replica* old : old_) {
      if (old->leaving || MayGoAtOnce(*old)) Retire(*old);
      else (IsHealthyOld(*old) ? healthy : broken).push_back(old);
    }
    if (desired_.replicas == 0 || (desired_.strategy.recreate && MayStart())) {
      for (const auto& list : {broken, healthy})
        for (const Replica* old : list) Retire(*old);
      return;
    }
    if ((exclusive_ || !world_.ports_free) && !MayStart()) return;
    if (atomic_) {
      if (!all_new_ready_) return;
      for (const auto& list : {broken, healthy})
        for (const Replica* old : list) Retire(*old);
      return;
    }
    const int least = desired_.replicas - unavailable_;
    const int available = static_cast<int>(
        std::count_if(current_.begin(), current_.end(), [this](const auto& entry) { return IsAvailable(*entry.second); }));
    const int all = static_cast<int>(current_.size() + broken.size() + healthy.size());
    // One whose liveness probe failed is no reason to let go of a healthy old one, but it does not hold up the broken.
    const int idle = static_cast<int>(std::count_if(current_.begin(), current_.end(), [this](const auto& entry) {
      return !IsAvailable(*entry.second) && !(entry.second->condemned && Serves(*entry.second));
    }));
    RetireSome(broken, all - least - idle);
    Order(healthy);
    RetireSome(healthy, available + static_cast<int>(healthy.size()) - least);
  }

  bool MayStart() const { return desired_.problems.empty() && world_.image_here && world_.ports_free; }

  void RetireSome(const std::vector<const Replica*>& from, int count) {
    for (const Replica* old : from)
      if (count-- > 0) Retire(*old);
  }

  // What may not be serving first, then what is to be replaced, then surplus ordinals, then those whose successor serves, highest first.
  void Order(std::vector<const Replica*>& olds) const {
    const auto rank = [this](const Replica* old) {
      if (old->ordinal >= desired_.replicas) return 0;
      const auto next = current_.find(old->ordinal);
      return next != current_.end() && IsAvailable(*next->second) ? 1 : 2;
    };
    std::stable_sort(olds.begin(), olds.end(), [&](const Replica* a, const Replica* b) {
      return std::make_tuple(IsReady(*a), !IsEvicted(*a), rank(a), -a->ordinal) <
             std::make_tuple(IsReady(*b), !IsEvicted(*b), rank(b), -b->ordinal);
    });
  }

  int Room() const {
    const auto staying = std::count_if(old_.begin(), old_.end(), [this](const Replica* old) {
      return exclusive_ || !retired_.contains(old);
    });
    if (desired_.strategy.recreate) return old_.empty() ? desired_.replicas : 0;
    if (atomic_) return desired_.replicas - static_cast<int>(current_.size());  // beside however many old ones
    return desired_.replicas + surge_ - static_cast<int>(current_.size()) - static_cast<int>(staying);
  }

  // One that is being replaced keeps its name until it is gone.
  std::string FreeName(int ordinal) const {
    std::string name = ContainerName(desired_, ordinal);
    for (std::size_t tries = 0; tries <= world_.replicas.size(); ++tries) {
      const auto holder = std::find_if(world_.replicas.begin(), world_.replicas.end(),
                                       [&](const Replica& replica) { return replica.name == name; });
      if (holder == world_.replicas.end()) break;
      name = ContainerName(desired_, ordinal, holder->id);
    }
    return name;
  }

  void CreateMissing() {
    if (!desired_.problems.empty() || !world_.ports_free) return;
    int room = Room();
    const int wanted = std::min(desired_.replicas, world_.canaries.value_or(desired_.replicas));
    for (int ordinal = 0; ordinal < wanted && room > 0; ++ordinal) {
      if (current_.contains(ordinal)) continue;
      --room;
      if (world_.held.contains(ordinal)) continue;
      const std::string name = FreeName(ordinal);
      steps_.push_back({Action::kCreate, name, "", ordinal, StrCat("replica ", ordinal, " is missing"), false});
      steps_.push_back({Action::kStart, name, "", ordinal, "it was just made", false});
    }
  }

  const Desired& desired_;
  const Observed& world_;
  bool exclusive_ = false;  // two cannot run at once
  bool atomic_ = false;
  bool all_new_ready_ = false;
  int surge_ = 0;
  int unavailable_ = 0;
  int spare_ = 0;  // so many of those that serve may be taken away now
  std::map<int, const Replica*> current_;
  std::vector<const Replica*> old_;
  std::set<const Replica*> retired_;
  std::vector<Step> steps_;
};

}  // namespace

const char* ActionName(Action action) {
  static constexpr const char* kNames[] = {"create", "start", "wait ready", "add to gateway", "wait served",
                                           "take out of gateway", "drain", "wait drained", "wait idle", "stop", "remove"};
  return kNames[static_cast<int>(action)];
}

bool IsWait(Action action) {
  return action == Action::kWaitReady || action == Action::kWaitServed || action == Action::kWaitGone ||
         action == Action::kWaitIdle;
}

std::vector<Step> Diff(const Desired& desired, const Observed& world) { return Differ(desired, world).Run(); }

Json ToJson(const Step& step) {
  return {{"action", ActionName(step.action)}, {"target", step.target}, {"reason", step.reason}};
}

}  // namespace patchbay::controller

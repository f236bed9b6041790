// One visit of a plugin: observe, Diff, execute, report. Thread-safe for different keys; the queue sees to it that one
// key is visited by one worker at a time.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "controller/adoption.h"
#include "controller/canary.h"
#include "controller/endpoints.h"
#include "controller/execute.h"
#include "controller/image_ids.h"
#include "controller/images.h"
#include "controller/observer.h"
#include "controller/outcome.h"
#include "controller/pod_show.h"
#include "controller/prober.h"
#include "controller/revisions.h"
#include "controller/survey.h"
#include "controller/traffic.h"

namespace patchbay::controller {

class PluginController {
 public:
  struct Parts {
    cache::Cache& cache;
    cache::Committer& committer;
    driver::Runtime& runtime;
    Clock& clock;
    Observer& observer;
    Prober& prober;
    Endpoints& endpoints;
    Images& images;
    ImageIds& image_ids;
    Executor& executor;
    PodShow& pods;
    Revisions& revisions;
    Adoption& adoption;
    Traffic& traffic;
    std::string installation;
  };
  explicit PluginController(Parts parts) : parts_(std::move(parts)), survey_(parts_.clock, parts_.prober, parts_.endpoints, parts_.traffic) {}

  Outcome Visit(const Key& key);
  // The plugin with this uid, if it was visited.
  std::optional<Key> KeyOf(const std::string& uid) const;
  // The plugins that use this Secret or ConfigMap.
  std::vector<Key> UsersOf(const Key& object) const;
  // The plugins that wait for a host port; asked once they are no longer known.
  std::set<Key> TakePortWaiters();

 private:
  struct Turn;
  std::shared_ptr<PluginMemory> MemoryOf(const Key& key, const Json& plugin);
  void Forget(const Key& key);
  void Remember(const Desired& desired, PluginMemory& memory);
  std::optional<Desired> FallBack(const Json& plugin, const Desired& desired, const PluginMemory& memory) const;
  static bool MayAct(const Desired& desired, const PluginMemory& memory);
  void Judge(Turn& turn);
  bool IsOverdue(const Turn& turn) const;
  bool IsToBeGivenUp(const Turn& turn) const;
  Result<void> Announce(const Turn& turn);
  Result<void> Record(const Turn& turn);
  Result<void> Converge(Turn& turn);
  Result<void> Look(Turn& turn);
  bool MayCreate(Turn& turn, const std::vector<Step>& steps);
  void CheckImage(Turn& turn);
  void CountAnswers(Turn& turn);
  Result<void> CheckPorts(Turn& turn);
  void CheckDependencies(Turn& turn) const;
  void NoteOtherImage(Turn& turn) const;
  // `all`: the visit has come to its end, and it is known why a container is not there.
  void ShowPods(Turn& turn, bool all);
  std::optional<Obstacle> FindObstacle(const Turn& turn) const;
  std::optional<Obstacle> FindCrash(const Turn& turn) const;
  void CheckProgress(Turn& turn);
  Result<void> Report(Turn& turn);
  void NoteLeftBehind(Turn& turn) const;
  static void NameTheHolder(Turn& turn);
  Result<void> WriteStatus(const Turn& turn, bool release);
  Outcome Conclude(const Turn& turn) const;

  const Parts parts_;
  Survey survey_;
  struct State {
    std::map<Key, std::shared_ptr<PluginMemory>> memories;
    std::map<std::string, Key> owners;    // by uid
    std::map<Key, std::set<Key>> users;   // Secret or ConfigMap: plugins
    std::map<Key, std::set<Key>> refers;  // plugin: Secrets and ConfigMaps
    std::set<Key> port_waiters;
  };
  mutable Guarded<State> state_;
};

}  // namespace patchbay::controller

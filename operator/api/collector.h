// What follows from a deletion: objects whose owners are gone go too, owners that wait for their dependents are let go,
// namespaces that end are emptied. Works on a thread of its own, through cache and committer alone; all it knows can be
// read from the cache again, so a restart loses nothing. The rules are those of Kubernetes' garbage collector and
// namespace controller.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <set>
#include <stop_token>
#include <thread>
#include <vector>

#include "api/namespace_conditions.h"
#include "api/owners.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/random.h"
#include "cache/cache.h"
#include "cache/committer.h"

namespace patchbay::api {

class Collector {
 public:
  // References must outlive this. Begins at once; waits for the cache's first load without being asked.
  Collector(const Kinds& kinds, cache::Cache& cache, cache::Committer& committer, Clock& clock, Random& random);
  ~Collector();  // Stop()

  // Ends the thread; a write under way is waited for. Idempotent.
  void Stop();

 private:
  class Ear;
  struct Inbox {
    Guarded<std::vector<cache::StepPtr>> steps;
    std::condition_variable wake;
    std::atomic<bool> stopped{false};
  };
  void Run(const std::stop_token& stop);
  // Waits for news when there is no work.
  void Listen();
  void Absorb(const cache::Step& step);
  void Meet(const cache::Entry& entry);
  // False: to be tried again.
  bool Tend(const Key& key);
  bool TendNamespace(const std::string& name, const cache::EntryPtr& entry);
  bool EndNamespace(const Kind& kind, const cache::Entry& entry);
  // Says in the namespace's status what still holds it.
  bool TellRemains(const Remains& remains, const cache::Entry& entry);
  // The object is being deleted: takes off our finalizers when their time has come.
  bool Release(const Kind& kind, const cache::Entry& entry, const Json& object);
  bool IsBlocked(const cache::Entry& owner) const;
  // The object has owners: it goes with the last of them.
  bool Judge(const Kind& kind, const cache::Entry& entry, const Json& object);
  bool Orphan(const Key& dependent, const std::string& uid);
  bool Remove(const Kind& kind, const cache::Entry& entry, Propagation propagation);
  bool Write(cache::Intent intent);
  std::vector<cache::EntryPtr> ListIn(const Kind& kind, const std::string& ns) const;
  const Kinds& kinds_;
  cache::Cache& cache_;
  cache::Committer& committer_;
  Clock& clock_;
  Random& random_;
  const std::shared_ptr<Inbox> inbox_;
  OwnerIndex index_;    // of the thread
  std::set<Key> work_;  // of the thread
  // Namespaces that were seen to go: what comes into them too late goes after them. A namespace that is merely absent
  // proves nothing, and nothing is deleted for it.
  std::set<std::string> ended_;
  std::unique_ptr<cache::WatchHandle> watch_;
  std::jthread thread_;
};

}  // namespace patchbay::api

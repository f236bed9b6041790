// Whether a Plugin may have the ports of the host that it asks for. Thread-safe.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/failure.h"
#include "base/guarded.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "object/host_ports.h"

namespace patchbay::api {

// Knows which Plugins ask for which port, so that nobody walks through all of them. What it knows may be too much, never
// too little once a write was answered: each answer is compared with the cache.
class HostPorts {
 public:
  // REQUIRES: the cache outlives this.
  explicit HostPorts(cache::Cache& cache);

  // As long as it lives the ports are asked for: a write holds it until it is learned of, or has failed. nullptr where
  // nothing is asked for.
  using Ticket = std::shared_ptr<const void>;

  // 422 when the object, a Plugin, asks for a port that another enabled one in any namespace has, or for one port more
  // than once (replicas); 409 when another write under way asks for it. Only what this write (`seen`: what stands there,
  // or nullptr) asks for anew is judged; enabling asks anew. Anything but a Plugin with host ports costs nothing.
  Answer<Ticket> Judge(const Kind& kind, const cache::Intent& intent, const cache::EntryPtr& seen);
  // A write that is committed: known from now on. (Those of others are heard of a moment later.)
  void Learn(const cache::Entry& entry) { index_->Learn(entry); }

 private:
  // By port: who asked for it, and the revision that says so.
  class Index : public cache::Watcher {
   public:
    void Learn(const cache::Entry& entry);
    void OnStep(const cache::StepPtr& step) override;
    void OnProgress(Revision) override {}
    std::vector<Key> At(int port) const;
    // `key` was found not to ask for it at `revision`.
    void Drop(int port, const Key& key, Revision revision);

   private:
    mutable Guarded<std::map<int, std::map<Key, Revision>>> asked_;
  };
  std::vector<Key> HoldersOf(const HostPort& port, const Key& self) const;
  struct Asked {
    Key key;
    std::vector<HostPort> ports;
  };
  Answer<Ticket> Ask(const Kind& kind, const Key& key, std::vector<HostPort> ports);

  cache::Cache& cache_;
  const std::shared_ptr<Index> index_;
  const std::unique_ptr<cache::WatchHandle> watch_;
  Guarded<std::list<Asked>> under_way_;
};

}  // namespace patchbay::api

// The cache's inside: the present world, the steps that led to it, and the feeding from the store. Private to the room.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "cache/fan_out.h"
#include "cache/history.h"
#include "cache/world.h"

namespace patchbay::cache {

// Locks, outer first: history_ (writers; whoever holds it may publish a world and push to the fan-out), then world_ or
// the fan-out's queue (moments). The store and watchers are called with none.
class Cache::Core : public std::enable_shared_from_this<Cache::Core> {
 public:
  Core(store::Source& source, Clock& clock, Meter& meter, CacheOptions options);

  void Listen();
  void Start();
  void Stop();
  void Close();  // no call to the store, the clock or a watcher comes after

  Result<void> Poll();
  Result<void> CatchUp();

  bool synced() const { return synced_; }
  WorldPtr Present() const { return world_.Copy(); }
  // The resource's entries as they were at that revision.
  Result<TablePtr> TableAt(const std::string& resource, Revision at) const;

  Result<std::unique_ptr<WatchHandle>> Watch(std::string_view resource, Revision from,
                                             std::shared_ptr<Watcher> watcher);
  std::unique_ptr<WatchHandle> ListAndWatch(std::string_view resource,
                                            const std::function<void(const std::vector<EntryPtr>&, Revision)>& fn,
                                            std::shared_ptr<Watcher> watcher);

 private:
  struct Alarm {
    bool rung = false;    // something may have changed
    bool behind = false;  // something has: do not wait
  };
  struct Past {
    explicit Past(const CacheOptions& options) : steps(options.steps_kept, options.bytes_kept) {}
    History steps;
    bool closed = false;
  };

  void OnCommit(Revision base, Revision tip, std::span<const store::Change> changes);
  void Ring(bool behind);
  void Run(std::stop_token stop);
  // True when the world stands at `tip` or beyond; false when there is a hole between `base` and the world.
  bool Apply(Revision base, Revision tip, std::span<const store::Change> changes);
  Result<void> Load(Revision from);
  bool Install(Revision from, World loaded);
  void Publish(World world, const std::map<std::string, TablePtr>& touched);
  Gauge& ObjectsGauge(const std::string& resource);

  store::Source& source_;
  Clock& clock_;
  Meter& meter_;
  const CacheOptions options_;
  Gauge& steps_gauge_;
  Counter& reloads_;
  const std::shared_ptr<FanOut> fan_out_;

  mutable Guarded<WorldPtr> world_;
  mutable Guarded<std::unique_ptr<Past>> past_;
  std::map<std::string, Gauge*> objects_gauges_;  // under past_
  std::atomic<bool> synced_{false};
  Guarded<MonoTime> last_progress_;
  Guarded<Alarm> alarm_;
  std::condition_variable_any rung_;
  std::jthread thread_;
};

}  // namespace patchbay::cache

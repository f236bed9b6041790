// The committed truth in memory. Readers get immutable entries; watchers get every change in revision order, or are
// told that they are too late (kExpired). Fed by the store: its Sink when contiguous, Read() otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/meter.h"
#include "base/result.h"
#include "object/key.h"
#include "object/object.h"
#include "object/selector.h"
#include "store/store.h"

namespace patchbay::cache {

// One object at one revision. Immutable, shared; `bytes` is the JSON that clients get.
struct Entry {
  Key key;
  std::string uid;
  Revision revision = 0;
  std::int64_t generation = 0;
  Labels labels;
  Bytes bytes;
};
using EntryPtr = std::shared_ptr<const Entry>;

// One step of the world: what was, what is. Shared by all watchers.
struct Step {
  Revision revision = 0;
  Key key;
  EntryPtr before;  // nullptr: was absent
  EntryPtr after;   // nullptr: is gone
  Bytes deleted;    // for a deletion: the last state at the deletion's revision
};
using StepPtr = std::shared_ptr<const Step>;

struct Page {
  std::vector<EntryPtr> entries;
  Revision revision = 0;    // the list's resourceVersion
  std::string next;         // key to continue after; empty at the end
  std::int64_t remaining = 0;
};

struct ListQuery {
  std::string resource;
  std::string ns;                         // "" for all
  LabelSelector labels = {};
  std::function<bool(const Entry&)> where = nullptr;  // further filter
  int limit = 0;                          // 0: all
  std::string after = {};                 // Page::next of the page before
  Revision at = 0;                        // the first page's revision for following pages; 0: now
};

// Receives steps on the cache's thread. Must not block and must not call back into the cache's Watch.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void OnStep(const StepPtr& step) = 0;
  // Everything up to here has been seen; at most once a second per watcher, and when nothing happens.
  virtual void OnProgress(Revision revision) = 0;
};

class WatchHandle {  // unsubscribes when destroyed; after that no call is under way
 public:
  virtual ~WatchHandle() = default;
};

struct CacheOptions {
  std::size_t steps_kept = 100'000;          // for resuming watchers and paged lists
  std::size_t bytes_kept = 64 * 1024 * 1024;  // of steps
  std::chrono::milliseconds poll{1'000};     // the store's Read as truth, when no wake came
};

class Cache {
 public:
  // REQUIRES: store outlives the cache. Registers as the store's listener.
  Cache(store::Store& store, Clock& clock, Meter& meter, CacheOptions options = {});
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // Starts the reading thread; the first load is retried until the database answers.
  void Start();
  void Stop();
  // One turn of that thread without the thread: catches up with the store. For tests.
  Result<void> Poll();

  bool synced() const;         // the first load is done
  Revision revision() const;   // everything up to here is visible

  EntryPtr Get(const Key& key) const;
  // kExpired when query.at is no longer kept.
  Result<Page> List(const ListQuery& query) const;
  std::vector<EntryPtr> All(std::string_view resource) const;
  std::size_t Count(std::string_view resource) const;

  // Steps after `from` of this resource ("" for every resource), replayed before new ones, without gap or repeat. The
  // watcher may be called before Watch returns. kExpired when `from` is older than what is kept; kInvalid when it lies
  // in the future.
  Result<std::unique_ptr<WatchHandle>> Watch(std::string_view resource, Revision from,
                                             std::shared_ptr<Watcher> watcher);
  // Calls `fn` with the present entries and revision and subscribes after it, in one step.
  std::unique_ptr<WatchHandle> ListAndWatch(std::string_view resource,
                                            const std::function<void(const std::vector<EntryPtr>&, Revision)>& fn,
                                            std::shared_ptr<Watcher> watcher);

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace patchbay::cache

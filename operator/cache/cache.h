// The committed truth in memory. Readers get immutable entries; watchers get every change in revision order, or are
// told that they are too late (kExpired). Fed by a source (the store, a Mirror): its Sink when contiguous, Read() otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
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
  std::string next;         // key to continue after ("ns/name"); empty at the end
  std::int64_t remaining = 0;  // how many follow; 0 when the query filters (nobody counted)
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

// Receives steps on the cache's thread, one call at a time. Must not block and must not call back into the cache's
// Watch. May destroy its own handle.
class Watcher {
 public:
  virtual ~Watcher() = default;
  // Revisions only grow. A catch-up beyond the kept log shows every object's way from its old to its new state, not
  // the states between; a deletion then has some revision between the two.
  virtual void OnStep(const StepPtr& step) = 0;
  // What came at once, in order: true when all of it was taken, false when it is wanted one by one, as above.
  virtual bool OnSteps(std::span<const StepPtr>) { return false; }
  // Everything up to here has been seen; at most once a second per watcher, and when nothing happens.
  virtual void OnProgress(Revision revision) = 0;
  // The database was replaced by one with another history (restored, reset): the steps just seen led to its state, but
  // revisions start anew. A client's resourceVersion is worth nothing now: end its watch with 410.
  virtual void OnExpired() {}
};

// Unsubscribes when destroyed; after that no call is under way (save the one that destroys it, from within). May
// outlive the cache. Waits for a call that is under way: do not destroy it with a lock held that OnStep takes.
class WatchHandle {
 public:
  virtual ~WatchHandle() = default;
};

struct CacheOptions {
  std::size_t steps_kept = 100'000;          // for resuming watchers and paged lists
  std::size_t bytes_kept = 32 * 1024 * 1024;  // of steps: what they alone hold in memory
  std::chrono::milliseconds poll{1'000};     // the store's Read as truth, when no wake came
  bool may_wait = false;  // for the first load: no line in the log says that it does
};

class Cache {
 public:
  // REQUIRES: source outlives the cache. Registers as the source's listener.
  Cache(store::Source& source, Clock& clock, Meter& meter, CacheOptions options = {});
  ~Cache();
  Cache(const Cache&) = delete;
  Cache& operator=(const Cache&) = delete;

  // Starts the reading thread (the first load is retried until the database answers) and the watchers' thread. Until
  // then, and after Stop, watchers are called by whoever brings the news.
  void Start();
  void Stop();
  // One turn of the reading thread without the thread: catches up with the store, tells progress. For tests.
  Result<void> Poll();
  // Reads from the store on the caller's thread until everything committed before this call is visible. For those who
  // learned that they are behind (a conflict, a commit in doubt). Never from the store's thread.
  Result<void> CatchUp() const;

  bool synced() const;         // the first load is done
  Revision revision() const;   // everything up to here is visible

  EntryPtr Get(const Key& key) const;
  // kExpired when query.at is not (or no longer) kept; kInvalid for an `after` that no page gave. Never waits for a
  // writer, save with `at`: then for at most the batch being applied.
  Result<Page> List(const ListQuery& query) const;
  std::vector<EntryPtr> All(std::string_view resource) const;
  std::size_t Count(std::string_view resource) const;

  // Steps after `from` of this resource ("" for every resource), replayed before new ones, without gap or repeat. The
  // watcher may be called before Watch returns. kExpired when `from` is older than what is kept; kInvalid when it lies
  // in the future; kUnavailable before the first load.
  Result<std::unique_ptr<WatchHandle>> Watch(std::string_view resource, Revision from,
                                             std::shared_ptr<Watcher> watcher);
  // Calls `fn` with the present entries and revision and subscribes after it, in one step. Before the first load: with
  // nothing; that load then comes as steps.
  std::unique_ptr<WatchHandle> ListAndWatch(std::string_view resource,
                                            const std::function<void(const std::vector<EntryPtr>&, Revision)>& fn,
                                            std::shared_ptr<Watcher> watcher);

 private:
  class Core;
  std::shared_ptr<Core> core_;  // the store's listener holds it weakly
};

}  // namespace patchbay::cache

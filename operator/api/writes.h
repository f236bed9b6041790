// One write from the cache's present state to its commit: computed, compared with what others have (host ports), submitted,
// and all of it again when another was faster.
// Nothing here blocks a caller; thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "api/failure.h"
#include "api/foresight.h"
#include "api/host_ports.h"
#include "api/options.h"
#include "api/threads.h"
#include "base/guarded.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "schema/kind.h"

namespace patchbay::api {

struct Written {
  Bytes bytes;           // the object as it stands (or would, in a dry run; or last stood)
  std::string uid;
  bool removed = false;  // its row is gone
  bool created = false;  // there was none before
  std::vector<std::string> foreseen = {};  // of a dry run that is told: what would be done
};

struct WriteOrder {
  const Kind* kind = nullptr;
  Key key;  // name empty: a new one each time (generateName)
  DryRun dry_run = DryRun::kNo;
  bool creates = false;  // an absent object is made: when another was faster, the wish is seen again
  // The wish, seen from the present entry (nullptr: absent). No intent: nothing is to be written. Pure; may run several
  // times, on any thread.
  std::function<Answer<std::optional<cache::Intent>>(const cache::EntryPtr&)> compute;
  // Once, on any thread; must not block.
  std::function<void(Answer<Written>)> done;
};

class Writes {
 public:
  // 429 when more than `most_waiting` are under way.
  Writes(cache::Cache& cache, cache::Committer& committer, HostPorts& ports, const Foresight& foresight, Threads& threads,
         int most_waiting);
  void Run(WriteOrder order);
  // Nothing is submitted any more; waits for what was.
  void Stop();

 private:
  struct Task {
    WriteOrder order;
    cache::EntryPtr seen;
    int attempts = 0;
    HostPorts::Ticket ports;
  };
  using TaskPtr = std::shared_ptr<Task>;
  void Attempt(const TaskPtr& task);
  static void Imagine(const TaskPtr& task, const Foresight& foresight, cache::Intent intent);
  void Submit(const TaskPtr& task, cache::Intent intent);
  bool Enter();
  void Leave();
  void Settle(const TaskPtr& task, bool removed, Result<cache::EntryPtr> result);
  // Another writer was first: once the cache shows what it did.
  void Again(const TaskPtr& task, const Error& error);
  cache::Cache& cache_;
  cache::Committer& committer_;
  HostPorts& ports_;
  const Foresight& foresight_;
  Threads& threads_;
  const int most_waiting_;
  Guarded<int> waiting_{0};
  std::condition_variable settled_;
  std::atomic<bool> stopped_{false};
};

// Many orders (their `done` is not used), a bounded number at a time. `done` gets what came of each, in order; after a
// failure other than 404 no more is begun, and what was not begun is left out.
void RunAll(Writes& writes, std::vector<WriteOrder> orders, std::function<void(std::vector<Answer<Written>>)> done);

}  // namespace patchbay::api

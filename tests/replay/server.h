// The API of an empty server with the recorded kinds and the namespace default, in memory, with a clock that is turned
// by hand. Of one thread.
#pragma once

#include <memory>
#include <string>

#include "api/api.h"
#include "base/random.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "cache/mirror.h"
#include "harness/clock/fake_clock.h"
#include "harness/store/memory_store.h"
#include "replay/transcript.h"
#include "unit/api/fake_exchange.h"

namespace patchbay::replay {

class Server {
 public:
  // `now`: what its clock shows.
  explicit Server(WallTime now);

  api::Reply Send(const Record& record);
  // Forgets every change so far, and the streams that are open.
  void Compact();
  // Nothing when it is that late already.
  void AdvanceTo(WallTime time);
  // So long that every watch ends; the date stays.
  void OutwaitWatches();

 private:
  void Start();
  FakeClock clock_;
  Random random_{7};
  store::MemoryStore store_{clock_};
  cache::Mirror mirror_{clock_};  // nothing runs
  std::unique_ptr<cache::Cache> mirrored_;
  std::unique_ptr<cache::Cache> cache_;
  std::unique_ptr<cache::Committer> committer_;
  std::unique_ptr<api::Api> api_;
};

}  // namespace patchbay::replay

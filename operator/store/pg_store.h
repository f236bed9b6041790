// The Store on PostgreSQL 13 or newer. Two threads of its own (commit, listen) and a slow one that ends what hangs.
// Needs nothing of the database but the right to make the schema "patchbay" in it (migrations/).
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/meter.h"
#include "base/random.h"
#include "store/key_ring.h"
#include "store/store.h"

namespace patchbay::store {

struct PgOptions {
  std::string connection = {};  // libpq URL or words: see store/connection.h
  bool migrate = true;          // false: only checks that the schema is the program's
  int pool = 6;                 // sessions for reads; three more are used for commits and LISTEN
  std::chrono::milliseconds pool_patience{5'000};
  std::chrono::milliseconds connect_timeout{3'000};
  std::chrono::milliseconds statement_timeout{10'000};
  std::chrono::milliseconds lock_timeout{3'000};
  std::chrono::milliseconds slow_query{1'000};
  std::chrono::milliseconds backoff_most{5'000};   // between attempts to reconnect
  std::chrono::milliseconds housekeeping{10'000};  // between steps; 0: never by itself
  std::int64_t changes_kept = 100'000;             // newest revisions that watchers can resume from
  std::chrono::seconds changes_age{24 * 3600};
  std::chrono::seconds deliveries_age{7 * 24 * 3600};
  std::chrono::seconds events_age{3600};  // since something was last added to an Event
  std::int64_t events_kept = 20'000;      // the newest Events
  // What Secrets are encrypted with; null: nothing is, and a database that holds encrypted Secrets is refused.
  std::shared_ptr<const KeyRing> keys = nullptr;
  bool check_keys = true;  // false: for errands that read no Secret
};

// What one step of housekeeping removed.
struct Swept {
  std::int64_t changes = 0;  // that watchers can no longer read
  std::int64_t deliveries = 0;
  std::int64_t queues = 0;
  std::int64_t events = 0;
};

class PgStore : public Store {
 public:
  // Connects to nothing yet. References outlive it.
  PgStore(PgOptions options, Clock& clock, Random& random, Meter& meter);
  ~PgStore() override;  // Stop()

  // Returns at once; the database may be away. Call Listen() before.
  void Start();
  // Ends the threads after the batch under way; what waits gets kCancelled. Idempotent.
  void Stop();
  // True when connected, false when that took longer than `patience`.
  bool AwaitUp(std::chrono::milliseconds patience);
  // One bounded step of pruning, now; returns when the expired Events it found are deleted. All counts 0: nothing was
  // left. The listening thread does the same, without waiting, every options.housekeeping.
  Result<Swept> Sweep();

  void Commit(Unit unit, Done done) override;
  Result<Snapshot> Load(const std::function<void(Row)>& row) override;
  Result<std::pair<Revision, std::vector<Change>>> Read(Revision after, int limit) override;
  void Listen(Sink sink, Wake wake) override;
  Result<std::vector<Delivery>> Claim(int limit, std::chrono::milliseconds lease,
                                      const std::vector<std::string>& paused) override;
  Result<void> Settle(const Settlement& settlement) override;
  Result<DeliveryCounts> CountDeliveries(const std::string& webhook_uid) override;
  Result<std::string> InstallationId() override;
  Health health() const override;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace patchbay::store

// The Store in memory, for tests: the same promises as PgStore (both pass tests/contract/store_contract.h), no threads
// of its own, and faults on demand. Several MemoryStores on one MemoryDatabase are several operators on one Postgres;
// a new one on the old MemoryDatabase is a restart. Thread-safe.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "store/store.h"

namespace patchbay::store {

class MemoryStore;

// What survives a restart.
class MemoryDatabase {
 public:
  explicit MemoryDatabase(std::string installation_id = "00000000-0000-4000-8000-000000000001");

  struct StoredObject {
    Revision revision = 0;
    std::string uid;
    std::int64_t generation = 0;
    std::string body;
  };
  struct StoredDelivery {
    Delivery delivery;
    enum class State { kPending, kDelivered, kFailed } state = State::kPending;
    MonoTime not_before;
  };
  struct Webhook {
    std::int64_t leased = 0;  // the delivery in flight; 0 for none
    MonoTime leased_until;
    DeliveryCounts counts;
  };
  struct State {
    Revision counter = 0;
    Revision oldest_kept = 0;
    std::map<Key, StoredObject> objects;
    std::deque<Change> changes;
    std::int64_t last_delivery = 0;
    std::map<std::int64_t, StoredDelivery> deliveries;
    std::map<std::string, Webhook> webhooks;
    std::vector<MemoryStore*> stores;  // who hears of commits
  };

  // Forgets the changes up to and including this one, as pruning does.
  void Prune(Revision upto);
  // Moves the counter without a change, as a failed unit does.
  void Skip(Revision count);
  State Copy() const { return state_.Copy(); }

 private:
  friend class MemoryStore;
  const std::string installation_id_;
  Guarded<State> state_;
};

class MemoryStore : public Store {
 public:
  enum class Turn {
    kInline,  // Commit runs the unit before it returns (or, inside a callback, when that has returned)
    kPumped,  // units wait until the test calls Pump()
  };
  enum class Fault {
    kUnavailable,    // not done, and says so
    kInDoubtBefore,  // not done, and the caller cannot know
    kInDoubtAfter,   // done, and the caller cannot know: no Sink, but a Wake
  };

  explicit MemoryStore(Clock& clock, Turn turn = Turn::kInline,
                       std::shared_ptr<MemoryDatabase> database = std::make_shared<MemoryDatabase>());
  ~MemoryStore() override;

  // --- What a test does with it ---
  // Commits up to `limit` waiting units as one batch (units that share a key with an earlier one wait for the next,
  // as in PgStore), calls Sink once, then each Done. The number of units taken.
  std::size_t Pump(std::size_t limit = 1000);
  std::size_t waiting() const;
  // The next `times` units meet this fault.
  void FailNext(Fault fault, int times = 1);
  // Away: every call gives kUnavailable and health is bad, until it is back (then Wake).
  void SetAway(bool away);
  // Sink is not called, only Wake: as if another operator had committed. Stays so until turned off.
  void SetSilent(bool silent);
  MemoryDatabase& database() { return *database_; }
  std::shared_ptr<MemoryDatabase> shared_database() { return database_; }
  // The stored object with its resourceVersion, or nullptr.
  Bytes Find(const Key& key) const;
  Revision revision() const;
  std::vector<Delivery> Pending() const;  // oldest first, leased or not
  int units_committed() const;            // for "makes no write at all"

  // --- Store ---
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
  struct Waiting {
    Unit unit;
    Done done;
  };
  struct Own {
    std::deque<Waiting> queue;
    bool pumping = false;
    bool away = false;
    bool silent = false;
    std::deque<Fault> faults;
    int committed = 0;
    Sink sink;
    Wake wake;
  };
  struct Batch;
  void Drain();
  std::vector<Waiting> Take(std::size_t limit);
  void Run(std::vector<Waiting> batch);
  std::optional<Error> CheckAway() const;
  void WakeUp() const;
  void WakeOthers() const;

  Clock& clock_;
  const Turn turn_;
  const std::shared_ptr<MemoryDatabase> database_;
  mutable Guarded<Own> own_;
  std::recursive_mutex turning_;  // one batch at a time, Sink and Done in order; callbacks may call back in
};

}  // namespace patchbay::store

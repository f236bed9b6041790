// Seam: the desired state that survives. One transaction carries an object, its change-log row, its Events (objects
// too) and its webhook deliveries. Revisions are commit order. PgStore is the real one,
// tests/harness/store/memory_store.h the fake; both pass tests/contract/store_contract.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "object/key.h"
#include "object/object.h"

namespace patchbay::store {

// A webhook message to be sent, written with the change that caused it.
struct NewDelivery {
  std::string webhook_uid;
  std::string webhook_ns;
  std::string webhook_name;
  std::string message_id;  // "msg_..." without '.'; stable over attempts
  std::string type;        // "plugin.created"
  std::string payload;     // JSON text, sent byte for byte
};

// One object to put or to delete.
struct Write {
  enum class Op { kPut, kDelete };
  Key key;
  Op op = Op::kPut;
  // Precondition on the row: 0: it must not exist (kAlreadyExists); > 0: it must be at this revision (kConflict, or
  // kNotFound when it is gone); nothing: whatever is there (a delete of nothing is kNotFound).
  std::optional<Revision> expected = std::nullopt;
  std::string uid = {};
  std::int64_t generation = 0;
  std::string body = {};  // EncodeBody(); for a delete: the last state, for watchers
};

// Writes that live or die together: a failed precondition of any of them drops the whole unit and nothing else of the
// batch (the error is the first one's). Writes after the first (Events) usually have none. A key may appear once.
struct Unit {
  std::vector<Write> writes;
  std::vector<NewDelivery> deliveries = {};
};

enum class ChangeType { kPut, kDelete };

// A committed write as watchers see it. `bytes` is the object with its resourceVersion (for a delete: the last state
// at the deletion's revision).
struct Change {
  Revision revision = 0;
  ChangeType type = ChangeType::kPut;
  Key key;
  std::string uid;
  std::int64_t generation = 0;
  Bytes bytes;
};

struct Row {
  Key key;
  std::string uid;
  Revision revision = 0;
  std::int64_t generation = 0;
  Bytes bytes;
};

struct Snapshot {
  Revision revision = 0;     // of the whole: every change up to here is in the rows
  Revision oldest_kept = 0;  // changes after this one can be read
};

// A delivery taken for sending.
struct Delivery : NewDelivery {
  std::int64_t id = 0;
  int attempt = 0;  // 0 for the first
  WallTime created;
};

struct Settlement {
  std::int64_t id = 0;
  enum class State { kDelivered, kRetry, kFailed } state = State::kDelivered;
  std::chrono::milliseconds retry_after{0};  // kRetry: not before
  int status = 0;                            // HTTP; 0 when there was none
  std::string error;
};

struct DeliveryCounts {
  std::int64_t pending = 0;
  std::int64_t delivered = 0;
  std::int64_t failed = 0;
  std::string last_time;  // RFC 3339 of the last attempt; "" when none
  int last_status = 0;
  std::string last_error;
};

struct Health {
  bool ok = false;
  std::string message;  // "connected", or why not; no secret
};

// What a cache is fed from: all there is, and every change of it in one order. All methods thread-safe; kUnavailable
// while it cannot be read.
class Source {
 public:
  // Called by the committing thread, in revision order, after the transaction and before Done: `base` is the counter
  // before the batch, so a reader that stands at `base` may apply `changes` and stand at `tip`; another must Read().
  using Sink = std::function<void(Revision base, Revision tip, std::span<const Change> changes)>;
  // Something may have changed that the Sink was not told: another operator committed (NOTIFY), a commit ended in
  // doubt, the connection was lost and is back. Read() is the truth. From any of the store's threads; must not block.
  using Wake = std::function<void()>;

  virtual ~Source() = default;

  // All objects, through `row`, from one consistent snapshot.
  virtual Result<Snapshot> Load(const std::function<void(Row)>& row) = 0;
  // Changes after `after`, in revision order, at most `limit`. kExpired when `after` is older than the log keeps,
  // or newer than the counter (the database was reset, or is an older copy): load again.
  // The Revision is where the reader now stands (the counter when nothing was cut off by `limit`).
  virtual Result<std::pair<Revision, std::vector<Change>>> Read(Revision after, int limit) = 0;
  // Set once, before the first change.
  virtual void Listen(Sink sink, Wake wake) = 0;
};

// All methods thread-safe. kUnavailable (with retry_after) while the database is away: the store reconnects alone.
// kInDoubt from Commit: the connection was lost in the commit; observe again.
class Store : public Source {
 public:
  using Done = std::function<void(Result<std::vector<Change>>)>;

  // Group commit: returns at once; `done` runs on the store's thread (must not block, must not call Commit inline with
  // waiting) with this unit's changes. A put that changes nothing is the caller's to leave out. Ends with kUnavailable
  // at once when the queue is full or the database away.
  virtual void Commit(Unit unit, Done done) = 0;

  // Deliveries that are due, oldest first, leased to the caller for `lease`; never two at once to two callers.
  // A claim counts as an attempt, also when it is never settled: keep `lease` well above the time of one sending.
  // At most one message in flight per webhook and at most `limit` overall. `paused` webhooks (by uid) are left out.
  virtual Result<std::vector<Delivery>> Claim(int limit, std::chrono::milliseconds lease,
                                              const std::vector<std::string>& paused) = 0;
  // Ends the lease. A delivery that is settled already stays as it is; kNotFound when there is none of this id.
  virtual Result<void> Settle(const Settlement& settlement) = 0;
  virtual Result<DeliveryCounts> CountDeliveries(const std::string& webhook_uid) = 0;

  // A random id of this database, made by the first migration: marks our containers and gateway entries.
  virtual Result<std::string> InstallationId() = 0;
  virtual Health health() const = 0;
};

// Blocks until done. Never from the store's own thread.
Result<std::vector<Change>> CommitAndWait(Store& store, Unit unit);

}  // namespace patchbay::store

// The one thread that writes: takes what waits, commits it in one statement, tells the listener and the callers. While
// it waits for the disk the next batch gathers, so one fsync serves many. Thread-safe.
//
// Callers that write again as soon as they are answered would fall into two halves that take turns, each waiting for
// the other's fsync; so after a batch the thread waits for as many units as were just under way, but no longer than
// half of what the batch took (PostgreSQL's commit_delay has the same reason).
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "base/meter.h"
#include "store/key_ring.h"
#include "store/link.h"
#include "store/session.h"
#include "store/store.h"

namespace patchbay::store {

struct GroupCommitOptions {
  std::size_t batch_rows = 500;
  std::size_t batch_bytes = 8 * 1024 * 1024;
  std::size_t queue_units = 20'000;
  std::size_t queue_bytes = 128 * 1024 * 1024;
  std::shared_ptr<const KeyRing> keys = nullptr;  // for Secrets
};

class GroupCommit {
 public:
  GroupCommit(GroupCommitOptions options, SessionContext& context, Link& link, Meter& meter);
  ~GroupCommit();  // Stop()

  void Listen(Store::Sink sink, Store::Wake wake);  // before Start
  void Start();
  // Ends after the batch under way; what still waits gets kCancelled. Idempotent.
  void Stop();
  void Submit(Unit unit, Store::Done done);
  // The server process that commits for us: its NOTIFYs tell us nothing new. 0 for none.
  int backend_pid() const { return backend_pid_; }

 private:
  struct Waiting {
    Unit unit;
    Store::Done done;
    std::size_t bytes = 0;
  };
  using Batch = std::vector<Waiting>;
  struct Queue {
    std::deque<Waiting> waiting;
    std::size_t bytes = 0;
    bool open = false;
  };

  void Run(const std::stop_token& stop);
  Batch Take(const std::stop_token& stop);
  void Gather(Guarded<Queue>::Locked& queue, const std::stop_token& stop);
  void FailAll(const Error& error);
  bool Connect();
  void Commit(Batch batch);
  struct Answer;
  Result<Answer> Send(const Batch& batch);
  void Finish(Batch batch, const Answer& answer);
  void Fail(Batch batch, const Error& error);

  const GroupCommitOptions options_;
  SessionContext& context_;
  Link& link_;
  Store::Sink sink_;
  Store::Wake wake_;
  Guarded<Queue> queue_;
  std::condition_variable filled_;
  std::unique_ptr<Session> session_;  // the thread's own, as are the next three
  std::size_t expected_ = 0;          // units worth waiting for
  MonoTime gather_until_{};
  int batches_without_ = 0;  // to be taken as they come: the last wait was in vain
  std::atomic<int> backend_pid_ = 0;
  Histogram& seconds_;
  Histogram& batch_units_;
  Gauge& queued_;
  Counter& committed_;
  Counter& refused_;
  Counter& unavailable_;
  Counter& in_doubt_;
  Counter& failed_;
  std::jthread thread_;
};

}  // namespace patchbay::store

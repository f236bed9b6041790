#include "store/group_commit.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "store/batch.h"
#include "store/precondition.h"

namespace patchbay::store {
namespace {

// Small tables are planned as if they stayed small, and the plan lives as long as the session: look keys up by index.
// And one plan for all: planning costs more than the work.
constexpr const char* kSettings =
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
    " SET plan_cache_mode = force_generic_plan";

// Longer than this nobody waits for company, however slow the disk is.
constexpr std::chrono::microseconds kLongestGather{2'000};
// After a wait in vain: so many batches do not wait.
constexpr int kTakenAsTheyCome = 16;

Counter& Outcome(Meter& meter, const char* outcome) {
  return meter.AddCounter("patchbay_store_commits_total", "Units committed, or not, by outcome.",
                          {{"outcome", outcome}});
}

// A fault of the one statement, not of the database: somebody in the batch has brought it along.
bool IsContagious(const Error& error) { return error.code == Code::kInvalid || error.code == Code::kInternal; }

}  // namespace

struct GroupCommit::Answer {
  Revision base = 0;
  std::vector<std::int64_t> failed;   // ordinals from 1
  std::vector<std::int64_t> present;  // revisions
};

GroupCommit::GroupCommit(GroupCommitOptions options, SessionContext& context, Link& link, Meter& meter)
    : options_(std::move(options)),
      context_(context),
      link_(link),
      seconds_(meter.AddHistogram("patchbay_store_commit_seconds", "Time of one batch's transaction.")),
      batch_units_(meter.AddHistogram("patchbay_store_batch_units", "Units that went into one transaction.", {},
                                      {1, 2, 4, 8, 16, 32, 64, 128, 256, 512})),
      queued_(meter.AddGauge("patchbay_store_queued_units", "Units that wait for the next transaction.")),
      committed_(Outcome(meter, "committed")),
      refused_(Outcome(meter, "refused")),
      unavailable_(Outcome(meter, "unavailable")),
      in_doubt_(Outcome(meter, "in_doubt")),
      failed_(Outcome(meter, "failed")) {}

GroupCommit::~GroupCommit() { Stop(); }

void GroupCommit::Listen(Store::Sink sink, Store::Wake wake) {
  sink_ = std::move(sink);
  wake_ = std::move(wake);
}

void GroupCommit::Start() {
  queue_.Lock()->open = true;
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void GroupCommit::Stop() {
  if (!thread_.joinable()) return;
  queue_.Lock()->open = false;
  thread_.request_stop();
  filled_.notify_all();
  thread_.join();
  FailAll({Code::kCancelled, "the store is closing"});
}

void GroupCommit::Submit(Unit unit, Store::Done done) {
  if (auto error = CheckUnitForm(unit)) return done(*std::move(error));
  if (!link_.up()) {
    unavailable_.Add();
    return done(link_.Away());
  }
  Waiting waiting{std::move(unit), std::move(done), 0};
  waiting.bytes = SizeOf(waiting.unit);
  std::optional<Error> refusal;
  {
    auto queue = queue_.Lock();
    if (!queue->open) {
      refusal = Error{Code::kCancelled, "the store is closed"};
    } else if (queue->waiting.size() >= options_.queue_units || queue->bytes + waiting.bytes > options_.queue_bytes) {
      refusal = Error{Code::kUnavailable, "too many commits are waiting", {}, kRetryAfter};
    } else {
      queue->bytes += waiting.bytes;
      queue->waiting.push_back(std::move(waiting));
    }
  }
  if (!refusal) return filled_.notify_one();
  unavailable_.Add();
  waiting.done(*std::move(refusal));
}

void GroupCommit::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    Batch batch = Take(stop);
    if (batch.empty()) continue;
    if (Connect()) {
      Commit(std::move(batch));
    } else {
      Fail(std::move(batch), link_.Away());
      FailAll(link_.Away());
    }
  }
}

GroupCommit::Batch GroupCommit::Take(const std::stop_token& stop) {
  auto queue = queue_.Lock();
  filled_.wait(queue.lock(), [&] { return !queue->waiting.empty() || stop.stop_requested(); });
  Gather(queue, stop);
  Batch batch;
  if (stop.stop_requested()) return batch;
  KeySet keys;
  std::deque<Waiting> later;
  std::size_t rows = 0;
  std::size_t bytes = 0;
  while (!queue->waiting.empty() && rows < options_.batch_rows && later.size() < options_.batch_rows) {
    Waiting& next = queue->waiting.front();
    if (!batch.empty() && bytes + next.bytes > options_.batch_bytes) break;
    if (keys.Add(next.unit)) {
      rows += next.unit.writes.size();
      bytes += next.bytes;
      batch.push_back(std::move(next));
    } else {
      later.push_back(std::move(next));
    }
    queue->waiting.pop_front();
  }
  queue->bytes -= bytes;
  queue->waiting.insert(queue->waiting.begin(), std::make_move_iterator(later.begin()),
                        std::make_move_iterator(later.end()));
  queued_.Set(static_cast<double>(queue->waiting.size()));
  return batch;
}

void GroupCommit::Gather(Guarded<Queue>::Locked& queue, const std::stop_token& stop) {
  if (batches_without_ > 0) {
    --batches_without_;
    return;
  }
  const auto enough = [&] { return queue->waiting.size() >= expected_ || stop.stop_requested(); };
  const auto left = gather_until_ - context_.clock.Mono();
  if (enough() || left <= left.zero()) return;
  if (!filled_.wait_for(queue.lock(), left, enough)) batches_without_ = kTakenAsTheyCome;
}

void GroupCommit::FailAll(const Error& error) {
  std::deque<Waiting> dropped;
  {
    auto queue = queue_.Lock();
    dropped.swap(queue->waiting);
    queue->bytes = 0;
  }
  queued_.Set(0);
  Fail({std::make_move_iterator(dropped.begin()), std::make_move_iterator(dropped.end())}, error);
}

void GroupCommit::Fail(Batch batch, const Error& error) {
  const double count = static_cast<double>(batch.size());
  (error.code == Code::kInDoubt ? in_doubt_ : error.code == Code::kUnavailable ? unavailable_ : failed_).Add(count);
  for (auto& waiting : batch) waiting.done(error);
}

bool GroupCommit::Connect() {
  if (session_ != nullptr && !session_->broken() && !session_->Stale()) return true;
  session_.reset();
  backend_pid_ = 0;
  if (!link_.up()) return false;
  auto opened = Session::Open(context_, kSettings);
  if (!opened.ok()) {
    link_.SetDown(opened.error());
    return false;
  }
  session_ = *std::move(opened);
  backend_pid_ = session_->backend_pid();
  return true;
}

Result<GroupCommit::Answer> GroupCommit::Send(const Batch& batch) {
  BatchArrays arrays(options_.keys.get());
  for (const auto& waiting : batch) arrays.Add(waiting.unit);
  std::vector<pqxx::binarystring> parameters;
  for (BinaryArray* array : arrays.All()) parameters.emplace_back(array->Encode());
  const auto work = [&](pqxx::connection& connection) {
    pqxx::nontransaction transaction(connection);  // one statement is one transaction, begun and committed in one trip
    const pqxx::result result =
        transaction.exec_prepared(kCommitBatch.name, pqxx::prepare::make_dynamic_params(parameters));
    const pqxx::row row = result.at(0);
    return Answer{row[0].as<Revision>(), ParseIntArray(TextOf(row[1])), ParseIntArray(TextOf(row[2]))};
  };
  return session_->Try(kCommitBatch.name, work, {.when_lost = Code::kInDoubt});
}

void GroupCommit::Commit(Batch batch) {
  const MonoTime start = context_.clock.Mono();
  auto answer = Send(batch);
  const auto took = context_.clock.Mono() - start;
  seconds_.Observe(std::chrono::duration<double>(took).count());
  batch_units_.Observe(static_cast<double>(batch.size()));
  if (answer.ok()) {
    expected_ = batch.size() + queue_.Lock()->waiting.size();
    Finish(std::move(batch), *answer);
    gather_until_ = context_.clock.Mono() + std::min<MonoTime::duration>(took / 2, kLongestGather);
    return;
  }
  if (session_->broken()) {
    const Error error = std::move(answer).error();
    if (session_->misfit()) link_.SetDown(error);  // the listener looks at the schema again
    Fail(std::move(batch), error);
    // What became of it is in the log, whoever committed it.
    if (wake_) wake_();
    return;
  }
  if (batch.size() > 1 && IsContagious(answer.error())) {
    for (auto& waiting : batch) {
      Batch alone;
      alone.push_back(std::move(waiting));
      if (Connect()) {
        Commit(std::move(alone));
      } else {
        Fail(std::move(alone), link_.Away());
      }
    }
    return;
  }
  Error error = std::move(answer).error();
  // Cancelled by the server's clock, so rolled back: nothing happened.
  if (error.code == Code::kTimeout) error = {Code::kUnavailable, error.message, {}, kRetryAfter};
  LogWarn("store", "a commit failed", {{"error", error.message}, {"units", std::to_string(batch.size())}});
  Fail(std::move(batch), error);
}

void GroupCommit::Finish(Batch batch, const Answer& answer) {
  std::vector<Change> all;
  std::vector<Result<std::vector<Change>>> outcomes;
  Revision revision = answer.base;
  std::size_t next_failed = 0;
  for (const auto& waiting : batch) {
    std::optional<Error> refusal;
    std::vector<Change> changes;
    const Revision first = revision + 1;
    for (const Write& write : waiting.unit.writes) {
      ++revision;
      if (next_failed >= answer.failed.size() || answer.failed[next_failed] != revision - answer.base) continue;
      if (!refusal)
        refusal =
            CheckPrecondition(write, answer.present[next_failed]).value_or(Error{Code::kConflict, "it has changed"});
      ++next_failed;
    }
    if (refusal) {
      outcomes.emplace_back(*std::move(refusal));
      continue;
    }
    for (std::size_t i = 0; i < waiting.unit.writes.size(); ++i)
      changes.push_back(MakeChange(waiting.unit.writes[i], first + static_cast<Revision>(i)));
    all.insert(all.end(), changes.begin(), changes.end());
    outcomes.emplace_back(std::move(changes));
  }
  if (sink_) sink_(answer.base, revision, all);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    (outcomes[i].ok() ? committed_ : refused_).Add();
    batch[i].done(std::move(outcomes[i]));
  }
}

}  // namespace patchbay::store

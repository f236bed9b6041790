#include "harness/store/memory_store.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "store/precondition.h"

namespace patchbay::store {
namespace {

constexpr std::chrono::milliseconds kRetryAfter{1000};

Error Away() { return {Code::kUnavailable, "the database is away", {}, kRetryAfter}; }
Error InDoubt() { return {Code::kInDoubt, "the connection was lost in the commit", {}}; }

std::optional<Error> CheckUnit(const MemoryDatabase::State& state, const Unit& unit) {
  for (const Write& write : unit.writes) {
    const auto found = state.objects.find(write.key);
    const Revision present = found == state.objects.end() ? 0 : found->second.revision;
    if (auto error = CheckPrecondition(write, present)) return error;
  }
  return std::nullopt;
}

Change Apply(MemoryDatabase::State& state, Write write, Revision revision) {
  Change change;
  change.revision = revision;
  change.type = write.op == Write::Op::kPut ? ChangeType::kPut : ChangeType::kDelete;
  change.key = write.key;
  change.uid = write.uid;
  change.generation = write.generation;
  change.bytes = std::make_shared<const std::string>(SpliceRevision(write.body, revision));
  if (write.op == Write::Op::kPut) {
    state.objects[write.key] = {revision, write.uid, write.generation, std::move(write.body)};
  } else {
    state.objects.erase(write.key);
  }
  state.changes.push_back(change);
  return change;
}

void Enqueue(MemoryDatabase::State& state, NewDelivery message, WallTime wall, MonoTime now) {
  const std::int64_t id = ++state.last_delivery;
  MemoryDatabase::StoredDelivery stored;
  static_cast<NewDelivery&>(stored.delivery) = std::move(message);
  stored.delivery.id = id;
  stored.delivery.created = wall;
  stored.not_before = now;
  ++state.webhooks[stored.delivery.webhook_uid].counts.pending;
  state.deliveries.emplace(id, std::move(stored));
}

}  // namespace

MemoryDatabase::MemoryDatabase(std::string installation_id) : installation_id_(std::move(installation_id)) {}

void MemoryDatabase::Prune(Revision upto) {
  auto state = state_.Lock();
  state->oldest_kept = std::max(state->oldest_kept, std::min(upto, state->counter));
  while (!state->changes.empty() && state->changes.front().revision <= upto) state->changes.pop_front();
}

void MemoryDatabase::Skip(Revision count) { state_.Lock()->counter += count; }

MemoryStore::MemoryStore(Clock& clock, Turn turn, std::shared_ptr<MemoryDatabase> database)
    : clock_(clock), turn_(turn), database_(std::move(database)) {
  database_->state_.Lock()->stores.push_back(this);
}

MemoryStore::~MemoryStore() {
  std::erase(database_->state_.Lock()->stores, this);
  for (auto& waiting : std::exchange(own_.Lock()->queue, {})) waiting.done(Error{Code::kCancelled, "the store is closing"});
}

void MemoryStore::Commit(Unit unit, Done done) {
  if (auto error = CheckUnitForm(unit)) return done(*std::move(error));
  if (auto error = CheckAway()) return done(*std::move(error));
  own_.Lock()->queue.push_back({std::move(unit), std::move(done)});
  if (turn_ == Turn::kInline) Drain();
}

// Whoever comes first turns the crank for all; a callback that commits is served when it has returned.
void MemoryStore::Drain() {
  {
    auto own = own_.Lock();
    if (own->pumping) return;
    own->pumping = true;
  }
  while (true) {
    Pump(1);
    auto own = own_.Lock();
    if (!own->queue.empty()) continue;
    own->pumping = false;
    return;
  }
}

std::size_t MemoryStore::Pump(std::size_t limit) {
  std::lock_guard turning(turning_);
  auto batch = Take(limit);
  const std::size_t count = batch.size();
  if (count > 0) Run(std::move(batch));
  return count;
}

std::vector<MemoryStore::Waiting> MemoryStore::Take(std::size_t limit) {
  auto own = own_.Lock();
  std::vector<Waiting> batch;
  std::deque<Waiting> later;
  std::set<Key> keys;
  for (auto& waiting : own->queue) {
    bool free = batch.size() < limit;
    for (const auto& write : waiting.unit.writes) free &= !keys.contains(write.key);
    for (const auto& write : waiting.unit.writes) keys.insert(write.key);
    if (free) {
      batch.push_back(std::move(waiting));
    } else {
      later.push_back(std::move(waiting));
    }
  }
  own->queue = std::move(later);
  return batch;
}

struct MemoryStore::Batch {
  Revision base = 0;
  Revision tip = 0;
  std::vector<Change> changes;
  std::vector<std::pair<Done, Result<std::vector<Change>>>> outcomes;
  bool doubtful = false;
};

void MemoryStore::Run(std::vector<Waiting> batch) {
  Batch result;
  bool silent = false;
  for (auto& waiting : batch) {
    std::optional<Fault> fault;
    {
      auto own = own_.Lock();
      silent = own->silent;
      if (!own->faults.empty()) {
        fault = own->faults.front();
        own->faults.pop_front();
      }
    }
    if (fault == Fault::kUnavailable || fault == Fault::kInDoubtBefore) {
      result.outcomes.emplace_back(std::move(waiting.done), fault == Fault::kUnavailable ? Away() : InDoubt());
      continue;
    }
    auto state = database_->state_.Lock();
    if (result.tip == 0) result.base = result.tip = state->counter;
    // Another operator came in between: what we hold is no longer contiguous.
    if (result.tip != state->counter) result.doubtful = true;
    if (auto error = CheckUnit(*state, waiting.unit)) {
      result.outcomes.emplace_back(std::move(waiting.done), *std::move(error));
      continue;
    }
    std::vector<Change> changes;
    for (auto& write : waiting.unit.writes) changes.push_back(Apply(*state, std::move(write), ++state->counter));
    for (auto& message : waiting.unit.deliveries) Enqueue(*state, std::move(message), clock_.Wall(), clock_.Mono());
    result.tip = state->counter;
    result.changes.insert(result.changes.end(), changes.begin(), changes.end());
    result.doubtful |= fault == Fault::kInDoubtAfter;
    if (fault == Fault::kInDoubtAfter) {
      result.outcomes.emplace_back(std::move(waiting.done), InDoubt());
    } else {
      result.outcomes.emplace_back(std::move(waiting.done), std::move(changes));
    }
  }
  Sink sink;
  {
    auto own = own_.Lock();
    own->committed += static_cast<int>(std::count_if(result.outcomes.begin(), result.outcomes.end(),
                                                     [](const auto& outcome) { return outcome.second.ok(); }));
    if (!silent && !result.doubtful && result.tip > result.base) sink = own->sink;
  }
  if (sink) sink(result.base, result.tip, result.changes);
  for (auto& [done, outcome] : result.outcomes) done(std::move(outcome));
  if (result.doubtful || (silent && !result.changes.empty())) WakeUp();
  if (!result.changes.empty()) WakeOthers();
}

void MemoryStore::WakeUp() const {
  const Wake wake = own_.Lock()->wake;
  if (wake) wake();
}

void MemoryStore::WakeOthers() const {
  for (MemoryStore* store : database_->state_.Copy().stores)
    if (store != this) store->WakeUp();
}

std::optional<Error> MemoryStore::CheckAway() const {
  if (own_.Lock()->away) return Away();
  return std::nullopt;
}

void MemoryStore::FailNext(Fault fault, int times) {
  auto own = own_.Lock();
  own->faults.insert(own->faults.end(), static_cast<std::size_t>(times), fault);
}

void MemoryStore::SetAway(bool away) {
  std::deque<Waiting> dropped;
  {
    auto own = own_.Lock();
    own->away = away;
    if (away) dropped.swap(own->queue);
  }
  for (auto& waiting : dropped) waiting.done(Away());
  if (!away) WakeUp();
}

void MemoryStore::SetSilent(bool silent) { own_.Lock()->silent = silent; }
std::size_t MemoryStore::waiting() const { return own_.Lock()->queue.size(); }
int MemoryStore::units_committed() const { return own_.Lock()->committed; }
Revision MemoryStore::revision() const { return database_->state_.Lock()->counter; }

Bytes MemoryStore::Find(const Key& key) const {
  auto state = database_->state_.Lock();
  const auto found = state->objects.find(key);
  if (found == state->objects.end()) return nullptr;
  return std::make_shared<const std::string>(SpliceRevision(found->second.body, found->second.revision));
}

std::vector<Delivery> MemoryStore::Pending() const {
  auto state = database_->state_.Lock();
  std::vector<Delivery> pending;
  for (const auto& [id, stored] : state->deliveries)
    if (stored.state == MemoryDatabase::StoredDelivery::State::kPending) pending.push_back(stored.delivery);
  return pending;
}

void MemoryStore::Listen(Sink sink, Wake wake) {
  auto own = own_.Lock();
  own->sink = std::move(sink);
  own->wake = std::move(wake);
}

Result<Snapshot> MemoryStore::Load(const std::function<void(Row)>& row) {
  if (auto error = CheckAway()) return *std::move(error);
  const auto state = database_->state_.Copy();
  for (const auto& [key, object] : state.objects)
    row({key, object.uid, object.revision, object.generation,
         std::make_shared<const std::string>(SpliceRevision(object.body, object.revision))});
  return Snapshot{state.counter, state.oldest_kept};
}

Result<std::pair<Revision, std::vector<Change>>> MemoryStore::Read(Revision after, int limit) {
  if (auto error = CheckAway()) return *std::move(error);
  auto state = database_->state_.Lock();
  if (auto error = CheckPosition(after, state->oldest_kept, state->counter)) return *std::move(error);
  std::vector<Change> changes;
  auto at = std::upper_bound(state->changes.begin(), state->changes.end(), after,
                             [](Revision revision, const Change& change) { return revision < change.revision; });
  for (; at != state->changes.end() && std::ssize(changes) < limit; ++at) changes.push_back(*at);
  const Revision position = at == state->changes.end() ? state->counter : changes.back().revision;
  return std::make_pair(position, std::move(changes));
}

Result<std::vector<Delivery>> MemoryStore::Claim(int limit, std::chrono::milliseconds lease,
                                                 const std::vector<std::string>& paused) {
  if (auto error = CheckAway()) return *std::move(error);
  auto state = database_->state_.Lock();
  std::vector<Delivery> claimed;
  const MonoTime now = clock_.Mono();
  for (auto& [id, stored] : state->deliveries) {
    if (std::ssize(claimed) >= limit) break;
    auto& webhook = state->webhooks[stored.delivery.webhook_uid];
    const bool due = stored.state == MemoryDatabase::StoredDelivery::State::kPending && stored.not_before <= now;
    const bool busy = webhook.leased != 0 && webhook.leased_until > now;
    if (!due || busy || std::find(paused.begin(), paused.end(), stored.delivery.webhook_uid) != paused.end()) continue;
    webhook.leased = id;
    webhook.leased_until = now + lease;
    claimed.push_back(stored.delivery);
    ++stored.delivery.attempt;
  }
  return claimed;
}

Result<void> MemoryStore::Settle(const Settlement& settlement) {
  if (auto error = CheckAway()) return *std::move(error);
  using Stored = MemoryDatabase::StoredDelivery::State;
  auto state = database_->state_.Lock();
  const auto found = state->deliveries.find(settlement.id);
  if (found == state->deliveries.end()) return Error{Code::kNotFound, StrCat("there is no delivery ", settlement.id)};
  auto& stored = found->second;
  if (stored.state != Stored::kPending) return {};
  auto& webhook = state->webhooks[stored.delivery.webhook_uid];
  if (webhook.leased == settlement.id) webhook.leased = 0;
  webhook.counts.last_time = FormatTime(clock_.Wall());
  webhook.counts.last_status = settlement.status;
  webhook.counts.last_error = settlement.error;
  stored.not_before = clock_.Mono() + settlement.retry_after;
  if (settlement.state == Settlement::State::kRetry) return {};
  const bool delivered = settlement.state == Settlement::State::kDelivered;
  stored.state = delivered ? Stored::kDelivered : Stored::kFailed;
  --webhook.counts.pending;
  ++(delivered ? webhook.counts.delivered : webhook.counts.failed);
  return {};
}

Result<DeliveryCounts> MemoryStore::CountDeliveries(const std::string& webhook_uid) {
  if (auto error = CheckAway()) return *std::move(error);
  auto state = database_->state_.Lock();
  const auto found = state->webhooks.find(webhook_uid);
  return found == state->webhooks.end() ? DeliveryCounts{} : found->second.counts;
}

Result<std::string> MemoryStore::InstallationId() {
  if (auto error = CheckAway()) return *std::move(error);
  return database_->installation_id_;
}

Health MemoryStore::health() const {
  if (own_.Lock()->away) return {false, "the database is away"};
  return {true, "connected"};
}

}  // namespace patchbay::store

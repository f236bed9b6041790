#include "api/writes.h"

#include <utility>

#include "object/object.h"

namespace patchbay::api {
namespace {

constexpr int kMostAttempts = 16;

Written Unchanged(const cache::EntryPtr& entry) {
  return entry ? Written{entry->bytes, entry->uid} : Written{};
}

// What a dry run shows: the object at the revision it would replace.
Written AsIfWritten(cache::Intent intent, const cache::EntryPtr& seen) {
  Written written;
  written.removed = intent.op == store::Write::Op::kDelete;
  written.created = !seen && !written.removed;
  written.uid = UidOf(intent.object);
  std::string body = EncodeBody(std::move(intent.object));
  written.bytes = std::make_shared<const std::string>(seen ? SpliceRevision(body, seen->revision) : std::move(body));
  return written;
}

// Runs on the store's thread too, when a write is tried again: nothing may be thrown there.
Answer<std::optional<cache::Intent>> Compute(const WriteOrder& order, const cache::EntryPtr& seen) {
  try {
    return order.compute(seen);
  } catch (const Json::exception& fault) {
    return FromError({Code::kInternal, fault.what()}, order.kind, order.key.name);
  }
}

}  // namespace

Writes::Writes(cache::Cache& cache, cache::Committer& committer, HostPorts& ports, const Foresight& foresight,
               Threads& threads, int most_waiting)
    : cache_(cache), committer_(committer), ports_(ports), foresight_(foresight), threads_(threads), most_waiting_(most_waiting) {}

void Writes::Run(WriteOrder order) {
  auto task = std::make_shared<Task>();
  task->order = std::move(order);
  Attempt(task);
}

void Writes::Attempt(const TaskPtr& task) {
  WriteOrder& order = task->order;
  if (stopped_) return order.done(Unavailable("the server is shutting down"));
  ++task->attempts;
  task->seen = order.key.name.empty() ? nullptr : cache_.Get(order.key);
  Answer<std::optional<cache::Intent>> intent = Compute(order, task->seen);
  if (!intent.ok()) return order.done(std::move(intent).error());
  if (!*intent) return order.done(Unchanged(task->seen));
  task->ports.reset();  // of the attempt before
  Answer<HostPorts::Ticket> judged = ports_.Judge(*order.kind, **intent, task->seen);
  if (!judged.ok()) return order.done(std::move(judged).error());
  if (order.dry_run == DryRun::kNo) task->ports = *std::move(judged);
  if (order.dry_run != DryRun::kNo) return Imagine(task, foresight_, **std::move(intent));
  Submit(task, **std::move(intent));
}

void Writes::Imagine(const TaskPtr& task, const Foresight& foresight, cache::Intent intent) {
  const WriteOrder& order = task->order;
  Json object = order.dry_run == DryRun::kTold && foresight.Sees(*order.kind) ? intent.object : Json();
  Written written = AsIfWritten(std::move(intent), task->seen);
  if (object.is_null() || written.removed) return order.done(std::move(written));
  foresight.Tell(std::move(object), [task, written = std::move(written)](std::vector<std::string> foreseen) mutable {
    written.foreseen = std::move(foreseen);
    task->order.done(std::move(written));
  });
}

void Writes::Submit(const TaskPtr& task, cache::Intent intent) {
  if (!Enter()) return task->order.done(TooManyRequests("too many writes are waiting for the database"));
  const bool removed = intent.op == store::Write::Op::kDelete;
  committer_.Submit(std::move(intent), [this, task, removed](Result<cache::EntryPtr> result) {
    Settle(task, removed, std::move(result));
    Leave();
  });
}

bool Writes::Enter() {
  auto waiting = waiting_.Lock();
  if (*waiting >= most_waiting_) return false;
  ++*waiting;
  return true;
}

void Writes::Leave() {
  auto waiting = waiting_.Lock();
  --*waiting;
  settled_.notify_all();
}

void Writes::Stop() {
  stopped_ = true;
  auto waiting = waiting_.Lock();
  settled_.wait(waiting.lock(), [&] { return *waiting == 0; });
}

void Writes::Settle(const TaskPtr& task, bool removed, Result<cache::EntryPtr> result) {
  if (result.ok()) {
    if (!removed && (*result)->key.resource == kPlugins) ports_.Learn(**result);
    task->ports.reset();
    Written written = Unchanged(*result);
    written.removed = removed;
    written.created = !task->seen && !removed;
    return task->order.done(std::move(written));
  }
  const Code code = result.error().code;
  const bool overtaken = code == Code::kConflict || (code == Code::kNotFound && task->seen) ||
                         (code == Code::kAlreadyExists && (task->order.key.name.empty() || task->order.creates));
  if (overtaken && !stopped_ && task->attempts < kMostAttempts) return Again(task, result.error());
  task->order.done(FromError(result.error(), task->order.kind, task->order.key.name));
}

void Writes::Again(const TaskPtr& task, const Error& error) {
  const bool visible = task->order.key.name.empty() || cache_.Get(task->order.key) != task->seen;
  if (visible) return Attempt(task);
  const bool taken = threads_.Run([this, task, error] {
    if (const Result<void> caught_up = cache_.CatchUp(); !caught_up.ok()) {
      return task->order.done(FromError(caught_up.error(), task->order.kind, task->order.key.name));
    }
    Attempt(task);
  });
  if (!taken) task->order.done(FromError(error, task->order.kind, task->order.key.name));
}

}  // namespace patchbay::api

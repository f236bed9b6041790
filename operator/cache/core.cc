#include "cache/core.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "cache/entry.h"

namespace patchbay::cache {
namespace {

constexpr int kReadLimit = 1000;
constexpr std::chrono::milliseconds kProgressEvery{1000};
// After a read: NOTIFY comes for our own commits too, and most of them are known already.
constexpr std::chrono::milliseconds kRestBetweenReads{20};
constexpr std::chrono::milliseconds kFirstRetry{100};
constexpr std::chrono::milliseconds kLastRetry{5000};

class Handle : public WatchHandle {
 public:
  Handle(SubscriptionPtr subscription, const std::shared_ptr<FanOut>& fan_out)
      : subscription_(std::move(subscription)), fan_out_(fan_out) {}
  ~Handle() override {
    subscription_->Close();
    const auto fan_out = fan_out_.lock();
    if (!fan_out) return;
    fan_out->Remove(subscription_);
    fan_out->Pump();
  }

 private:
  const SubscriptionPtr subscription_;
  const std::weak_ptr<FanOut> fan_out_;
};

}  // namespace

Cache::Core::Core(store::Source& source, Clock& clock, Meter& meter, CacheOptions options)
    : source_(source),
      clock_(clock),
      meter_(meter),
      options_(options),
      steps_gauge_(meter.AddGauge("patchbay_cache_steps_kept", "Changes kept in memory for watches that resume.")),
      reloads_(meter.AddCounter("patchbay_cache_reloads_total",
                                "Loads of everything because the change log no longer reached back far enough.")),
      fan_out_(std::make_shared<FanOut>(clock, meter)),
      world_(std::make_shared<const World>()),
      past_(std::make_unique<Past>(options)) {}

void Cache::Core::Listen() {
  const std::weak_ptr<Core> weak = weak_from_this();
  source_.Listen(
      [weak](Revision base, Revision tip, std::span<const store::Change> changes) {
        if (const auto core = weak.lock()) core->OnCommit(base, tip, changes);
      },
      [weak] {
        if (const auto core = weak.lock()) core->Ring(false);
      });
}

void Cache::Core::Start() {
  fan_out_->Start();
  if (!thread_.joinable()) thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

void Cache::Core::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  fan_out_->Stop();
}

void Cache::Core::Close() {
  Stop();
  (*past_.Lock())->closed = true;
  fan_out_->Close();
}

void Cache::Core::OnCommit(Revision base, Revision tip, std::span<const store::Change> changes) {
  if (!Apply(base, tip, changes)) Ring(true);
}

void Cache::Core::Ring(bool behind) {
  auto alarm = alarm_.Lock();
  alarm->rung = true;
  alarm->behind |= behind;
  rung_.notify_all();
}

void Cache::Core::Run(std::stop_token stop) {
  auto retry = kFirstRetry;
  while (!stop.stop_requested()) {
    const auto polled = Poll();
    const bool expected = options_.may_wait && !synced();
    if (!polled.ok() && retry == kFirstRetry && !expected)
      LogWarn("cache", "cannot read from the store, will retry", {{"error", polled.error().message}});
    if (polled.ok() && retry != kFirstRetry && !options_.may_wait) LogInfo("cache", "reading from the store again");
    const auto rest = polled.ok() ? options_.poll : retry;
    retry = polled.ok() ? kFirstRetry : std::min(retry * 2, kLastRetry);
    auto alarm = alarm_.Lock();
    rung_.wait_for(alarm.lock(), stop, kRestBetweenReads, [&] { return alarm->behind; });
    rung_.wait_for(alarm.lock(), stop, rest, [&] { return alarm->rung; });
    *alarm = {};
  }
}

Result<void> Cache::Core::Poll() {
  PATCHBAY_CHECK(CatchUp());
  const MonoTime now = clock_.Mono();
  {
    auto last = last_progress_.Lock();
    if (*last != MonoTime{} && now - *last < kProgressEvery) return {};
    *last = now;
  }
  {
    // Under the lock, so that every step up to this revision is already in the queue.
    const auto past = past_.Lock();
    fan_out_->PushProgress(Present()->revision);
  }
  fan_out_->Pump();
  return {};
}

Result<void> Cache::Core::CatchUp() {
  if (!synced()) PATCHBAY_CHECK(Load(0));
  for (int reloads = 0;;) {
    const Revision from = Present()->revision;
    auto read = source_.Read(from, kReadLimit);
    if (!read.ok()) {
      if (read.error().code != Code::kExpired) return std::move(read).error();
      if (++reloads > 3) return Error{Code::kUnavailable, "the change log is pruned faster than it can be read"};
      reloads_.Add();
      LogWarn("cache", "the change log does not reach back far enough, loading everything", {{"from", StrCat(from)}});
      PATCHBAY_CHECK(Load(from));
      continue;
    }
    const auto& [position, changes] = *read;
    Apply(from, position, changes);
    if (changes.size() < static_cast<std::size_t>(kReadLimit)) return {};
  }
}

bool Cache::Core::Apply(Revision base, Revision tip, std::span<const store::Change> changes) {
  if (!synced()) return false;
  if (tip <= Present()->revision) return true;
  const MonoTime since = clock_.Mono();
  std::vector<EntryPtr> entries;
  entries.reserve(changes.size());
  for (const store::Change& change : changes)
    entries.push_back(change.type == store::ChangeType::kPut ? MakeEntry(change) : nullptr);
  {
    const auto past = past_.Lock();
    const WorldPtr before = Present();
    if ((*past)->closed || tip <= before->revision) return true;
    if (base > before->revision) return false;
    std::map<std::string, TableEdit> edits;
    std::vector<StepPtr> steps;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const store::Change& change = changes[i];
      if (change.revision <= before->revision) continue;
      TableEdit& edit = edits.try_emplace(change.key.resource, before->TableOf(change.key.resource)).first->second;
      EntryPtr old = entries[i] ? edit.Put(entries[i]) : edit.Remove(change.key.ns, change.key.name);
      if (!old && !entries[i]) continue;
      steps.push_back(std::make_shared<const Step>(Step{.revision = change.revision,
                                                        .key = change.key,
                                                        .before = std::move(old),
                                                        .after = entries[i],
                                                        .deleted = entries[i] ? nullptr : change.bytes}));
    }
    std::map<std::string, TablePtr> touched;
    for (auto& [resource, edit] : edits) touched[resource] = edit.Finish();
    World now{.revision = tip, .tables = before->tables};
    for (const auto& [resource, table] : touched) now.tables[resource] = table;
    for (const StepPtr& step : steps) (*past)->steps.Append(step);
    steps_gauge_.Set(static_cast<double>((*past)->steps.size()));
    Publish(std::move(now), touched);
    if (!steps.empty() && fan_out_->watched()) fan_out_->PushSteps(std::move(steps), since);
  }
  fan_out_->Pump();
  return true;
}

Result<void> Cache::Core::Load(Revision from) {
  std::vector<EntryPtr> entries;
  PATCHBAY_TRY(const store::Snapshot snapshot,
               source_.Load([&](const store::Row& row) { entries.push_back(MakeEntry(row)); }));
  if (!Install(from, MakeWorld(snapshot.revision, std::move(entries))))
    LogInfo("cache", "the load is older than what is known already");
  fan_out_->Pump();
  return {};
}

bool Cache::Core::Install(Revision from, World loaded) {
  const MonoTime since = clock_.Mono();
  const auto past = past_.Lock();
  const WorldPtr before = Present();
  // Somebody else went on while we loaded.
  if ((*past)->closed || (before->revision != from && loaded.revision <= before->revision)) return false;
  Difference difference = Compare(*before, loaded);
  History& steps = (*past)->steps;
  if (!synced_ || difference.broken) {
    steps.Restart(loaded.revision);
  } else {
    steps.AddGap(before->revision, loaded.revision);
    for (const StepPtr& step : difference.steps) steps.Append(step);
  }
  std::map<std::string, TablePtr> touched = {before->tables.begin(), before->tables.end()};
  for (auto& [resource, table] : touched) table = std::make_shared<const Table>();
  for (const auto& [resource, table] : loaded.tables) touched[resource] = table;
  steps_gauge_.Set(static_cast<double>(steps.size()));
  Publish(std::move(loaded), touched);
  synced_ = true;
  if (!difference.steps.empty() && fan_out_->watched()) fan_out_->PushSteps(std::move(difference.steps), since);
  if (difference.broken) fan_out_->PushExpired();
  return true;
}

// Under past_.
void Cache::Core::Publish(World world, const std::map<std::string, TablePtr>& touched) {
  for (const auto& [resource, table] : touched)
    ObjectsGauge(resource).Set(static_cast<double>(table->size()));
  *world_.Lock() = std::make_shared<const World>(std::move(world));
}

Gauge& Cache::Core::ObjectsGauge(const std::string& resource) {
  Gauge*& gauge = objects_gauges_[resource];
  if (gauge == nullptr)
    gauge = &meter_.AddGauge("patchbay_cache_objects", "Objects in the cache.", {{"resource", resource}});
  return *gauge;
}

Result<TablePtr> Cache::Core::TableAt(const std::string& resource, Revision at) const {
  TablePtr now;
  std::vector<StepPtr> steps;
  {
    const auto past = past_.Lock();
    const WorldPtr present = Present();
    if (at > present->revision || !(*past)->steps.Covers(at))
      return Error{Code::kExpired, StrCat("the state at revision ", at, " is no longer kept: list again")};
    now = present->TableOf(resource);
    steps = (*past)->steps.After(resource, at);
  }
  return steps.empty() ? now : Undo(now, steps);
}

Result<std::unique_ptr<WatchHandle>> Cache::Core::Watch(std::string_view resource, Revision from,
                                                        std::shared_ptr<Watcher> watcher) {
  SubscriptionPtr subscription;
  {
    const auto past = past_.Lock();
    const Revision now = Present()->revision;
    if (!synced_) return Error{Code::kUnavailable, "the objects are not loaded yet"};
    if (from > now) return Error{Code::kInvalid, StrCat("revision ", from, " lies in the future: it is ", now, " now")};
    if (!(*past)->steps.Covers(from))
      return Error{Code::kExpired, StrCat("the changes after revision ", from, " are no longer kept: list again")};
    subscription = fan_out_->Add(resource, std::move(watcher));
    fan_out_->Release(subscription, (*past)->steps.After(resource, from));
  }
  auto handle = std::make_unique<Handle>(std::move(subscription), fan_out_);
  fan_out_->Pump();
  return Result<std::unique_ptr<WatchHandle>>(std::move(handle));
}

std::unique_ptr<WatchHandle> Cache::Core::ListAndWatch(
    std::string_view resource, const std::function<void(const std::vector<EntryPtr>&, Revision)>& fn,
    std::shared_ptr<Watcher> watcher) {
  WorldPtr present;
  SubscriptionPtr subscription;
  {
    const auto past = past_.Lock();
    present = Present();
    subscription = fan_out_->Add(resource, std::move(watcher));
  }
  auto handle = std::make_unique<Handle>(subscription, fan_out_);
  fn(present->All(resource), present->revision);
  fan_out_->Release(subscription, {});
  fan_out_->Pump();
  return handle;
}

}  // namespace patchbay::cache

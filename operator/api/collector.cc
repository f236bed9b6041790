#include "api/collector.h"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "api/change.h"
#include "api/codec.h"
#include "api/protection.h"
#include "base/log.h"
#include "object/object.h"
#include "object/protection.h"

namespace patchbay::api {
namespace {

constexpr std::chrono::milliseconds kFirstRetry{50};
constexpr std::chrono::milliseconds kMostRetry{5'000};

// A member that every object is searched for, quotes included.
class Mark {
 public:
  explicit Mark(std::string_view text) : searcher_(text.begin(), text.end()) {}
  bool IsIn(const cache::Entry& entry) const {
    return std::search(entry.bytes->begin(), entry.bytes->end(), searcher_) != entry.bytes->end();
  }

 private:
  const std::boyer_moore_horspool_searcher<std::string_view::const_iterator> searcher_;
};

bool IsOwned(const cache::Entry& entry) {
  static const Mark kMark("\"ownerReferences\"");
  return kMark.IsIn(entry);
}

bool MayBeDeleting(const cache::Entry& entry) {
  static const Mark kMark("\"deletionTimestamp\"");
  return kMark.IsIn(entry);
}

bool IsDoomed(const cache::Entry& entry) {
  return MayBeDeleting(entry) && IsDeleting(ParseStored(*entry.bytes));
}

Key NamespaceKey(const std::string& ns) { return {std::string(kNamespaces), "", ns}; }

}  // namespace

class Collector::Ear : public cache::Watcher {
 public:
  explicit Ear(std::shared_ptr<Inbox> inbox) : inbox_(std::move(inbox)) {}
  void OnStep(const cache::StepPtr& step) override {
    if (step->key.resource == kEvents) return;
    inbox_->steps.Lock()->push_back(step);
    inbox_->wake.notify_one();
  }
  void OnProgress(Revision) override {}

 private:
  const std::shared_ptr<Inbox> inbox_;
};

Collector::Collector(const Kinds& kinds, cache::Cache& cache, cache::Committer& committer, Clock& clock, Random& random)
    : kinds_(kinds),
      cache_(cache),
      committer_(committer),
      clock_(clock),
      random_(random),
      inbox_(std::make_shared<Inbox>()) {
  const auto meet_all = [this](const std::vector<cache::EntryPtr>& entries, Revision) {
    for (const cache::EntryPtr& entry : entries) Meet(*entry);
  };
  watch_ = cache_.ListAndWatch("", meet_all, std::make_shared<Ear>(inbox_));
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

Collector::~Collector() { Stop(); }

void Collector::Stop() {
  watch_.reset();
  thread_.request_stop();
  {
    const auto steps = inbox_->steps.Lock();
    inbox_->stopped = true;
  }
  inbox_->wake.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Collector::Run(const std::stop_token& stop) {
  for (int failures = 0; !stop.stop_requested();) {
    Listen();
    std::set<Key> again;
    for (const Key& key : std::exchange(work_, {})) {
      if (!stop.stop_requested() && !Tend(key)) again.insert(key);
    }
    failures = again.empty() ? 0 : failures + 1;
    work_.merge(again);
    if (failures > 0) clock_.SleepFor(random_.Backoff(failures - 1, kFirstRetry, kMostRetry), stop);
  }
}

void Collector::Listen() {
  std::vector<cache::StepPtr> news;
  {
    auto steps = inbox_->steps.Lock();
    inbox_->wake.wait(steps.lock(), [&] { return inbox_->stopped || !work_.empty() || !steps->empty(); });
    news.swap(*steps);
  }
  for (const cache::StepPtr& step : news) Absorb(*step);
}

void Collector::Meet(const cache::Entry& entry) {
  if (entry.key.resource == kEvents) return;
  const bool owned = IsOwned(entry);
  if (owned) index_.Put(entry.key, ReferencesOf(kinds_, ParseStored(*entry.bytes)));
  if (owned || MayBeDeleting(entry)) work_.insert(entry.key);
}

void Collector::Absorb(const cache::Step& step) {
  const std::vector<OwnerReference> owners = index_.OwnersOf(step.key);
  if (!owners.empty()) index_.Erase(step.key);
  if (step.after) Meet(*step.after);
  // An owner that waits may wait no longer; a namespace that ends may be empty, or be entered by what came too late.
  for (const OwnerReference& owner : owners) work_.insert(owner.key);
  if (step.key.resource == kNamespaces && !step.after) ended_.insert(step.key.name);
  const bool appears = step.after && !step.before;
  const bool freed = step.before && step.after && MayBeProtected(*step.before) && !MayBeProtected(*step.after);
  if (!step.key.ns.empty() && (appears || freed || !step.after)) work_.insert(NamespaceKey(step.key.ns));
  if (!step.before || (step.after && step.after->uid == step.before->uid)) return;
  for (Key& key : index_.DependentsOf(step.before->uid)) work_.insert(std::move(key));
}

bool Collector::Tend(const Key& key) {
  const cache::EntryPtr entry = cache_.Get(key);
  if (key.resource == kNamespaces) return TendNamespace(key.name, entry);
  const Kind* kind = kinds_.FindResource(key.resource);
  if (!entry || !kind) return true;
  const Json object = ParseStored(*entry->bytes);
  return IsDeleting(object) ? Release(*kind, *entry, object) : Judge(*kind, *entry, object);
}

std::vector<cache::EntryPtr> Collector::ListIn(const Kind& kind, const std::string& ns) const {
  cache::ListQuery query;
  query.resource = kind.Resource();
  query.ns = ns;
  Result<cache::Page> page = cache_.List(query);
  return page.ok() ? std::move(page->entries) : std::vector<cache::EntryPtr>();
}

bool Collector::TendNamespace(const std::string& name, const cache::EntryPtr& entry) {
  if (entry ? !IsDoomed(*entry) : !ended_.contains(name)) return true;
  bool written = true;
  Remains remains;
  for (const Kind& kind : kinds_.all()) {
    if (!kind.namespaced || kind.Resource() == kEvents) continue;
    for (const cache::EntryPtr& inside : ListIn(kind, name)) {
      if (!IsDoomed(*inside)) written = Remove(kind, *inside, Propagation::kBackground) && written;
      if (const cache::EntryPtr left = cache_.Get(inside->key)) remains.Add(kind, ParseStored(*left->bytes));
    }
  }
  if (!written || !entry) return written;
  if (!remains.empty()) return TellRemains(remains, *entry);  // steps tell when the last of them has gone
  const Kind* kind = kinds_.FindResource(kNamespaces);
  return !kind || EndNamespace(*kind, *entry);
}

bool Collector::EndNamespace(const Kind& kind, const cache::Entry& entry) {
  Json object = ParseStored(*entry.bytes);
  if (!FinalizersOf(object).empty()) return TellRemains({}, entry);
  if (const Kind* events = kinds_.FindResource(kEvents)) {
    for (const cache::EntryPtr& event : ListIn(*events, entry.key.name)) {
      cache::Intent intent;
      intent.key = event->key;
      intent.op = store::Write::Op::kDelete;
      if (!Write(std::move(intent))) return false;
    }
  }
  return Write(MakeDelete(kind, entry, std::move(object)));
}

bool Collector::TellRemains(const Remains& remains, const cache::Entry& entry) {
  const Json before = ParseStored(*entry.bytes);
  Json object = before;
  remains.Tell(object, FormatTime(clock_.Wall()));
  if (EqualJson(object, before)) return true;
  const Kind* kind = kinds_.FindResource(kNamespaces);
  return !kind || Write(MakeUpdate(*kind, entry, before, std::move(object)));
}

bool Collector::IsBlocked(const cache::Entry& owner) const {
  for (const Key& key : index_.DependentsOf(owner.uid)) {
    for (const OwnerReference& named : index_.OwnersOf(key)) {
      if (named.uid == owner.uid && named.blocks && cache_.Get(key)) return true;
    }
  }
  return false;
}

bool Collector::Release(const Kind& kind, const cache::Entry& entry, const Json& object) {
  Json released = object;
  bool written = true;
  if (HasFinalizer(object, kOrphanFinalizer)) {
    for (const Key& key : index_.DependentsOf(entry.uid)) written = Orphan(key, entry.uid) && written;
    if (written) EraseFinalizer(released, kOrphanFinalizer);
  }
  if (HasFinalizer(object, kForegroundFinalizer)) {
    for (const Key& key : index_.DependentsOf(entry.uid)) {
      if (key != entry.key) written = Tend(key) && written;
    }
    if (!IsBlocked(entry)) EraseFinalizer(released, kForegroundFinalizer);
  }
  if (FinalizersOf(released).size() == FinalizersOf(object).size()) return written;
  if (FinalizersOf(released).empty()) return Write(MakeDelete(kind, entry, std::move(released)));
  return Write(MakeUpdate(kind, entry, object, std::move(released)));
}

bool Collector::Orphan(const Key& dependent, const std::string& uid) {
  const cache::EntryPtr entry = cache_.Get(dependent);
  const Kind* kind = kinds_.FindResource(dependent.resource);
  if (!entry || !kind) return true;
  const Json before = ParseStored(*entry->bytes);
  Json object = before;
  EraseOwners({uid}, object);
  return EqualJson(object, before) || Write(MakeUpdate(*kind, *entry, before, std::move(object)));
}

bool Collector::Judge(const Kind& kind, const cache::Entry& entry, const Json& object) {
  const std::vector<OwnerReference>& owners = index_.OwnersOf(entry.key);
  std::set<std::string> leaving;
  bool waited_for = false;
  for (const OwnerReference& owner : owners) {
    const cache::EntryPtr there = cache_.Get(owner.key);
    const bool present = owner.key.resource.empty() || (there && there->uid == owner.uid);
    const bool waits = present && there && IsDoomed(*there) &&
                       HasFinalizer(ParseStored(*there->bytes), kForegroundFinalizer);
    waited_for = waited_for || waits;
    if (!present || waits) leaving.insert(owner.uid);
  }
  if (leaving.empty()) return true;
  if (leaving.size() == owners.size()) {
    const bool foreground = waited_for && !index_.DependentsOf(entry.uid).empty();
    return Remove(kind, entry, foreground ? Propagation::kForeground : Propagation::kBackground);
  }
  Json kept = object;
  EraseOwners(leaving, kept);
  return Write(MakeUpdate(kind, entry, object, std::move(kept)));
}

bool Collector::Remove(const Kind& kind, const cache::Entry& entry, Propagation propagation) {
  Json object = ParseStored(*entry.bytes);
  if (IsProtected(object)) return true;  // a step tells when it is so no more
  MarkPropagation(propagation, object);
  if (FinalizersOf(object).empty()) return Write(MakeDelete(kind, entry, std::move(object)));
  return Write(MakeDoomed(kind, entry, std::move(object), FormatTime(clock_.Wall())));
}

// Overtaken by another writer, or in doubt: what stands then is looked at again.
bool Collector::Write(cache::Intent intent) {
  const Key key = intent.key;
  const Result<cache::EntryPtr> written = committer_.Write(std::move(intent));
  if (written.ok() || written.error().code == Code::kNotFound) return true;
  if (written.error().code != Code::kConflict) {
    LogWarn("api", "what follows from a deletion is not written yet",
            {{"object", key.ToString()}, {"error", written.error().message}});
  }
  return false;
}

}  // namespace patchbay::api

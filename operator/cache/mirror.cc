#include "cache/mirror.h"

#include <algorithm>

#include "base/text.h"
#include "object/object.h"

namespace patchbay::cache {
namespace {

Bytes BytesOf(const std::string& body, Revision revision) {
  return std::make_shared<const std::string>(SpliceRevision(body, revision));
}

}  // namespace

Mirror::Mirror(Clock& clock, std::size_t changes_kept) : changes_kept_(std::max<std::size_t>(1, changes_kept)) {
  const auto since = clock.Wall().time_since_epoch();
  auto state = state_.Lock();
  state->floor = state->tip = state->told = std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

void Mirror::Open() {
  Wake wake;
  {
    auto state = state_.Lock();
    if (std::exchange(state->open, true)) return;
    wake = state->wake;
  }
  if (wake) wake();
}

void Mirror::Put(const Key& key, const Json& object) {
  std::string body = EncodeBody(object);
  const std::string uid = UidOf(object);
  {
    auto state = state_.Lock();
    const auto found = state->items.find(key);
    if (found != state->items.end() && found->second.body == body) return;
    if (found != state->items.end() && found->second.row.uid != uid) Remove(*state, *this, found);
    const Revision revision = ++state->tip;
    Item item{{key, uid, revision, GenerationOf(object), BytesOf(body, revision)}, std::move(body)};
    Log(*state, {revision, store::ChangeType::kPut, key, uid, item.row.generation, item.row.bytes});
    state->items.insert_or_assign(key, std::move(item));
  }
  Tell();
}

void Mirror::Drop(const Key& key) {
  {
    auto state = state_.Lock();
    const auto found = state->items.find(key);
    if (found == state->items.end()) return;
    Remove(*state, *this, found);
  }
  Tell();
}

void Mirror::Remove(State& state, const Mirror& self, std::map<Key, Item>::iterator item) {
  const store::Row& row = item->second.row;
  const Revision revision = ++state.tip;
  self.Log(state, {revision, store::ChangeType::kDelete, row.key, row.uid, row.generation,
                   BytesOf(item->second.body, revision)});
  state.items.erase(item);
}

void Mirror::Log(State& state, store::Change change) const {
  state.log.push_back(std::move(change));
  if (state.log.size() <= changes_kept_) return;
  state.floor = state.log.front().revision;
  state.log.pop_front();
}

// In order, without the lock: whoever tells goes on until nothing is left to be told.
void Mirror::Tell() {
  for (bool first = true;; first = false) {
    std::vector<store::Change> news;
    Sink sink;
    Revision base = 0;
    Revision tip = 0;
    {
      auto state = state_.Lock();
      if (first && state->telling) return;
      state->telling = state->sink && state->told < state->tip;
      if (!state->telling) return;
      base = std::exchange(state->told, state->tip);
      tip = state->tip;
      for (const store::Change& change : state->log)
        if (change.revision > base) news.push_back(change);
      sink = state->sink;
    }
    // What the log lost meanwhile has to be read: there is a hole between `base` and the first of these.
    sink(news.empty() ? tip : std::max(base, news.front().revision - 1), tip, news);
  }
}

Result<store::Snapshot> Mirror::Load(const std::function<void(store::Row)>& row) {
  std::vector<store::Row> rows;
  store::Snapshot snapshot;
  {
    auto state = state_.Lock();
    if (!state->open) return Error{Code::kUnavailable, "not everything that is there has been looked at yet"};
    rows.reserve(state->items.size());
    for (const auto& [key, item] : state->items) rows.push_back(item.row);
    snapshot = {state->tip, state->floor};
  }
  for (store::Row& each : rows) row(std::move(each));
  return snapshot;
}

Result<std::pair<Revision, std::vector<store::Change>>> Mirror::Read(Revision after, int limit) {
  auto state = state_.Lock();
  if (after < state->floor || after > state->tip)
    return Error{Code::kExpired, StrCat("the changes after ", after, " are not kept")};
  std::vector<store::Change> changes;
  const auto place = std::upper_bound(state->log.begin(), state->log.end(), after,
                                      [](Revision at, const store::Change& change) { return at < change.revision; });
  for (auto it = place; it != state->log.end() && changes.size() < static_cast<std::size_t>(limit); ++it)
    changes.push_back(*it);
  const bool cut = changes.size() < static_cast<std::size_t>(state->log.end() - place);
  const Revision stands = cut ? changes.back().revision : state->tip;
  return std::pair(stands, std::move(changes));
}

void Mirror::Listen(Sink sink, Wake wake) {
  auto state = state_.Lock();
  state->sink = std::move(sink);
  state->wake = std::move(wake);
}

}  // namespace patchbay::cache

#include "cache/cache.h"

#include "base/text.h"
#include "cache/core.h"

namespace patchbay::cache {
namespace {

// Where the query's entries begin and end in the table.
struct Range {
  Table::Place from;
  Table::Place to;
};

// No name is greater: names are ASCII.
constexpr std::string_view kBehindAllNames = "\xFF";

Result<Range> RangeOf(const Table& table, const ListQuery& query) {
  Range range{.from = table.LowerBound(query.ns, ""), .to = table.LowerBound(kBehindAllNames, "")};
  if (!query.ns.empty()) range.to = table.LowerBound(query.ns, kBehindAllNames);
  if (query.after.empty()) return range;
  const std::size_t slash = query.after.find('/');
  if (slash == std::string::npos) return Error{Code::kInvalid, "the continue key has no form of ours"};
  const std::string_view after = query.after;
  if (!query.ns.empty() && after.substr(0, slash) != query.ns)
    return Error{Code::kInvalid, "the continue key is of another namespace"};
  range.from = table.UpperBound(after.substr(0, slash), after.substr(slash + 1));
  return range;
}

bool Fits(const Entry& entry, const ListQuery& query) {
  return (query.labels.empty() || query.labels.Matches(entry.labels)) && (!query.where || query.where(entry));
}

bool SamePlace(const Table::Place& a, const Table::Place& b) { return a.chunk == b.chunk && a.index == b.index; }

Result<Page> Cut(const Table& table, const ListQuery& query, Revision revision) {
  PATCHBAY_TRY(Range range, RangeOf(table, query));
  const bool filtered = !query.labels.empty() || query.where;
  const std::size_t limit = query.limit > 0 ? static_cast<std::size_t>(query.limit) : table.size();
  const std::size_t end = table.Rank(range.to);
  const std::size_t start = table.Rank(range.from);
  Page page{.entries = {}, .revision = revision, .next = {}, .remaining = 0};
  if (!filtered && start < end) page.entries.reserve(std::min(limit, end - start));
  for (; !SamePlace(range.from, range.to) && start < end; table.Advance(range.from)) {
    const EntryPtr& entry = *table.At(range.from);
    if (!Fits(*entry, query)) continue;
    if (page.entries.size() == limit) {
      const Key& last = page.entries.back()->key;
      page.next = StrCat(last.ns, "/", last.name);
      if (!filtered) page.remaining = static_cast<std::int64_t>(end - table.Rank(range.from));
      break;
    }
    page.entries.push_back(entry);
  }
  return page;
}

}  // namespace

Cache::Cache(store::Source& source, Clock& clock, Meter& meter, CacheOptions options)
    : core_(std::make_shared<Core>(source, clock, meter, options)) {
  core_->Listen();
}
Cache::~Cache() { core_->Close(); }

void Cache::Start() { core_->Start(); }
void Cache::Stop() { core_->Stop(); }
Result<void> Cache::Poll() { return core_->Poll(); }
Result<void> Cache::CatchUp() const { return core_->CatchUp(); }

bool Cache::synced() const { return core_->synced(); }
Revision Cache::revision() const { return core_->Present()->revision; }

EntryPtr Cache::Get(const Key& key) const { return core_->Present()->Of(key.resource).Find(key.ns, key.name); }
std::vector<EntryPtr> Cache::All(std::string_view resource) const { return core_->Present()->All(resource); }
std::size_t Cache::Count(std::string_view resource) const { return core_->Present()->Of(resource).size(); }

Result<Page> Cache::List(const ListQuery& query) const {
  const WorldPtr present = core_->Present();
  if (query.at == 0 || query.at == present->revision) return Cut(present->Of(query.resource), query, present->revision);
  PATCHBAY_TRY(const TablePtr table, core_->TableAt(query.resource, query.at));
  return Cut(table ? *table : Table(), query, query.at);
}

Result<std::unique_ptr<WatchHandle>> Cache::Watch(std::string_view resource, Revision from,
                                                  std::shared_ptr<Watcher> watcher) {
  return core_->Watch(resource, from, std::move(watcher));
}

std::unique_ptr<WatchHandle> Cache::ListAndWatch(
    std::string_view resource, const std::function<void(const std::vector<EntryPtr>&, Revision)>& fn,
    std::shared_ptr<Watcher> watcher) {
  return core_->ListAndWatch(resource, fn, std::move(watcher));
}

}  // namespace patchbay::cache

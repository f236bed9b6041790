#include "cache/table.h"

#include <algorithm>
#include <atomic>

namespace patchbay::cache {
namespace {

constexpr std::size_t kMost = 128;  // entries of a chunk
constexpr std::size_t kFull = 64;   // of a fresh one
constexpr std::size_t kFew = 16;    // fewer are joined to a neighbour

bool Less(const EntryPtr& entry, std::string_view ns, std::string_view name) {
  const int order = entry->key.ns.compare(ns);
  return order != 0 ? order < 0 : entry->key.name < name;
}
bool Same(const EntryPtr& entry, std::string_view ns, std::string_view name) {
  return entry->key.name == name && entry->key.ns == ns;
}
std::size_t IndexOf(const std::vector<EntryPtr>& entries, std::string_view ns, std::string_view name) {
  const auto found = std::partition_point(entries.begin(), entries.end(),
                                          [&](const EntryPtr& entry) { return Less(entry, ns, name); });
  return static_cast<std::size_t>(found - entries.begin());
}

std::uint64_t NextEdit() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

Table::Table(const std::vector<EntryPtr>& entries) : size_(entries.size()) {
  for (std::size_t from = 0; from < entries.size(); from += kFull) {
    const std::size_t to = std::min(from + kFull, entries.size());
    auto chunk = std::make_shared<Chunk>();
    chunk->entries.assign(entries.begin() + static_cast<std::ptrdiff_t>(from),
                          entries.begin() + static_cast<std::ptrdiff_t>(to));
    chunks_.push_back(std::move(chunk));
  }
}

std::size_t Table::ChunkFor(std::string_view ns, std::string_view name) const {
  const auto found = std::partition_point(chunks_.begin(), chunks_.end(), [&](const std::shared_ptr<Chunk>& chunk) {
    return Less(chunk->entries.back(), ns, name);
  });
  return static_cast<std::size_t>(found - chunks_.begin());
}

Table::Place Table::LowerBound(std::string_view ns, std::string_view name) const {
  const std::size_t chunk = ChunkFor(ns, name);
  return {chunk, chunk < chunks_.size() ? IndexOf(chunks_[chunk]->entries, ns, name) : 0};
}

Table::Place Table::UpperBound(std::string_view ns, std::string_view name) const {
  Place place = LowerBound(ns, name);
  const EntryPtr* entry = At(place);
  if (entry != nullptr && Same(*entry, ns, name)) Advance(place);
  return place;
}

const EntryPtr* Table::At(Place place) const {
  return place.chunk < chunks_.size() ? &chunks_[place.chunk]->entries[place.index] : nullptr;
}

void Table::Advance(Place& place) const {
  if (++place.index < chunks_[place.chunk]->entries.size()) return;
  ++place.chunk;
  place.index = 0;
}

std::size_t Table::Rank(Place place) const {
  std::size_t before = place.index;
  for (std::size_t i = 0; i < place.chunk; ++i) before += chunks_[i]->entries.size();
  return before;
}

EntryPtr Table::Find(std::string_view ns, std::string_view name) const {
  const EntryPtr* entry = At(LowerBound(ns, name));
  return entry != nullptr && Same(*entry, ns, name) ? *entry : nullptr;
}

std::vector<EntryPtr> Table::All() const {
  std::vector<EntryPtr> all;
  all.reserve(size_);
  for (const auto& chunk : chunks_) all.insert(all.end(), chunk->entries.begin(), chunk->entries.end());
  return all;
}

TableEdit::TableEdit(const TablePtr& from)
    : id_(NextEdit()), table_(from ? std::make_shared<Table>(*from) : std::make_shared<Table>()) {}

Table::Chunk& TableEdit::Own(std::size_t chunk) {
  std::shared_ptr<Table::Chunk>& slot = table_->chunks_[chunk];
  if (slot->edit != id_) {
    slot = std::make_shared<Table::Chunk>(*slot);
    slot->edit = id_;
  }
  return *slot;
}

void TableEdit::Split(std::size_t chunk) {
  std::vector<EntryPtr>& entries = table_->chunks_[chunk]->entries;
  // A chunk that fills at its end (names in order) is left nearly full.
  const std::size_t keep = chunk + 1 == table_->chunks_.size() ? kMost - kFew : kMost / 2;
  auto right = std::make_shared<Table::Chunk>();
  right->edit = id_;
  const auto from = entries.begin() + static_cast<std::ptrdiff_t>(keep);
  right->entries.assign(std::make_move_iterator(from), std::make_move_iterator(entries.end()));
  entries.erase(from, entries.end());
  table_->chunks_.insert(table_->chunks_.begin() + static_cast<std::ptrdiff_t>(chunk) + 1, std::move(right));
}

void TableEdit::Shrink(std::size_t chunk) {
  auto& chunks = table_->chunks_;
  const std::size_t count = chunks[chunk]->entries.size();
  if (count >= kFew) return;
  const std::size_t left = chunk > 0 ? chunk - 1 : 0;
  const bool joins = count > 0 && chunks.size() > 1 &&
                     chunks[left]->entries.size() + chunks[left + 1]->entries.size() <= kFull;
  if (count > 0 && !joins) return;
  if (joins) {
    std::vector<EntryPtr>& into = Own(left).entries;
    const std::vector<EntryPtr>& rest = chunks[left + 1]->entries;
    into.insert(into.end(), rest.begin(), rest.end());
    chunk = left + 1;
  }
  chunks.erase(chunks.begin() + static_cast<std::ptrdiff_t>(chunk));
}

EntryPtr TableEdit::Put(EntryPtr entry) {
  auto& chunks = table_->chunks_;
  std::size_t chunk = table_->ChunkFor(entry->key.ns, entry->key.name);
  if (chunks.empty()) {
    chunks.push_back(std::make_shared<Table::Chunk>());
    chunks.back()->edit = id_;
  } else if (chunk == chunks.size()) {
    --chunk;
  }
  std::vector<EntryPtr>& entries = Own(chunk).entries;
  const std::size_t index = IndexOf(entries, entry->key.ns, entry->key.name);
  if (index < entries.size() && Same(entries[index], entry->key.ns, entry->key.name))
    return std::exchange(entries[index], std::move(entry));
  entries.insert(entries.begin() + static_cast<std::ptrdiff_t>(index), std::move(entry));
  ++table_->size_;
  if (entries.size() > kMost) Split(chunk);
  return nullptr;
}

EntryPtr TableEdit::Remove(std::string_view ns, std::string_view name) {
  const Table::Place place = table_->LowerBound(ns, name);
  const EntryPtr* found = table_->At(place);
  if (found == nullptr || !Same(*found, ns, name)) return nullptr;
  EntryPtr before = *found;
  std::vector<EntryPtr>& entries = Own(place.chunk).entries;
  entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(place.index));
  --table_->size_;
  Shrink(place.chunk);
  return before;
}

TablePtr TableEdit::Finish() { return std::move(table_); }

}  // namespace patchbay::cache

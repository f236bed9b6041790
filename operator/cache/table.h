// The entries of one resource in key order (namespace, then name), as an immutable value: a list of shared chunks. An
// edit copies the list of chunks and the chunks it touches, so a write costs O(sqrt n) and a reader's table stays.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "cache/cache.h"

namespace patchbay::cache {

class Table;
using TablePtr = std::shared_ptr<const Table>;

// Immutable; thread-safe.
class Table {
 public:
  Table() = default;
  // REQUIRES: entries are in key order, each key once.
  explicit Table(const std::vector<EntryPtr>& entries);

  std::size_t size() const { return size_; }
  EntryPtr Find(std::string_view ns, std::string_view name) const;  // nullptr when absent
  std::vector<EntryPtr> All() const;

  // A place between entries. Comparable only within one table.
  struct Place {
    std::size_t chunk = 0;
    std::size_t index = 0;
  };
  Place LowerBound(std::string_view ns, std::string_view name) const;  // before the first that is not less
  Place UpperBound(std::string_view ns, std::string_view name) const;  // behind that key
  const EntryPtr* At(Place place) const;  // nullptr at the end
  void Advance(Place& place) const;
  std::size_t Rank(Place place) const;  // how many entries stand before it; O(chunks)

 private:
  friend class TableEdit;
  struct Chunk {
    std::uint64_t edit = 0;  // the edit that made it may still alter it
    std::vector<EntryPtr> entries;
  };
  std::size_t ChunkFor(std::string_view ns, std::string_view name) const;

  std::vector<std::shared_ptr<Chunk>> chunks_;  // none is empty
  std::size_t size_ = 0;
};

// One writer's way from a table to the next. Not thread-safe.
class TableEdit {
 public:
  explicit TableEdit(const TablePtr& from);  // nullptr: empty

  // What stood there before, or nullptr.
  EntryPtr Put(EntryPtr entry);
  EntryPtr Remove(std::string_view ns, std::string_view name);
  // The edit is spent.
  TablePtr Finish();

 private:
  Table::Chunk& Own(std::size_t chunk);
  void Split(std::size_t chunk);
  void Shrink(std::size_t chunk);

  const std::uint64_t id_;
  std::shared_ptr<Table> table_;
};

}  // namespace patchbay::cache

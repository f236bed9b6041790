#include "cache/table.h"

#include "base/random.h"
#include "base/text.h"

namespace patchbay::cache {
namespace {

EntryPtr MakeEntryAt(const std::string& ns, const std::string& name, Revision revision) {
  Entry entry;
  entry.key = {"plugins.patchbay.dev", ns, name};
  entry.revision = revision;
  return std::make_shared<const Entry>(entry);
}

using Model = std::map<std::pair<std::string, std::string>, Revision>;

Model ModelOf(const Table& table) {
  Model model;
  for (const EntryPtr& entry : table.All()) model[{entry->key.ns, entry->key.name}] = entry->revision;
  return model;
}

TEST(Table, StaysEqualToAnOrderedMapThroughRandomEdits) {
  Random random(11);
  TablePtr table;
  Model model;
  for (int round = 0; round < 300; ++round) {
    const Model before = model;
    const TablePtr old = table;
    TableEdit edit(table);
    for (std::uint64_t i = random.Below(60); i > 0; --i) {
      const std::string ns = StrCat("ns", random.Below(3));
      const std::string name = StrCat("p", random.Below(700));
      const auto present = model.find({ns, name});
      const bool removes = random.Below(round < 200 ? 4 : 2) == 0 || (round > 250 && random.Below(8) != 0);
      const EntryPtr was = removes ? edit.Remove(ns, name) : edit.Put(MakeEntryAt(ns, name, round + 1));
      ASSERT_EQ(was != nullptr, present != model.end());
      if (was) {
        ASSERT_EQ(was->revision, present->second);
      }
      if (removes) {
        model.erase({ns, name});
      } else {
        model[{ns, name}] = round + 1;
      }
    }
    table = edit.Finish();
    ASSERT_EQ(table->size(), model.size());
    ASSERT_EQ(ModelOf(*table), model);
    if (old) {
      ASSERT_EQ(ModelOf(*old), before) << "an edit altered the table it came from";
    }
    const auto all = table->All();
    ASSERT_TRUE(std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->key < b->key; }));
  }
}

TEST(Table, FindsItsPlacesByRank) {
  std::vector<EntryPtr> entries;
  for (int i = 100; i < 400; ++i) entries.push_back(MakeEntryAt("a", StrCat("p", i), i));
  const Table table(entries);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Key& key = entries[i]->key;
    EXPECT_EQ(table.Rank(table.LowerBound(key.ns, key.name)), i);
    EXPECT_EQ(table.Rank(table.UpperBound(key.ns, key.name)), i + 1);
    EXPECT_EQ(table.Find(key.ns, key.name), entries[i]);
  }
  EXPECT_EQ(table.Find("a", "p1000"), nullptr);
  EXPECT_EQ(table.Rank(table.LowerBound("b", "")), entries.size());
  EXPECT_EQ(table.At(table.LowerBound("b", "")), nullptr);
}

}  // namespace
}  // namespace patchbay::cache

#include "cache/cache.h"

#include "harness/clock/fake_clock.h"
#include "harness/store/memory_store.h"
#include "objects.h"
#include "recorder.h"

namespace patchbay::cache {
namespace {

using store::MemoryStore;

class CacheTest : public testing::Test {
 protected:
  CacheTest() { EXPECT_TRUE(cache_.Poll().ok()); }

  std::vector<std::string> NamesOf(const Page& page) {
    std::vector<std::string> names;
    for (const EntryPtr& entry : page.entries) names.push_back(StrCat(entry->key.ns, "/", entry->key.name));
    return names;
  }

  FakeClock clock_;
  MemoryStore store_{clock_};
  Cache cache_{store_, clock_, NullMeter()};
};

TEST_F(CacheTest, ShowsAWriteBeforeItsCallerHearsOfIt) {
  EntryPtr seen;
  store_.Commit({.writes = {PutOf(PluginKey("echo"), PluginObject("echo"))}, .deliveries = {}},
                [&](auto) { seen = cache_.Get(PluginKey("echo")); });
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->uid, "uid-default-echo");
  EXPECT_EQ(*seen->bytes, *store_.Find(PluginKey("echo")));
  EXPECT_EQ(cache_.revision(), store_.revision());
  EXPECT_EQ(cache_.Count(kPlugins), 1U);
}

TEST_F(CacheTest, LoadsWhatWasThereBefore) {
  PutPlugin(store_, "b");
  PutPlugin(store_, "a");
  Cache other(store_, clock_, NullMeter());
  EXPECT_FALSE(other.synced());
  ASSERT_TRUE(other.Poll().ok());
  EXPECT_TRUE(other.synced());
  EXPECT_EQ(other.revision(), 2);
  EXPECT_EQ(WorldOf(other.All(kPlugins)), WorldOf(cache_.All(kPlugins)));
}

TEST_F(CacheTest, StaysAsItIsWhileTheDatabaseIsAway) {
  PutPlugin(store_, "echo");
  store_.SetAway(true);
  EXPECT_EQ(cache_.Poll().error().code, Code::kUnavailable);
  EXPECT_TRUE(cache_.Get(PluginKey("echo")));
  store_.SetAway(false);
  EXPECT_TRUE(cache_.Poll().ok());
}

TEST_F(CacheTest, ReadsBackWhatOthersCommitted) {
  MemoryStore other(clock_, MemoryStore::Turn::kInline, store_.shared_database());
  PutPlugin(other, "foreign");
  PutPlugin(store_, "own");  // not contiguous: must not hide the other
  EXPECT_FALSE(cache_.Get(PluginKey("own")));
  ASSERT_TRUE(cache_.Poll().ok());
  EXPECT_TRUE(cache_.Get(PluginKey("own")));
  EXPECT_TRUE(cache_.Get(PluginKey("foreign")));
}

TEST_F(CacheTest, ListsInKeyOrderWithinANamespace) {
  for (const char* name : {"c", "a", "b"}) PutPlugin(store_, name);
  PutPlugin(store_, "z", "another");
  EXPECT_EQ(NamesOf(*cache_.List({.resource = std::string(kPlugins), .ns = "default"})),
            (std::vector<std::string>{"default/a", "default/b", "default/c"}));
  EXPECT_EQ(cache_.List({.resource = std::string(kPlugins), .ns = ""})->entries.size(), 4U);
  EXPECT_TRUE(cache_.List({.resource = std::string(kPlugins), .ns = "defaul"})->entries.empty());
  EXPECT_TRUE(cache_.List({.resource = "secrets", .ns = ""})->entries.empty());
}

TEST_F(CacheTest, FiltersByLabelAndByQuestion) {
  PutPlugin(store_, "a", "default", {{"tier", "web"}});
  PutPlugin(store_, "b", "default", {{"tier", "db"}});
  PutPlugin(store_, "c", "default", {{"tier", "web"}});
  ListQuery query{.resource = std::string(kPlugins), .ns = "default", .labels = *LabelSelector::Parse("tier=web")};
  EXPECT_EQ(NamesOf(*cache_.List(query)), (std::vector<std::string>{"default/a", "default/c"}));
  query.where = [](const Entry& entry) { return entry.key.name != "a"; };
  EXPECT_EQ(NamesOf(*cache_.List(query)), (std::vector<std::string>{"default/c"}));
}

TEST_F(CacheTest, ServesEveryPageFromTheFirstPagesRevision) {
  for (int i = 0; i < 250; ++i) PutPlugin(store_, StrCat("p", 1000 + i));
  const auto whole = WorldOf(cache_.All(kPlugins));
  ListQuery query{.resource = std::string(kPlugins), .ns = "default", .limit = 40};
  std::map<Key, std::string> pages;
  for (int round = 0;; ++round) {
    const auto page = cache_.List(query);
    ASSERT_TRUE(page.ok());
    for (const EntryPtr& entry : page->entries) pages[entry->key] = *entry->bytes;
    EXPECT_EQ(page->remaining, static_cast<std::int64_t>(250 - pages.size()));
    EXPECT_EQ(page->revision, 250);
    if (page->next.empty()) break;
    query.after = page->next;
    query.at = page->revision;
    DeletePlugin(store_, StrCat("p", 1249 - round));
    PutPlugin(store_, StrCat("p", 1100 + round), "default", {{"changed", "yes"}});
    PutPlugin(store_, StrCat("p", 1100 + round, "new"));
  }
  EXPECT_EQ(pages, whole);
}

TEST_F(CacheTest, RefusesAPageThatIsNoLongerKept) {
  Cache small(store_, clock_, NullMeter(), {.steps_kept = 3});
  ASSERT_TRUE(small.Poll().ok());
  for (int i = 0; i < 5; ++i) PutPlugin(store_, StrCat("p", i));
  EXPECT_TRUE(small.List({.resource = std::string(kPlugins), .ns = "", .at = 2}).ok());
  EXPECT_EQ(small.List({.resource = std::string(kPlugins), .ns = "", .at = 1}).error().code, Code::kExpired);
  EXPECT_EQ(small.List({.resource = std::string(kPlugins), .ns = "", .at = 99}).error().code, Code::kExpired);
  EXPECT_EQ(small.List({.resource = std::string(kPlugins), .ns = "", .after = "x"}).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace patchbay::cache

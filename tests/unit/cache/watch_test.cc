#include <future>

#include "cache/cache.h"
#include "harness/clock/fake_clock.h"
#include "harness/store/memory_store.h"
#include "objects.h"
#include "recorder.h"
#include "script_store.h"

namespace patchbay::cache {
namespace {

using std::chrono::seconds;
using store::MemoryStore;
using Words = std::vector<std::string>;

class Watch : public testing::Test {
 protected:
  Watch() { EXPECT_TRUE(cache_.Poll().ok()); }

  FakeClock clock_;
  MemoryStore store_{clock_};
  Cache cache_{store_, clock_, NullMeter()};
  std::shared_ptr<Recorder> told_ = std::make_shared<Recorder>();
};

TEST_F(Watch, TellsWhatHappensFromNowOn) {
  PutPlugin(store_, "before");
  const auto handle = cache_.Watch(kPlugins, cache_.revision(), told_);
  ASSERT_TRUE(handle.ok());
  told_->Start(cache_.All(kPlugins), 1);
  PutPlugin(store_, "a");
  PutPlugin(store_, "a");
  DeletePlugin(store_, "a");
  CommitOne(store_, PutOf({"secrets", "default", "s"}, PluginObject("s")));
  EXPECT_EQ(told_->seen().words, (Words{"+a", "~a", "-a"}));
}

TEST_F(Watch, ReplaysWhatWasMissedThenGoesOn) {
  for (const char* name : {"a", "b", "c"}) PutPlugin(store_, name);
  told_->Start({cache_.Get(PluginKey("a"))}, 1);
  const auto handle = cache_.Watch(kPlugins, 1, told_);
  PutPlugin(store_, "d");
  EXPECT_EQ(told_->seen().words, (Words{"+b", "+c", "+d"}));
}

TEST_F(Watch, HearsOfEveryResourceWhenItNamesNone) {
  const auto handle = cache_.Watch("", 0, told_);
  PutPlugin(store_, "a");
  CommitOne(store_, PutOf({"secrets", "default", "s"}, PluginObject("s")));
  EXPECT_EQ(told_->seen().words, (Words{"+a", "+s"}));
}

TEST_F(Watch, RefusesThePastItForgotAndTheFuture) {
  Cache small(store_, clock_, NullMeter(), {.steps_kept = 2});
  EXPECT_EQ(small.Watch(kPlugins, 0, told_).error().code, Code::kUnavailable);
  ASSERT_TRUE(small.Poll().ok());
  for (const char* name : {"a", "b", "c"}) PutPlugin(store_, name);
  EXPECT_EQ(small.Watch(kPlugins, 0, told_).error().code, Code::kExpired);
  EXPECT_EQ(small.Watch(kPlugins, 4, told_).error().code, Code::kInvalid);
  EXPECT_TRUE(small.Watch(kPlugins, 1, std::make_shared<Recorder>()).ok());
}

TEST_F(Watch, ForgetsByBytesToo) {
  Cache small(store_, clock_, NullMeter(), {.bytes_kept = 3'000});
  ASSERT_TRUE(small.Poll().ok());
  for (int i = 0; i < 50; ++i) PutPlugin(store_, "a");
  EXPECT_EQ(small.Watch(kPlugins, 30, told_).error().code, Code::kExpired);
  EXPECT_TRUE(small.Watch(kPlugins, 50, told_).ok());
}

TEST_F(Watch, FollowsAListWithoutAGap) {
  PutPlugin(store_, "a");
  const auto handle = cache_.ListAndWatch(
      kPlugins,
      [&](const std::vector<EntryPtr>& entries, Revision revision) {
        told_->Start(entries, revision);
        PutPlugin(store_, "meanwhile");
        EXPECT_TRUE(told_->seen().words.empty()) << "a step came before the list was taken";
      },
      told_);
  PutPlugin(store_, "b");
  EXPECT_EQ(told_->seen().words, (Words{"+meanwhile", "+b"}));
}

TEST_F(Watch, GetsTheFirstLoadAsStepsWhenItCameEarlier) {
  PutPlugin(store_, "b");
  PutPlugin(store_, "a");
  Cache late(store_, clock_, NullMeter());
  const auto handle =
      late.ListAndWatch(kPlugins, [&](const auto& entries, Revision) { EXPECT_TRUE(entries.empty()); }, told_);
  ASSERT_TRUE(late.Poll().ok());
  EXPECT_EQ(told_->seen().words, (Words{"+b", "+a"}));
}

TEST_F(Watch, TellsProgressOnceASecond) {
  const auto handle = cache_.Watch(kPlugins, 0, told_);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(cache_.Poll().ok());
  EXPECT_EQ(told_->seen().progress, 0) << "the first one was told before this watch";
  CommitOne(store_, PutOf({"secrets", "default", "s"}, PluginObject("s")));
  clock_.Advance(seconds(1));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(cache_.Poll().ok());
  EXPECT_EQ(told_->seen().progress, 1);
  EXPECT_EQ(told_->seen().last, 1);
}

TEST_F(Watch, EndsFromInsideAStep) {
  class Once : public Watcher {
   public:
    void OnStep(const StepPtr&) override {
      ++steps;
      handle.reset();
    }
    void OnProgress(Revision) override {}
    std::unique_ptr<WatchHandle> handle;
    int steps = 0;
  };
  PutPlugin(store_, "a");
  PutPlugin(store_, "b");
  auto once = std::make_shared<Once>();
  once->handle = *cache_.Watch(kPlugins, 2, once);
  PutPlugin(store_, "c");
  PutPlugin(store_, "d");
  EXPECT_EQ(once->steps, 1);
  EXPECT_EQ(once.use_count(), 1) << "an ended watch keeps its watcher";
}

TEST_F(Watch, LetsItsHandleOutliveTheCache) {
  auto cache = std::make_unique<Cache>(store_, clock_, NullMeter());
  ASSERT_TRUE(cache->Poll().ok());
  auto handle = *cache->Watch(kPlugins, 0, told_);
  cache.reset();
  PutPlugin(store_, "a");
  EXPECT_TRUE(told_->seen().words.empty());
  EXPECT_EQ(told_.use_count(), 1);
}

TEST_F(Watch, WaitsForACallUnderWayBeforeItsHandleIsGone) {
  class Slow : public Watcher {
   public:
    void OnStep(const StepPtr&) override {
      entered.set_value();
      leave.get_future().wait();
      left = true;
    }
    void OnProgress(Revision) override {}
    std::promise<void> entered;
    std::promise<void> leave;
    std::atomic<bool> left = false;
  };
  auto slow = std::make_shared<Slow>();
  auto handle = *cache_.Watch(kPlugins, 0, slow);
  cache_.Start();
  PutPlugin(store_, "a");
  slow->entered.get_future().wait();
  auto gone = std::async(std::launch::async, [&] {
    handle.reset();
    return slow->left.load();
  });
  slow->leave.set_value();
  EXPECT_TRUE(gone.get());
  cache_.Stop();
}

TEST_F(Watch, ShowsTheWayAroundAPrunedLog) {
  for (const char* name : {"a", "b", "c", "d"}) PutPlugin(store_, name);
  const auto before = cache_.All(kPlugins);
  told_->Start(before, 4);
  const auto handle = cache_.Watch(kPlugins, 4, told_);
  store_.SetSilent(true);
  PutPlugin(store_, "a");       // 5
  DeletePlugin(store_, "b");    // 6
  DeletePlugin(store_, "c");    // 7
  Json anew = PluginObject("c");
  anew["metadata"]["uid"] = "another";
  CommitOne(store_, PutOf(PluginKey("c"), anew));  // 8
  PutPlugin(store_, "e");                          // 9
  DeletePlugin(store_, "e");                       // 10
  DeletePlugin(store_, "d");                       // 11
  store_.database().Prune(9);
  ASSERT_TRUE(cache_.Poll().ok());
  EXPECT_EQ(told_->seen().world, WorldOf(cache_.All(kPlugins)));
  const Words words = told_->seen().words;
  EXPECT_EQ(std::count(words.begin(), words.end(), "-c"), 1);
  EXPECT_EQ(std::count(words.begin(), words.end(), "+c"), 1);
  EXPECT_EQ(words.size(), 5U);  // ~a -b -c +c -d
  // Nobody can stand between 4 and 11 but at the ends.
  auto resumed = std::make_shared<Recorder>();
  resumed->Start(before, 4);
  EXPECT_TRUE(cache_.Watch(kPlugins, 4, resumed).ok());
  EXPECT_EQ(resumed->seen().world, told_->seen().world);
  EXPECT_EQ(cache_.Watch(kPlugins, 7, told_).error().code, Code::kExpired);
  EXPECT_TRUE(cache_.Watch(kPlugins, 11, std::make_shared<Recorder>()).ok());
}

TEST_F(Watch, SaysWhenTheDatabaseWasReplaced) {
  class Lenient : public Watcher {
   public:
    void OnStep(const StepPtr& step) override { words.push_back((step->after ? "+" : "-") + step->key.name); }
    void OnProgress(Revision) override {}
    void OnExpired() override { words.push_back("expired"); }
    Words words;
  };
  for (const char* name : {"a", "b"}) PutPlugin(store_, name);
  ScriptStore script(store_);
  Cache cache(script, clock_, NullMeter());
  ASSERT_TRUE(cache.Poll().ok());
  auto told = std::make_shared<Lenient>();
  const auto handle = cache.Watch(kPlugins, 2, told);
  MemoryStore restored(clock_);
  PutPlugin(restored, "only");
  script.Replace(restored);
  ASSERT_TRUE(cache.Poll().ok());
  std::sort(told->words.begin(), told->words.end());
  EXPECT_EQ(told->words, (Words{"+only", "-a", "-b", "expired"}));
  EXPECT_EQ(cache.revision(), 1);
  EXPECT_EQ(cache.Watch(kPlugins, 2, told).error().code, Code::kInvalid);
  PutPlugin(restored, "next");
  ASSERT_TRUE(cache.Poll().ok());
  EXPECT_EQ(told->words.back(), "+next");
}

TEST_F(Watch, TellsManyWatchersSeveralStepsAtATime) {
  constexpr std::size_t kWatchers = 200;
  struct Calls {
    std::size_t count = 0;
    std::size_t turns = 0;  // how often another watcher was called than just before
    const Watcher* last = nullptr;
  };
  Guarded<Calls> calls;
  class Counting : public Watcher {
   public:
    explicit Counting(Guarded<Calls>& calls) : calls_(calls) {}
    void OnStep(const StepPtr& step) override {
      EXPECT_GT(step->revision, seen_);
      seen_ = step->revision;
      auto all = calls_.Lock();
      ++all->count;
      all->turns += std::exchange(all->last, this) == this ? 0 : 1;
    }
    void OnProgress(Revision) override {}

   private:
    Guarded<Calls>& calls_;
    Revision seen_ = 0;
  };
  std::vector<std::unique_ptr<WatchHandle>> handles;
  for (std::size_t i = 0; i < kWatchers; ++i)
    handles.push_back(*cache_.Watch(kPlugins, 0, std::make_shared<Counting>(calls)));
  cache_.Start();
  const auto deadline = SystemClock().Mono() + seconds(10);
  const auto await = [&](std::size_t steps) {
    while (calls.Lock()->count < steps * kWatchers && SystemClock().Mono() < deadline) {
      clock_.Advance(std::chrono::milliseconds(100));
      SystemClock().SleepFor(std::chrono::milliseconds(2), {});
    }
    EXPECT_EQ(calls.Lock()->count, steps * kWatchers);
  };
  PutPlugin(store_, "first");
  await(1);
  calls.Lock()->turns = 0;
  for (const char* name : {"a", "b", "c", "d", "e"}) PutPlugin(store_, name);
  await(6);
  // One step at once perhaps, the others together.
  EXPECT_LE(calls.Lock()->turns, 2 * kWatchers);
  cache_.Stop();
}

TEST_F(Watch, NeedsNoTestToTurnItOnceStarted) {
  store_.SetAway(true);
  Cache cache(store_, clock_, NullMeter(), {.poll = std::chrono::milliseconds(20)});
  cache.Start();
  store_.SetAway(false);
  const auto deadline = SystemClock().Mono() + seconds(10);
  while (!cache.synced() && SystemClock().Mono() < deadline) SystemClock().SleepFor(std::chrono::milliseconds(2), {});
  ASSERT_TRUE(cache.synced());
  const auto handle = cache.Watch(kPlugins, 0, told_);
  MemoryStore other(clock_, MemoryStore::Turn::kInline, store_.shared_database());
  PutPlugin(other, "foreign");
  PutPlugin(store_, "own");
  while (told_->seen().words.size() < 2 && SystemClock().Mono() < deadline)
    SystemClock().SleepFor(std::chrono::milliseconds(2), {});
  EXPECT_EQ(told_->seen().words, (Words{"+foreign", "+own"}));
}

}  // namespace
}  // namespace patchbay::cache

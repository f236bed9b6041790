// Random interleavings of commits by several operators, reads, pruned logs, faults and resumed watches: whatever the
// order, each watcher's replay equals the list at its revision, and nothing comes twice or out of order (Recorder).
#include "base/random.h"
#include "cache/cache.h"
#include "harness/clock/fake_clock.h"
#include "harness/store/memory_store.h"
#include "objects.h"
#include "recorder.h"
#include "script_store.h"

namespace patchbay::cache {
namespace {

using store::MemoryStore;

std::map<Key, std::string> Truth(const store::MemoryDatabase& database) {
  std::map<Key, std::string> world;
  for (const auto& [key, object] : database.Copy().objects)
    if (key.resource == kPlugins) world[key] = SpliceRevision(object.body, object.revision);
  return world;
}

// One operator: a store, a cache and its watchers.
struct Operator {
  Operator(Clock& clock, std::shared_ptr<store::MemoryDatabase> database, std::size_t steps_kept)
      : store(clock, MemoryStore::Turn::kInline, std::move(database)),
        script(store),
        cache(script, clock, NullMeter(), {.steps_kept = steps_kept}) {}

  struct Client {
    std::shared_ptr<Recorder> told = std::make_shared<Recorder>();
    std::unique_ptr<WatchHandle> handle;
  };
  void Subscribe() {
    Client client;
    client.handle = cache.ListAndWatch(
        kPlugins, [&](const auto& entries, Revision revision) { client.told->Start(entries, revision); }, client.told);
    clients.push_back(std::move(client));
  }
  // Lost its connection: comes back at the revision it saw last, or lists again.
  void Resume(std::size_t index) {
    Client& client = clients[index];
    client.handle.reset();
    auto again = cache.Watch(kPlugins, client.told->seen().last, client.told);
    if (again.ok()) {
      client.handle = *std::move(again);
    } else {
      EXPECT_EQ(again.error().code, Code::kExpired);
      clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(index));
      Subscribe();
    }
  }
  void Check() const {
    const auto world = WorldOf(cache.All(kPlugins));
    for (const Client& client : clients) ASSERT_EQ(client.told->seen().world, world);
  }

  MemoryStore store;
  ScriptStore script;
  Cache cache;
  std::vector<Client> clients;
};

class Play {
 public:
  explicit Play(std::uint64_t seed) : random_(seed) {
    for (int i = 0; i < 3; ++i) {
      operators_.push_back(std::make_unique<Operator>(clock_, database_, 5 + random_.Below(60)));
      Operator& one = *operators_.back();
      one.script.BeforeAnswer([this] { Interrupt(); });
      EXPECT_TRUE(one.cache.Poll().ok());
      one.Subscribe();
    }
  }

  void Step() {
    Operator& one = Any();
    switch (random_.Below(12)) {
      case 0:
        (void)one.cache.Poll();
        break;
      case 1:
        clock_.Advance(std::chrono::milliseconds(random_.Below(1500)));
        break;
      case 2:
        if (one.clients.size() < 5) one.Subscribe();
        break;
      case 3:
        one.Resume(random_.Below(one.clients.size()));
        break;
      case 4:
        if (random_.Below(6) == 0) database_->Prune(one.store.revision() - static_cast<Revision>(random_.Below(4)));
        break;
      case 5:
        Fail(one);
        break;
      case 6:
        if (random_.Below(4) == 0) database_->Skip(static_cast<Revision>(1 + random_.Below(3)));
        break;
      case 7:
        ListSlowly(one);
        break;
      default:
        Write(one);
    }
    for (const auto& each : operators_) each->Check();
  }

  void Settle() {
    for (const auto& one : operators_) {
      one->script.BeforeAnswer(nullptr);
      one->store.SetSilent(false);
      ASSERT_TRUE(one->cache.Poll().ok());
      ASSERT_EQ(WorldOf(one->cache.All(kPlugins)), Truth(*database_));
      ASSERT_EQ(one->cache.revision(), database_->Copy().counter);
      one->Check();
    }
  }

 private:
  Operator& Any() { return *operators_[random_.Below(operators_.size())]; }

  void Write(Operator& one) {
    const std::string name = StrCat("p", random_.Below(12));
    const Bytes present = one.store.Find(PluginKey(name));
    store::Unit unit;
    Json object = PluginObject(name, "default", {{"round", StrCat(random_.Next())}});
    object["metadata"]["uid"] = present ? UidOf(*ParseJson(*present)) : random_.Uuid();
    unit.writes.push_back(present && random_.Below(3) == 0 ? DeleteOf(PluginKey(name), object)
                                                           : PutOf(PluginKey(name), object));
    if (random_.Below(3) == 0)
      unit.writes.push_back(PutOf({"events", "default", StrCat("e", random_.Below(5))}, PluginObject("e")));
    one.store.Commit(std::move(unit), [](auto) {});
  }
  void Fail(Operator& one) {
    using Fault = MemoryStore::Fault;
    constexpr Fault faults[] = {Fault::kUnavailable, Fault::kInDoubtBefore, Fault::kInDoubtAfter};
    if (random_.Below(2) == 0) {
      one.store.FailNext(faults[random_.Below(3)]);
    } else {
      one.store.SetSilent(random_.Below(2) == 0);
    }
  }
  // The world goes on while a reader waits for its answer.
  void Interrupt() {
    if (++depth_ == 1)
      for (std::uint64_t i = random_.Below(3); i > 0; --i) Write(Any());
    --depth_;
  }
  // Pages of one revision, however much is written between them.
  void ListSlowly(Operator& one) {
    const auto whole = WorldOf(one.cache.All(kPlugins));
    ListQuery query{.resource = std::string(kPlugins), .ns = "default", .limit = 1 + static_cast<int>(random_.Below(4))};
    std::map<Key, std::string> pages;
    for (;;) {
      const auto page = one.cache.List(query);
      if (!page.ok()) {
        EXPECT_EQ(page.error().code, Code::kExpired);
        return;
      }
      for (const EntryPtr& entry : page->entries) pages[entry->key] = *entry->bytes;
      if (page->next.empty()) break;
      query.after = page->next;
      query.at = page->revision;
      for (std::uint64_t i = random_.Below(4); i > 0; --i) Write(Any());
      if (random_.Below(4) == 0) (void)one.cache.Poll();
    }
    EXPECT_EQ(pages, whole);
  }

  FakeClock clock_;
  Random random_;
  std::shared_ptr<store::MemoryDatabase> database_ = std::make_shared<store::MemoryDatabase>();
  std::vector<std::unique_ptr<Operator>> operators_;
  int depth_ = 0;
};

TEST(Replay, EqualsTheListHoweverTheNewsCame) {
  for (std::uint64_t seed = 1; seed <= 30 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Play play(seed);
    for (int i = 0; i < 200 && !testing::Test::HasFailure(); ++i) play.Step();
    play.Settle();
  }
}

TEST(Replay, HoldsWithThreads) {
  auto database = std::make_shared<store::MemoryDatabase>();
  std::vector<std::unique_ptr<Operator>> operators;
  for (int i = 0; i < 2; ++i)
    operators.push_back(std::make_unique<Operator>(SystemClock(), database, 100'000));
  for (const auto& one : operators) {
    ASSERT_TRUE(one->cache.Poll().ok());
    one->cache.Start();
    for (int i = 0; i < 4; ++i) one->Subscribe();
  }
  {
    std::vector<std::jthread> writers;
    for (int i = 0; i < 4; ++i)
      writers.emplace_back([&, i] {
        for (int n = 0; n < 150; ++n) {
          const Key key = PluginKey(StrCat("p", i, "-", n % 10));
          operators[static_cast<std::size_t>(i % 2)]->store.Commit(
              {.writes = {PutOf(key, PluginObject(key.name, "default", {{"n", StrCat(n)}}))}, .deliveries = {}},
              [](auto) {});
          (void)operators[0]->cache.Get(key);
        }
      });
    for (int i = 0; i < 50; ++i) operators[0]->Resume(static_cast<std::size_t>(i % 4));
  }
  const auto deadline = SystemClock().Mono() + std::chrono::seconds(20);
  for (const auto& one : operators)
    for (const auto& client : one->clients)
      while (client.told->seen().world != Truth(*database) && SystemClock().Mono() < deadline)
        SystemClock().SleepFor(std::chrono::milliseconds(5), {});
  for (const auto& one : operators) {
    EXPECT_EQ(WorldOf(one->cache.All(kPlugins)), Truth(*database));
    one->Check();
  }
}

}  // namespace
}  // namespace patchbay::cache

// PgStore while the database misbehaves. Every fault ends in recovery, and what was said to be committed is there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <set>

#include "base/guarded.h"
#include "base/meter.h"
#include "base/random.h"
#include "base/text.h"
#include "harness/store/follower.h"
#include "harness/store/postgres_server.h"
#include "harness/store/writes.h"
#include "store/pg_store.h"

namespace patchbay::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class PgStoreFaults : public testing::Test {
 protected:
  static void SetUpTestSuite() { server_ = PostgresServer::Private(); }
  static void TearDownTestSuite() { server_.reset(); }

  std::unique_ptr<PgStore> StartStore(PgOptions options = {}) {
    options.connection = connection_ + " password=open-sesame";
    options.backoff_most = milliseconds(300);
    auto store = std::make_unique<PgStore>(options, SystemClock(), random_, NullMeter());
    follower_.Attach(*store);
    store->Start();
    EXPECT_TRUE(store->AwaitUp(seconds(30))) << store->health().message;
    return store;
  }
  std::string Query(const std::string& sql) { return PostgresServer::Query(connection_, sql); }
  // And waits until they are gone.
  void KillSessions(const std::string& which) {
    Query(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND " +
        which);
  }

  static inline std::unique_ptr<PostgresServer> server_;
  const std::string connection_ = server_->NewDatabase();
  Random random_{1};
  Follower follower_;
};

// Writers that go on whatever happens, and remember what they were told.
class Load {
 public:
  Load(Store& store, int writers) {
    for (int w = 0; w < writers; ++w)
      threads_.emplace_back([this, &store, w](const std::stop_token& stop) {
        for (int i = 0; !stop.stop_requested(); ++i) Write(store, StrCat("w", w, "-", i));
      });
  }
  void Stop() { threads_.clear(); }
  int committed() { return static_cast<int>(committed_.Lock()->size()); }
  int unavailable() const { return unavailable_; }
  // Every commit that was confirmed is there, and nothing is there that was said not to be.
  void Check(Store& store) {
    const auto rows = LoadAll(store);
    for (const auto& name : committed_.Copy()) EXPECT_TRUE(rows.contains(PutOf(name, "").key)) << name;
    for (const auto& [key, bytes] : rows) EXPECT_FALSE(refused_.Lock()->contains(key.name)) << key.name;
    EXPECT_EQ(other_, 0);
  }

 private:
  void Write(Store& store, const std::string& name) {
    const auto done = CommitAndWait(store, UnitOf({PutOf(name, "x", 0)}));
    if (done.ok()) {
      committed_.Lock()->insert(name);
      return;
    }
    if (done.error().code == Code::kUnavailable) {
      refused_.Lock()->insert(name);
      ++unavailable_;
      if (!done.error().retry_after) ++other_;
      SystemClock().SleepFor(milliseconds(5), {});
    } else if (done.error().code != Code::kInDoubt) {
      ++other_;
    }
  }
  Guarded<std::set<std::string>> committed_;
  Guarded<std::set<std::string>> refused_;
  std::atomic<int> unavailable_ = 0;
  std::atomic<int> other_ = 0;
  std::vector<std::jthread> threads_;
};

TEST_F(PgStoreFaults, SurvivesAServerThatStopsUnderLoad) {
  auto store = StartStore();
  Load load(*store, 4);
  EXPECT_TRUE(Eventually([&] { return load.committed() > 50; }));
  server_->Stop();
  EXPECT_TRUE(Eventually([&] { return load.unavailable() > 10; }));
  EXPECT_FALSE(store->health().ok);
  EXPECT_EQ(store->Read(0, 1).error().code, Code::kUnavailable);
  server_->Start();
  const int before = load.committed();
  EXPECT_TRUE(Eventually([&] { return load.committed() > before + 50; }));
  EXPECT_TRUE(store->health().ok);
  load.Stop();
  load.Check(*store);
  follower_.CatchUp();
  EXPECT_TRUE(follower_.in_order());
  EXPECT_EQ(follower_.objects(), LoadAll(*store));
}

TEST_F(PgStoreFaults, SurvivesAServerThatCrashesUnderLoad) {
  auto store = StartStore();
  Load load(*store, 4);
  EXPECT_TRUE(Eventually([&] { return load.committed() > 50; }));
  server_->Crash();
  server_->Start();
  const int before = load.committed();
  EXPECT_TRUE(Eventually([&] { return load.committed() > before + 50; }));
  load.Stop();
  load.Check(*store);
  follower_.CatchUp();
  EXPECT_EQ(follower_.objects(), LoadAll(*store));
}

TEST_F(PgStoreFaults, SurvivesKilledSessionsUnderLoad) {
  auto store = StartStore();
  Load load(*store, 4);
  for (int round = 0; round < 5; ++round) {
    const int before = load.committed();
    EXPECT_TRUE(Eventually([&] { return load.committed() > before + 20; }));
    KillSessions("true");
  }
  const int before = load.committed();
  EXPECT_TRUE(Eventually([&] { return load.committed() > before + 20; }));
  load.Stop();
  load.Check(*store);
  EXPECT_TRUE(Eventually([&] { return store->health().ok; }));
  follower_.CatchUp();
  EXPECT_EQ(follower_.objects(), LoadAll(*store));
}

TEST_F(PgStoreFaults, NobodyNoticesThatIdleSessionsWereKilled) {
  auto store = StartStore();
  ASSERT_TRUE(CommitAndWait(*store, UnitOf({PutOf("a", "x", 0)})).ok());
  ASSERT_TRUE(store->Read(0, 10).ok());
  KillSessions("query !~* 'listen'");
  EXPECT_TRUE(CommitAndWait(*store, UnitOf({PutOf("b", "x", 0)})).ok());
  EXPECT_TRUE(store->Read(0, 10).ok());
}

TEST_F(PgStoreFaults, WakesAfterItsListeningSessionWasKilled) {
  auto store = StartStore();
  const int before = follower_.wakes();
  KillSessions("query ~* 'listen'");
  EXPECT_TRUE(Eventually([&] { return follower_.wakes() > before; }));
  EXPECT_TRUE(Eventually([&] { return store->health().ok; }));
}

TEST_F(PgStoreFaults, StartsWithoutADatabaseAndFindsItLater) {
  server_->Stop();
  PgOptions options;
  options.connection = connection_ + " password=open-sesame";
  options.backoff_most = milliseconds(300);
  PgStore store(options, SystemClock(), random_, NullMeter());
  store.Start();
  EXPECT_FALSE(store.AwaitUp(milliseconds(300)));
  const auto refused = CommitAndWait(store, UnitOf({PutOf("a", "x", 0)}));
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_TRUE(refused.error().retry_after);
  EXPECT_EQ(store.Load([](const Row&) {}).error().code, Code::kUnavailable);
  server_->Start();
  EXPECT_TRUE(store.AwaitUp(seconds(30)));
  EXPECT_TRUE(CommitAndWait(store, UnitOf({PutOf("a", "x", 0)})).ok());
}

TEST_F(PgStoreFaults, DoesNotWaitForAFrozenServer) {
  auto store = StartStore({.statement_timeout = milliseconds(500)});
  ASSERT_TRUE(CommitAndWait(*store, UnitOf({PutOf("a", "x", 0)})).ok());
  const std::string sessions = Query(
      "SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE"
      " datname = current_database() AND pid <> pg_backend_pid()");
  for (const auto& pid : Split(sessions, ' ')) kill(static_cast<pid_t>(*ParseInt(pid)), SIGSTOP);
  const auto doubtful = CommitAndWait(*store, UnitOf({PutOf("b", "x", 0)}));
  for (const auto& pid : Split(sessions, ' ')) kill(static_cast<pid_t>(*ParseInt(pid)), SIGCONT);
  EXPECT_EQ(doubtful.error().code, Code::kInDoubt);
  EXPECT_TRUE(Eventually([&] { return CommitAndWait(*store, UnitOf({PutOf("c", "x")})).ok(); }));
}

TEST_F(PgStoreFaults, TakesALockedCounterForUnavailable) {
  auto store = StartStore({.lock_timeout = milliseconds(200)});
  ASSERT_TRUE(CommitAndWait(*store, UnitOf({PutOf("a", "x", 0)})).ok());
  std::jthread holder([&] { Query("BEGIN; UPDATE patchbay.counter SET value = value; SELECT pg_sleep(2); ROLLBACK"); });
  EXPECT_TRUE(Eventually([&] {
    const auto done = CommitAndWait(*store, UnitOf({PutOf("b", "x")}));
    return !done.ok() && done.error().code == Code::kUnavailable && done.error().retry_after;
  }));
  holder.join();
  EXPECT_TRUE(CommitAndWait(*store, UnitOf({PutOf("b", "x")})).ok());
}

TEST_F(PgStoreFaults, LimitsItsPoolAndSaysSo) {
  auto store = StartStore({.pool = 1, .pool_patience = milliseconds(200)});
  ASSERT_TRUE(CommitAndWait(*store, UnitOf({PutOf("a", "x", 0)})).ok());
  Code code = Code::kInternal;
  const auto loaded = store->Load([&](const Row&) {
    const auto read = store->Read(0, 1);
    if (!read.ok()) code = read.error().code;
  });
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(code, Code::kUnavailable);
  EXPECT_TRUE(store->Read(0, 1).ok());
}

TEST_F(PgStoreFaults, MakesTheSchemaAgainWhenItWasDropped) {
  auto store = StartStore();
  ASSERT_TRUE(CommitAndWait(*store, UnitOf({PutOf("a", "x", 0)})).ok());
  Query("DROP SCHEMA patchbay CASCADE");
  EXPECT_TRUE(Eventually([&] { return CommitAndWait(*store, UnitOf({PutOf("b", "x")})).ok(); }));
  // Who stood at a later revision of the old database has to start again.
  EXPECT_EQ(store->Read(1000, 1).error().code, Code::kExpired);
}

TEST_F(PgStoreFaults, NeverTellsThePassword) {
  testing::internal::CaptureStderr();
  std::string told;
  {
    auto store = StartStore();
    Query("DROP SCHEMA patchbay CASCADE");
    told += store->Read(0, 1).error().message + CommitAndWait(*store, UnitOf({PutOf("a", "x")})).error().message;
  }
  for (const char* bad : {"host=/nowhere password=open-sesame dbname=x", "postgres://u:open-sesame@127.0.0.1:1/x",
                          "postgres://u:open-sesame@127.0.0.1:99999/x", "postgres://u:open-sesame@[::1/x?bad=1",
                          "host=h password='open-sesame", "postgres://open-sesame:open-sesame@/x?nonsense=y"}) {
    PgOptions options;
    options.connection = bad;
    PgStore store(options, SystemClock(), random_, NullMeter());
    store.Start();
    EXPECT_TRUE(Eventually([&] { return store.health().message != "not connected yet"; })) << bad;
    told += StrCat(store.health().message, "\n", store.Load([](const Row&) {}).error().message, "\n");
  }
  told += testing::internal::GetCapturedStderr();
  EXPECT_THAT(told, testing::Not(testing::HasSubstr("sesame")));
  EXPECT_FALSE(told.empty());
}

}  // namespace
}  // namespace patchbay::store

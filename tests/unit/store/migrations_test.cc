#include "store/migrations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/meter.h"
#include "harness/store/postgres_server.h"

namespace patchbay::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const MigrationFiles kFiles = {{"0001_a.sql", "CREATE TABLE patchbay.a (x int)"},
                               {"0002_b.sql", "CREATE TABLE patchbay.b (x int); INSERT INTO patchbay.a VALUES (1)"}};

class Migrations : public testing::Test {
 protected:
  std::unique_ptr<Session> Open() {
    auto session = Session::Open(context_);
    EXPECT_TRUE(session.ok()) << (session.ok() ? "" : session.error().message);
    return session.ok() ? *std::move(session) : nullptr;
  }
  std::string Query(const std::string& sql) { return PostgresServer::Query(connection_, sql); }

  const std::string connection_ = PostgresServer::Shared().NewDatabase();
  SessionContext context_{{.connection = connection_}, SystemClock(), NullMeter()};
};

TEST_F(Migrations, RunOnceAndInOrder) {
  auto session = Open();
  EXPECT_THAT(*ApplyMigrations(*session, kFiles), ElementsAre("0001_a.sql", "0002_b.sql"));
  EXPECT_THAT(*ApplyMigrations(*session, kFiles), IsEmpty());
  EXPECT_EQ(Query("SELECT count(*) FROM patchbay.a"), "1");
  const auto applied = ListApplied(*session);
  ASSERT_TRUE(applied.ok());
  ASSERT_EQ(applied->size(), 2u);
  EXPECT_EQ(applied->at(0).sha256, Sha256Hex(kFiles[0].second));
}

TEST_F(Migrations, RefuseAChangedOneByName) {
  auto session = Open();
  ASSERT_TRUE(ApplyMigrations(*session, kFiles).ok());
  MigrationFiles changed = kFiles;
  changed[0].second += " ";
  changed.emplace_back("0003_c.sql", "CREATE TABLE patchbay.c (x int)");
  const auto refused = ApplyMigrations(*session, changed);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("0001_a.sql was changed"));
  EXPECT_EQ(Query("SELECT to_regclass('patchbay.c') IS NULL"), "t");
}

TEST_F(Migrations, RefuseAMissingOneByName) {
  auto session = Open();
  ASSERT_TRUE(ApplyMigrations(*session, kFiles).ok());
  const auto refused = ApplyMigrations(*session, {kFiles[0]});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("0002_b.sql"));
}

TEST_F(Migrations, RefuseOneThatComesTooLateByName) {
  auto session = Open();
  ASSERT_TRUE(ApplyMigrations(*session, kFiles).ok());
  const auto refused = ApplyMigrations(*session, {kFiles[0], {"0001_late.sql", "SELECT 1"}, kFiles[1]});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("0001_late.sql"));
}

TEST_F(Migrations, LeaveNothingOfOneThatFails) {
  auto session = Open();
  MigrationFiles files = kFiles;
  files[1].second += "; SELECT 1 / 0";
  const auto failed = ApplyMigrations(*session, files);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message, HasSubstr("0001_a.sql"));
  EXPECT_EQ(Query("SELECT to_regclass('patchbay.b') IS NULL"), "t");
  EXPECT_EQ(Query("SELECT count(*) FROM patchbay.a"), "0");
  EXPECT_THAT(*ApplyMigrations(*session, kFiles), ElementsAre("0002_b.sql"));
}

TEST_F(Migrations, TakeTurnsWithOtherStarters) {
  MigrationFiles files = kFiles;
  files[0].second += "; SELECT pg_sleep(0.2)";
  std::atomic<int> applied = 0;
  std::atomic<int> failed = 0;
  std::vector<std::jthread> starters;
  for (int i = 0; i < 4; ++i)
    starters.emplace_back([&] {
      auto session = Open();
      auto done = ApplyMigrations(*session, files);
      if (done.ok()) applied += static_cast<int>(done->size());
      if (!done.ok()) ++failed;
    });
  starters.clear();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(applied, 2);
}

}  // namespace
}  // namespace patchbay::store

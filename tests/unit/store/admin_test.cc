#include "store/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/guarded.h"
#include "base/meter.h"
#include "base/random.h"
#include "harness/store/postgres_server.h"
#include "harness/store/writes.h"
#include "store/migrations.h"
#include "store/pg_store.h"

namespace patchbay::store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Admin : public testing::Test {
 protected:
  std::unique_ptr<PgStore> StartStore(PgOptions options = {}) {
    options.connection = connection_;
    auto store = std::make_unique<PgStore>(options, SystemClock(), random_, NullMeter());
    store->Start();
    EXPECT_TRUE(store->AwaitUp(std::chrono::seconds(20)));
    return store;
  }
  std::string Query(const std::string& sql) { return PostgresServer::Query(connection_, sql); }
  void Put(Store& store, std::string_view resource, const std::string& name, const std::string& rest) {
    Write write;
    write.key = {std::string(resource), "default", name};
    write.uid = "uid-" + name;
    write.body = StrCat(R"({"apiVersion":"v1","kind":"X","metadata":{"name":")", name,
                        R"(","namespace":"default","uid":"uid-)", name, "\"}", rest, "}");
    auto done = CommitAndWait(store, {{write}, {MessageOf(name, "msg_" + name)}});
    ASSERT_TRUE(done.ok()) << done.error().message;
  }

  const std::string connection_ = PostgresServer::Shared().NewDatabase();
  Random random_{1};
};

TEST_F(Admin, MigratesAndTellsTheStatus) {
  const auto before = Status(connection_, SystemClock());
  ASSERT_TRUE(before.ok()) << before.error().message;
  EXPECT_EQ(before->migrations.size(), EmbeddedMigrations().size());
  EXPECT_EQ(before->migrations[0].applied_at, "");
  EXPECT_EQ(Migrate(connection_, SystemClock())->size(), EmbeddedMigrations().size());
  EXPECT_THAT(*Migrate(connection_, SystemClock()), IsEmpty());
  auto store = StartStore();
  Put(*store, kPlugins, "echo", "");
  const auto after = Status(connection_, SystemClock());
  ASSERT_TRUE(after.ok()) << after.error().message;
  EXPECT_NE(after->migrations[0].applied_at, "");
  EXPECT_THAT(after->faults, IsEmpty());
  EXPECT_EQ(after->revision, 1);
  EXPECT_EQ(after->changes, 1);
  EXPECT_EQ(after->deliveries_pending, 1);
  EXPECT_THAT(after->objects, ElementsAre(std::pair<std::string, std::int64_t>(kPlugins, 1)));
  EXPECT_EQ(after->installation_id, *store->InstallationId());
  EXPECT_EQ(after->bytes.back().first, "total");
}

TEST_F(Admin, NamesAMigrationThatWasChanged) {
  ASSERT_TRUE(Migrate(connection_, SystemClock()).ok());
  Query("UPDATE patchbay.migrations SET sha256 = 'x' WHERE name LIKE '0002%'");
  EXPECT_THAT(Migrate(connection_, SystemClock()).error().message, HasSubstr("0002_commit.sql"));
  EXPECT_THAT(Status(connection_, SystemClock())->faults, Contains(HasSubstr("0002_commit.sql")));
  EXPECT_THAT(*Verify(connection_, SystemClock()), Contains(HasSubstr("0002_commit.sql")));
  PgOptions options;
  options.connection = connection_;
  PgStore store(options, SystemClock(), random_, NullMeter());
  store.Start();
  EXPECT_TRUE(Eventually([&] { return store.health().message.find("0002_commit.sql") != std::string::npos; }));
  EXPECT_FALSE(store.health().ok);
}

TEST_F(Admin, CleansUpThroughTheNormalCommit) {
  auto store = StartStore({.housekeeping = std::chrono::milliseconds(0)});
  Guarded<std::vector<Change>> seen;
  Put(*store, kPlugins, "echo", "");
  Put(*store, kEvents, "old", "");
  Put(*store, kEvents, "young", "");
  Query("UPDATE patchbay.objects SET updated_at = now() - interval '2 hours' WHERE name = 'old'");
  Query(
      "UPDATE patchbay.deliveries SET state = 'delivered', settled_at = now() - interval '9 days' WHERE message_id = "
      "'msg_echo'");
  const auto counts = Cleanup(connection_, SystemClock(), {.changes_kept = 1});
  ASSERT_TRUE(counts.ok()) << counts.error().message;
  EXPECT_EQ(counts->events, 1);
  EXPECT_EQ(counts->deliveries, 1);
  EXPECT_EQ(counts->changes, 3);
  const auto rest = store->Read(3, 10);
  ASSERT_TRUE(rest.ok()) << rest.error().message;
  ASSERT_EQ(rest->second.size(), 1u);
  EXPECT_EQ(rest->second[0].type, ChangeType::kDelete);
  EXPECT_EQ(rest->second[0].key.name, "old");
  EXPECT_EQ(store->Read(2, 10).error().code, Code::kExpired);
  EXPECT_EQ(LoadAll(*store).size(), 2u);
  EXPECT_THAT(*Verify(connection_, SystemClock()), IsEmpty());
}

TEST_F(Admin, KeepsNoMoreEventsThanItMay) {
  auto store = StartStore({.housekeeping = std::chrono::milliseconds(0), .events_kept = 3});
  for (const char* name : {"a", "b", "c", "d", "e"}) Put(*store, kEvents, name, "");
  Put(*store, kEvents, "a", "");  // something was added to it: now the newest
  const auto swept = store->Sweep();
  ASSERT_TRUE(swept.ok()) << swept.error().message;
  EXPECT_EQ(swept->events, 2);
  EXPECT_EQ(Query("SELECT string_agg(name, ' ' ORDER BY name) FROM patchbay.objects WHERE resource = 'events'"),
            "a d e");
  EXPECT_EQ(store->Sweep()->events, 0);
  const auto changes = store->Read(6, 10);
  ASSERT_TRUE(changes.ok());
  EXPECT_EQ(changes->second.size(), 2U) << "watchers see them go";
}

TEST_F(Admin, KeepsHouseByItself) {
  auto store = StartStore({.housekeeping = std::chrono::milliseconds(50), .changes_kept = 5});
  for (int i = 0; i < 20; ++i) Put(*store, kPlugins, StrCat("p", i % 2), "");
  Put(*store, kPlugins, "still", "");
  for (int i = 0; i < 20; ++i) Put(*store, kPlugins, "busy", "");
  // The five newest; what three quiet objects are; nothing else.
  EXPECT_TRUE(Eventually([&] { return Query("SELECT count(*) FROM patchbay.changes") == "8"; }));
  EXPECT_EQ(store->Read(35, 10).error().code, Code::kExpired);
  EXPECT_TRUE(store->Read(36, 10).ok());
  EXPECT_EQ(LoadAll(*store).size(), 4u);
  // A quiet one that moves on leaves nothing behind.
  Put(*store, kPlugins, "still", "");
  EXPECT_TRUE(Eventually([&] { return Query("SELECT count(*) FROM patchbay.changes") == "7"; }));
  EXPECT_THAT(*Verify(connection_, SystemClock()), IsEmpty());
}

TEST_F(Admin, VerifiesThatAllSidesAgree) {
  auto store = StartStore();
  for (const char* name : {"a", "b", "c", "d", "e"}) Put(*store, kPlugins, name, "");
  ASSERT_TRUE(CommitAndWait(*store, UnitOf({DeleteOf("e")})).ok());
  EXPECT_THAT(*Verify(connection_, SystemClock()), IsEmpty());
  Query("UPDATE patchbay.changes SET body = '{\"metadata\":', uid = 'other' WHERE name = 'a'");
  Query("DELETE FROM patchbay.objects WHERE name = 'b'");
  Query("UPDATE patchbay.objects SET revision = 77 WHERE name = 'c'");
  Query("UPDATE patchbay.objects SET name = 'x' WHERE name = 'd'");
  const auto problems = Verify(connection_, SystemClock());
  ASSERT_TRUE(problems.ok()) << problems.error().message;
  for (const char* part :
       {"default/a: the body is not JSON", "default/a: the object at revision 1", "default/b: the change log",
        "counter: 6 is behind revision 77", "default/x: the body is named"})
    EXPECT_THAT(*problems, Contains(HasSubstr(part))) << part;
}

TEST_F(Admin, ResetsToNothingAndStartsAgain) {
  auto store = StartStore();
  Put(*store, kPlugins, "echo", "");
  store.reset();
  ASSERT_TRUE(Reset(connection_, SystemClock()).ok());
  EXPECT_EQ(Query("SELECT count(*) FROM pg_namespace WHERE nspname = 'patchbay'"), "0");
  EXPECT_TRUE(Reset(connection_, SystemClock()).ok());
  store = StartStore();
  EXPECT_TRUE(LoadAll(*store).empty());
}

TEST_F(Admin, ShowsPlainColumnsToPsql) {
  auto store = StartStore();
  Put(*store, kPlugins, "echo",
      R"(,"spec":{"image":"echo:1","replicas":2},"status":{"phase":"Running","readyReplicas":2,)"
      R"("instances":[{"id":"c1"},{"id":"c2"}],"conditions":[{"type":"Ready","status":"True"}]})");
  Put(*store, kPlugins, "odd", R"(,"spec":{"replicas":"many","enabled":7},"status":[])");
  Put(*store, kRoutes, "web",
      R"(,"spec":{"hosts":["a.example"],"paths":[{"type":"Prefix","value":"/x"}],"backends":[{"plugin":"echo","port":80}]},)"
      R"("status":{"conditions":[{"type":"Programmed","status":"True"}]})");
  Put(*store, kWebhooks, "hook", R"(,"spec":{"url":"http://h","events":["plugin.*"]})");
  Put(*store, kEvents, "e1",
      R"(,"involvedObject":{"kind":"Plugin","name":"echo"},"reason":"Started","message":"hi","type":"Normal","count":3)");
  EXPECT_EQ(Query("SELECT name, status, container_ids FROM plugins WHERE name = 'echo'"), "echo|Running|{c1,c2}");
  EXPECT_EQ(Query("SELECT image, enabled, replicas, ready_replicas, ready FROM plugins ORDER BY name"),
            "echo:1|t|2|2|True\n|t|1|0|");
  EXPECT_EQ(Query("SELECT hosts, paths, backends, programmed FROM routes"), "{a.example}|{/x}|{echo:80}|True");
  EXPECT_EQ(Query("SELECT url, events, pending, delivered, failed FROM webhooks"), "http://h|{plugin.*}|1|0|0");
  EXPECT_EQ(Query("SELECT kind, name, type, reason, message, count FROM plugin_events"),
            "Plugin|echo|Normal|Started|hi|3");
}

}  // namespace
}  // namespace patchbay::store

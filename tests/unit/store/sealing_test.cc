// Secrets in a real database: what its tables hold, and what becomes of a store with the wrong keys.
#include "store/sealing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/meter.h"
#include "base/random.h"
#include "base/text.h"
#include "harness/store/postgres_server.h"
#include "harness/store/writes.h"
#include "store/admin.h"
#include "store/pg_store.h"

namespace patchbay::store {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Keys = std::shared_ptr<const KeyRing>;

Keys KeysOf(const std::vector<std::string>& ids) {
  std::string text;
  for (const auto& id : ids) text += StrCat(id, ":", EncodeBase64((id + std::string(32, '.')).substr(0, 32)), "\n");
  auto ring = KeyRing::Parse(text, "keys");
  EXPECT_TRUE(ring.ok());
  return std::make_shared<KeyRing>(*std::move(ring));
}

Write SecretOf(const std::string& name, const std::string& value) {
  Write write;
  write.key = {std::string(kSecrets), "default", name};
  write.uid = "uid-" + name;
  write.body = StrCat(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":")", name,
                      R"(","namespace":"default","uid":"uid-)", name, R"("},"data":{"value":")", value, "\"}}");
  return write;
}

class SealedStore : public testing::Test {
 protected:
  std::unique_ptr<PgStore> NewStore(Keys keys) {
    PgOptions options;
    options.connection = connection_;
    options.keys = std::move(keys);
    auto store = std::make_unique<PgStore>(options, SystemClock(), random_, NullMeter());
    store->Start();
    return store;
  }
  std::unique_ptr<PgStore> StartStore(Keys keys) {
    auto store = NewStore(std::move(keys));
    EXPECT_TRUE(store->AwaitUp(std::chrono::seconds(20))) << store->health().message;
    return store;
  }
  void Put(Store& store, const Write& write) {
    const auto done = CommitAndWait(store, UnitOf({write}));
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  std::string Query(const std::string& sql) { return PostgresServer::Query(connection_, sql); }
  std::string Everything() { return Query("SELECT * FROM patchbay.changes ORDER BY 1") + Query("SELECT * FROM patchbay.objects"); }
  std::string ValueOf(Store& store, const std::string& name) {
    const auto rows = LoadAll(store);
    const auto found = rows.find(SecretOf(name, "").key);
    return found == rows.end() ? "absent" : found->second;
  }

  const std::string connection_ = PostgresServer::Shared().NewDatabase();
  Random random_{1};
};

TEST_F(SealedStore, HoldsNoSecretInPlainTextAndGivesItBack) {
  auto store = StartStore(KeysOf({"k1"}));
  Put(*store, SecretOf("token", "open-sesame"));
  Put(*store, PutOf("echo", "everybody may read this"));
  Write gone = SecretOf("token", "last-words");
  gone.op = Write::Op::kDelete;
  EXPECT_THAT(ValueOf(*store, "token"), HasSubstr("open-sesame"));
  Put(*store, gone);
  EXPECT_THAT(Everything(), testing::AllOf(Not(HasSubstr("open-sesame")), Not(HasSubstr("last-words")),
                                           HasSubstr("sealed:v1:k1:"), HasSubstr("everybody may read this")));
  const auto changes = store->Read(0, 100);
  ASSERT_TRUE(changes.ok()) << changes.error().message;
  ASSERT_EQ(changes->second.size(), 3U);
  EXPECT_THAT(*changes->second[0].bytes, testing::AllOf(HasSubstr("open-sesame"), HasSubstr("\"resourceVersion\":\"1\"")));
  EXPECT_THAT(*changes->second[2].bytes, HasSubstr("last-words"));
}

TEST_F(SealedStore, ReadsWhatWasWrittenBeforeThereWasAKey) {
  { Put(*StartStore(nullptr), SecretOf("old", "from-before")); }
  auto store = StartStore(KeysOf({"k1"}));
  Put(*store, SecretOf("new", "from-after"));
  EXPECT_THAT(ValueOf(*store, "old"), HasSubstr("from-before"));
  EXPECT_THAT(ValueOf(*store, "new"), HasSubstr("from-after"));
}

TEST_F(SealedStore, StaysAwayWithoutTheKeyAndSaysWhichItNeeds) {
  { Put(*StartStore(KeysOf({"k1"})), SecretOf("token", "open-sesame")); }
  const std::string before = Everything();
  for (const Keys& wrong : {Keys(), KeysOf({"k2"})}) {
    auto store = NewStore(wrong);
    ASSERT_TRUE(Eventually([&] { return store->health().message.find("\"k1\"") != std::string::npos; })) << store->health().message;
    EXPECT_FALSE(store->health().ok);
    EXPECT_THAT(store->health().message, HasSubstr("default/token"));
    EXPECT_EQ(CommitAndWait(*store, UnitOf({SecretOf("token", "overwritten")})).error().code, Code::kUnavailable);
  }
  EXPECT_EQ(Everything(), before);
  EXPECT_THAT(ValueOf(*StartStore(KeysOf({"k1"})), "token"), HasSubstr("open-sesame"));
}

TEST_F(SealedStore, NoticesRowsThatWereSwapped) {
  {
    auto store = StartStore(KeysOf({"k1"}));
    Put(*store, SecretOf("mine", "open-sesame"));
    Put(*store, SecretOf("other", "closed"));
  }
  Query("UPDATE patchbay.changes SET body = (SELECT body FROM patchbay.changes WHERE name = 'mine') WHERE name = 'other'");
  auto store = NewStore(KeysOf({"k1"}));
  ASSERT_TRUE(Eventually([&] {
    EXPECT_FALSE(store->Load([](const Row&) {}).ok());
    return store->health().message.find("default/other") != std::string::npos;
  })) << store->health().message;
  EXPECT_THAT(store->health().message, HasSubstr("the row was changed"));
  const auto problems = Verify(connection_, SystemClock(), KeysOf({"k1"}).get());
  ASSERT_TRUE(problems.ok());
  EXPECT_THAT(*problems, testing::ElementsAre(HasSubstr("default/other")));
}

TEST_F(SealedStore, MovesEverythingUnderAnotherKeyWhileAStoreRuns) {
  { Put(*StartStore(nullptr), SecretOf("plain", "from-before")); }
  { Put(*StartStore(KeysOf({"k1"})), SecretOf("token", "open-sesame")); }
  const Keys both = KeysOf({"k2", "k1"});
  auto store = StartStore(both);
  Put(*store, SecretOf("new", "x"));
  const auto moved = Encrypt(connection_, SystemClock(), *both);
  ASSERT_TRUE(moved.ok()) << moved.error().message;
  EXPECT_EQ(moved->sealed, 2);
  EXPECT_EQ(Encrypt(connection_, SystemClock(), *both)->unchanged, 3);
  EXPECT_THAT(Everything(), testing::AllOf(Not(HasSubstr("from-before")), Not(HasSubstr("sealed:v1:k1:"))));
  EXPECT_THAT(*Verify(connection_, SystemClock(), both.get()), IsEmpty());
  EXPECT_THAT(*Verify(connection_, SystemClock()), IsEmpty());
  auto after = StartStore(KeysOf({"k2"}));
  EXPECT_THAT(ValueOf(*after, "token"), HasSubstr("open-sesame"));
  EXPECT_THAT(ValueOf(*after, "plain"), HasSubstr("from-before"));
  EXPECT_EQ(store->Read(0, 100)->first, 3);
}

TEST_F(SealedStore, CleansUpWithoutTheKey) {
  { Put(*StartStore(KeysOf({"k1"})), SecretOf("token", "open-sesame")); }
  EXPECT_TRUE(Cleanup(connection_, SystemClock()).ok());
  EXPECT_TRUE(Encrypt(connection_, SystemClock(), *KeysOf({"k2"})).error().message.find("\"k1\"") != std::string::npos);
}

}  // namespace
}  // namespace patchbay::store

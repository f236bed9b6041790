#include "base/meter.h"
#include "base/random.h"
#include "contract/store_contract.h"
#include "harness/store/memory_store.h"
#include "harness/store/postgres_server.h"
#include "store/pg_store.h"

namespace patchbay::store {
namespace {

class MemoryWorld : public StoreWorld {
 public:
  std::unique_ptr<Store> NewStore() override {
    return std::make_unique<MemoryStore>(SystemClock(), MemoryStore::Turn::kInline, database_);
  }
  void Start(Store&) override {}
  void Prune(Revision upto) override { database_->Prune(upto); }

 private:
  std::shared_ptr<MemoryDatabase> database_ = std::make_shared<MemoryDatabase>();
};

class PgWorld : public StoreWorld {
 public:
  explicit PgWorld(std::shared_ptr<const KeyRing> keys = nullptr) : keys_(std::move(keys)), connection_(PostgresServer::Shared().NewDatabase()) {}
  std::unique_ptr<Store> NewStore() override {
    PgOptions options;
    options.connection = connection_;
    options.keys = keys_;
    return std::make_unique<PgStore>(options, SystemClock(), random_, NullMeter());
  }
  void Start(Store& store) override {
    auto& pg = dynamic_cast<PgStore&>(store);
    pg.Start();
    ASSERT_TRUE(pg.AwaitUp(std::chrono::seconds(20))) << pg.health().message;
  }
  void Prune(Revision upto) override {
    PostgresServer::Query(connection_, StrCat("UPDATE patchbay.log_state SET oldest_kept = ", upto));
  }

 private:
  const std::shared_ptr<const KeyRing> keys_;
  const std::string connection_;
  Random random_{1};
};

std::unique_ptr<StoreWorld> MakeMemoryWorld() { return std::make_unique<MemoryWorld>(); }
std::unique_ptr<StoreWorld> MakePgWorld() { return std::make_unique<PgWorld>(); }

std::unique_ptr<StoreWorld> MakeSealedWorld() {
  auto keys = KeyRing::Parse(StrCat("k1:", EncodeBase64(std::string(32, 'k'))), "keys");
  return std::make_unique<PgWorld>(std::make_shared<KeyRing>(*std::move(keys)));
}

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract, testing::Values(MakeMemoryWorld));
INSTANTIATE_TEST_SUITE_P(Postgres, StoreContract, testing::Values(MakePgWorld));
INSTANTIATE_TEST_SUITE_P(PostgresWithKeys, StoreContract, testing::Values(MakeSealedWorld));

}  // namespace
}  // namespace patchbay::store

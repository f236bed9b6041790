// The operator's way of a request in one process, as app.cc wires it, without controllers: Postgres, store, cache, API,
// HTTP on loopback. Beside the API it answers /constant with what SetConstant() was given, through the same transport,
// and it notes when the object "w-N" was committed.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "api/api.h"
#include "base/guarded.h"
#include "base/random.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "dev/postgres.h"
#include "http/server.h"
#include "store/pg_store.h"
#include "telemetry/prometheus_meter.h"

namespace patchbay::bench {

// A Store that passes everything on; it reads the clock when a transaction is done, before anybody hears of it.
class NotingStore : public store::Store {
 public:
  NotingStore(store::Store& under, std::size_t kept) : under_(under), committed_(kept) {}
  // Monotonic nanoseconds; 0 when not committed.
  std::int64_t committed(std::size_t number) const { return committed_[number]; }

  void Commit(store::Unit unit, Done done) override { under_.Commit(std::move(unit), std::move(done)); }
  Result<store::Snapshot> Load(const std::function<void(store::Row)>& row) override { return under_.Load(row); }
  Result<std::pair<Revision, std::vector<store::Change>>> Read(Revision after, int limit) override { return under_.Read(after, limit); }
  void Listen(Sink sink, Wake wake) override {
    under_.Listen(
        [this, sink = std::move(sink)](Revision base, Revision tip, std::span<const store::Change> changes) {
          const std::int64_t now = SystemClock().Mono().time_since_epoch().count();
          for (const auto& change : changes)
            if (change.key.name.starts_with("w-")) Note(change.key.name, now);
          sink(base, tip, changes);
        },
        std::move(wake));
  }
  Result<std::vector<store::Delivery>> Claim(int limit, std::chrono::milliseconds lease, const std::vector<std::string>& paused) override {
    return under_.Claim(limit, lease, paused);
  }
  Result<void> Settle(const store::Settlement& settlement) override { return under_.Settle(settlement); }
  Result<store::DeliveryCounts> CountDeliveries(const std::string& uid) override { return under_.CountDeliveries(uid); }
  Result<std::string> InstallationId() override { return under_.InstallationId(); }
  store::Health health() const override { return under_.health(); }

 private:
  void Note(const std::string& name, std::int64_t now) {
    const auto number = static_cast<std::size_t>(std::strtoul(name.c_str() + 2, nullptr, 10));
    if (number < committed_.size()) committed_[number] = now;
  }

  store::Store& under_;
  std::vector<std::atomic<std::int64_t>> committed_;
};

class ApiStand {
 public:
  static constexpr std::chrono::seconds kPatience{20};

  // `noted`: of how many objects the commit is noted.
  static Result<std::unique_ptr<ApiStand>> Start(const std::string& folder, std::size_t noted) {
    PATCHBAY_TRY(auto postgres, dev::PrivatePostgres::Start({.folder = folder}));
    std::unique_ptr<ApiStand> stand(new ApiStand(std::move(postgres), noted));
    stand->pg_store_.Start();
    stand->cache_.Start();
    if (!stand->pg_store_.AwaitUp(kPatience)) return Error{Code::kUnavailable, stand->pg_store_.health().message};
    PATCHBAY_CHECK(stand->api_.EnsureBuiltins());
    http::ServerOptions options;
    options.listen = {"127.0.0.1:0"};
    options.meter = &stand->meter_;
    PATCHBAY_TRY(stand->server_, http::Server::Start(std::move(options), [self = stand.get()](std::shared_ptr<http::Exchange> exchange) {
                   self->Serve(std::move(exchange));
                 }));
    return stand;
  }
  ~ApiStand() {
    api_.EndWatches();
    if (server_) server_->Stop(std::chrono::seconds(1));
    cache_.Stop();
    pg_store_.Stop();
  }

  int port() const {
    const std::string address = server_->addresses().front();
    return static_cast<int>(ParseInt(std::string_view(address).substr(address.rfind(':') + 1)).value_or(0));
  }
  const std::string& connection() const { return postgres_->connection(); }
  const NotingStore& store() const { return store_; }
  Revision revision() const { return cache_.revision(); }
  void SetConstant(std::string body) { constant_ = std::make_shared<const std::string>(std::move(body)); }

 private:
  ApiStand(std::unique_ptr<dev::PrivatePostgres> postgres, std::size_t noted)
      : postgres_(std::move(postgres)), pg_store_(Options(*postgres_), SystemClock(), random_, meter_), store_(pg_store_, noted) {}

  static store::PgOptions Options(const dev::PrivatePostgres& postgres) {
    store::PgOptions options;
    options.connection = postgres.connection();
    return options;
  }
  void Serve(std::shared_ptr<http::Exchange> exchange) {
    if (exchange->request().path != "/constant") return api_.Serve(std::move(exchange));
    http::Response response;
    response.headers.Set("Content-Type", "application/json");
    response.body.push_back(constant_);
    exchange->Reply(std::move(response));
  }

  std::unique_ptr<dev::PrivatePostgres> postgres_;
  Random random_{1};
  telemetry::PrometheusMeter meter_;
  store::PgStore pg_store_;
  NotingStore store_;
  cache::Cache cache_{store_, SystemClock(), meter_};
  cache::Committer committer_{store_, cache_, SystemClock(), random_, "patchbay-operator"};
  api::Api api_{Kinds::Embedded(), cache_, committer_, SystemClock(), random_, meter_, api::ApiOptions{}, api::Backstage{}};
  std::shared_ptr<const std::string> constant_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace patchbay::bench

#include "store/pg_store.h"

#include <condition_variable>
#include <thread>
#include <utility>

#include "base/guarded.h"
#include "base/log.h"
#include "base/text.h"
#include "store/delivery_queue.h"
#include "store/group_commit.h"
#include "store/housekeeping.h"
#include "store/link.h"
#include "store/listener.h"
#include "store/log_reader.h"
#include "store/migrations.h"
#include "store/pool.h"
#include "store/sealing.h"
#include "store/session.h"

namespace patchbay::store {
namespace {

constexpr int kStepsAtOnce = 20;  // of housekeeping, before the listening thread listens again

SessionOptions SessionOptionsOf(const PgOptions& options) {
  SessionOptions session;
  session.connection = options.connection;
  session.connect_timeout = options.connect_timeout;
  session.statement_timeout = options.statement_timeout;
  session.lock_timeout = options.lock_timeout;
  session.slow = options.slow_query;
  return session;
}

HousekeepingOptions HousekeepingOptionsOf(const PgOptions& options) {
  HousekeepingOptions housekeeping;
  housekeeping.interval = options.housekeeping;
  housekeeping.changes_kept = options.changes_kept;
  housekeeping.changes_age = options.changes_age;
  housekeeping.deliveries_age = options.deliveries_age;
  housekeeping.events_age = options.events_age;
  housekeeping.events_kept = options.events_kept;
  return housekeeping;
}

GroupCommitOptions CommitOptionsOf(const PgOptions& options) {
  GroupCommitOptions commits;
  commits.keys = options.keys;
  return commits;
}

ListenerOptions ListenerOptionsOf(const PgOptions& options) {
  ListenerOptions listener;
  listener.backoff_most = options.backoff_most;
  return listener;
}

Result<void> PrepareSchema(Session& session, bool migrate) {
  PATCHBAY_TRY(const bool standby, session.Try("store.ask_standby", [](pqxx::connection& connection) {
    pqxx::nontransaction work(connection);
    return work.exec1("SELECT pg_is_in_recovery()")[0].as<bool>();
  }));
  if (standby) return Error{Code::kUnavailable, "the database is a standby that takes no writes", {}, kRetryAfter};
  if (migrate) {
    auto applied = ApplyMigrations(session, EmbeddedMigrations());
    if (!applied.ok()) return std::move(applied).error();
    return {};
  }
  PATCHBAY_TRY(const auto applied, ListApplied(session));
  const auto faults = CompareMigrations(applied, EmbeddedMigrations());
  if (!faults.empty()) return Error{Code::kConflict, Join(faults, "; ")};
  if (applied.size() < EmbeddedMigrations().size())
    return Error{Code::kConflict, "the database lacks migrations: run patchbay db migrate"};
  return {};
}

Result<void> Prepare(Session& session, const PgOptions& options) {
  PATCHBAY_CHECK(PrepareSchema(session, options.migrate));
  return options.check_keys ? CheckKeys(session, options.keys.get()) : Result<void>();
}

}  // namespace

class PgStore::Core {
 public:
  Core(PgOptions options, Clock& clock, Random& random, Meter& meter)
      : options_(std::move(options)),
        housekeeping_(HousekeepingOptionsOf(options_)),
        context_(SessionOptionsOf(options_), clock, meter),
        link_(meter),
        pool_({options_.pool, options_.pool_patience}, context_, link_, meter),
        commits_(CommitOptionsOf(options_), context_, link_, meter),
        listener_(ListenerOptionsOf(options_), context_, link_, random, meter) {}

  void Listen(Store::Sink sink, Store::Wake wake) {
    wake_ = wake;
    commits_.Listen(std::move(sink), std::move(wake));
  }

  void Start(Store& store) {
    next_sweep_ = context_.clock.Mono() + housekeeping_.interval;
    commits_.Start();
    Listener::Hooks hooks;
    hooks.prepare = [this](Session& session) { return Prepare(session, options_); };
    hooks.is_own = [this](int pid) { return pid == commits_.backend_pid(); };
    hooks.wake = [this] {
      if (wake_) wake_();
    };
    hooks.tick = [this, &store] { Tick(store); };
    listener_.Start(std::move(hooks));
    watchdog_ = std::jthread([this](const std::stop_token& stop) {
      while (context_.clock.SleepFor(std::chrono::seconds(1), stop)) context_.watchdog.Bite();
    });
  }

  void Stop() {
    listener_.Stop();
    commits_.Stop();
    watchdog_.request_stop();
    if (watchdog_.joinable()) watchdog_.join();
  }

  // On the listening thread.
  void Tick(Store& store) {
    if (housekeeping_.interval.count() == 0 || context_.clock.Mono() < next_sweep_) return;
    next_sweep_ = context_.clock.Mono() + housekeeping_.interval;
    for (int step = 0; step < kStepsAtOnce; ++step) {
      const auto swept = SweepStep(pool_, store, housekeeping_);
      if (!swept.ok()) return LogWarn("store", "housekeeping failed", {{"error", swept.error().message}});
      // Events go through the commit, which takes a moment.
      if (swept->events == housekeeping_.step)
        next_sweep_ = std::min(next_sweep_, context_.clock.Mono() + std::chrono::seconds(1));
      if (swept->changes < housekeeping_.step && swept->deliveries < housekeeping_.step) return;
    }
    next_sweep_ = {};  // there is more: go on at the next tick
  }

  // A database that cannot be read is as good as away, until somebody gives the key.
  template <class T>
  Result<T> Readable(Result<T> read) {
    if (!read.ok() && read.error().code == Code::kForbidden) link_.SetDown(read.error());
    return read;
  }

  Clock& clock() { return context_.clock; }
  Link& link() { return link_; }
  Pool& pool() { return pool_; }
  GroupCommit& commits() { return commits_; }
  const KeyRing* keys() const { return options_.keys.get(); }
  const HousekeepingOptions& housekeeping() const { return housekeeping_; }

 private:
  const PgOptions options_;
  const HousekeepingOptions housekeeping_;
  SessionContext context_;
  Link link_;
  Store::Wake wake_;
  Pool pool_;
  GroupCommit commits_;
  Listener listener_;
  MonoTime next_sweep_;
  std::jthread watchdog_;
};

PgStore::PgStore(PgOptions options, Clock& clock, Random& random, Meter& meter)
    : core_(std::make_unique<Core>(std::move(options), clock, random, meter)) {}
PgStore::~PgStore() { Stop(); }

void PgStore::Start() { core_->Start(*this); }
void PgStore::Stop() { core_->Stop(); }

bool PgStore::AwaitUp(std::chrono::milliseconds patience) {
  Clock& clock = core_->clock();
  for (const MonoTime deadline = clock.Mono() + patience; !core_->link().up();) {
    if (clock.Mono() >= deadline) return false;
    clock.SleepFor(std::chrono::milliseconds(5), {});
  }
  return true;
}

Result<Swept> PgStore::Sweep() {
  struct Ends {
    std::int64_t all = 0;
    std::int64_t deleted = 0;
  };
  struct Waiting {
    Guarded<Ends> ends;
    std::condition_variable changed;
  };
  auto waiting = std::make_shared<Waiting>();
  PATCHBAY_TRY(Swept swept, SweepStep(core_->pool(), *this, core_->housekeeping(), [waiting](bool deleted) {
                 auto ends = waiting->ends.Lock();
                 ++ends->all;
                 ends->deleted += deleted ? 1 : 0;
                 waiting->changed.notify_one();
               }));
  auto ends = waiting->ends.Lock();
  waiting->changed.wait(ends.lock(), [&] { return ends->all >= swept.events; });
  swept.events = ends->deleted;
  return swept;
}

void PgStore::Commit(Unit unit, Done done) { core_->commits().Submit(std::move(unit), std::move(done)); }
void PgStore::Listen(Sink sink, Wake wake) { core_->Listen(std::move(sink), std::move(wake)); }
Health PgStore::health() const { return core_->link().health(); }

Result<Snapshot> PgStore::Load(const std::function<void(Row)>& row) {
  return core_->Readable(LoadObjects(core_->pool(), core_->keys(), row));
}

Result<std::pair<Revision, std::vector<Change>>> PgStore::Read(Revision after, int limit) {
  return core_->Readable(ReadChanges(core_->pool(), core_->keys(), after, limit));
}

Result<std::vector<Delivery>> PgStore::Claim(int limit, std::chrono::milliseconds lease,
                                             const std::vector<std::string>& paused) {
  return ClaimDeliveries(core_->pool(), limit, lease, paused);
}

Result<void> PgStore::Settle(const Settlement& settlement) { return SettleDelivery(core_->pool(), settlement); }

Result<DeliveryCounts> PgStore::CountDeliveries(const std::string& webhook_uid) {
  return CountDeliveriesOf(core_->pool(), webhook_uid);
}

Result<std::string> PgStore::InstallationId() {
  return core_->pool().Run(kInstallationId.name, [](pqxx::connection& connection) {
    pqxx::nontransaction work(connection);
    return std::string(work.exec_prepared1(kInstallationId.name)[0].c_str());
  });
}

}  // namespace patchbay::store

#include "store/admin.h"

#include <algorithm>

#include "base/meter.h"
#include "base/random.h"
#include "base/text.h"
#include "store/housekeeping.h"
#include "store/migrations.h"
#include "store/pg_store.h"
#include "store/session.h"

namespace patchbay::store {
namespace {

// One session for one errand.
class Errand {
 public:
  static Result<std::unique_ptr<Errand>> Begin(const std::string& connection, Clock& clock) {
    std::unique_ptr<Errand> errand(new Errand(connection, clock));
    PATCHBAY_TRY(errand->session_, Session::Open(errand->context_));
    return errand;
  }
  Session& session() { return *session_; }
  template <class Work>
  auto Run(std::string_view name, Work&& work) {
    return session_->Try(name, std::forward<Work>(work), {.patience = std::chrono::minutes(30)});
  }

 private:
  Errand(const std::string& connection, Clock& clock) : context_(OptionsOf(connection), clock, NullMeter()) {}
  static SessionOptions OptionsOf(const std::string& connection) {
    SessionOptions options;
    options.connection = connection;
    options.statement_timeout = std::chrono::minutes(5);
    options.lock_timeout = std::chrono::seconds(30);
    options.slow = std::chrono::minutes(10);
    return options;
  }
  SessionContext context_;
  std::unique_ptr<Session> session_;
};

std::vector<std::pair<std::string, std::int64_t>> Pairs(const pqxx::result& rows) {
  std::vector<std::pair<std::string, std::int64_t>> pairs;
  for (const auto& row : rows) pairs.emplace_back(row[0].c_str(), row[1].as<std::int64_t>());
  return pairs;
}

void ReadCounts(pqxx::transaction_base& work, DatabaseStatus& status) {
  const pqxx::row one = work.exec1(
      "SELECT (SELECT installation_id FROM meta), (SELECT value FROM counter), (SELECT oldest_kept FROM log_state),"
      " (SELECT count(*) FROM changes),"
      " (SELECT count(*) FROM deliveries WHERE state = 'pending'),"
      " (SELECT count(*) FROM deliveries WHERE state = 'delivered'),"
      " (SELECT count(*) FROM deliveries WHERE state = 'failed')");
  status.installation_id = one[0].c_str();
  status.revision = one[1].as<Revision>();
  status.oldest_kept = one[2].as<Revision>();
  status.changes = one[3].as<std::int64_t>();
  status.deliveries_pending = one[4].as<std::int64_t>();
  status.deliveries_delivered = one[5].as<std::int64_t>();
  status.deliveries_failed = one[6].as<std::int64_t>();
  status.objects = Pairs(work.exec("SELECT resource, count(*) FROM objects GROUP BY 1 ORDER BY 1"));
  status.bytes = Pairs(work.exec(
      "SELECT relname, pg_total_relation_size(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
      " WHERE nspname = 'patchbay' AND relkind = 'r' ORDER BY 1"));
  std::int64_t total = 0;
  for (const auto& [table, bytes] : status.bytes) total += bytes;
  status.bytes.emplace_back("total", total);
}

}  // namespace

Result<std::vector<std::string>> Migrate(const std::string& connection, Clock& clock) {
  PATCHBAY_TRY(auto errand, Errand::Begin(connection, clock));
  return ApplyMigrations(errand->session(), EmbeddedMigrations());
}

Result<DatabaseStatus> Status(const std::string& connection, Clock& clock) {
  PATCHBAY_TRY(auto errand, Errand::Begin(connection, clock));
  PATCHBAY_TRY(const auto applied, ListApplied(errand->session()));
  DatabaseStatus status;
  status.faults = CompareMigrations(applied, EmbeddedMigrations());
  for (const auto& [name, sha256, at] : applied) status.migrations.push_back({name, sha256, at});
  for (const auto& [name, text] : EmbeddedMigrations()) {
    const auto known = [&, &wanted = name](const auto& migration) { return migration.name == wanted; };
    if (std::none_of(status.migrations.begin(), status.migrations.end(), known))
      status.migrations.push_back({name, "", ""});
  }
  auto read = errand->Run("store.status", [&](pqxx::connection& session) {
    pqxx::transaction<pqxx::repeatable_read, pqxx::read_only> work(session);
    const pqxx::row server = work.exec1("SELECT current_setting('server_version'), current_database()");
    status.server = std::string(TextOf(server[0]).substr(0, TextOf(server[0]).find(' ')));
    status.database = server[1].c_str();
    if (applied.size() >= EmbeddedMigrations().size()) ReadCounts(work, status);
  });
  if (!read.ok()) return std::move(read).error();
  return status;
}

Result<CleanupCounts> Cleanup(const std::string& connection, Clock& clock, const CleanupOptions& options) {
  PgOptions store_options;
  store_options.connection = connection;
  store_options.migrate = false;
  store_options.check_keys = false;
  store_options.housekeeping = std::chrono::milliseconds(0);
  store_options.changes_kept = options.changes_kept;
  store_options.changes_age = options.changes_age;
  store_options.events_age = options.events_age;
  store_options.deliveries_age = options.deliveries_age;
  Random random;
  PgStore store(store_options, clock, random, NullMeter());
  store.Start();
  if (!store.AwaitUp(std::chrono::seconds(10)))
    return Error{Code::kUnavailable, store.health().message, {}, kRetryAfter};
  CleanupCounts counts;
  // Events first: their deletions are changes, too.
  while (true) {
    PATCHBAY_TRY(const auto swept, store.Sweep());
    counts.changes += swept.changes;
    counts.deliveries += swept.deliveries;
    counts.events += swept.events;
    if (swept.changes + swept.deliveries + swept.events == 0) return counts;
  }
}

Result<void> Reset(const std::string& connection, Clock& clock) {
  PATCHBAY_TRY(auto errand, Errand::Begin(connection, clock));
  return errand->Run("store.reset", [](pqxx::connection& session) {
    pqxx::work work(session);
    work.exec("SET LOCAL client_min_messages = warning; DROP SCHEMA IF EXISTS patchbay CASCADE");
    work.commit();
  });
}

Result<SealCounts> Encrypt(const std::string& connection, Clock& clock, const KeyRing& keys) {
  PATCHBAY_TRY(auto errand, Errand::Begin(connection, clock));
  PATCHBAY_TRY(const SealCounts counts, SealAll(errand->session(), keys));
  PATCHBAY_CHECK(errand->Run("store.vacuum", [](pqxx::connection& session) {
    pqxx::nontransaction work(session);
    work.exec("VACUUM changes");
  }));
  return counts;
}

}  // namespace patchbay::store

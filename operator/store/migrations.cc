#include "store/migrations.h"

#include <algorithm>

#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"

namespace patchbay::store {
namespace {

// Any number will do, as long as it stays: "patchbay" in ASCII.
constexpr const char* kLock = "SELECT pg_advisory_xact_lock(8097879368173154681)";

std::vector<Applied> ReadApplied(pqxx::transaction_base& work) {
  if (work.exec1("SELECT to_regclass('patchbay.migrations') IS NULL")[0].as<bool>()) return {};
  std::vector<Applied> applied;
  for (const auto& row :
       work.exec("SELECT name, sha256, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
                 " FROM patchbay.migrations ORDER BY name COLLATE \"C\""))
    applied.push_back({row[0].c_str(), row[1].c_str(), row[2].c_str()});
  return applied;
}

struct Step {
  std::vector<std::string> faults;
  std::string applied;  // "" when there was nothing left to do
};

Step ApplyNext(pqxx::connection& connection, const MigrationFiles& files) {
  pqxx::work work(connection);
  work.exec("SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = '600s'");
  work.exec(kLock);
  Step step;
  const auto applied = ReadApplied(work);
  step.faults = CompareMigrations(applied, files);
  if (!step.faults.empty() || applied.size() == files.size()) return step;
  const auto& [name, text] = files[applied.size()];
  if (applied.empty())
    work.exec(
        "CREATE SCHEMA IF NOT EXISTS patchbay; CREATE TABLE IF NOT EXISTS patchbay.migrations ("
        "name text PRIMARY KEY, sha256 text NOT NULL, at timestamptz NOT NULL DEFAULT now())");
  work.exec(text);
  work.exec_params("INSERT INTO patchbay.migrations (name, sha256) VALUES ($1, $2)", name, Sha256Hex(text));
  work.commit();
  step.applied = name;
  return step;
}

}  // namespace

Result<std::vector<Applied>> ListApplied(Session& session) {
  return session.Try("store.list_migrations", [](pqxx::connection& connection) {
    pqxx::nontransaction work(connection);
    return ReadApplied(work);
  });
}

std::vector<std::string> CompareMigrations(const std::vector<Applied>& applied, const MigrationFiles& files) {
  std::vector<std::string> faults;
  std::size_t expected = 0;
  for (const auto& [name, sha256, at] : applied) {
    const auto file =
        std::find_if(files.begin(), files.end(), [&name = name](const auto& file_of) { return file_of.first == name; });
    if (file == files.end()) {
      faults.push_back(StrCat("migration ", name, " was applied to this database and is missing in this program"));
    } else if (Sha256Hex(file->second) != sha256) {
      faults.push_back(StrCat("migration ", name, " was changed after it was applied to this database"));
    } else if (expected < files.size() && files[expected].first != name) {
      faults.push_back(
          StrCat("migration ", files[expected].first, " is older than the applied ", name, " and was never applied"));
    }
    ++expected;
  }
  return faults;
}

Result<std::vector<std::string>> ApplyMigrations(Session& session, const MigrationFiles& files) {
  std::vector<std::string> done;
  while (true) {
    const std::string next = done.empty() ? "migration" : StrCat("the migration after ", done.back());
    auto step =
        session.Try("store.apply_migration", [&](pqxx::connection& connection) { return ApplyNext(connection, files); },
                    {.patience = std::chrono::minutes(11)});
    if (!step.ok()) return step.error().Within(next);
    if (!step->faults.empty()) return Error{Code::kConflict, Join(step->faults, "; ")};
    if (step->applied.empty()) return done;
    LogInfo("store", "migrated", {{"migration", step->applied}});
    done.push_back(step->applied);
  }
}

}  // namespace patchbay::store

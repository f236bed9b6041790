// store/admin.h, Verify: the database looked at from several sides that have to agree.
#include <algorithm>

#include "base/meter.h"
#include "base/text.h"
#include "object/json.h"
#include "object/object.h"
#include "store/admin.h"
#include "store/migrations.h"
#include "store/session.h"

namespace patchbay::store {
namespace {

constexpr std::size_t kMostProblems = 100;
using Work = pqxx::transaction<pqxx::repeatable_read, pqxx::read_only>;

// Each gives one line of text per problem.
constexpr const char* kChecks[] = {
    "SELECT 'counter: there is no row, or more than one' WHERE (SELECT count(*) FROM counter) <> 1",
    "SELECT 'log_state: there is no row, or more than one' WHERE (SELECT count(*) FROM log_state) <> 1",
    "SELECT 'meta: there is no row, or more than one' WHERE (SELECT count(*) FROM meta) <> 1",
    "SELECT format('counter: %s is behind revision %s of objects', value, m) FROM counter,"
    " (SELECT max(revision) m FROM objects) o WHERE m > value",
    "SELECT format('counter: %s is behind revision %s of changes', value, m) FROM counter,"
    " (SELECT max(revision) m FROM changes) c WHERE m > value",
    "SELECT format('log_state: the oldest kept revision is %s, the counter %s', oldest_kept, value)"
    " FROM log_state, counter WHERE oldest_kept > value",
    "SELECT format('changes: revision %s is nobody''s and should have been pruned with %s', c.revision, oldest_kept)"
    " FROM changes c CROSS JOIN log_state WHERE c.revision <= oldest_kept"
    " AND NOT EXISTS (SELECT FROM objects o WHERE o.revision = c.revision) LIMIT 20",
    "SELECT format('objects: revision %s stands at %s objects', revision, count(*)) FROM objects GROUP BY revision"
    " HAVING count(*) > 1 LIMIT 20",
    // The last change of a key says what the object is.
    "SELECT format('%s %s/%s: the change log ends at revision %s%s, the object is %s', resource, ns, name, c.revision,"
    "   CASE WHEN c.deleted THEN ' with its deletion' ELSE '' END, coalesce('at ' || o.revision, 'absent'))"
    " FROM (SELECT DISTINCT ON (resource, ns, name) * FROM changes ORDER BY resource, ns, name, revision DESC) c"
    " LEFT JOIN objects o USING (resource, ns, name)"
    " WHERE CASE WHEN c.deleted THEN o.revision IS NOT NULL ELSE o.revision IS DISTINCT FROM c.revision END LIMIT 50",
    "SELECT format('%s %s/%s: the object at revision %s is not what the change log says', o.resource, o.ns, o.name, "
    "revision)"
    " FROM objects o JOIN changes c USING (revision)"
    " WHERE (o.resource, o.ns, o.name, o.uid, o.generation) IS DISTINCT FROM (c.resource, c.ns, c.name, c.uid, "
    "c.generation)"
    " OR c.deleted LIMIT 50",
    "SELECT format('%s %s/%s: revision %s is not in the change log, the body is lost', resource, ns, name, revision)"
    " FROM objects o WHERE NOT EXISTS (SELECT FROM changes c WHERE c.revision = o.revision) LIMIT 50",
    "SELECT format('delivery %s: its webhook %s has no queue', id, webhook_uid) FROM deliveries d"
    " WHERE state = 'pending' AND NOT EXISTS (SELECT FROM webhook_queues q WHERE q.webhook_uid = d.webhook_uid) LIMIT "
    "20",
};

constexpr const char* kBodies =
    "SELECT o.resource, o.ns, o.name, o.uid, c.body FROM objects o JOIN changes c USING (revision) ORDER BY 1, 2, 3";

std::string CheckBody(const Key& key, const pqxx::row& row, const KeyRing* keys) {
  const std::string uid = row[3].c_str();
  std::string text(TextOf(row[4]));
  if (IsSealed(text)) {
    if (KeyIdOf(text).empty() || !IsKeptSealed(key))
      return StrCat(key.ToString(), ": the body is sealed in no form of ours");
    if (keys == nullptr) return "";
    auto opened = OpenBody(keys, key, uid, text);
    if (!opened.ok()) return StrCat(key.ToString(), ": ", opened.error().message);
    text = *std::move(opened);
  }
  const auto body = ParseJson(text, {.bytes = 64 * 1024 * 1024, .depth = 512, .values = 50'000'000});
  if (!body.ok()) return StrCat(key.ToString(), ": the body is not JSON: ", body.error().message);
  if (NameOf(*body) != key.name) return StrCat(key.ToString(), ": the body is named ", QuoteJson(NameOf(*body)));
  if (NamespaceOf(*body) != key.ns)
    return StrCat(key.ToString(), ": the body is of the namespace ", QuoteJson(NamespaceOf(*body)));
  if (UidOf(*body) != uid)
    return StrCat(key.ToString(), ": the body's uid is ", QuoteJson(UidOf(*body)), ", the row's ", uid);
  if (Find(*body, {"metadata", "resourceVersion"}) != nullptr)
    return StrCat(key.ToString(), ": the body holds a resourceVersion");
  return "";
}

void CheckBodies(Work& work, const KeyRing* keys, std::vector<std::string>& problems) {
  pqxx::icursorstream stream(work, kBodies, "bodies", 100);
  for (pqxx::result rows; problems.size() < kMostProblems && stream >> rows;)
    for (const auto& row : rows) {
      const std::string problem = CheckBody({row[0].c_str(), row[1].c_str(), row[2].c_str()}, row, keys);
      if (!problem.empty()) problems.push_back(problem);
    }
}

std::vector<std::string> CheckAll(pqxx::connection& connection, const KeyRing* keys) {
  Work work(connection);
  work.exec("SET LOCAL work_mem = '64MB'");
  std::vector<std::string> problems;
  for (const char* check : kChecks)
    for (const auto& row : work.exec(check)) problems.emplace_back(row[0].c_str());
  CheckBodies(work, keys, problems);
  return problems;
}

}  // namespace

Result<std::vector<std::string>> Verify(const std::string& connection, Clock& clock, const KeyRing* keys) {
  SessionOptions options;
  options.connection = connection;
  options.statement_timeout = std::chrono::minutes(5);
  options.slow = std::chrono::minutes(10);
  SessionContext context(options, clock, NullMeter());
  PATCHBAY_TRY(auto session, Session::Open(context));
  PATCHBAY_TRY(const auto applied, ListApplied(*session));
  auto problems = CompareMigrations(applied, EmbeddedMigrations());
  if (!problems.empty()) return problems;
  if (applied.size() < EmbeddedMigrations().size())
    return std::vector<std::string>{"the database lacks migrations: run patchbay db migrate"};
  PATCHBAY_TRY(problems, session->Try("store.verify", [&](pqxx::connection& work) { return CheckAll(work, keys); },
                                      {.patience = std::chrono::minutes(30)}));
  if (problems.size() > kMostProblems) problems.resize(kMostProblems);
  return problems;
}

}  // namespace patchbay::store

#include "store/housekeeping.h"

namespace patchbay::store {
namespace {

template <class... Parameters>
Result<std::int64_t> Count(Pool& pool, const Query& query, const Parameters&... parameters) {
  return pool.Run(query.name, [&](pqxx::connection& connection) {
    pqxx::nontransaction work(connection);
    return work.exec_prepared1(query.name, parameters...)[0].template as<std::int64_t>();
  });
}

// The same, while no commit runs: two statements, because the second has to see what was committed before the lock.
template <class... Parameters>
Result<std::int64_t> CountAlone(Pool& pool, const Query& query, const Parameters&... parameters) {
  return pool.Run(query.name, [&](pqxx::connection& connection) {
    pqxx::work work(connection);
    work.exec_prepared(kLockCounter.name);
    const auto count = work.exec_prepared1(query.name, parameters...)[0].template as<std::int64_t>();
    work.commit();
    return count;
  });
}

// The units that delete expired Events through the normal commit, so that watchers see them go.
Result<std::vector<Unit>> FindExpiredEvents(Pool& pool, const HousekeepingOptions& options) {
  return pool.Run(kExpiredEvents.name, [&](pqxx::connection& connection) {
    pqxx::nontransaction work(connection);
    std::vector<Unit> units;
    for (const auto& row :
         work.exec_prepared(kExpiredEvents.name, options.events_age.count(), options.step, options.events_kept)) {
      Write write;
      write.key = {std::string(kEvents), row[0].c_str(), row[1].c_str()};
      write.op = Write::Op::kDelete;
      write.uid = row[2].c_str();
      write.expected = row[3].as<Revision>();
      write.generation = row[4].as<std::int64_t>();
      write.body = TextOf(row[5]);
      units.push_back({{std::move(write)}, {}});
    }
    return units;
  });
}

}  // namespace

Result<Swept> SweepStep(Pool& pool, Store& store, const HousekeepingOptions& options,
                        const std::function<void(bool)>& gone) {
  Swept swept;
  PATCHBAY_TRY(swept.changes,
               CountAlone(pool, kPruneChanges, options.changes_kept, options.changes_age.count(), options.step));
  PATCHBAY_TRY(swept.deliveries, Count(pool, kPruneDeliveries, options.deliveries_age.count(), options.step));
  if (swept.deliveries > 0) {
    PATCHBAY_TRY(swept.queues, CountAlone(pool, kPruneQueues));
  }
  PATCHBAY_TRY(auto units, FindExpiredEvents(pool, options));
  swept.events = std::ssize(units);
  // One that was touched meanwhile stays: its precondition fails.
  for (auto& unit : units) store.Commit(std::move(unit), [gone](const auto& outcome) { gone(outcome.ok()); });
  return swept;
}

}  // namespace patchbay::store

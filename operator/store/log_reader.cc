#include "store/log_reader.h"

#include <memory>

#include "store/precondition.h"
#include "store/sealing.h"

namespace patchbay::store {
namespace {

constexpr int kRowsAtOnce = 100;
constexpr long kAnswerBytes = 32L * 1024 * 1024;

template <class RowOrChange>
Result<void> TakeBody(const pqxx::field& field, const KeyRing* keys, RowOrChange& out) {
  std::string_view body = TextOf(field);
  std::string opened;
  if (IsSealed(body)) {
    PATCHBAY_TRY(opened, OpenBody(keys, out.key, out.uid, body));
    body = opened;
  }
  out.bytes = std::make_shared<const std::string>(SpliceRevision(body, out.revision));
  return {};
}

Result<Row> RowOf(const pqxx::row& row, const KeyRing* keys) {
  Row out;
  out.key = {row[0].c_str(), row[1].c_str(), row[2].c_str()};
  out.uid = row[3].c_str();
  out.revision = row[4].as<Revision>();
  out.generation = row[5].as<std::int64_t>();
  PATCHBAY_CHECK(TakeBody(row[6], keys, out));
  return out;
}

Result<Change> ChangeOf(const pqxx::row& row, const KeyRing* keys) {
  Change out;
  out.revision = row[2].as<Revision>();
  out.type = row[3].as<bool>() ? ChangeType::kDelete : ChangeType::kPut;
  out.key = {row[4].c_str(), row[5].c_str(), row[6].c_str()};
  out.uid = row[7].c_str();
  out.generation = row[8].as<std::int64_t>();
  PATCHBAY_CHECK(TakeBody(row[9], keys, out));
  return out;
}

struct Answer {
  Revision counter = 0;
  Revision oldest_kept = 0;
  bool cut = false;
  std::vector<Change> changes;
};

Result<Answer> ReadAnswer(pqxx::connection& connection, const KeyRing* keys, Revision after, int limit) {
  pqxx::nontransaction work(connection);  // one statement sees one snapshot
  const pqxx::result rows = work.exec_prepared(kReadChanges.name, after, limit, kAnswerBytes);
  Answer answer;
  answer.counter = rows.at(0)[0].as<Revision>();
  answer.oldest_kept = rows.at(0)[1].as<Revision>();
  if (rows[0][2].is_null()) return answer;
  answer.changes.reserve(rows.size());
  for (const auto& row : rows) {
    PATCHBAY_TRY(Change change, ChangeOf(row, keys));
    answer.changes.push_back(std::move(change));
  }
  const auto found = rows[0][10].as<std::int64_t>();
  answer.cut = found >= limit || static_cast<std::int64_t>(rows.size()) < found;
  return answer;
}

}  // namespace

Result<Snapshot> LoadObjects(Pool& pool, const KeyRing* keys, const std::function<void(Row)>& row) {
  const auto load = [&](pqxx::connection& connection) -> Result<Snapshot> {
    pqxx::transaction<pqxx::repeatable_read, pqxx::read_only> work(connection);
    const pqxx::row position = work.exec_prepared1(kReadPosition.name);
    pqxx::icursorstream stream(work, kLoadObjects.text, "load", kRowsAtOnce);
    for (pqxx::result rows; stream >> rows;)
      for (const auto& one : rows) {
        PATCHBAY_TRY(Row read, RowOf(one, keys));
        row(std::move(read));
      }
    return Snapshot{position[0].as<Revision>(), position[1].as<Revision>()};
  };
  PATCHBAY_TRY(auto loaded, pool.Run(kLoadObjects.name, load, {.patience = std::chrono::minutes(10)}));
  return loaded;
}

Result<std::pair<Revision, std::vector<Change>>> ReadChanges(Pool& pool, const KeyRing* keys, Revision after,
                                                             int limit) {
  PATCHBAY_TRY(auto read, pool.Run(kReadChanges.name, [&](pqxx::connection& connection) {
    return ReadAnswer(connection, keys, after, limit);
  }));
  PATCHBAY_TRY(Answer answer, std::move(read));
  if (auto error = CheckPosition(after, answer.oldest_kept, answer.counter)) return *std::move(error);
  const Revision position = answer.cut ? answer.changes.back().revision : answer.counter;
  return std::make_pair(position, std::move(answer.changes));
}

}  // namespace patchbay::store

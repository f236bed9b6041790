#include "store/delivery_queue.h"

#include "base/text.h"
#include "store/binary_array.h"

namespace patchbay::store {
namespace {

WallTime FromMicros(std::int64_t micros) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::microseconds(micros)));
}

Delivery DeliveryOf(const pqxx::row& row) {
  Delivery out;
  out.id = row[0].as<std::int64_t>();
  out.webhook_uid = row[1].c_str();
  out.webhook_ns = row[2].c_str();
  out.webhook_name = row[3].c_str();
  out.message_id = row[4].c_str();
  out.type = row[5].c_str();
  out.payload = TextOf(row[6]);
  out.attempt = row[7].as<int>();
  out.created = FromMicros(row[8].as<std::int64_t>());
  return out;
}

// What a receiver answered may be any bytes; Postgres takes UTF-8 without U+0000.
std::string CleanText(std::string_view text, std::size_t most) {
  std::string clean;
  text = text.substr(0, most);
  for (const char c : text) clean += c == '\0' ? ' ' : c;
  while (!clean.empty() && text.size() == most && (clean.back() & 0x80) != 0) clean.pop_back();
  if (IsUtf8(clean)) return clean;
  for (char& c : clean)
    if ((c & 0x80) != 0) c = '?';
  return clean;
}

const char* StateName(Settlement::State state) {
  switch (state) {
    case Settlement::State::kDelivered: return "delivered";
    case Settlement::State::kFailed: return "failed";
    case Settlement::State::kRetry: break;
  }
  return "pending";
}

}  // namespace

Result<std::vector<Delivery>> ClaimDeliveries(Pool& pool, int limit, std::chrono::milliseconds lease,
                                              const std::vector<std::string>& paused) {
  BinaryArray uids = TextArray(paused);
  const pqxx::binarystring parameter(uids.Encode());
  return pool.Run(kClaimDeliveries.name, [&](pqxx::connection& connection) {
    pqxx::nontransaction work(connection);
    std::vector<Delivery> claimed;
    for (const auto& row : work.exec_prepared(kClaimDeliveries.name, limit, lease.count(), parameter))
      claimed.push_back(DeliveryOf(row));
    return claimed;
  });
}

Result<void> SettleDelivery(Pool& pool, const Settlement& settlement) {
  PATCHBAY_TRY(const bool known, pool.Run(kSettleDelivery.name, [&](pqxx::connection& connection) {
    pqxx::nontransaction work(connection);
    return work
        .exec_prepared1(kSettleDelivery.name, settlement.id, StateName(settlement.state),
                        settlement.retry_after.count(), settlement.status, CleanText(settlement.error, 1024))[0]
        .as<bool>();
  }));
  if (!known) return Error{Code::kNotFound, StrCat("there is no delivery ", settlement.id)};
  return {};
}

Result<DeliveryCounts> CountDeliveriesOf(Pool& pool, const std::string& webhook_uid) {
  return pool.Run(kCountDeliveries.name, [&](pqxx::connection& connection) {
    pqxx::nontransaction work(connection);
    DeliveryCounts counts;
    const pqxx::result rows = work.exec_prepared(kCountDeliveries.name, CleanText(webhook_uid, 256));
    if (rows.empty()) return counts;
    counts.pending = rows[0][0].as<std::int64_t>();
    counts.delivered = rows[0][1].as<std::int64_t>();
    counts.failed = rows[0][2].as<std::int64_t>();
    if (const auto micros = rows[0][3].as<std::int64_t>(); micros != 0)
      counts.last_time = FormatTime(FromMicros(micros));
    counts.last_status = rows[0][4].as<int>();
    counts.last_error = rows[0][5].c_str();
    return counts;
  });
}

}  // namespace patchbay::store

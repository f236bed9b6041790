// Webhook messages that wait, are in flight, are done. Leases run by the database's clock. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "store/pool.h"
#include "store/store.h"

namespace patchbay::store {

Result<std::vector<Delivery>> ClaimDeliveries(Pool& pool, int limit, std::chrono::milliseconds lease,
                                              const std::vector<std::string>& paused);
Result<void> SettleDelivery(Pool& pool, const Settlement& settlement);
Result<DeliveryCounts> CountDeliveriesOf(Pool& pool, const std::string& webhook_uid);

}  // namespace patchbay::store

// The care of a database: what `patchbay db migrate|status|cleanup|reset|verify` do. Each function connects by itself
// (kUnavailable when it cannot) and blocks. No error holds the password.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "object/key.h"
#include "store/key_ring.h"
#include "store/sealing.h"

namespace patchbay::store {

struct MigrationState {
  std::string name;
  std::string sha256;
  std::string applied_at;  // RFC 3339; "" when it waits
};

struct DatabaseStatus {
  std::string server;  // "15.18"
  std::string database;
  std::string installation_id;
  std::vector<MigrationState> migrations;  // those of this program, and what else the database has had
  std::vector<std::string> faults;         // changed or missing migrations, by name
  Revision revision = 0;
  Revision oldest_kept = 0;
  std::vector<std::pair<std::string, std::int64_t>> objects;  // by resource
  std::int64_t changes = 0;
  std::int64_t deliveries_pending = 0;
  std::int64_t deliveries_delivered = 0;  // still in the table
  std::int64_t deliveries_failed = 0;
  std::vector<std::pair<std::string, std::int64_t>> bytes;  // by table, with indexes; last: "total"
};

struct CleanupOptions {
  std::int64_t changes_kept = 10'000;
  std::chrono::seconds changes_age{24 * 3600};
  std::chrono::seconds events_age{3600};
  std::chrono::seconds deliveries_age{24 * 3600};
};

struct CleanupCounts {
  std::int64_t changes = 0;
  std::int64_t events = 0;
  std::int64_t deliveries = 0;
};

// Names of what was applied; kConflict, naming it, when a migration was changed or is missing.
Result<std::vector<std::string>> Migrate(const std::string& connection, Clock& clock);
// Works on an empty database, too: then all migrations wait.
Result<DatabaseStatus> Status(const std::string& connection, Clock& clock);
// Until nothing is left to remove; a running operator sees Events go like any other deletion.
Result<CleanupCounts> Cleanup(const std::string& connection, Clock& clock, const CleanupOptions& options = {});
// Drops the schema with everything in it. Asking whether that is meant is the caller's.
Result<void> Reset(const std::string& connection, Clock& clock);
// From one snapshot: migrations unchanged; objects and change log agree; the counter is ahead of both; bodies parse and
// name their row; deliveries have their queue. Sealed bodies are looked into when `keys` are given. Empty when all is
// well, else one sentence per problem (at most 100).
Result<std::vector<std::string>> Verify(const std::string& connection, Clock& clock, const KeyRing* keys = nullptr);
// Every Secret under the first key, see SealAll; then the space of the old rows is freed.
Result<SealCounts> Encrypt(const std::string& connection, Clock& clock, const KeyRing& keys);

}  // namespace patchbay::store

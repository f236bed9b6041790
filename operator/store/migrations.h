// Forward-only migrations: every file once, in the order of names, each in a transaction of its own with the record of
// its checksum. Starters at the same time take turns.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "store/session.h"

namespace patchbay {

// migrations/*.sql of this program: name and text, in order.
const std::vector<std::pair<std::string, std::string>>& EmbeddedMigrations();

namespace store {

using MigrationFiles = std::vector<std::pair<std::string, std::string>>;

struct Applied {
  std::string name;
  std::string sha256;
  std::string at;  // RFC 3339
};

// What the database has had, in order; empty when it has no schema of ours.
Result<std::vector<Applied>> ListApplied(Session& session);
// Empty when `applied` is a beginning of `files`; else a sentence per fault, each naming its file.
std::vector<std::string> CompareMigrations(const std::vector<Applied>& applied, const MigrationFiles& files);
// Applies what is missing and returns the names. kConflict, naming it, when one that was applied is changed, missing or
// out of order: then nothing is done. A migration that fails leaves nothing of itself.
Result<std::vector<std::string>> ApplyMigrations(Session& session, const MigrationFiles& files);

}  // namespace store
}  // namespace patchbay

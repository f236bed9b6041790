// db migrate, status, cleanup, reset, encrypt, verify: care for the database, with or without a running operator.
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "base/clock.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/printer.h"
#include "store/admin.h"
#include "store/connection.h"

namespace patchbay::cli {
namespace {

Result<std::string> Connection(const DatabaseFlags& flags) {
  if (!flags.url.empty()) return flags.url;
  return store::ConnectionString([](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  });
}

template <class Work>
int OnDatabase(const DatabaseFlags& flags, Work work) {
  const auto connection = Connection(flags);
  if (!connection.ok()) return Fail(connection.error(), 2);
  auto result = work(*connection);
  return result.ok() ? *result : Fail(result.error());
}

std::string Size(std::int64_t bytes) {
  if (bytes < 10 * 1024) return StrCat(bytes, " B");
  if (bytes < 10L * 1024 * 1024) return StrCat(bytes / 1024, " KiB");
  return StrCat(bytes / 1024 / 1024, " MiB");
}

void PrintStatus(const store::DatabaseStatus& status) {
  TextTable table(std::cout);
  table.Add({"Database:", StrCat(status.database, " on PostgreSQL ", status.server)});
  table.Add({"Installation:", status.installation_id.empty() ? "<none: not migrated yet>" : status.installation_id});
  table.Add({"Revision:", StrCat(status.revision, " (changes after ", status.oldest_kept, " are kept: ", status.changes, ")")});
  table.Add({"Deliveries:", StrCat(status.deliveries_pending, " pending, ", status.deliveries_delivered, " delivered, ",
                                   status.deliveries_failed, " failed")});
  table.Flush();
  std::cout << "\n";
  table.Add({"MIGRATION", "APPLIED", "SHA-256"});
  for (const auto& migration : status.migrations)
    table.Add({migration.name, migration.applied_at.empty() ? "waits" : migration.applied_at, migration.sha256.substr(0, 16)});
  table.Flush();
  std::cout << "\n";
  TextTable counts(std::cout);
  counts.Add({"OBJECTS", "COUNT"});
  for (const auto& [resource, count] : status.objects) counts.Add({resource, std::to_string(count)});
  counts.Flush();
  std::cout << "\n";
  TextTable sizes(std::cout);
  sizes.Add({"TABLE", "SIZE"});
  for (const auto& [name, bytes] : status.bytes) sizes.Add({name, Size(bytes)});
  sizes.Flush();
}

}  // namespace

int MigrateDatabase(const DatabaseFlags& flags) {
  return OnDatabase(flags, [](const std::string& connection) -> Result<int> {
    PATCHBAY_TRY(const auto applied, store::Migrate(connection, SystemClock()));
    for (const auto& name : applied) std::cout << name << " applied\n";
    if (applied.empty()) std::cout << "Nothing to do: the schema is this program's.\n";
    return 0;
  });
}

int ShowDatabase(const DatabaseFlags& flags) {
  return OnDatabase(flags, [](const std::string& connection) -> Result<int> {
    PATCHBAY_TRY(const auto status, store::Status(connection, SystemClock()));
    PrintStatus(status);
    for (const auto& fault : status.faults) std::cerr << "error: " << fault << "\n";
    return status.faults.empty() ? 0 : 1;
  });
}

int CleanDatabase(const DatabaseFlags& flags) {
  return OnDatabase(flags, [](const std::string& connection) -> Result<int> {
    PATCHBAY_TRY(const auto counts, store::Cleanup(connection, SystemClock()));
    std::cout << "Removed " << counts.changes << " changes, " << counts.events << " events, " << counts.deliveries << " deliveries.\n";
    return 0;
  });
}

int ResetDatabase(const DatabaseFlags& flags) {
  return OnDatabase(flags, [&](const std::string& connection) -> Result<int> {
    if (!flags.yes) {
      std::cout << "This deletes everything Patchbay has stored in " << Redact(connection)
                << ".\nContainers and routes that exist stay, and nobody knows them any more. Type \"reset\" to go on: " << std::flush;
      std::string answer;
      if (!std::getline(std::cin, answer) || answer != "reset") {
        std::cout << "Nothing was deleted.\n";
        return 1;
      }
    }
    PATCHBAY_CHECK(store::Reset(connection, SystemClock()));
    std::cout << "Everything is deleted; `patchbay db migrate` or the next start makes an empty schema.\n";
    return 0;
  });
}

int EncryptDatabase(const DatabaseFlags& flags) {
  if (flags.encryption_key_file.empty())
    return Fail({Code::kInvalid, "give --encryption-key-file (or PATCHBAY_ENCRYPTION_KEY_FILE)"}, 2);
  return OnDatabase(flags, [&](const std::string& connection) -> Result<int> {
    PATCHBAY_TRY(const auto keys, store::KeyRing::Read(flags.encryption_key_file));
    PATCHBAY_TRY(const auto counts, store::Encrypt(connection, SystemClock(), *keys));
    std::cout << "Secrets and their past states under the key " << keys->first() << ": " << counts.sealed << " written anew, "
              << counts.unchanged << " as they were.\n";
    return 0;
  });
}

int VerifyDatabase(const DatabaseFlags& flags) {
  return OnDatabase(flags, [&](const std::string& connection) -> Result<int> {
    std::shared_ptr<const store::KeyRing> keys;
    if (!flags.encryption_key_file.empty()) {
      PATCHBAY_TRY(keys, store::KeyRing::Read(flags.encryption_key_file));
    }
    PATCHBAY_TRY(const auto problems, store::Verify(connection, SystemClock(), keys.get()));
    for (const auto& problem : problems) std::cerr << "error: " << problem << "\n";
    if (problems.empty()) std::cout << "All is well: migrations, objects, change log, revisions and deliveries agree.\n";
    return problems.empty() ? 0 : 1;
  });
}

}  // namespace patchbay::cli

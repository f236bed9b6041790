// A real Postgres for tests: one private server per test binary, started on first use and gone at the end; a fresh
// database per test. PATCHBAY_TEST_DATABASE_URL (a superuser's) is used instead of Shared()'s own server when set.
#pragma once

#include <memory>
#include <string>

#include "dev/postgres.h"

namespace patchbay::store {

class PostgresServer {
 public:
  static PostgresServer& Shared();
  // One that the caller may stop and crash.
  static std::unique_ptr<PostgresServer> Private();
  ~PostgresServer();

  // The connection string of a new, empty database.
  std::string NewDatabase();
  // Rows as psql -At prints them. Fails the test when the statement does.
  static std::string Query(const std::string& connection, const std::string& sql);
  // REQUIRES: made by Private(). Connection strings stay good over these.
  void Stop();
  void Crash();
  void Start();
  std::string Log() const;

 private:
  explicit PostgresServer(std::string url);
  PostgresServer();
  std::string folder_;
  std::string url_;
  int databases_ = 0;
  std::unique_ptr<dev::PrivatePostgres> server_;
};

}  // namespace patchbay::store

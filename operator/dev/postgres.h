// A Postgres cluster of our own in a folder: for `patchbay dev`, and for tests. It listens on a Unix socket in a folder
// that only its user can enter (so it trusts who comes), on no TCP port; fsync stays on; what was committed survives.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "dev/child.h"

namespace patchbay::dev {

struct PostgresOptions {
  std::string folder = {};                 // holds data/, log and (when its path is short enough) the socket
  std::string database = "patchbay";       // made when missing; [a-z0-9_]
  std::string user = {};                   // runs as; "": ourselves, or "postgres" when we are root
  std::vector<std::string> settings = {};  // "name=value", stronger than ours
  bool throwaway = false;                  // made without syncing it to disk: for tests
  bool outlive = false;                    // keeps running when we die; the next Start() finds it
};

// Not thread-safe. Start() from a thread that lives as long as the server shall (the kernel ties a child to its
// parent's thread), unless `outlive` is set.
class PrivatePostgres {
 public:
  // Makes the cluster when the folder has none, starts it, or takes over the one that still runs there after our
  // crash. Returns when it accepts connections. kNotFound names the package when Postgres is not installed;
  // kForbidden when its user cannot reach the folder; kUnavailable, with the end of its log, when it does not start.
  static Result<std::unique_ptr<PrivatePostgres>> Start(PostgresOptions options);
  ~PrivatePostgres();  // Stop(), unless options.outlive
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;

  // libpq's "host=... dbname=...", as superuser. No secret in it.
  const std::string& connection() const { return connection_; }
  pid_t pid() const { return pid_; }
  bool took_over() const { return child_ == nullptr; }
  // Fast shutdown (SIGINT): sessions end, what was committed is on disk. Idempotent.
  void Stop();
  // As a power cut would do it: SIGQUIT, no checkpoint. For tests of recovery.
  void Crash();

 private:
  explicit PrivatePostgres(PostgresOptions options) : options_(std::move(options)) {}
  Result<void> Prepare();
  Result<void> Launch();
  Result<void> MakeCluster(const std::string& data);
  Result<void> MakeDatabase();
  Result<void> AwaitReady();
  bool TakeOver();
  void End(int signal);

  PostgresOptions options_;
  std::string socket_folder_;
  std::string connection_;
  pid_t pid_ = -1;
  std::unique_ptr<Child> child_;
};

}  // namespace patchbay::dev

// A Caddy of our own on this machine: its admin API on a Unix socket (or a loopback port) that only our data folder
// knows, its files inside that folder. It outlives a crash of ours, so that traffic goes on; the next Start adopts it.
// Not thread-safe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "dev/child.h"
#include "http/client.h"

namespace patchbay::dev {

struct CaddyChildOptions {
  std::string folder;             // made when missing, mode 0700; holds caddy.json, caddy.log, caddy.pid, admin.sock
  std::string program = "caddy";  // searched in PATH
  std::chrono::milliseconds patience{10'000};  // to its first answer
};

class CaddyChild {
 public:
  // Adopts the one that caddy.pid names when it is a Caddy of this folder and answers; starts an empty one otherwise.
  // Returns when the admin API answers. kNotFound when Caddy is not installed, kUnavailable when it does not come up;
  // the message ends with its own last words.
  static Result<std::unique_ptr<CaddyChild>> Start(http::HttpClient& client, CaddyChildOptions options);
  ~CaddyChild();  // Stop()
  CaddyChild(const CaddyChild&) = delete;
  CaddyChild& operator=(const CaddyChild&) = delete;

  const std::string& admin() const { return admin_; }  // for CaddyOptions::admin
  bool adopted() const { return child_ == nullptr; }
  pid_t pid() const { return pid_; }
  bool running();
  // SIGTERM, SIGKILL after `grace` (Caddy waits for requests under way). Idempotent.
  void Stop(std::chrono::milliseconds grace = std::chrono::seconds(5));
  // Leaves it running; the next Start adopts it.
  void Forget();

 private:
  CaddyChild(CaddyChildOptions options, std::string admin) : options_(std::move(options)), admin_(std::move(admin)) {}

  CaddyChildOptions options_;
  std::string admin_;
  std::unique_ptr<Child> child_;  // nullptr: adopted, not a child of this process
  pid_t pid_ = -1;
};

}  // namespace patchbay::dev

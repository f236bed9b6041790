// A child program of ours: its own session, output to a file, stopped when told and (PR_SET_PDEATHSIG) when we die,
// unless `outlive` is set. Not thread-safe.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace patchbay::dev {

struct ChildOptions {
  std::vector<std::string> argv;  // argv[0] is searched in PATH
  std::vector<std::string> env = {};  // "K=V", added to ours
  std::string log_file = {};      // stdout and stderr, appended; "" for /dev/null
  std::string working_dir = {};
  std::string user = {};          // run as this user (needs root); "" for ours
  bool outlive = false;
};

class Child {
 public:
  // kNotFound when the program is not there, kUnavailable when it cannot be started.
  static Result<std::unique_ptr<Child>> Start(ChildOptions options);
  ~Child();  // Stop(SIGTERM, 10 s)
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  bool running();                     // reaps it when it is not
  int exit_status() const { return status_; }  // waitpid's, after running() was false
  // `signal`, then SIGKILL to its group after `grace`; returns when it is gone. Idempotent.
  void Stop(int signal, std::chrono::milliseconds grace);
  void Forget() { pid_ = -1; }        // leave it running

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_;
  int status_ = 0;
};

// Runs to the end; stdout and stderr together. Its exit status in the Error's message when not 0.
Result<std::string> RunCommand(const std::vector<std::string>& argv, const std::string& user = "",
                               std::chrono::milliseconds timeout = std::chrono::minutes(2));
// First match in PATH and the usual sbin folders and /usr/lib/postgresql/*/bin (newest first); "" when not there.
std::string FindProgram(const std::string& name);
// A TCP port on 127.0.0.1 that was free a moment ago.
int FreePort();

}  // namespace patchbay::dev

// The threads, sockets and TLS under the sessions.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/session.h"

namespace patchbay::http {

class Transport {
 public:
  // Binds and reads the TLS files; nothing is accepted before Start().
  static Result<std::unique_ptr<Transport>> Open(std::shared_ptr<House> house);
  virtual ~Transport() = default;  // Stop() without grace

  virtual void Start() = 0;
  virtual std::vector<std::string> addresses() const = 0;
  virtual Result<void> ReloadTls() = 0;
  // Afterwards no thread of it runs and no session is open. Idempotent.
  virtual void Stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace patchbay::http

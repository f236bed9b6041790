// One database session, and the one place where libpqxx's exceptions become Errors. A session that lost its connection
// is never used again (libpqxx would reconnect in silence, without our settings and locks): make a new one.
// Used by one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/meter.h"
#include "base/result.h"
#include "store/connection.h"
#include "store/queries.h"

namespace patchbay::store {

struct SessionOptions {
  std::string connection;
  std::chrono::milliseconds connect_timeout{3'000};
  std::chrono::milliseconds statement_timeout{10'000};
  std::chrono::milliseconds lock_timeout{3'000};
  std::chrono::milliseconds idle_timeout{30'000};  // of an open transaction that does nothing
  std::chrono::milliseconds slow{1'000};           // a statement that takes longer is logged, without its parameters
};

// Ends sessions whose server does not answer at all: statement_timeout is the server's, and a frozen server keeps none.
// Thread-safe.
class Watchdog {
 public:
  explicit Watchdog(Clock& clock) : clock_(clock) {}
  // Shuts the sockets down that are past their deadline; whoever waits on one gets an error. Turned by the store.
  void Bite();

 private:
  friend class Session;
  struct State {
    std::map<int, MonoTime> deadlines;  // by socket
  };
  Clock& clock_;
  Guarded<State> state_;
};

// What sessions share. References outlive them.
struct SessionContext {
  SessionContext(SessionOptions options_in, Clock& clock_in, Meter& meter);
  const SessionOptions options;
  const Scrubber scrubber;
  Clock& clock;
  Watchdog watchdog;
  Counter& slow_queries;
};

struct TryOptions {
  // The code when the connection breaks meanwhile: kInDoubt when something may have been committed.
  Code when_lost = Code::kUnavailable;
  // When the server is taken for frozen; 0: some seconds after the statement timeout.
  std::chrono::milliseconds patience{0};
};

class Session {
 public:
  // kUnavailable with the reason: whatever stands in the way may be gone at the next try. `settings` is SQL run once.
  static Result<std::unique_ptr<Session>> Open(SessionContext& context, const std::string& settings = "");

  // Runs work(connection) and gives what it returns. Exceptions become Errors. With an empty `name` nobody watches the
  // clock.
  template <class Work>
  auto Try(std::string_view name, Work&& work, const TryOptions& options = {})
      -> Result<std::invoke_result_t<Work, pqxx::connection&>> {
    using T = std::invoke_result_t<Work, pqxx::connection&>;
    const Timing timing(*this, name, options.patience);
    try {
      if constexpr (std::is_void_v<T>) {
        work(*connection_);
        return {};
      } else {
        return work(*connection_);
      }
    } catch (...) {
      return Translate(options.when_lost);
    }
  }

  // Of no further use: the connection is lost, or misfit().
  bool broken() const { return broken_; }
  // The server answers and cannot serve us: a standby, or our schema is gone. Nothing was done.
  bool misfit() const { return misfit_; }
  // The socket speaks although nothing was asked: the server has ended this session. One system call.
  bool Stale() const;
  int socket() const { return connection_->sock(); }
  int backend_pid() const { return connection_->backendpid(); }
  pqxx::connection& connection() { return *connection_; }

 private:
  // Deadline for the watchdog, and the log of slow statements.
  class Timing {
   public:
    Timing(Session& session, std::string_view name, std::chrono::milliseconds patience);
    ~Timing();

   private:
    Session& session_;
    const std::string_view name_;
    const int socket_;
    const MonoTime start_;
  };

  explicit Session(SessionContext& context) : context_(context) {}
  void Connect(const std::string& settings);
  Error Translate(Code when_lost);

  SessionContext& context_;
  std::unique_ptr<pqxx::connection> connection_;
  std::unique_ptr<pqxx::quiet_errorhandler> quiet_;  // libpqxx would write notices to stderr; leaves before connection_
  bool broken_ = false;
  bool misfit_ = false;
};

// Until when a caller should wait after kUnavailable.
inline constexpr std::chrono::milliseconds kRetryAfter{1'000};

inline std::string_view TextOf(const pqxx::field& field) { return {field.c_str(), field.size()}; }

}  // namespace patchbay::store

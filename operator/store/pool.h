// A bounded set of sessions for everything but commits and LISTEN. Thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/meter.h"
#include "store/link.h"
#include "store/session.h"

namespace patchbay::store {

struct PoolOptions {
  int most = 6;
  std::chrono::milliseconds patience{5'000};  // how long a caller waits for a session
};

class Pool {
 public:
  Pool(PoolOptions options, SessionContext& context, Link& link, Meter& meter);

  // A session on loan; goes back when destroyed (and is thrown away when broken).
  class Loan {
   public:
    Loan(Pool& pool, std::unique_ptr<Session> session) : pool_(&pool), session_(std::move(session)) {}
    Loan(Loan&& other) noexcept : pool_(std::exchange(other.pool_, nullptr)), session_(std::move(other.session_)) {}
    Loan& operator=(Loan&&) = delete;
    ~Loan();
    Session* operator->() const { return session_.get(); }

   private:
    Pool* pool_;
    std::unique_ptr<Session> session_;
  };

  // kUnavailable when all are on loan for too long, or at once while the database is known to be away.
  Result<Loan> Borrow();

  // Borrow, run, give back.
  template <class Work>
  auto Run(std::string_view name, Work&& work, const TryOptions& options = {})
      -> Result<std::invoke_result_t<Work, pqxx::connection&>> {
    auto loan = Borrow();
    if (!loan.ok()) return std::move(loan).error();
    return (*loan)->Try(name, std::forward<Work>(work), options);
  }

 private:
  struct State {
    std::vector<std::unique_ptr<Session>> idle;  // the last used at the back
    int in_use = 0;
  };
  Result<std::unique_ptr<Session>> TakeIdle();
  void GiveBack(std::unique_ptr<Session> session);
  void Count(const State& state);

  const PoolOptions options_;
  SessionContext& context_;
  Link& link_;
  Guarded<State> state_;
  std::condition_variable free_;
  Gauge& in_use_;
  Gauge& idle_;
  Counter& waits_;
  Counter& exhausted_;
};

}  // namespace patchbay::store

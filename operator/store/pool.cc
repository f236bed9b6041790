#include "store/pool.h"

#include "base/text.h"

namespace patchbay::store {

Pool::Pool(PoolOptions options, SessionContext& context, Link& link, Meter& meter)
    : options_(options),
      context_(context),
      link_(link),
      in_use_(meter.AddGauge("patchbay_store_pool_in_use", "Database sessions on loan.")),
      idle_(meter.AddGauge("patchbay_store_pool_idle", "Database sessions that wait for work.")),
      waits_(meter.AddCounter("patchbay_store_pool_waits_total", "Times that a caller had to wait for a session.")),
      exhausted_(meter.AddCounter("patchbay_store_pool_exhausted_total", "Times that a caller waited in vain.")) {
  meter.AddGauge("patchbay_store_pool_limit", "Database sessions there may be in the pool.").Set(options.most);
}

Pool::Loan::~Loan() {
  if (pool_ != nullptr) pool_->GiveBack(std::move(session_));
}

Result<Pool::Loan> Pool::Borrow() {
  if (!link_.up()) return link_.Away();
  auto session = TakeIdle();
  if (!session.ok()) return std::move(session).error();
  if (*session != nullptr) return Loan(*this, *std::move(session));
  auto opened = Session::Open(context_);
  if (opened.ok()) return Loan(*this, *std::move(opened));
  GiveBack(nullptr);
  return std::move(opened).error();
}

// A session that is good as far as one can see, or the right (nullptr) to make one.
Result<std::unique_ptr<Session>> Pool::TakeIdle() {
  std::vector<std::unique_ptr<Session>> stale;  // closed without the lock
  auto state = state_.Lock();
  const auto free = [&] { return !state->idle.empty() || state->in_use < options_.most; };
  if (!free()) {
    waits_.Add();
    if (!free_.wait_for(state.lock(), options_.patience, free)) {
      exhausted_.Add();
      return Error{Code::kUnavailable, StrCat("all ", options_.most, " database sessions are busy"), {}, kRetryAfter};
    }
  }
  std::unique_ptr<Session> session;
  while (session == nullptr && !state->idle.empty()) {
    session = std::move(state->idle.back());
    state->idle.pop_back();
    if (session->Stale()) stale.push_back(std::move(session));
  }
  ++state->in_use;
  Count(*state);
  return session;
}

void Pool::GiveBack(std::unique_ptr<Session> session) {
  if (session != nullptr && session->broken()) session.reset();
  {
    auto state = state_.Lock();
    --state->in_use;
    if (session != nullptr) state->idle.push_back(std::move(session));
    Count(*state);
  }
  free_.notify_one();
}

void Pool::Count(const State& state) {
  in_use_.Set(state.in_use);
  idle_.Set(static_cast<double>(state.idle.size()));
}

}  // namespace patchbay::store

#include "store/session.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/log.h"
#include "base/text.h"

namespace patchbay::store {
namespace {

// What we expect from a server beyond its own timeout before we take it for frozen.
constexpr std::chrono::seconds kSilence{5};

struct Reading {
  Code code = Code::kInternal;
  bool lost = false;  // the connection
  bool misfit =
      false;  // a world in which nothing can work: nothing was done, and another connection may see a better one
};

// https://www.postgresql.org/docs/15/errcodes-appendix.html
Reading ReadState(std::string_view state) {
  const auto is = [&](std::initializer_list<std::string_view> prefixes) {
    for (const auto prefix : prefixes)
      if (state.starts_with(prefix)) return true;
    return false;
  };
  if (is({"08", "57P01", "57P02", "57P03", "57P05", "25P03", "53300"})) return {Code::kUnavailable, true, false};
  // A standby, or a schema that was dropped under us.
  if (is({"25006", "3F000", "42P01", "42883", "3D000"})) return {Code::kUnavailable, false, true};
  if (is({"57014"})) return {Code::kTimeout, false, false};
  if (is({"40", "55P03", "53"})) return {Code::kUnavailable, false, false};
  if (is({"22", "54"})) return {Code::kInvalid, false, false};
  if (is({"42501", "28"})) return {Code::kForbidden, false, false};
  if (is({"23505"})) return {Code::kConflict, false, false};
  return {};
}

// Postgres' own words without the place in our SQL.
std::string_view FirstPart(std::string_view what) { return Trim(what.substr(0, what.find("\nCONTEXT:"))); }

std::string Seconds(std::chrono::milliseconds time) { return std::to_string((time.count() + 999) / 1000); }

}  // namespace

SessionContext::SessionContext(SessionOptions options_in, Clock& clock_in, Meter& meter)
    : options(std::move(options_in)),
      scrubber(options.connection),
      clock(clock_in),
      watchdog(clock_in),
      slow_queries(meter.AddCounter("patchbay_store_slow_queries_total", "Statements that took over a second.")) {}

void Watchdog::Bite() {
  auto state = state_.Lock();
  const MonoTime now = clock_.Mono();
  for (auto at = state->deadlines.begin(); at != state->deadlines.end();) {
    if (at->second > now) {
      ++at;
      continue;
    }
    shutdown(at->first, SHUT_RDWR);
    at = state->deadlines.erase(at);
  }
}

Session::Timing::Timing(Session& session, std::string_view name, std::chrono::milliseconds patience)
    : session_(session), name_(name), socket_(session.connection_->sock()), start_(session.context_.clock.Mono()) {
  if (name_.empty()) return;
  auto& context = session_.context_;
  const auto most = patience.count() > 0 ? patience : context.options.statement_timeout + kSilence;
  context.watchdog.state_.Lock()->deadlines[socket_] = start_ + most;
}

Session::Timing::~Timing() {
  if (name_.empty()) return;
  auto& context = session_.context_;
  context.watchdog.state_.Lock()->deadlines.erase(socket_);
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(context.clock.Mono() - start_);
  if (took < context.options.slow) return;
  context.slow_queries.Add();
  LogWarn("store", "slow query", {{"query", std::string(name_)}, {"ms", std::to_string(took.count())}});
}

Result<std::unique_ptr<Session>> Session::Open(SessionContext& context, const std::string& settings) {
  std::unique_ptr<Session> session(new Session(context));
  try {
    session->Connect(settings);
    return session;
  } catch (...) {
    Error error = session->Translate(Code::kUnavailable);
    // libpqxx gives no SQLSTATE here; whatever stands in the way of a connection may be gone at the next try.
    error.code = Code::kUnavailable;
    error.retry_after = kRetryAfter;
    return error;
  }
}

void Session::Connect(const std::string& settings) {
  const SessionOptions& options = context_.options;
  std::string text = WithDefault(options.connection, "connect_timeout", Seconds(options.connect_timeout));
  text = WithDefault(text, "application_name", "patchbay");
  text = WithDefault(text, "tcp_user_timeout", std::to_string(options.statement_timeout.count()));
  text = WithDefault(text, "keepalives_idle", "15");
  connection_ = std::make_unique<pqxx::connection>(text);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection_->inhibit_reactivation(true);
#pragma GCC diagnostic pop
  quiet_ = std::make_unique<pqxx::quiet_errorhandler>(*connection_);
  const auto ms = [](std::chrono::milliseconds time) { return std::to_string(time.count()); };
  pqxx::nontransaction work(*connection_);
  work.exec(StrCat("SET search_path = patchbay; SET client_encoding = 'UTF8'; SET timezone = 'UTC'; SET jit = off",
                   "; SET statement_timeout = ", ms(options.statement_timeout), "; SET lock_timeout = ",
                   ms(options.lock_timeout), "; SET idle_in_transaction_session_timeout = ", ms(options.idle_timeout),
                   "; SET synchronous_commit = on", settings.empty() ? "" : "; ", settings));
  for (const Query& query : kPrepared) connection_->prepare(query.name, query.text);
}

bool Session::Stale() const {
  const int socket = connection_->sock();
  if (socket < 0) return true;
  pollfd poll_for{socket, POLLIN | POLLRDHUP, 0};
  return poll(&poll_for, 1, 0) != 0;
}

// Called in a catch block. The order matters: libpqxx's classes do not all derive from sql_error.
Error Session::Translate(Code when_lost) {
  const auto lost = [&](const std::string& what) {
    broken_ = true;
    return Error{
        when_lost, StrCat("the database is away: ", context_.scrubber.Scrub(FirstPart(what))), {}, kRetryAfter};
  };
  try {
    throw;
  } catch (const pqxx::broken_connection& error) {
    return lost(error.what());
  } catch (const pqxx::in_doubt_error& error) {
    broken_ = true;
    return {Code::kInDoubt,
            StrCat("the connection was lost in the commit: ", context_.scrubber.Scrub(FirstPart(error.what()))),
            {}};
  } catch (const pqxx::transaction_rollback& error) {
    return {Code::kUnavailable,
            StrCat("rolled back: ", context_.scrubber.Scrub(FirstPart(error.what()))),
            {},
            kRetryAfter / 10};
  } catch (const pqxx::sql_error& error) {
    const auto [code, gone, misfit] = ReadState(error.sqlstate());
    if (gone) return lost(error.what());
    broken_ |= misfit;
    misfit_ |= misfit;
    Error translated{code, StrCat("the database refused: ", context_.scrubber.Scrub(FirstPart(error.what()))), {}};
    if (code == Code::kUnavailable) translated.retry_after = kRetryAfter;
    return translated;
  } catch (const std::exception& error) {
    return {Code::kInternal, context_.scrubber.Scrub(FirstPart(error.what())), {}};
  }
}

}  // namespace patchbay::store

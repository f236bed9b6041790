#include "store/listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>

#include "base/log.h"

namespace patchbay::store {

class Listener::Receiver : public pqxx::notification_receiver {
 public:
  Receiver(pqxx::connection& connection, const Hooks& hooks)
      : notification_receiver(connection, "patchbay"), hooks_(hooks) {}
  void operator()(const std::string&, int pid) override { news_ |= !hooks_.is_own(pid); }
  bool TakeNews() { return std::exchange(news_, false); }

 private:
  const Hooks& hooks_;
  bool news_ = false;
};

Listener::Listener(ListenerOptions options, SessionContext& context, Link& link, Random& random, Meter& meter)
    : options_(options),
      context_(context),
      link_(link),
      random_(random),
      reconnects_(meter.AddCounter("patchbay_store_connects_total", "Times that the database was connected to.")),
      notifications_(meter.AddCounter("patchbay_store_notifications_total", "Commits of others that we were told of.")),
      stop_event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Listener::~Listener() {
  Stop();
  close(stop_event_);
}

void Listener::Start(Hooks hooks) {
  hooks_ = std::move(hooks);
  thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

void Listener::Stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  eventfd_write(stop_event_, 1);
  thread_.join();
}

void Listener::Run(const std::stop_token& stop) {
  for (int attempt = 0; !stop.stop_requested();) {
    auto session = Connect();
    if (!session.ok()) {
      link_.SetDown(session.error());
      Sleep(random_.Backoff(attempt++, options_.backoff_first, options_.backoff_most));
      continue;
    }
    attempt = 0;
    reconnects_.Add();
    link_.SetUp();
    hooks_.wake();  // what was notified while nobody listened is lost
    Attend(**session, stop);
    receiver_.reset();
  }
}

Result<std::unique_ptr<Session>> Listener::Connect() {
  PATCHBAY_TRY(auto session, Session::Open(context_));
  PATCHBAY_CHECK(hooks_.prepare(*session));
  auto listening = session->Try("store.listen", [&](pqxx::connection& connection) {
    receiver_ = std::make_unique<Receiver>(connection, hooks_);
  });
  if (!listening.ok()) return std::move(listening).error();
  return session;
}

void Listener::Attend(Session& session, const std::stop_token& stop) {
  MonoTime heard = context_.clock.Mono();
  MonoTime next_tick = heard;
  while (!stop.stop_requested()) {
    auto news = Wait(session);
    if (!news.ok()) return LogWarn("store", "the listening session ended", {{"error", news.error().message}});
    const MonoTime now = context_.clock.Mono();
    if (*news) {
      heard = now;
      notifications_.Add();
      hooks_.wake();
    }
    if (now < next_tick) continue;
    next_tick = now + options_.tick;
    if (!link_.up()) return;  // somebody failed while this session lives: begin again
    if (now - heard > options_.ping) {
      if (!Hear(session)) return;
      heard = now;
    }
    hooks_.tick();
  }
}

// Whether there is news; an Error when the session is gone. Waits at most a tick.
Result<bool> Listener::Wait(Session& session) {
  return session.Try("", [&](pqxx::connection& connection) {
    connection.get_notifs();
    if (receiver_->TakeNews()) return true;
    std::array<pollfd, 2> poll_for = {pollfd{connection.sock(), POLLIN, 0}, pollfd{stop_event_, POLLIN, 0}};
    const int ready = poll(poll_for.data(), poll_for.size(), static_cast<int>(options_.tick.count()));
    if (ready <= 0 || poll_for[0].revents == 0) return false;
    // A dead session gives nothing at first, like a timeout; asked again, it throws.
    if (connection.get_notifs() == 0) connection.get_notifs();
    return receiver_->TakeNews();
  });
}

bool Listener::Hear(Session& session) {
  const auto heard = session.Try("store.ping", [](pqxx::connection& connection) {
    pqxx::nontransaction work(connection);
    work.exec("SELECT 1");
  });
  return heard.ok();
}

void Listener::Sleep(std::chrono::milliseconds time) const {
  pollfd stopped{stop_event_, POLLIN, 0};
  poll(&stopped, 1, static_cast<int>(time.count()));
}

}  // namespace patchbay::store

// The thread that keeps the link: connects (and migrates) first, LISTENs, reconnects for ever with backoff, and wakes
// the reader whenever something may have been missed. Between notifications it turns the housekeeping.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "base/meter.h"
#include "base/random.h"
#include "store/link.h"
#include "store/session.h"
#include "store/store.h"

namespace patchbay::store {

struct ListenerOptions {
  std::chrono::milliseconds backoff_first{100};
  std::chrono::milliseconds backoff_most{5'000};
  std::chrono::milliseconds tick{1'000};
  std::chrono::milliseconds ping{15'000};  // a question when nothing was heard for so long
};

class Listener {
 public:
  struct Hooks {
    std::function<Result<void>(Session&)> prepare;  // before the link is up: migrations
    std::function<bool(int pid)> is_own;            // notifications of this server process are no news
    Store::Wake wake;
    std::function<void()> tick;  // about every options.tick while the link is up
  };

  Listener(ListenerOptions options, SessionContext& context, Link& link, Random& random, Meter& meter);
  ~Listener();  // Stop()
  void Start(Hooks hooks);
  void Stop();  // idempotent

 private:
  class Receiver;
  void Run(const std::stop_token& stop);
  Result<std::unique_ptr<Session>> Connect();
  void Attend(Session& session, const std::stop_token& stop);
  Result<bool> Wait(Session& session);
  bool Hear(Session& session);
  void Sleep(std::chrono::milliseconds time) const;

  const ListenerOptions options_;
  SessionContext& context_;
  Link& link_;
  Random& random_;
  Counter& reconnects_;
  Counter& notifications_;
  Hooks hooks_;
  int stop_event_ = -1;
  std::unique_ptr<Receiver> receiver_;
  std::jthread thread_;
};

}  // namespace patchbay::store

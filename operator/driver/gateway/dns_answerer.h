// Tells a gateway on this host where a route's containers are: a DNS server for A records of our own names, from memory,
// by UDP and TCP. A gateway that asks by name takes a new address without a new configuration, so no connection of
// anybody is closed. Thread-safe; one thread of its own. It asks nobody and answers for no other name (REFUSED).
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "driver/gateway/dns_message.h"

namespace patchbay::driver {

class DnsAnswerer {
 public:
  // Names in lower case without the last dot, to IPv4 addresses; one that is repeated is taken so often in turn.
  using Names = std::map<std::string, std::vector<std::string>>;

  // `host`: an IPv4 address of this host; `port` 0: one that is free. kInvalid, kUnavailable.
  static Result<std::unique_ptr<DnsAnswerer>> Listen(const std::string& host, int port, Clock& clock);
  ~DnsAnswerer();
  DnsAnswerer(const DnsAnswerer&) = delete;
  DnsAnswerer& operator=(const DnsAnswerer&) = delete;

  const std::string& address() const { return address_; }  // "127.0.0.1:5391"

  // Replaces all names. A name without addresses is known and has none; an unknown one is refused, and Caddy then takes
  // the addresses of its configuration.
  void Set(Names names);
  Names names() const;

  // Waits until nobody who keeps an answer for `kept` can still use one that a Set has outdated: they have asked again
  // since, or had their last outdated answer longer ago. Takes at most `kept` and a little. False when ended meanwhile.
  bool WaitUntilCurrent(std::chrono::milliseconds kept);

  // When somebody asked last. Caddy asks when a request comes and its answer is old: a quiet time is one without requests.
  std::optional<MonoTime> last_asked() const { return state_.Lock()->last_asked; }

  // Answers one question as it came; "" when none is due. For tests and the socket loop.
  std::string Answer(std::string_view message, bool by_udp);

 private:
  struct Entry {
    std::vector<std::string> addresses;
    MonoTime answered{};        // last, with the present addresses
    MonoTime outdated{};        // last, with others
    bool asked = true;          // since the present addresses are so
    bool ever = false;          // answered with the present addresses
    bool ever_outdated = false;
  };
  struct Connection;

  DnsAnswerer(Clock& clock, int udp, int tcp, int wake, std::string address);
  void Run();
  void AnswerDatagrams();
  void Accept();
  bool Serve(Connection& connection);
  bool IsCurrent(const Entry& entry, MonoTime oldest) const;

  Clock& clock_;
  const int udp_;
  const int tcp_;
  const int wake_;
  const std::string address_;
  struct State {
    std::map<std::string, Entry> names;
    std::optional<MonoTime> last_asked;
    bool ended = false;
  };
  mutable Guarded<State> state_;
  std::condition_variable asked_;
  std::vector<std::unique_ptr<Connection>> connections_;  // of the thread
  std::thread thread_;
};

}  // namespace patchbay::driver

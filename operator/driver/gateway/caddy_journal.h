// Counts what upstreams answer, from what Caddy says of each round trip: its reverse_proxy logs them at level DEBUG, and a
// log of ours in its configuration sends those lines here by UDP, without headers. A line that is lost is not counted.
// Thread-safe; one thread of its own.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "base/guarded.h"
#include "base/result.h"
#include "driver/gateway/answer_count.h"

namespace patchbay::driver {

class CaddyJournal {
 public:
  // `host`: an IPv4 address of this host that Caddy reaches; `port` 0: one that is free. kInvalid, kUnavailable.
  static Result<std::unique_ptr<CaddyJournal>> Listen(const std::string& host, int port);
  ~CaddyJournal();
  CaddyJournal(const CaddyJournal&) = delete;
  CaddyJournal& operator=(const CaddyJournal&) = delete;

  // The log as it stands in Caddy's configuration (/config/logging/logs/NAME): JSON, members in Go's order.
  std::string Configuration() const;

  // By upstream address ("172.17.0.3:8080"), since it listens.
  std::map<std::string, AnswerCount> Counts() const { return counts_.Copy(); }

  // One line as it came; what is not a round trip is nothing. For tests and the socket loop.
  void Take(std::string_view line);

 private:
  CaddyJournal(int socket, int wake, std::string address);
  void Run();

  const int socket_;
  const int wake_;
  const std::string address_;
  Guarded<std::map<std::string, AnswerCount>> counts_;
  std::thread thread_;
};

}  // namespace patchbay::driver

// Gateway on Caddy's admin API (2.6 and later, standard modules). Our routes are one block in one server of the http
// app; the rest of the configuration, and routes in that server without our mark, stay as they are. The server may be
// somebody else's (`shared`): then it keeps its addresses, its TLS and what it says to requests that nothing matches, and
// its routes can be taken over (GatewayRoute::entries). Every change
// carries If-Match, so a concurrent writer is never overwritten; what is the same already is not sent, because each
// change makes Caddy reload and closes every WebSocket (measured with 2.6.2). With a DnsAnswerer containers come and go
// without any: Caddy asks for a moving route's upstreams by name, and falls back to the addresses in its configuration
// when nobody answers. Those are brought up to date with the next change, or when no request is open, or when an address
// became another's, or at last after `fallback_patience`.
//
// A route that Caddy refuses is not served at all, its former version neither: the addresses that one knew may belong
// to others by now. Refusals are remembered until the gateway's epoch changes, so an unchanged bad route costs nothing.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/meter.h"
#include "driver/gateway/caddy_admin.h"
#include "driver/gateway/caddy_journal.h"
#include "driver/gateway/caddy_server.h"
#include "driver/gateway/dns_answerer.h"
#include "driver/gateway/entries.h"
#include "driver/gateway/gateway.h"

namespace patchbay::driver {

struct CaddyOptions {
  std::string admin = "http://127.0.0.1:2019";         // or "unix//run/caddy/admin.sock"
  std::string installation;                            // tells us from other operators on the same Caddy. Never empty
  std::string server = "patchbay";                     // apps.http.servers.<server>; created when a route needs it
  bool shared = false;                                 // the server is somebody else's; never created, `listen` is not looked at
  std::vector<std::string> listen = {":80"};           // as Caddy writes them; kept as given here
  bool automatic_https = false;                        // on the server when it is created; not touched later
  std::chrono::milliseconds call_deadline{20'000};     // of one admin call
  std::chrono::milliseconds publish_deadline{60'000};  // of one Publish, after which no further change is begun
  // Names that Caddy can ask for: then containers come and go without a reload. nullptr: their addresses are configured.
  // Outlives the gateway.
  DnsAnswerer* answerer = nullptr;
  // Counts what upstreams answer: while a route is to be measured, a log of ours stands in Caddy's configuration, under
  // logging.logs, and each of its round trips costs a line. nullptr: Answers() cannot tell. Outlives the gateway.
  CaddyJournal* journal = nullptr;
  // Without questions for so long and without open requests, a reload costs nobody anything. (Caddy 2.6 resets
  // connections that wait in the old listener's queue while it reloads: seen under load.)
  std::chrono::milliseconds quiet{2'000};
  // How long the addresses that Caddy falls back to may be old while there is no such moment.
  std::chrono::milliseconds fallback_patience = std::chrono::minutes(10);
  Meter* meter = nullptr;                              // nullptr: NullMeter()
  Clock* clock = nullptr;                              // nullptr: SystemClock()
};

// Two Publish calls at once both succeed; the last one's set is served.
class CaddyGateway : public Gateway {
 public:
  // Does not call Caddy. kInvalid for options that cannot be.
  static Result<std::unique_ptr<CaddyGateway>> New(std::shared_ptr<http::HttpClient> client, CaddyOptions options);

  std::string name() const override { return "caddy"; }
  std::vector<FieldNotDone> Unsupported() const override;
  std::string Digest(const GatewayRoute& route) const override;
  Result<Published> Publish(const std::vector<GatewayRoute>& routes) override;
  Result<GatewayState> Read() override;
  Result<std::map<std::string, RouteDifferences>> Compare(const std::vector<GatewayRoute>& routes) override;
  Result<std::map<std::string, int>> InFlight() override;
  Result<std::map<std::string, AnswerCount>> Answers() override;

  // What the "@id"s of our routes begin with.
  const std::string& mark() const { return mark_; }

 private:
  friend class CaddyPublish;

  struct Seen {
    std::string fingerprint;  // of our server's configuration as last read; "" before the first time
    long epoch = 1;
    int writing = 0;  // Publishes between their change and their reading back
    std::shared_ptr<const std::map<std::string, std::string>> routes;  // digests, when read at this fingerprint
    CaddyNames names;                                                   // and with these answers
    EntriesByRoute entries;                                             // that serve our routes, as published last
    std::map<std::string, std::string> refused;                        // digest -> Caddy's words
  };

  CaddyGateway(std::shared_ptr<http::HttpClient> client, CaddyAdmin admin, CaddyOptions options);
  Result<CaddyServer> ReadServer();
  void Notice(const std::string& fingerprint);
  // False: it is to go, and has to wait for a moment without requests.
  Result<bool> SetJournal();

  const CaddyOptions options_;
  const std::shared_ptr<http::HttpClient> client_;
  const CaddyAdmin admin_;
  const std::string server_path_;
  const std::string journal_path_;
  const std::string mark_;    // "patchbay-<8 digits of the installation>-"
  const std::string listen_;  // JSON
  const std::string resolver_;  // address of the answerer, "" without
  const CaddyRoute not_found_;
  Clock& clock_;
  Counter& changes_made_;  // each is a reload of Caddy
  Counter& changes_in_conflict_;
  Counter& changes_refused_;
  Counter& changes_failed_;
  std::mutex publishing_;
  std::atomic<bool> looked_for_trial_ = false;
  std::atomic<bool> looked_elsewhere_ = false;  // for our routes in other servers
  std::atomic<bool> measured_ = false;       // as published last
  std::atomic<bool> journal_stands_ = true;  // in Caddy's configuration, as far as is known
  Guarded<Seen> seen_;
  Guarded<std::optional<MonoTime>> stale_since_;  // what Caddy falls back to is not what it should be
};

}  // namespace patchbay::driver

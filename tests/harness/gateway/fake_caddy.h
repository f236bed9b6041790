// The part of Caddy's admin API that CaddyGateway uses, in memory and behind HttpClient: configuration paths, ETags,
// If-Match, "@id"s as plain members, refusals with Caddy's wording. What it prints is what Caddy 2.6.2 printed.
// Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "http/client.h"
#include "object/json.h"

namespace patchbay::driver {

class FakeCaddy : public http::HttpClient {
 public:
  Result<http::Answer> Send(const http::Call& call) override;
  Result<std::unique_ptr<http::Subscription>> Open(const http::Call& call, StreamEvents events) override;

  Json config() const { return world_.Lock()->config; }
  void SetConfig(Json config) { world_.Lock()->config = std::move(config); }
  void Restart() { SetConfig(nullptr); }
  // Refuses any configuration with a route whose text holds `word`. Without `name_place` the message does not say where.
  void RefuseWord(const std::string& word, bool name_place = true);
  // Runs before the next change is looked at: a concurrent writer.
  void BeforeNextChange(std::function<void()> other) { world_.Lock()->before_change = std::move(other); }
  // The next change gives this Error instead of its answer, before or after it took effect.
  void FailNextChange(Error error, bool after_effect);
  void SetInFlight(const std::string& address, int requests) { world_.Lock()->in_flight[address] = requests; }

  int reloads() const { return world_.Lock()->reloads; }    // changes that took effect
  int attempts() const { return world_.Lock()->attempts; }  // changes that were asked for
  std::vector<std::string> log() const { return world_.Lock()->log; }  // "PATCH /config/... <bytes>"

 private:
  struct World {
    Json config = nullptr;
    std::map<std::string, bool> refused_words;
    std::function<void()> before_change;
    std::optional<std::pair<Error, bool>> failure;
    std::map<std::string, int> in_flight;
    std::vector<std::string> log;
    int reloads = 0;
    int attempts = 0;
  };
  static http::Answer Get(const World& world, const std::string& path);
  static http::Answer Change(World& world, const http::Call& call, const std::string& path);

  mutable Guarded<World> world_;
};

}  // namespace patchbay::driver

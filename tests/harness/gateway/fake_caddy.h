// The part of Caddy's admin API that CaddyGateway uses, in memory and behind HttpClient: configuration paths, ETags,
// If-Match, "@id"s as plain members, refusals with Caddy's wording. What it prints is what Caddy 2.6.2 printed.
// Thread-safe. Header only, as fake_caddy_config.h.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "base/text.h"
#include "harness/gateway/fake_caddy_config.h"
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
  // Refuses any configuration with a route whose text holds `word`. Without `name_place` the message does not say
  // where.
  void RefuseWord(const std::string& word, bool name_place = true);
  // Runs before the next change is looked at: a concurrent writer.
  void BeforeNextChange(std::function<void()> other) { world_.Lock()->before_change = std::move(other); }
  // The next change gives this Error instead of its answer, before or after it took effect.
  void FailNextChange(Error error, bool after_effect);
  void SetInFlight(const std::string& address, int requests) { world_.Lock()->in_flight[address] = requests; }

  int reloads() const { return world_.Lock()->reloads; }               // changes that took effect
  int attempts() const { return world_.Lock()->attempts; }             // changes that were asked for
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
  static http::Answer Say(int status, const std::string& error) {
    http::Answer answer;
    answer.status = status;
    if (!error.empty()) answer.body = StrCat("{\"error\":", QuoteJson(error), "}\n");
    return answer;
  }
  static http::Answer Get(const World& world, const std::string& path);
  static http::Answer Change(World& world, const http::Call& call, const std::string& path);

  mutable Guarded<World> world_;
};

inline Result<http::Answer> FakeCaddy::Send(const http::Call& call) {
  const std::string path = call.url.substr(call.url.find('/', std::string("http://").size()));
  if (call.method == "GET") return Get(*world_.Lock(), path);
  if (const auto other = std::exchange(world_.Lock()->before_change, nullptr)) other();
  auto world = world_.Lock();
  ++world->attempts;
  world->log.push_back(StrCat(call.method, " ", path, " ", call.body.size()));
  const auto failure = std::exchange(world->failure, std::nullopt);
  if (failure && !failure->second) return failure->first;
  auto answer = Change(*world, call, path);
  if (failure) return failure->first;
  return answer;
}

inline Result<std::unique_ptr<http::Subscription>> FakeCaddy::Open(const http::Call&, StreamEvents) {
  return Error{Code::kUnsupported, "the fake Caddy has no streams"};
}

inline void FakeCaddy::RefuseWord(const std::string& word, bool name_place) {
  world_.Lock()->refused_words[word] = name_place;
}

inline void FakeCaddy::FailNextChange(Error error, bool after_effect) {
  world_.Lock()->failure = {std::move(error), after_effect};
}

inline http::Answer FakeCaddy::Get(const World& world, const std::string& path) {
  Json value = world.config;
  if (path == "/reverse_proxy/upstreams") {
    value = Json::array();
    for (const auto& [address, requests] : world.in_flight)
      value.push_back({{"address", address}, {"num_requests", requests}, {"fails", 0}});
  } else if (const auto steps = fake_caddy::Steps(path); !steps.empty()) {
    Json* parent = fake_caddy::ParentOf(value, steps, false);
    if (parent == nullptr || !parent->is_structured())
      return Say(400, StrCat("invalid traversal path at: ", path.substr(1)));
    const Json* found = fake_caddy::Step(parent, steps.back(), false);
    value = found == nullptr ? Json() : Json(*found);
  }
  http::Answer answer;
  answer.status = 200;
  answer.body = fake_caddy::Print(value) + "\n";
  answer.headers.Add("Etag", fake_caddy::EtagOf(path, value));
  return answer;
}

inline http::Answer FakeCaddy::Change(World& world, const http::Call& call, const std::string& path) {
  if (const std::string match(call.headers.Get("If-Match")); !match.empty()) {
    const std::string matched_path = match.substr(1, match.find(' ') - 1);
    if (Get(world, matched_path).headers.Get("Etag") != match)
      return Say(412, "If-Match header did not match current config hash");
  }
  Json changed = world.config;
  if (const auto error = fake_caddy::Apply(changed, call.method, path, call.body); !error.empty())
    return Say(500, error);
  if (changed == world.config) return Say(200, "");
  if (const auto error = fake_caddy::Complaint(changed, world.refused_words); !error.empty()) return Say(500, error);
  world.config = std::move(changed);
  ++world.reloads;
  return Say(200, "");
}

}  // namespace patchbay::driver

// The API on a store in memory, with a clock that is turned by hand.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/api.h"
#include "base/random.h"
#include "base/text.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "fake_exchange.h"
#include "harness/clock/fake_clock.h"
#include "harness/store/memory_store.h"

namespace patchbay::api {

inline constexpr const char* kPluginsPath = "/apis/patchbay.dev/v1/namespaces/default/plugins";
inline constexpr const char* kRoutesPath = "/apis/patchbay.dev/v1/namespaces/default/routes";
inline constexpr const char* kTableType =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

using HeaderList = std::vector<std::pair<std::string, std::string>>;

class World {
 public:
  explicit World(ApiOptions options = {}, Backstage backstage = {},
                 store::MemoryStore::Turn turn = store::MemoryStore::Turn::kInline)
      : store(clock, turn),
        cache(store, clock, NullMeter()),
        committer(store, cache, clock, random, "patchbay-operator"),
        api(std::make_unique<Api>(Kinds::Embedded(), cache, committer, clock, random, NullMeter(), std::move(options),
                                  std::move(backstage))) {
    EXPECT_TRUE(cache.Poll().ok());
    if (turn == store::MemoryStore::Turn::kInline) {
      EXPECT_TRUE(api->EnsureBuiltins().ok());
    }
  }

  static http::Request MakeRequest(const std::string& method, const std::string& target, std::string body = "",
                                   const HeaderList& headers = {}) {
    http::Request request;
    request.method = method;
    request.target = target;
    const std::size_t mark = target.find('?');
    request.path = *DecodeUrl(target.substr(0, mark));
    if (mark != std::string::npos) request.query = *http::Query::Parse(target.substr(mark + 1));
    for (const auto& [name, value] : headers) request.headers.Add(name, value);
    request.body = std::move(body);
    request.remote = "127.0.0.1";
    return request;
  }
  std::shared_ptr<FakeExchange> Send(const std::string& method, const std::string& target, std::string body = "",
                                     const HeaderList& headers = {}) {
    auto exchange = std::make_shared<FakeExchange>(MakeRequest(method, target, std::move(body), headers));
    api->Serve(exchange);
    return exchange;
  }
  Reply Call(const std::string& method, const std::string& target, std::string body = "",
             const HeaderList& headers = {}) {
    return Send(method, target, std::move(body), headers)->Await();
  }
  Reply Get(const std::string& target, const std::string& accept = "application/json") {
    return Call("GET", target, "", {{"Accept", accept}});
  }
  Reply Post(const std::string& target, const Json& body) {
    return Call("POST", target, DumpJson(body), {{"Content-Type", "application/json"}});
  }
  Reply Put(const std::string& target, const Json& body) {
    return Call("PUT", target, DumpJson(body), {{"Content-Type", "application/json"}});
  }
  Reply Merge(const std::string& target, const Json& patch) {
    return Call("PATCH", target, DumpJson(patch), {{"Content-Type", "application/merge-patch+json"}});
  }
  Reply Delete(const std::string& target, const std::string& body = "") {
    return Call("DELETE", target, body, {{"Content-Type", "application/json"}});
  }
  std::shared_ptr<FakeStream> Watch(const std::string& target, const std::string& accept = "application/json") {
    return Get(target, accept).stream;
  }
  // What the controller does when it has cleaned up.
  void Finish(const std::string& target) { Merge(target, {{"metadata", {{"finalizers", nullptr}}}}); }

  FakeClock clock;
  Random random{7};
  store::MemoryStore store;
  cache::Cache cache;
  cache::Committer committer;
  std::unique_ptr<Api> api;
};

inline Json MakePlugin(const std::string& name, const Json& labels = Json::object()) {
  Json metadata = {{"name", name}};
  if (!labels.empty()) metadata["labels"] = labels;
  return {{"apiVersion", "patchbay.dev/v1"},
          {"kind", "Plugin"},
          {"metadata", std::move(metadata)},
          {"spec", {{"image", "demo/" + name + ":1"}}}};
}

inline Json MakeSecret(const std::string& name) {
  return {{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", {{"name", name}}}};
}

inline std::string OneOf(const std::string& name) { return std::string(kPluginsPath) + "/" + name; }

// Waits for what another thread does. The world's clock goes on meanwhile: a write that somebody got ahead of is tried again after a pause.
template <class Condition>
bool Eventually(World& world, const Condition& condition) {
  for (int i = 0; i < 5'000; ++i) {
    if (condition()) return true;
    SystemClock().SleepFor(std::chrono::milliseconds(2), {});
    world.clock.Advance(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace patchbay::api

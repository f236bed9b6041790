// The Kubernetes REST surface: one door for wishes. Decodes, authenticates, authorises, defaults, validates, merges and
// commits; reads and watches come from the cache. Handlers never block: a write answers from the store's thread.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/meter.h"
#include "base/random.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "http/server.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::api {

// What the API asks of the rest of the program; app.cc wires it. All may be empty: the path then answers 501.
// They may block: the API calls them on threads of its own.
struct Backstage {
  // Lines of a plugin's containers, into the stream until it ends or is gone: must return soon after the stream is
  // gone, also when nothing is there to be written. Returns before anything was streamed with an error for the client.
  struct LogQuery {
    std::string ns;
    std::string plugin;    // or
    std::string instance;  // a container's name: this run of it alone
    bool follow = false;
    bool previous = false;
    bool timestamps = false;
    int tail = -1;             // lines; -1 for all
    std::string since;         // RFC 3339 or ""
  };
  std::function<Result<void>(const LogQuery&, const std::function<std::shared_ptr<http::Stream>()>& start)> logs;
  // What these containers use, in their order; nothing for one that does not run or cannot be asked.
  struct Usage {
    std::string timestamp;             // RFC 3339
    std::chrono::milliseconds window{0};  // that the rate is of
    std::int64_t cpu_nanocores = 0;
    std::int64_t memory_bytes = 0;
  };
  std::function<Result<std::vector<std::optional<Usage>>>(const std::vector<std::string>& container_ids)> usage;
  // Where kinds that are mirrored, not stored (Kind::mirrored), are read. It must outlive the Api.
  cache::Cache* mirror = nullptr;
  // The ordered actions that would follow if these objects were applied (deleted: those with deletionTimestamp):
  // {"objects":[{"kind","namespace","name","actions":[{"action","target","reason"}],"error","note"}]}.
  std::function<Result<Json>(const std::vector<Json>& objects)> plan;
  // The text of /metrics.
  std::function<std::string()> metrics;
  // Named checks of /readyz?verbose, in order: name, error or "".
  std::function<std::vector<std::pair<std::string, std::string>>()> ready;
};

struct ApiOptions {
  std::string version = {};      // of the program, for /version
  std::string token_file = {};   // lines "TOKEN,USER[,GROUP...]"; empty: everybody who can connect is admin
  std::chrono::milliseconds max_watch{std::chrono::minutes(45)};  // timeoutSeconds when the client names none
  int max_watches = 10'000;
  int max_writes_waiting = 2'000;  // 429 beyond
};

class Api {
 public:
  Api(const Kinds& kinds, cache::Cache& cache, cache::Committer& committer, Clock& clock, Random& random, Meter& meter,
      ApiOptions options, Backstage backstage);
  ~Api();  // EndWatches(); waits for what is backstage

  // For http::Server::Start. Thread-safe.
  void Serve(std::shared_ptr<http::Exchange> exchange);
  // Creates what a cluster always has, the namespaces default and patchbay-system, unless they are there. Waits until
  // the cache is synced and the store takes it; kCancelled when stopped before. Blocks.
  Result<void> EnsureBuiltins(const std::stop_token& stop = {});
  // Ends watches and log streams with their last chunk and takes no more, so that the server can stop.
  void EndWatches();

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace patchbay::api

// The loop: compares what should be (cache) with what is (driver), converges the two and reports what it sees as status.
// Carries keys, not news: creation, update, deletion, start-up, resync and recovery are one path. Deletion is work.
// What it promises: nothing that does not carry our mark is touched; nothing is done on an empty or failed read; a
// healthy container never pays for a failed new one; killed at any instruction and started again it ends in the same
// world; once the world is as wished it writes nothing.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/meter.h"
#include "base/random.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "cache/mirror.h"
#include "driver/gateway/gateway.h"
#include "driver/notifier/notifier.h"
#include "driver/runtime/runtime.h"
#include "http/client.h"
#include "http/server.h"
#include "object/json.h"
#include "store/store.h"

namespace patchbay::controller {

// References must outlive the Controllers.
struct Dependencies {
  cache::Cache& cache;
  cache::Committer& committer;
  store::Store& store;          // webhook deliveries alone; objects go through the committer
  driver::Runtime& runtime;
  driver::Gateway* gateway;     // nullptr: no gateway; routes say so in their conditions
  driver::Notifier& notifier;
  http::HttpClient& http;       // probes
  Clock& clock;
  Random& random;
  Meter& meter;
  std::string installation;     // Store::InstallationId: the mark on everything we make
  // Opens and closes a TCP connection within the time; probes use it. Empty: the real one.
  std::function<Result<void>(const std::string& ip, int port, std::chrono::milliseconds timeout)> connect = nullptr;
  cache::Mirror* pods = nullptr;     // where containers are shown as Pods; opened when all were looked at
  std::string node = "localhost";    // the host's name, as Pods say it
};

struct Options {
  int workers = 16;                               // keys visited at once, and container actions within them
  int probers = 8;                                // probes at once
  int pullers = 3;                                // images pulled at once
  int senders = 8;                                // webhook messages under way at once, one per webhook
  std::chrono::milliseconds resync{60'000};       // every key again, and the engine's whole list
  std::chrono::milliseconds debounce{50};         // route changes are gathered this long before a publish
  std::chrono::milliseconds debounce_most{250};   // and never longer than this
  std::chrono::milliseconds gateway_check{1'000};  // is the gateway still what we made it?
  std::chrono::milliseconds claim_interval{1'000};  // looking for due webhook messages
  std::chrono::milliseconds image_gc_after{0};  // images that we pulled and nobody needs go after so long; 0: they stay
  int prune_most = 10;  // orphans removed at once; more (and more than a fifth of ours) are left alone and reported
};

// A plugin's containers' log lines; api::Backstage::LogQuery has the same fields.
struct LogQuery {
  std::string ns;
  std::string plugin;    // or
  std::string instance;  // a container's name: its present run alone
  bool follow = false;
  bool previous = false;  // what it wrote before it was last started again
  bool timestamps = false;
  int tail = -1;         // lines; -1 for all
  std::string since;     // RFC 3339 or ""
};

// api::Backstage::Usage has the same fields.
struct UsageReport {
  std::string timestamp;
  std::chrono::milliseconds window{0};
  std::int64_t cpu_nanocores = 0;
  std::int64_t memory_bytes = 0;
};

class Controllers {
 public:
  explicit Controllers(Dependencies dependencies, Options options = {});
  ~Controllers();  // Stop()
  Controllers(const Controllers&) = delete;
  Controllers& operator=(const Controllers&) = delete;

  // Subscribes to the cache and the engine and starts the threads. Nothing is done before the cache is synced.
  void Start();
  // Ends the threads; containers, routes and messages stay as they are. Calls under way end first. Idempotent.
  void Stop();

  // What the threads do, by hand, on the caller's thread: at most one turn of each loop (a key, due probes, a pull, a
  // publish, a claim of messages). True when something was done. REQUIRES: not started. Subscribes on the first call.
  bool Step();
  // Steps until nothing is left to do at this moment; at most `most` steps. The number of steps taken.
  int Settle(int most = 10'000);

  // What would be done if these objects were applied (with deletionTimestamp: deleted), in order, as an array of
  // {"kind","namespace","name","actions":[{"action","target","reason"}],"error"}; "error" only when there is one. What
  // becomes of containers whose owner is gone follows, as entries without actions and with a "note".
  // Cannot act: it holds nothing that could. kUnavailable when the engine does not answer.
  Result<Json> Plan(const std::vector<Json>& objects) const;

  // Streams lines until they end or the client is gone; blocks. `start` is called once there is something to stream
  // from; an error before that is for the client (kNotFound, kInvalid, kUnavailable). Several containers: each line
  // begins with "[name] ".
  Result<void> Logs(const LogQuery& query, const std::function<std::shared_ptr<http::Stream>()>& start);

  // What these containers use, in their order; nothing for one that does not run. Blocks, at a first question for a
  // second: a rate needs two looks. kUnavailable when the engine does not answer.
  Result<std::vector<std::optional<UsageReport>>> Usage(const std::vector<std::string>& container_ids);

  // For /readyz, in order: name, error or "". Cheap: what was last seen, nothing is asked.
  std::vector<std::pair<std::string, std::string>> Checks() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace patchbay::controller

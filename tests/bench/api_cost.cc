// What one write costs the API and the cache, without HTTP and Postgres: processor time of one thread.
//   api_cost [--quick]         all of them
//   api_cost create|merge|apply|apply-same|update N   one of them, N times: to be run under a profiler
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "api/api.h"
#include "base/random.h"
#include "bench/bench_body.h"
#include "bench/raw_client.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "object/object.h"
#include "store/store.h"

namespace patchbay::bench {
namespace {

constexpr int kObjects = 64;  // that are written again and again

// Takes every write at once and keeps nothing.
class SwallowingStore : public store::Store {
 public:
  void Commit(store::Unit unit, Done done) override {
    const Revision base = revision_;
    std::vector<store::Change> changes;
    for (store::Write& write : unit.writes) {
      const Revision at = ++revision_;
      const bool put = write.op == store::Write::Op::kPut;
      changes.push_back({at, put ? store::ChangeType::kPut : store::ChangeType::kDelete, std::move(write.key),
                         std::move(write.uid), write.generation,
                         std::make_shared<const std::string>(SpliceRevision(write.body, at))});
    }
    sink_(base, revision_, changes);
    done(std::move(changes));
  }
  Result<store::Snapshot> Load(const std::function<void(store::Row)>&) override { return store::Snapshot{revision_, 0}; }
  Result<std::pair<Revision, std::vector<store::Change>>> Read(Revision, int) override {
    return std::pair(revision_, std::vector<store::Change>());
  }
  void Listen(Sink sink, Wake) override { sink_ = std::move(sink); }
  Result<std::vector<store::Delivery>> Claim(int, std::chrono::milliseconds, const std::vector<std::string>&) override {
    return std::vector<store::Delivery>();
  }
  Result<void> Settle(const store::Settlement&) override { return {}; }
  Result<store::DeliveryCounts> CountDeliveries(const std::string&) override { return store::DeliveryCounts{}; }
  Result<std::string> InstallationId() override { return std::string("bench"); }
  store::Health health() const override { return {true, "connected"}; }

 private:
  Revision revision_ = 0;
  Sink sink_;
};

// A request whose answer is only looked at.
class Asked : public http::Exchange {
 public:
  explicit Asked(http::Request request) : request_(std::move(request)) {}
  const http::Request& request() const override { return request_; }
  http::Request& request() override { return request_; }
  void Reply(http::Response response) override { response_ = std::move(response); }
  std::shared_ptr<http::Stream> StartStream(http::Response, std::function<void()>) override { return nullptr; }
  const http::Response& response() const { return response_; }

 private:
  http::Request request_;
  http::Response response_{.status = 0, .headers = {}, .body = {}};
};

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

class ApiCost {
 public:
  ApiCost() {
    if (!cache_.Poll().ok() || !api_.EnsureBuiltins().ok()) Die("the API did not come up");
    for (int i = 0; i < kObjects; ++i) Create(StrCat("p-", i));
  }

  void Write(const std::string& mode, int turn) {
    const std::string name = StrCat("p-", turn % kObjects);
    if (mode == "create") return Create(StrCat("c-", created_++));
    if (mode == "merge") return Merge(name, turn);
    if (mode == "update") return Update(name, turn);
    Apply(name, mode == "apply-same" ? 0 : turn / kObjects + 1);
  }
  // Microseconds each: the best of several rounds.
  double Measure(const std::string& mode, int count) {
    for (int i = 0; i < 2 * kObjects; ++i) Write(mode, turn_++);
    double best = 1e9;
    for (int round = 0; round < 5; ++round) {
      const double before = CpuSeconds();
      for (int i = 0; i < count; ++i) Write(mode, turn_++);
      best = std::min(best, (CpuSeconds() - before) * 1e6 / count);
    }
    return best;
  }

 private:
  std::string Send(const std::string& method, const std::string& path, std::string query, const std::string& type,
                   std::string body) {
    http::Request request;
    request.method = method;
    request.path = path;
    request.target = query.empty() ? path : StrCat(path, "?", query);
    request.query = *http::Query::Parse(query);
    request.headers.Add("Content-Type", type);
    request.headers.Add("User-Agent", "bench/1");
    request.body = std::move(body);
    request.remote = "127.0.0.1";
    const auto asked = std::make_shared<Asked>(std::move(request));
    api_.Serve(asked);
    std::string text;
    if (asked->response().status / 100 == 2) {
      if (method == "GET") text = *asked->response().body.front();
      return text;
    }
    for (const auto& piece : asked->response().body) text += *piece;
    Die(StrCat(method, " answered ", asked->response().status, ": ", text));
  }
  std::string PathOf(const std::string& name) const { return StrCat(PluginsPath("default"), "/", name); }

  void Create(const std::string& name) {
    Send("POST", PluginsPath("default"), "", "application/json", PluginBody(name));
  }
  void Merge(const std::string& name, int turn) {
    Send("PATCH", PathOf(name), "", "application/merge-patch+json",
         StrCat(R"({"metadata":{"annotations":{"turn":")", turn, "\"}}}"));
  }
  void Apply(const std::string& name, int turn) {
    std::string body = PluginBody(name);
    const std::string image = "echo:1";
    body.replace(body.find(image), image.size(), StrCat("echo:", turn));
    Send("PATCH", PathOf(name), "fieldManager=bench&force=true", "application/apply-patch+yaml", std::move(body));
  }
  void Update(const std::string& name, int turn) {
    std::string body = Send("GET", PathOf(name), "", "application/json", "");
    const std::string image = "\"image\":\"";
    body.insert(body.find(image) + image.size(), StrCat(turn % 10));
    Send("PUT", PathOf(name), "", "application/json", std::move(body));
  }

  Random random_{1};
  SwallowingStore store_;
  cache::Cache cache_{store_, SystemClock(), NullMeter()};
  cache::Committer committer_{store_, cache_, SystemClock(), random_, "patchbay-operator"};
  api::Api api_{Kinds::Embedded(), cache_, committer_, SystemClock(), random_, NullMeter(), api::ApiOptions{}, api::Backstage{}};
  int turn_ = 0;
  int created_ = 0;
};

}  // namespace
}  // namespace patchbay::bench

int main(int argc, char** argv) {
  using namespace patchbay::bench;
  ApiCost cost;
  const bool quick = argc > 1 && std::strcmp(argv[1], "--quick") == 0;
  if (argc > 2) {
    for (int i = 0; i < std::atoi(argv[2]); ++i) cost.Write(argv[1], i);
    return 0;
  }
  for (const char* mode : {"create", "merge", "apply", "apply-same", "update"})
    std::printf("%-12s %7.1f us\n", mode, cost.Measure(mode, quick ? 200 : 1'000));
}

// Create throughput of PgStore with 16 waiting writers, beside the floor on the same Postgres in the same run: the same
// rows through INSERT ... SELECT FROM unnest, 100 rows a statement, by one connection. And one writer's latency beside
// one-row inserts.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/meter.h"
#include "base/random.h"
#include "bench/bench_body.h"
#include "bench/unnest_floor.h"
#include "dev/postgres.h"
#include "harness/store/writes.h"
#include "store/pg_store.h"

namespace patchbay::store {
namespace {

constexpr std::chrono::seconds kTime{1};
constexpr int kRounds = 3;

std::string Body(const std::string& name) { return bench::PluginBody(name); }

double Seconds(MonoTime since) { return std::chrono::duration<double>(SystemClock().Mono() - since).count(); }

double MeasureFloor(const std::string& connection, int rows, int round) {
  return bench::MeasureUnnest(connection, rows, StrCat("f", round, "-", rows), kTime, Body);
}

double MeasureStore(Store& store, int writers, int round) {
  std::atomic<long> count = 0;
  const MonoTime start = SystemClock().Mono();
  std::vector<std::jthread> threads;
  for (int w = 0; w < writers; ++w)
    threads.emplace_back([&, w] {
      for (long i = 0; Seconds(start) < kTime.count(); ++i) {
        Write write;
        write.key = {std::string(kPlugins), "default", StrCat("s", round, "-", writers, "-", w, "-", i)};
        write.expected = 0;
        write.uid = write.key.name;
        write.generation = 1;
        write.body = Body(write.key.name);
        Unit unit;
        unit.writes.push_back(std::move(write));
        const auto done = CommitAndWait(store, std::move(unit));
        if (!done.ok()) std::exit((std::fprintf(stderr, "%s\n", done.error().message.c_str()), 1));
        ++count;
      }
    });
  threads.clear();
  return static_cast<double>(count) / Seconds(start);
}

int Run(const std::string& folder) {
  auto server = dev::PrivatePostgres::Start({.folder = folder});
  if (!server.ok()) return std::fprintf(stderr, "%s\n", server.error().message.c_str()), 1;
  const std::string connection = (*server)->connection();
  Random random(1);
  PgOptions options;
  options.connection = connection;
  PgStore store(options, SystemClock(), random, NullMeter());
  store.Start();
  if (!store.AwaitUp(std::chrono::seconds(20))) return std::fprintf(stderr, "%s\n", store.health().message.c_str()), 1;
  std::printf("%-7s %22s %22s %7s %18s %18s %7s\n", "round", "unnest 100 (rows/s)", "16 writers (rows/s)", "ratio",
              "1 row insert (ms)", "1 writer (ms)", "ratio");
  for (int round = 1; round <= kRounds; ++round) {
    const double floor = MeasureFloor(connection, 100, round);
    const double sixteen = MeasureStore(store, 16, round);
    const double one_floor = 1000 / MeasureFloor(connection, 1, round);
    const double one = 1000 / MeasureStore(store, 1, round);
    std::printf("%-7d %22.0f %22.0f %7.2f %18.3f %18.3f %7.2f\n", round, floor, sixteen, sixteen / floor, one_floor,
                one, one / one_floor);
  }
  const double deep = MeasureStore(store, 200, 0);
  std::printf("200 writers: %.0f rows/s\n", deep);
  return 0;
}

}  // namespace
}  // namespace patchbay::store

int main() {
  const char* place = std::getenv("TMPDIR");  // the disk to measure
  std::string folder = patchbay::StrCat(place == nullptr ? "/tmp" : place, "/pbbench-XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) return 1;
  const int status = patchbay::store::Run(folder);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  return status;
}

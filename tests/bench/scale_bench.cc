// What many objects and many watchers cost, and what writes to objects that are there cost beside creates.
//   scale_bench [--quick]
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>

#include "bench/bench_body.h"
#include "bench/bench_main.h"
#include "bench/bench_table.h"
#include "bench/stand_load.h"

namespace patchbay::bench {
namespace {

constexpr int kObjects = 20'000;
constexpr int kPage = 500;
constexpr double kMostMemory = 250e6;
constexpr int kIdle = 1'000;
constexpr double kMostAWatcher = 64 * 1024;
constexpr int kFew = 100;
constexpr int kMany = 1'000;
constexpr int kRate = 500;

struct Scale {
  int rounds = 3;
  int ms = 2'000;
  int watch_seconds = 5;
};

// Resident, of this process: the server and what it keeps; Postgres and the clients are others.
double Resident() {
  std::ifstream status("/proc/self/statm");
  double pages = 0;
  status >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

class ScaleBench : private StandLoad {
 public:
  ScaleBench(ApiStand& stand, Scale scale) : StandLoad(stand), scale_(scale) {}

  void Run() {
    MakeNamespace("many");
    MeasureIdleWatchers();  // first: what is free in the heap later would hide them
    MeasureMemory();
    MeasurePages();
    MeasureFanOut();
    MeasureWrites();
  }

 private:
  static const char* Verdict(bool good) { return good ? "yes" : "NO"; }

  void MeasureMemory() {
    const double empty = Resident();
    Load(StrCat("fill ", stand_.port(), " 16 ", kObjects, " many m"));
    const double full = Resident();
    AddRow({"20,000 plugins of 2 KB, resident", Format("%.0f MB", full / 1e6), Format("%.0f MB empty", empty / 1e6),
            Format("%.1f KB each", (full - empty) / kObjects / 1e3), "< 250 MB", Verdict(full < kMostMemory)});
  }

  // Milliseconds, the best of several: page number `page`, counted from 0.
  void MeasurePages() {
    constexpr int kPages = kObjects / kPage;
    std::vector<double> best(kPages, std::numeric_limits<double>::max());
    RawClient client(stand_.port());
    for (int round = 0; round < 2 + scale_.rounds; ++round) {
      std::string next;
      for (double& ms : best) {
        const MonoTime start = SystemClock().Mono();
        const int status = client.Ask(GetRequest(StrCat(PluginsPath("many"), "?limit=", kPage, next)));
        const std::string body = client.ReadBody();
        if (status != 200) Die(StrCat("a page answered ", status, ": ", body));
        ms = std::min(ms, std::chrono::duration<double, std::milli>(SystemClock().Mono() - start).count());
        next = "&continue=" + EncodeUrl(TokenOf(body));
      }
    }
    const double middle = best[kPages / 2];
    const double last = best[kPages - 1];
    const double worst = std::max(middle, last) / best[0];
    AddRow({"list of 20,000, limit=500, last page", Format("%.2f ms", last),
            StrCat(Format("%.2f ms first, ", best[0]), Format("%.2f ms middle", middle)), Format("%.2f", worst), "<= 1.3",
            Verdict(worst <= 1.3)});
  }
  // From the head of a list; empty on the last page.
  static std::string TokenOf(const std::string& body) {
    constexpr std::string_view kMember = "\"continue\":\"";
    const std::size_t at = body.find(kMember);
    if (at == std::string::npos || at > 1'000) return "";
    return body.substr(at + kMember.size(), body.find('"', at + kMember.size()) - at - kMember.size());
  }

  void MeasureIdleWatchers() {
    const double before = Resident();
    Tool holding(LoadCommand(StrCat("hold ", stand_.port(), " '", WatchPath("many"), "' ", kIdle, " 1500")));
    if (holding.Line() != "ready") Die("the idle watchers did not come up");
    const double each = (Resident() - before) / kIdle;
    holding.All();
    AddRow({"an idle watcher, resident", Format("%.1f KB", each / 1024), StrCat(kIdle, " watchers"), "-", "< 64 KB",
            Verdict(each < kMostAWatcher)});
  }
  std::string WatchPath(const std::string& ns) const {
    return StrCat(PluginsPath(ns), "?watch=1&resourceVersion=", stand_.revision());
  }

  // Processor seconds that the server takes for the same creates with so many watchers.
  double FanOut(int watchers, const std::string& ns) {
    MakeNamespace(ns);
    const int count = kRate * scale_.watch_seconds;
    Tool watching(LoadCommand(StrCat("drain ", stand_.port(), " '", WatchPath(ns), "' ", watchers, " ", count)));
    if (watching.Line() != "ready") Die("the watchers did not come up");
    const double before = CpuSeconds();
    const double rate = Load(StrCat("pace ", stand_.port(), " 16 ", kRate, " ", count, " ", ns, " w"));
    watching.All();
    if (watching.Finish() != 0) Die(StrCat(watchers, " watchers did not get what was written"));
    const double taken = CpuSeconds() - before;
    std::printf("fan-out to %d: %.0f events/s, %.2f s of the server's processor time\n", watchers, rate, taken);
    return taken;
  }
  void MeasureFanOut() {
    std::vector<Round> rounds;
    for (int i = 0; i < std::max(1, scale_.rounds - 1); ++i) {
      const double few = FanOut(kFew, StrCat("few", i));
      rounds.push_back({FanOut(kMany, StrCat("many", i)), few});
    }
    const Round median = MedianRound(rounds);
    AddRow({"fan-out to 1,000 watchers, 500 events/s", Format("%.2f s of cpu", median.ours), Format("%.2f s for 100", median.peer),
            Format("%.2f", median.ratio()), "< 3", Verdict(median.ratio() < 3)});
  }

  void MeasureWrites() {
    MakeNamespace("written");
    Load(StrCat("fill ", stand_.port(), " 16 256 written p"));
    std::vector<Round> merges;
    std::vector<Round> applies;
    for (int i = 0; i < scale_.rounds; ++i) {
      const double creates = Timed("create", StrCat("c", i));
      merges.push_back({Timed("merge", "p"), creates});
      applies.push_back({Timed("apply", "p"), creates});
    }
    AddWrites("merge patch, 16 clients", MedianRound(merges));
    AddWrites("server-side apply, 16 clients", MedianRound(applies));
  }
  double Timed(const std::string& mode, const std::string& prefix) {
    const double before = CpuSeconds();
    const double rate = Load(StrCat(mode, " ", stand_.port(), " 16 ", scale_.ms, " written ", prefix));
    std::printf("%s: %.0f/s, %.0f us of the server's processor time each\n", mode.c_str(), rate,
                (CpuSeconds() - before) * 1e9 / (rate * scale_.ms));
    return rate;
  }
  static void AddWrites(const std::string& name, const Round& round) {
    AddRow({name, Format("%.0f/s", round.ours), Format("%.0f/s creates", round.peer), Format("%.2f", round.ratio()), ">= 0.6",
            Verdict(round.ratio() >= 0.6)});
  }

  const Scale scale_;
};

int Run(const std::string& folder, Scale scale) {
  auto stand = ApiStand::Start(folder, 0);
  if (!stand.ok()) return std::fprintf(stderr, "error: %s\n", stand.error().message.c_str()), 1;
  ScaleBench(**stand, scale).Run();
  return 0;
}

}  // namespace
}  // namespace patchbay::bench

int main(int argc, char** argv) {
  using namespace patchbay::bench;
  return RunIn(argc, argv, Scale(), Scale{1, 1'000, 3}, Run);
}

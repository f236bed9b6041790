// What the API does under load, each figure beside its floor or peer in the same run: creates, get, list, watch.
//   api_bench [--quick]
// The clients are processes of their own (load.cc; wrk for get).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/text.h"
#include "bench/api_stand.h"
#include "bench/bench_body.h"
#include "bench/bench_main.h"
#include "bench/bench_table.h"
#include "bench/raw_client.h"
#include "bench/stand_load.h"
#include "bench/unnest_floor.h"
#include "dev/child.h"

namespace patchbay::bench {
namespace {

constexpr int kListed = 2'000;
constexpr int kWatchers = 100;
constexpr int kWatchRate = 500;
constexpr std::chrono::milliseconds kWatchTail{10};  // the aim for p99

struct Scale {
  int rounds = 3;
  int ms = 2'000;
  int watch_seconds = 10;
  int watched() const { return kWatchRate * watch_seconds; }
};

// Answers every request on one connection with the same bytes: what loopback itself can do.
class ByteFloor {
 public:
  explicit ByteFloor(std::size_t body)
      : answer_(StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", body, "\r\n\r\n", std::string(body, 'x'))), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 1) != 0) Die("cannot listen");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { Serve(); });
  }
  ~ByteFloor() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  int port() const { return port_; }

 private:
  void Serve() {
    for (int client = accept(listener_, nullptr, nullptr); client >= 0; client = accept(listener_, nullptr, nullptr)) {
      char request[4096];
      while (recv(client, request, sizeof request, 0) > 0) SendAll(client, answer_);
      close(client);
    }
  }
  const std::string answer_;
  const int listener_;
  int port_ = 0;
  std::jthread thread_;
};

class ApiBench : private StandLoad {
 public:
  ApiBench(ApiStand& stand, Scale scale, std::string folder) : StandLoad(stand), scale_(scale), folder_(std::move(folder)) {}

  void Run() {
    MeasureCreates();
    MeasureGets();
    MeasureList();
    MeasureWatches();
  }

 private:
  static double Wrk(const std::string& url, int ms) {
    const std::string said = Tool(StrCat("wrk -t1 -c16 -d", std::max(1, ms / 1000), "s ", url, " 2>&1")).All();
    const auto at = said.find("Requests/sec:");
    if (at == std::string::npos || said.find("Non-2xx") != std::string::npos) Die("wrk said: " + said);
    return std::strtod(said.c_str() + at + 13, nullptr);
  }
  void MeasureCreates() {
    std::vector<Round> rounds;
    std::vector<Round> as_many;  // 16 callers that wait can bring 16 rows to an fsync, not 100
    const auto unnest = [this](int rows, const std::string& prefix) {
      return MeasureUnnest(stand_.connection(), rows, prefix, std::chrono::milliseconds(scale_.ms),
                           [](const std::string& name) { return PluginBody(name); });
    };
    for (int i = 0; i < scale_.rounds; ++i) {
      const double floor = unnest(100, StrCat("f", i));
      const double floor_16 = unnest(16, StrCat("g", i));
      const double before = CpuSeconds();
      rounds.push_back({Load(StrCat("create ", stand_.port(), " 16 ", scale_.ms, " default c", i)), floor});
      as_many.push_back({rounds.back().ours, floor_16});
      std::printf("create: %.0f/s beside %.0f/s and %.0f/s, %.0f us of the server's processor time each\n", rounds.back().ours, floor,
                  floor_16, (CpuSeconds() - before) * 1e9 / (rounds.back().ours * scale_.ms));
    }
    const Round median = MedianRound(rounds);
    AddRow({"create, 16 clients, 2 KB", Format("%.0f/s", median.ours), Format("%.0f/s unnest of 100", median.peer), Format("%.2f", median.ratio()),
            ">= 0.5", median.ratio() >= 0.5 ? "yes" : "NO"});
    const Round sixteen = MedianRound(as_many);
    AddRow({"the same, rows an fsync", Format("%.0f/s", sixteen.ours), Format("%.0f/s unnest of 16", sixteen.peer), Format("%.2f", sixteen.ratio()), "-", "-"});
  }

  void MeasureGets() {
    const std::string path = PluginsPath("default") + "/c0-0";
    RawClient client(stand_.port());
    if (client.Ask(GetRequest(path)) != 200) Die(path + " is not there");
    const std::string body = client.ReadBody();
    stand_.SetConstant(body);
    const int stock_port = dev::FreePort();
    FILE* stock = popen(StrCat(here(), "/bench_stock_listener ", stock_port, " ", body.size(), " >/dev/null").c_str(), "w");
    while (true) {
      const int probe = ConnectTo(stock_port);
      if (probe >= 0) {
        close(probe);
        break;
      }
      SystemClock().SleepFor(std::chrono::milliseconds(20), {});
    }
    const auto url = [](int port, const std::string& where) { return StrCat("http://127.0.0.1:", port, where); };
    std::vector<Round> constant;
    std::vector<Round> listener;
    for (int i = 0; i < scale_.rounds; ++i) {
      const double ours = Wrk(url(stand_.port(), path), scale_.ms);
      constant.push_back({ours, Wrk(url(stand_.port(), "/constant"), scale_.ms)});
      listener.push_back({ours, Wrk(url(stock_port, "/"), scale_.ms)});
    }
    pclose(stock);
    const Round a = MedianRound(constant);
    const Round b = MedianRound(listener);
    AddRow({"get one object", Format("%.0f/s", a.ours), Format("%.0f/s constant, same transport", a.peer), Format("%.2f", a.ratio()), ">= 0.7",
            a.ratio() >= 0.7 ? "yes" : "NO"});
    AddRow({"get one object", Format("%.0f/s", b.ours), Format("%.0f/s constant, stock cpprestsdk", b.peer), Format("%.2f", b.ratio()), "> 1",
            b.ratio() > 1 ? "yes" : "NO"});
  }

  void MeasureList() {
    MakeNamespace("listed");
    Load(StrCat("fill ", stand_.port(), " 16 ", kListed, " listed l"));
    const std::string path = PluginsPath("listed");
    RawClient client(stand_.port());
    if (client.Ask(GetRequest(path)) != 200) Die(path + " cannot be listed");
    const ByteFloor floor(client.SkipBody());
    std::vector<Round> rounds;
    for (int i = 0; i < scale_.rounds; ++i) {
      const double ours = Load(StrCat("read ", stand_.port(), " ", path, " ", scale_.ms)) / 1e6;
      rounds.push_back({ours, Load(StrCat("read ", floor.port(), " / ", scale_.ms)) / 1e6});
    }
    const Round median = MedianRound(rounds);
    const double aim = std::min(300.0, 0.5 * median.peer);
    AddRow({"list of 2,000, body", Format("%.0f MB/s", median.ours), Format("%.0f MB/s the bytes alone", median.peer), Format("%.2f", median.ratio()),
            Format(">= %.0f MB/s", aim), median.ours >= aim ? "yes" : "NO"});
  }

  void MeasureWatches() {
    MakeNamespace("watched");
    const std::string file = folder_ + "/seen";
    Tool watching(LoadCommand(StrCat("watch ", stand_.port(), " '", PluginsPath("watched"), "?watch=1&resourceVersion=", stand_.revision(), "' ",
                                     kWatchers, " ", scale_.watched(), " ", file)));
    if (watching.Line() != "ready") Die("the watchers did not come up");
    const double rate = Load(StrCat("pace ", stand_.port(), " 16 ", kWatchRate, " ", scale_.watched(), " watched w"));
    watching.All();
    std::vector<std::int64_t> late = Delays(file);
    const std::size_t wanted = static_cast<std::size_t>(kWatchers) * static_cast<std::size_t>(scale_.watched());
    if (late.size() < wanted) Die(StrCat("only ", late.size(), " of ", wanted, " events arrived"));
    std::sort(late.begin(), late.end());
    const double p50 = static_cast<double>(late[late.size() / 2]) / 1e6;
    const double p99 = static_cast<double>(late[late.size() * 99 / 100]) / 1e6;
    std::printf("watch: %.0f creates/s, most %.2f ms\n", rate, static_cast<double>(late.back()) / 1e6);
    AddRow({"watch, 100 watchers, 500 creates/s, p50", Format("%.2f ms", p50), Format("%.0f creates/s reached", rate), "-", "-", "-"});
    AddRow({"watch, commit to client, p99", Format("%.2f ms", p99), "-", "-", "< 10 ms", p99 < static_cast<double>(kWatchTail.count()) ? "yes" : "NO"});
  }

  // From each commit to each watcher that has read it.
  std::vector<std::int64_t> Delays(const std::string& file) const {
    std::ifstream in(file, std::ios::binary);
    std::vector<std::int64_t> delays;
    const auto count = static_cast<std::size_t>(scale_.watched());
    std::vector<std::int64_t> seen(count);
    while (in.read(reinterpret_cast<char*>(seen.data()), static_cast<std::streamsize>(count * sizeof(std::int64_t))))
      for (std::size_t i = 0; i < count; ++i)
        if (seen[i] != 0 && stand_.store().committed(i) != 0) delays.push_back(seen[i] - stand_.store().committed(i));
    return delays;
  }

  const Scale scale_;
  const std::string folder_;
};

int Run(const std::string& folder, Scale scale) {
  auto stand = ApiStand::Start(folder, static_cast<std::size_t>(scale.watched()));
  if (!stand.ok()) return std::fprintf(stderr, "error: %s\n", stand.error().message.c_str()), 1;
  ApiBench(**stand, scale, folder).Run();
  return 0;
}

}  // namespace
}  // namespace patchbay::bench

int main(int argc, char** argv) {
  using namespace patchbay::bench;
  return RunIn(argc, argv, Scale(), Scale{1, 1'000, 3}, Run);
}

#include "telemetry/own_process.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

namespace patchbay::telemetry {
namespace {

// The fields of /proc/self/stat from the third on: the second, the name, may hold spaces and parentheses.
struct Stat {
  double cpu_ticks = 0;
  double start_ticks = 0;  // after boot
  double threads = 0;
  double virtual_bytes = 0;
  double resident_pages = 0;
};

std::optional<Stat> ReadStat() {
  std::ifstream file("/proc/self/stat");
  std::stringstream whole;
  whole << file.rdbuf();
  const std::string text = whole.str();
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  constexpr int kFirst = 3;
  std::vector<double> fields;
  std::string state;
  rest >> state;
  for (double field = 0; rest >> field;) fields.push_back(field);
  const auto at = [&](std::size_t number) { return fields[number - kFirst - 1]; };  // as proc(5) numbers them
  if (fields.size() < 24 - kFirst) return std::nullopt;
  return Stat{.cpu_ticks = at(14) + at(15),
              .start_ticks = at(22),
              .threads = at(20),
              .virtual_bytes = at(23),
              .resident_pages = at(24)};
}

std::optional<double> ReadBootTime() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;)
    if (double seconds = 0; word == "btime" && file >> seconds) return seconds;
  return std::nullopt;
}

std::optional<double> CountOpenFiles() {
  std::error_code error;
  double count = 0;
  for (auto at = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && at != std::filesystem::directory_iterator(); at.increment(error))
    ++count;
  // The one that reads the folder.
  return error ? std::nullopt : std::optional(count - 1);
}

std::optional<double> MostOpenFiles() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

void Tell(std::vector<Reading>& readings, Reading::Type type, const char* name, const char* help,
          std::optional<double> value) {
  if (value) readings.push_back({.type = type, .name = name, .help = help, .values = {{{}, *value}}});
}

std::vector<Reading> ReadProcess() {
  using Type = Reading::Type;
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  std::vector<Reading> out;
  if (const auto stat = ReadStat()) {
    const double page = static_cast<double>(sysconf(_SC_PAGESIZE));
    Tell(out, Type::kCounter, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
         stat->cpu_ticks / ticks);
    Tell(out, Type::kGauge, "process_resident_memory_bytes", "Resident memory size in bytes.",
         stat->resident_pages * page);
    Tell(out, Type::kGauge, "process_virtual_memory_bytes", "Virtual memory size in bytes.", stat->virtual_bytes);
    Tell(out, Type::kGauge, "process_threads", "Threads of the process.", stat->threads);
    if (const auto boot = ReadBootTime())
      Tell(out, Type::kGauge, "process_start_time_seconds", "Start time of the process since the epoch in seconds.",
           *boot + stat->start_ticks / ticks);
  }
  Tell(out, Type::kGauge, "process_open_fds", "Number of open file descriptors.", CountOpenFiles());
  Tell(out, Type::kGauge, "process_max_fds", "Maximum number of open file descriptors.", MostOpenFiles());
  return out;
}

}  // namespace

Collector OwnProcess() { return ReadProcess; }

void AddBuild(Meter& meter, const std::string& version) {
  meter
      .AddGauge("patchbay_build_info", "Always 1; which build this is.",
                {{"version", version}, {"compiler", __VERSION__}})
      .Set(1);
}

}  // namespace patchbay::telemetry

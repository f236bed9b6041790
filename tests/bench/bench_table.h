// One line of the final table: to the terminal, and for scripts/bench to the file that PATCHBAY_BENCH_TABLE names, as
// tab-separated words: name, ours, floor or peer, ratio, aim, "yes", "NO" or "-".
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace patchbay::bench {

inline std::string Format(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

inline void AddRow(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) line += (line.empty() ? "" : "\t") + word;
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
  if (const char* file = std::getenv("PATCHBAY_BENCH_TABLE"); file != nullptr) std::ofstream(file, std::ios::app) << line << "\n";
}

// What two things did in one round, and the round whose ratio is the median: a noisy neighbour spoils a round, not the
// figure.
struct Round {
  double ours = 0;
  double peer = 0;
  double ratio() const { return peer == 0 ? 0 : ours / peer; }
};
inline Round MedianRound(std::vector<Round> rounds) {
  std::sort(rounds.begin(), rounds.end(), [](const Round& a, const Round& b) { return a.ratio() < b.ratio(); });
  return rounds[rounds.size() / 2];
}

}  // namespace patchbay::bench

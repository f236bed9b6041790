#include "fuzz.h"

#include <time.h>

#include <algorithm>

#include "targets.h"

namespace patchbay::fuzz {
namespace {

constexpr std::size_t kLong = 64 * 1024;
constexpr std::size_t kShortest = 4;         // shorter patterns are found in longer ones
constexpr double kSecondsAByte = 10e-6;      // ten times what the slowest takes with sanitizers
constexpr std::uint64_t kOneIn = 256;

double ProcessorSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// FNV-1a.
std::uint64_t HashOf(std::string_view text) {
  std::uint64_t hash = 14695981039346656037u;
  for (const unsigned char c : text) hash = (hash ^ c) * 1099511628211u;
  return hash;
}

}  // namespace

const std::vector<Target>& Targets() {
  static const std::vector<Target> kTargets = {
      {"yaml", FuzzYaml},           {"json", FuzzJson},         {"patch", FuzzPatch}, {"selectors", FuzzSelectors},
      {"apply", FuzzApply},         {"protobuf", FuzzProtobuf}, {"http", FuzzHttp},   {"jsonpath", FuzzJsonPath}};
  return kTargets;
}

const Target* FindTarget(std::string_view name) {
  const auto found = std::find_if(Targets().begin(), Targets().end(), [&](const Target& t) { return t.name == name; });
  return found == Targets().end() ? nullptr : &*found;
}

std::uint64_t Choices::Below(std::uint64_t bound) {
  std::uint64_t value = 0;
  for (std::uint64_t reach = 1; reach < bound && !bytes_.empty(); reach <<= 8) {
    value = value << 8 | static_cast<unsigned char>(bytes_.front());
    bytes_.remove_prefix(1);
  }
  return value % bound;
}

std::vector<std::string_view> Parts(std::string_view input, std::size_t count) {
  constexpr std::string_view kDivider = "\n---\n";
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < count) {
    const std::size_t end = std::min(input.find(kDivider), input.size());
    parts.push_back(input.substr(0, end));
    input.remove_prefix(std::min(end + kDivider.size(), input.size()));
  }
  parts.push_back(input);
  return parts;
}

void DemandLinear(std::string_view input, std::string_view pattern, const std::function<void(std::string_view)>& read) {
  if (pattern.size() < kShortest || HashOf(input) % kOneIn != 0) return;
  std::string text;
  while (text.size() + pattern.size() <= kLong) text += pattern;
  const double start = ProcessorSeconds();
  read(text);
  const double taken = ProcessorSeconds() - start;
  Demand(taken < kSecondsAByte * static_cast<double>(kLong), "a pattern written ", text.size() / pattern.size(),
         " times took ", taken, " s");
}

}  // namespace patchbay::fuzz

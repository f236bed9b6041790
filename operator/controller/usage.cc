#include "controller/usage.h"

#include <algorithm>

#include "base/text.h"

namespace patchbay::controller {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kFresh{2'000};       // a sample this young is not taken again
constexpr milliseconds kApart{1'000};       // between the two samples of a first question
constexpr seconds kMostApart{60};           // an older sample tells what was, not what is
constexpr std::chrono::minutes kForget{5};  // nobody asked for so long
constexpr std::size_t kAtOnce = 4;          // questions to the engine

}  // namespace

Result<std::vector<std::optional<UsageReport>>> UsageReader::Read(const std::vector<std::string>& ids,
                                                                  std::stop_token stop) {
  std::lock_guard turn(turn_);
  PATCHBAY_CHECK(Sample(Due(ids)));
  if (const auto lonely = Lonely(ids); !lonely.empty()) {
    if (!clock_.SleepFor(kApart, stop)) return Error{Code::kCancelled, "the operator is stopping"};
    PATCHBAY_CHECK(Sample(lonely));
  }
  std::vector<std::optional<UsageReport>> reports;
  auto tracks = tracks_.Lock();
  for (const std::string& id : ids) {
    const Track& track = (*tracks)[id];
    reports.emplace_back();
    if (!track.now || !track.before || track.now->at <= track.before->at) continue;
    const auto window = track.now->at - track.before->at;
    const auto cpu = std::max(std::chrono::nanoseconds(0), track.now->cpu - track.before->cpu);
    const double cores = static_cast<double>(cpu.count()) / std::chrono::duration<double, std::nano>(window).count();
    reports.back() = UsageReport{FormatTime(track.now->at), std::chrono::duration_cast<milliseconds>(window),
                                 static_cast<std::int64_t>(cores * 1e9), track.now->memory_bytes};
  }
  return reports;
}

std::vector<std::string> UsageReader::Due(const std::vector<std::string>& ids) {
  const MonoTime now = clock_.Mono();
  std::vector<std::string> due;
  auto tracks = tracks_.Lock();
  for (const std::string& id : ids) {
    Track& track = (*tracks)[id];
    track.asked = now;
    if (now - track.taken > kMostApart) track.now = track.before = std::nullopt;
    if (!track.now || now - track.taken >= kFresh) due.push_back(id);
  }
  std::erase_if(*tracks, [&](const auto& entry) { return now - entry.second.asked >= kForget; });
  return due;
}

// Measured, but with nothing to compare with.
std::vector<std::string> UsageReader::Lonely(const std::vector<std::string>& ids) {
  std::vector<std::string> lonely;
  auto tracks = tracks_.Lock();
  for (const std::string& id : ids)
    if (const Track& track = (*tracks)[id]; track.now && !track.before) lonely.push_back(id);
  return lonely;
}

Result<void> UsageReader::Sample(const std::vector<std::string>& ids) {
  struct Shared {
    std::size_t next = 0;
    std::optional<Error> away;
  };
  Guarded<Shared> shared;
  const auto lane = [&] {
    for (;;) {
      std::size_t place = 0;
      {
        auto state = shared.Lock();
        if (state->away || state->next >= ids.size()) return;
        place = state->next++;
      }
      const auto seen = runtime_.MeasureUsage(ids[place]);
      if (!seen.ok() && seen.error().code == Code::kUnavailable) shared.Lock()->away = seen.error();
      auto tracks = tracks_.Lock();
      Track& track = (*tracks)[ids[place]];
      track.before = track.now;
      track.now = seen.ok() ? std::optional(*seen) : std::nullopt;
      track.taken = clock_.Mono();
      if (!track.now) track.before.reset();
    }
  };
  crew_.Run(std::vector<std::function<void()>>(std::min(kAtOnce, ids.size()), lane));
  auto state = shared.Lock();
  if (state->away) return *state->away;
  return {};
}

}  // namespace patchbay::controller

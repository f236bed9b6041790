#include "controller/prober.h"

#include <algorithm>
#include <cmath>

namespace patchbay::controller {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

namespace {
constexpr milliseconds kQuick{20};  // the first pause between looks at what has not answered yet
}

Prober::Prober(ProbeRunner runner, Clock& clock, std::function<void(const Key&)> wake)
    : runner_(std::move(runner)), clock_(clock), wake_(std::move(wake)) {}

void Prober::Start(int threads) {
  crew_.Start(threads);
  scheduler_ = std::jthread([this](std::stop_token stop) {
    while (!stop.stop_requested()) {
      for (Look& look : TakeDue()) crew_.Post([this, look = std::move(look)] { Do(look); });
      const auto next = next_due();
      auto state = state_.Lock();
      const nanoseconds wait = next ? std::min<nanoseconds>(*next - clock_.Mono(), milliseconds(1'000)) : milliseconds(1'000);
      if (wait.count() > 0) changed_.wait_for(state.lock(), stop, wait, [&] { return state->roused; });
      state->roused = false;
    }
  });
}

void Prober::Stop() {
  scheduler_.request_stop();
  if (scheduler_.joinable()) scheduler_.join();
  crew_.Stop();
}

bool Prober::Step() {
  const std::vector<Look> due = TakeDue();
  for (const Look& look : due) Do(look);
  return !due.empty();
}

const std::optional<Probe>& Prober::ProbeOf(const Watch& watch, Sort sort) {
  const Probes& probes = watch.target.probes;
  return sort == Sort::kStartup ? probes.startup : sort == Sort::kReadiness ? probes.readiness : probes.liveness;
}

// The others begin when the startup probe has succeeded.
bool Prober::Runs(const Watch& watch, Sort sort) {
  if (!ProbeOf(watch, sort)) return false;
  return sort == Sort::kStartup ? !watch.started && !watch.seen.condemned : watch.started;
}

std::optional<MonoTime> Prober::next_due() const {
  auto state = state_.Lock();
  if (state->schedule.empty()) return std::nullopt;
  return state->schedule.begin()->first;
}

void Prober::Plan(State& state, const std::string& container, Sort sort, MonoTime due) {
  const auto watch = state.watches.find(container);
  if (watch == state.watches.end()) return;
  watch->second.lines[sort].due = due;
  const auto place = state.schedule.emplace(due, std::make_pair(container, sort));
  state.roused = state.roused || place == state.schedule.begin();
}

Prober::Watch Prober::Begin(const Key& plugin, Target target, std::uint64_t serial) const {
  Watch watch;
  watch.plugin = plugin;
  watch.target = std::move(target);
  watch.serial = serial;
  watch.since = clock_.Mono();
  const bool known = watch.target.known_ready;
  watch.started = known || !watch.target.probes.startup;
  if (known || (watch.started && !watch.target.probes.readiness)) watch.seen.readiness = Readiness::kReady;
  return watch;
}

void Prober::Set(const Key& plugin, std::vector<Target> targets) {
  {
    auto state = state_.Lock();
    std::set<std::string> keep;
    for (Target& target : targets) {
      keep.insert(target.container);
      const auto found = state->watches.find(target.container);
      if (found != state->watches.end() && found->second.target.incarnation == target.incarnation &&
          found->second.target.probes == target.probes)
        continue;
      if (found != state->watches.end() && found->second.target.incarnation == target.incarnation)
        target.known_ready = found->second.seen.readiness == Readiness::kReady;
      const std::string id = target.container;
      const Watch& watch = state->watches.insert_or_assign(id, Begin(plugin, std::move(target), ++state->serial)).first->second;
      for (const Sort sort : {Sort::kStartup, Sort::kReadiness, Sort::kLiveness})
        if (const auto& probe = ProbeOf(watch, sort))
          Plan(*state, id, sort, watch.since + (watch.target.known_ready ? milliseconds(0) : milliseconds(probe->initial_delay)));
    }
    std::erase_if(state->watches,
                  [&](const auto& entry) { return entry.second.plugin == plugin && !keep.contains(entry.first); });
  }
  changed_.notify_all();
}

Prober::Seen Prober::Get(const std::string& container) const {
  auto state = state_.Lock();
  const auto found = state->watches.find(container);
  return found == state->watches.end() ? Seen() : found->second.seen;
}

std::vector<Prober::Look> Prober::TakeDue() {
  std::vector<Look> looks;
  const MonoTime now = clock_.Mono();
  auto state = state_.Lock();
  while (!state->schedule.empty() && state->schedule.begin()->first <= now) {
    const auto [due, place] = *state->schedule.begin();
    state->schedule.erase(state->schedule.begin());
    const auto found = state->watches.find(place.first);
    if (found == state->watches.end() || !Runs(found->second, place.second)) continue;
    Watch::Line& line = found->second.lines[place.second];
    if (line.under_way || line.due != due) continue;
    line.under_way = true;
    looks.push_back({place.first, found->second.target.ip, found->second.serial, place.second,
                     *ProbeOf(found->second, place.second)});
  }
  return looks;
}

void Prober::Do(const Look& look) {
  const Result<void> result = runner_.Look(look.probe, look.container, look.ip);
  std::optional<Key> wake;
  {
    auto state = state_.Lock();
    const auto found = state->watches.find(look.container);
    if (found == state->watches.end() || found->second.serial != look.serial) return;
    if (Learn(*state, found->second, look, result)) wake = found->second.plugin;
  }
  changed_.notify_all();
  if (wake) wake_(*wake);
}

// True when what is seen has changed.
bool Prober::Learn(State& state, Watch& watch, const Look& look, const Result<void>& result) const {
  Watch::Line& line = watch.lines[look.sort];
  line.under_way = false;
  line.successes = result.ok() ? line.successes + 1 : 0;
  line.failures = result.ok() ? 0 : line.failures + 1;
  const Seen before = watch.seen;
  const bool was_started = watch.started;
  Judge(watch, look, result);
  const MonoTime now = clock_.Mono();
  Plan(state, look.container, look.sort, now + std::chrono::duration_cast<MonoTime::duration>(NextIn(watch, look)));
  if (watch.started != was_started)  // the others were waiting for this
    for (const Sort sort : {Sort::kReadiness, Sort::kLiveness})
      if (ProbeOf(watch, sort)) Plan(state, look.container, sort, now);
  return before.readiness != watch.seen.readiness || before.condemned != watch.seen.condemned;
}

void Prober::Judge(Watch& watch, const Look& look, const Result<void>& result) const {
  const Watch::Line& line = watch.lines[look.sort];
  if (!result.ok()) watch.seen.message = result.error().message;
  const bool good = line.successes >= look.probe.success_threshold;
  const bool bad = line.failures >= look.probe.failure_threshold;
  switch (look.sort) {
    case Sort::kReadiness:
      if (good) watch.seen.readiness = Readiness::kReady;
      else if (bad || watch.seen.readiness == Readiness::kUnknown) watch.seen.readiness = Readiness::kNotReady;
      return;
    case Sort::kStartup:
      if (result.ok()) {
        watch.started = true;
        if (!watch.target.probes.readiness) watch.seen.readiness = Readiness::kReady;
      } else {
        watch.seen.readiness = Readiness::kNotReady;
        const auto patience = look.probe.initial_delay + look.probe.period * look.probe.failure_threshold;
        watch.seen.condemned = bad && clock_.Mono() - watch.since >= patience;
      }
      return;
    case Sort::kLiveness:
      watch.seen.condemned = bad;
      return;
  }
}

// Quick while the first answer is awaited; each pause half as long again as the one before.
nanoseconds Prober::NextIn(Watch& watch, const Look& look) const {
  const nanoseconds period = look.probe.period;
  if (look.sort == Sort::kLiveness || watch.seen.readiness == Readiness::kReady) return period;
  const double pause = static_cast<double>(nanoseconds(kQuick).count()) * std::pow(1.5, watch.quick++);
  return std::min(period, nanoseconds(static_cast<std::int64_t>(std::min(pause, 1e15))));
}

}  // namespace patchbay::controller

#include "controller/images.h"

#include "base/log.h"

namespace patchbay::controller {

using std::chrono::milliseconds;

namespace {
constexpr milliseconds kFirst{10'000};  // as the kubelet
constexpr milliseconds kMost{300'000};
}  // namespace

Images::State Images::Want(const std::string& image, MonoTime since, const Key& waiter) {
  const MonoTime now = clock_.Mono();
  std::optional<Error> last;
  {
    auto entries = entries_.Lock();
    Entry& entry = (*entries)[image];
    if (!entry.pulling && !entry.error && entry.pulled && *entry.pulled >= since) return {State::What::kPulled, {}, {}};
    if (!entry.pulling && entry.error && now < entry.next)
      return {State::What::kBackoff, entry.error, entry.next_wall,
              std::chrono::ceil<milliseconds>(entry.next - now)};
    entry.waiters.insert(waiter);
    if (entry.pulling) return {State::What::kPulling, entry.error, {}};
    entry.pulling = true;
    last = entry.error;
  }
  crew_.Post([this, image] { Pull(image); });
  return {State::What::kPulling, last, {}};
}

void Images::Pull(const std::string& image) {
  LogInfo("controller", "pulling an image", {{"image", image}});
  const auto pulled = runtime_.Pull(image);
  metrics_.CountAct(Metrics::Act::kPull, pulled.ok());
  std::set<Key> waiters;
  {
    auto entries = entries_.Lock();
    Entry& entry = (*entries)[image];
    entry.pulling = false;
    waiters.swap(entry.waiters);
    if (pulled.ok()) {
      entry.error.reset();
      entry.failures = 0;
      entry.pulled = clock_.Mono();
    } else {
      entry.error = pulled.error();
      milliseconds wait = random_.Backoff(entry.failures++, kFirst * 2, kMost * 2);
      if (entry.error->retry_after) wait = std::max(wait, *entry.error->retry_after);
      entry.next = clock_.Mono() + wait;
      entry.next_wall = clock_.Wall() + std::chrono::duration_cast<WallTime::duration>(wait);
    }
  }
  if (!pulled.ok())
    LogWarn("controller", "an image could not be pulled", {{"image", image}, {"error", pulled.error().message}});
  for (const Key& waiter : waiters) wake_(waiter);
}

}  // namespace patchbay::controller

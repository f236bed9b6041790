#include "controller/canary.h"

#include <algorithm>

#include "base/text.h"

namespace patchbay::controller {
namespace {

bool IsReplacing(const Desired& desired, const Observed& world) {
  return std::any_of(world.replicas.begin(), world.replicas.end(), [&](const Replica& replica) {
    return replica.hash != desired.hash && !replica.leaving && replica.state == driver::ContainerState::kRunning;
  });
}

bool HasArrived(const Desired& desired, const Observed& world, int replicas) {
  const auto serving = std::count_if(world.replicas.begin(), world.replicas.end(), [&](const Replica& replica) {
    return replica.hash == desired.hash && replica.ordinal < replicas && replica.member && replica.seasoned &&
           replica.readiness == Readiness::kReady;
  });
  return serving >= replicas;
}

bool IsPromoted(const Desired& desired, int step) {
  const std::string begin = StrCat(desired.hash, "/");
  if (!desired.promoted.starts_with(begin)) return false;
  const std::string past = desired.promoted.substr(begin.size());
  return past == "all" || ParseInt(past).value_or(-1) >= step;
}

std::string Describe(const Desired& desired, int step, const CanaryStep& wish) {
  const std::string share = wish.weight ? StrCat(", ", *wish.weight, " % of the requests") : "";
  return StrCat("canary step ", step + 1, " of ", desired.strategy.steps.size(), ": ", wish.replicas, " of ",
                desired.replicas, " new", share);
}

}  // namespace

CanaryStand Conduct(const Desired& desired, const Observed& world, WallTime now, const Finding& finding, PluginMemory& memory) {
  CanaryState& canary = memory.canary;
  canary.weight.reset();
  const int steps = static_cast<int>(desired.strategy.steps.size());
  // Whoever goes back to what still serves has been there before.
  if (canary.revision != desired.hash)
    canary = {.revision = desired.hash, .step = HasArrived(desired, world, desired.replicas) ? steps : 0};
  if (desired.exclusive || desired.replicas == 0 || !IsReplacing(desired, world)) return {};
  for (; canary.step < steps; ++canary.step, canary.since.reset()) {
    const CanaryStep& wish = desired.strategy.steps[static_cast<std::size_t>(canary.step)];
    const int replicas = std::min(wish.replicas, desired.replicas);
    CanaryStand stand;
    stand.replicas = replicas;
    stand.arrived = world.settled && HasArrived(desired, world, replicas);
    stand.message = Describe(desired, canary.step, wish);
    canary.weight = wish.weight;
    if (IsPromoted(desired, canary.step)) continue;
    if (!stand.arrived && !canary.since) return stand;
    if (!canary.since) canary.since = now;
    // A finding is about the step that was under way when the answers were counted.
    const bool judged = finding.what != Finding::What::kNone && canary.counted_step == canary.step;
    if (judged && finding.what == Finding::What::kBad) {
      stand.rejected = finding.message;
      stand.message += StrCat("; ", finding.message);
      return stand;
    }
    if (wish.manual) {
      stand.message += "; waits to be promoted (patchbay rollout promote)";
      return stand;
    }
    stand.next = *canary.since + wish.pause;
    if (now < *stand.next) {
      stand.message += StrCat(", until ", FormatTime(*stand.next));
      return stand;
    }
    const bool passed = finding.what == Finding::What::kNone || (judged && finding.what == Finding::What::kGood);
    if (!passed) {
      stand.next.reset();
      if (!finding.message.empty()) stand.message += StrCat("; ", finding.message);
      return stand;
    }
  }
  canary.weight.reset();
  return {};
}

}  // namespace patchbay::controller

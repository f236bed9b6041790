// Host ports: who has them is looked at before anything is touched for one.
#include <algorithm>

#include "controller/plugin_turn.h"
#include "controller/port_holders.h"

namespace patchbay::controller {

using std::chrono::seconds;

namespace {

constexpr seconds kLookFirst{5};  // at another's container, whose end is heard of besides
constexpr seconds kMost{300};

void NoteTrouble(Clock& clock, const Desired& desired, const std::string& message, std::optional<PortTrouble>& trouble) {
  const MonoTime now = clock.Mono();
  if (!trouble || trouble->revision != desired.hash) trouble = PortTrouble{.revision = desired.hash, .message = {}};
  if (trouble->message == message && now < trouble->next) return;
  trouble->message = message;
  const seconds wait = std::min(kLookFirst * (1 << std::min(trouble->looks++, 10)), kMost);
  trouble->next = now + wait;
  trouble->next_wall = clock.Wall() + wait;
}

// One of the wanted revision has the ports already.
bool HasPorts(const Desired& desired, const Observed& world) {
  return std::any_of(world.replicas.begin(), world.replicas.end(), [&](const Replica& replica) {
    return replica.hash == desired.hash && !replica.altered && !desired.evicted.contains(replica.id) &&
           (replica.state == driver::ContainerState::kRunning || replica.state == driver::ContainerState::kPaused ||
            replica.state == driver::ContainerState::kRestarting);
  });
}

}  // namespace

std::set<Key> PluginController::TakePortWaiters() { return std::exchange(state_.Lock()->port_waiters, {}); }

Result<void> PluginController::CheckPorts(Turn& turn) {
  auto& trouble = turn.memory.ports;
  if (!turn.desired.exclusive || turn.desired.replicas == 0 || HasPorts(turn.desired, turn.world)) {
    trouble.reset();
    return {};
  }
  if (!turn.acts || turn.steps.empty()) return {};
  state_.Lock()->port_waiters.insert(turn.desired.key);  // before it is looked: nothing falls between
  PATCHBAY_TRY(const auto publishing, parts_.runtime.ListPublishing());
  const std::string holders = DescribeHolders(
      turn.desired, publishing, [this](const driver::PortMapping& port) { return parts_.runtime.IsHostPortTaken(port); });
  if (holders.empty()) {
    state_.Lock()->port_waiters.erase(turn.desired.key);
    trouble.reset();
    return {};
  }
  NoteTrouble(parts_.clock, turn.desired, holders, trouble);
  turn.world.ports_free = false;
  turn.steps = Diff(turn.desired, turn.world);
  return {};
}

}  // namespace patchbay::controller

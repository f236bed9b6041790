#include "simulation/simulation.h"

#include <algorithm>

#include "base/text.h"
#include "controller/desired.h"
#include "controller/lookup.h"
#include "controller/survey.h"

namespace patchbay::controller {
namespace {

using driver::Container;
using driver::ContainerState;
using driver::RuntimeCall;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kPluginCount = 3;
constexpr const char* kEntry = "old";     // somebody's, in the gateway; it leads to the containers of p0
constexpr const char* kAdopting = "old";  // the Route that takes it over
constexpr seconds kDrain{35};  // the default drain timeout and a little: after it a stop need not wait for the gateway

bool HasProcess(const Container& container) {
  return container.state == ContainerState::kRunning || container.state == ContainerState::kPaused;
}

}  // namespace

Simulation::Simulation(std::uint64_t seed) : seed_(seed), calm_(seed % 2 == 0), random_(seed), world_(seed) {
  world_.runtime.AddForeign("foreign");
  world_.gateway.AddEntry(kEntry);
  driver::FakeBehaviour crashing;
  crashing.exits_with = 3;
  world_.runtime.Script("crash:1", crashing);
  world_.runtime.SetPullError("nopull:1", Error{Code::kUnavailable, "registry is away"});
  Watch();
}

std::string Simulation::Run() {
  try {
    const int steps = 4 + Below(8);
    for (int step = 0; step < steps; ++step) {
      if (Chance(20)) Requests();
      else if (Chance(70)) Wishes();
      if (!calm_ && Chance(60)) Troubles();
      if (Chance(25)) crash_in_ = 1 + Below(6);
      const milliseconds times[] = {milliseconds(300), seconds(2), seconds(15), minutes(1)};
      Pass(times[Below(4)]);
      if (Chance(10)) Restart();
    }
    Mend();
    LookAtEnd();
    return "";
  } catch (const Broken& broken) {
    return StrCat("seed ", seed_, calm_ ? " (calm)" : " (rough)", ": ", broken.what, "\n  after: ", Join(story_, "; "));
  }
}

// --- what happens ---

Json Simulation::RandomSpec(const std::string& plugin) {
  const std::vector<std::string> good = {"app:1", "app:2", "pulled:1"};
  const std::vector<std::string> all = {"app:1", "app:2", "pulled:1", "crash:1", "nopull:1"};
  Json spec = PluginSpec(calm_ ? good[Below(3)] : all[Below(5)], calm_ ? 1 + Below(3) : Below(4));
  if (Chance(30)) spec["env"] = Json::array({{{"name", "N"}, {"value", std::to_string(Below(3))}}});
  if (Chance(30)) spec["strategy"] = {{"maxSurge", 1 + Below(2)}, {"maxUnavailable", 0}};
  if (Chance(20)) spec["strategy"] = {{"type", "Atomic"}};
  if (Chance(15)) {
    spec["strategy"] = {{"type", "Canary"}};
    for (int step = Below(3); step >= 0; --step)
      spec["strategy"]["steps"].push_back({{"weight", 10 + Below(80)}, {"replicas", 1 + Below(2)}, {"pause", StrCat(Below(20), "s")}});
  }
  if (Chance(10)) spec["strategy"]["minReadySeconds"] = 1 + Below(5);
  if (calm_) return spec;
  if (Chance(20)) spec["strategy"] = {{"type", "Recreate"}};
  if (Chance(20)) spec["strategy"] = {{"maxSurge", Below(2)}, {"maxUnavailable", 1 + Below(2)}};
  if (Chance(30)) spec["strategy"]["progressDeadlineSeconds"] = 45 + Below(30);
  if (Chance(10)) spec["enabled"] = false;
  if (Chance(10)) {
    spec["replicas"] = 1;
    spec["ports"][0]["hostPort"] = 9000 + plugin[1] - '0';
  }
  return spec;
}

void Simulation::Put(const Key& key, const Json& spec, const std::string& adopt) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    Json object = world_.Get(key);
    if (object.is_null()) {
      object = {{"apiVersion", "patchbay.dev/v1"},
                {"kind", key.resource == kPlugins ? "Plugin" : "Route"},
                {"metadata", {{"name", key.name}, {"namespace", key.ns}, {"uid", world_.random.Uuid()}, {"generation", 1}}}};
    } else if (object["spec"] != spec) {
      object["metadata"]["generation"] = GenerationOf(object) + 1;
    }
    object["spec"] = spec;
    if (!adopt.empty()) object["metadata"]["annotations"][kAdopt] = adopt;
    object["metadata"].erase("resourceVersion");
    if (world_.op->committer.Write({.key = key, .object = object}).ok()) return;
  }
  throw Broken{StrCat("a wish could not be written: ", key.ToString())};
}

void Simulation::Apply(const std::string& plugin) {
  const Json present = world_.Get(world_.PluginKey(plugin));
  const Json route = world_.Get(world_.RouteKey(plugin));
  if ((!present.is_null() && IsDeleting(present)) || (!route.is_null() && IsDeleting(route))) return;
  const Json spec = RandomSpec(plugin);
  Tell(StrCat("apply ", plugin, " ", DumpJson(spec)));
  Wish& wish = wishes_[plugin];
  if (present.is_null()) wish.floor = 0;
  wish.floor = std::min<int>(wish.floor, spec["replicas"]);
  wish.spec = spec;
  deleted_.erase(plugin);
  Put(world_.PluginKey(plugin), spec);
  Put(world_.RouteKey(plugin), RouteSpec(plugin));
}

void Simulation::Delete(const Key& key) {
  for (int attempt = 0; attempt < 10 && !world_.Get(key).is_null(); ++attempt) {
    if (FinalizersOf(world_.Get(key)).empty()) {
      if (world_.op->committer.Write({.key = key, .object = {}, .op = store::Write::Op::kDelete}).ok()) return;
      continue;
    }
    const auto written = world_.op->committer.Update(key, "", [&](Json& object, cache::Committer::Notes&) {
      if (IsDeleting(object)) return;
      object["metadata"]["deletionTimestamp"] = FormatTime(world_.clock.Wall());
      object["metadata"]["generation"] = GenerationOf(object) + 1;
    });
    if (written.ok()) return;
  }
}

void Simulation::WishOfAdopted() {
  const Key key = world_.RouteKey(kAdopting);
  const Json present = world_.Get(key);
  if (!present.is_null() && IsDeleting(present)) return;
  if (adopting_ && Chance(20)) {
    Tell("delete the adopting route");
    adopting_.reset();
    adopted_ = false;
    return Delete(key);
  }
  if (!adopting_) {
    adopting_ = RouteSpec(Plugin(0));
    (*adopting_)["paths"][0]["value"] = "/old";  // a route of ours to the same would replace it at once
  } else {
    const char* field = Chance(50) ? "stripPath" : "enabled";
    (*adopting_)[field] = !FindBool(*adopting_, {field}, field == std::string("enabled"));
  }
  if (!FindBool(*adopting_, {"enabled"}, true)) adopted_ = false;
  Tell(StrCat("apply the adopting route ", DumpJson(*adopting_)));
  Put(key, *adopting_, StrCat("fake:", kEntry));
}

void Simulation::Wishes() {
  const std::string plugin = Plugin(Below(kPluginCount));
  if (!world_.op->store.health().ok) return;
  if (Chance(15)) return WishOfAdopted();
  if (Chance(88) || !wishes_.contains(plugin)) return Apply(plugin);
  Tell("delete " + plugin);
  wishes_.erase(plugin);
  deleted_.insert(plugin);
  Delete(world_.PluginKey(plugin));
  if (Chance(50)) Delete(world_.RouteKey(plugin));
}

// Somebody is being served while a change comes.
void Simulation::Requests() {
  const auto served = world_.gateway.Served();
  if (served.empty()) return;
  const auto& upstreams = served[static_cast<std::size_t>(Below(static_cast<int>(served.size())))].upstreams;
  if (upstreams.empty()) return;
  const std::string address = upstreams.front().address;
  Tell("requests to " + address);
  world_.gateway.SetInFlight(address, 2);
  busy_ip_ = address.substr(0, address.rfind(':'));
  Wishes();
  Pass(seconds(3));
  world_.gateway.SetInFlight(address, 0);
  busy_ip_.clear();
}

void Simulation::Troubles() {
  switch (Below(4)) {
    case 0: return TroubleOfEngine();
    case 1: return TroubleOfContainer();
    case 2: return TroubleOfGateway();
    default: break;
  }
  using Fault = store::MemoryStore::Fault;
  if (Chance(40)) {
    const bool away = world_.op->store.health().ok;
    Tell(away ? "the database goes" : "the database comes");
    return world_.op->store.SetAway(away);
  }
  const Fault faults[] = {Fault::kUnavailable, Fault::kInDoubtBefore, Fault::kInDoubtAfter};
  const int which = Below(3);
  Tell(StrCat("the database fails, way ", which));
  world_.op->store.FailNext(faults[which], 1 + Below(2));
}

void Simulation::TroubleOfEngine() {
  const RuntimeCall calls[] = {RuntimeCall::kCreate, RuntimeCall::kStart,   RuntimeCall::kStop, RuntimeCall::kRemove,
                               RuntimeCall::kList,   RuntimeCall::kInspect, RuntimeCall::kPull, RuntimeCall::kHasImage};
  const RuntimeCall call = calls[Below(8)];
  const int nth = 1 + Below(3);
  switch (Below(6)) {
    case 0:
      Tell(StrCat("the engine fails before ", RuntimeCallName(call), " ", nth));
      return world_.runtime.faults().FailBefore(call, nth);
    case 1:
      Tell(StrCat("the engine fails after ", RuntimeCallName(call), " ", nth));
      return world_.runtime.faults().FailAfter(call, nth);
    case 2:
      Tell("the engine is away for a while");
      world_.runtime.faults().SetAway(true);
      Pass(seconds(1 + Below(100)));
      return world_.runtime.faults().SetAway(false);
    case 3:
      Tell("the engine restarts");
      if (Chance(50)) return world_.runtime.RestartEngine(true);
      // Every connection is cut, and the addresses are given anew: until that is seen, a route may lead to another one.
      gateway_trouble_until_ = std::max(gateway_trouble_until_, world_.clock.Mono() + seconds(10));
      return world_.runtime.RestartEngine(false);
    case 4:
      Tell("events are lost");
      return world_.runtime.MuteEvents(Chance(60));
    default:
      Tell("streams break");
      return world_.runtime.BreakStreams();
  }
}

void Simulation::TroubleOfContainer() {
  const std::vector<Container> ours = world_.Containers();
  if (ours.empty()) return;
  const Container& victim = ours[static_cast<std::size_t>(Below(static_cast<int>(ours.size())))];
  switch (Below(4)) {
    case 0:
      Tell("vanishes " + victim.name);
      return world_.runtime.Vanish(victim.name);
    case 1:
      if (victim.state != ContainerState::kRunning) return;
      Tell("paused " + victim.name);
      return world_.runtime.Pause(victim.name);
    default:
      if (victim.state != ContainerState::kRunning) return;
      Tell("dies " + victim.name);
      return world_.runtime.Die(victim.name, Below(3), Chance(20));
  }
}

void Simulation::TroubleOfGateway() {
  gateway_trouble_until_ = world_.clock.Mono() + kDrain + minutes(5);
  switch (Below(5)) {
    case 0:
      Tell("the gateway is away for a while");
      world_.gateway.SetUnavailable(true);
      Pass(seconds(1 + Below(60)));
      return world_.gateway.SetUnavailable(false);
    case 1:
      Tell("the gateway restarts empty");
      return world_.gateway.Restart();
    case 2:
      Tell("the gateway is reloaded by others");
      return world_.gateway.ReloadByOthers();
    case 3:
      if (world_.gateway.Entries().contains(kEntry)) {
        Tell("the entry is removed by others");
        return world_.gateway.RemoveEntry(kEntry);
      }
      Tell("the entry is put back by others");
      return world_.gateway.AddEntry(kEntry);
    default:
      const auto served = world_.gateway.Served();
      if (served.empty()) return;
      Tell("a route is dropped behind our back");
      return world_.gateway.DropRoute(served.front().id);
  }
}

void Simulation::Restart() {
  Tell("operator killed");
  world_.RestartOperator();
  Watch();
}

// In steps that grow: much happens soon after a change, little later.
void Simulation::Turn(milliseconds time) {
  milliseconds done(0);
  for (milliseconds step(20); done < time; step = step * 8 / 5) {
    world_.clock.Advance(step);
    done += step;
    static_cast<void>(world_.op->cache.Poll());  // as its thread does: what was committed in doubt is found
    for (int busy = 0; world_.op->controllers.Settle() > 1 && busy < 20; ++busy) {
      world_.clock.Advance(milliseconds(60));
      done += milliseconds(60);
    }
  }
}

void Simulation::Pass(milliseconds time) {
  try {
    Turn(time);
  } catch (const Crash&) {
    Tell("operator died within an action");
    world_.RestartOperator();
    Watch();
    Turn(time);
  }
  LookAtForeigner();
  LookAtMembers();
  LookAtAdopted();
}

void Simulation::Mend() {
  Tell("all is mended");
  crash_in_.reset();
  world_.op->store.SetAway(false);
  world_.gateway.SetUnavailable(false);
  world_.runtime.faults().SetAway(false);
  world_.runtime.MuteEvents(false);
  world_.runtime.SetPullError("nopull:1", std::nullopt);
  world_.runtime.Script("crash:1", driver::FakeBehaviour{});
  for (const Container& container : world_.Containers())  // the engine tries once more
    if (container.state == ContainerState::kRestarting) world_.runtime.Die(container.name, 3);
  Pass(minutes(25));  // the longest backoffs are over
  Pass(minutes(2));
}

// --- laws ---

void Simulation::Watch() {
  world_.runtime.faults().SetHook([this](RuntimeCall call, const std::string& subject) {
    if (!driver::IsAction(call)) return;
    if (crash_in_ && --*crash_in_ == 0) {
      crash_in_.reset();
      throw Crash();
    }
    LookAtAdopted();
    if (call != RuntimeCall::kStop && call != RuntimeCall::kRemove) return;
    for (const Container& container : world_.runtime.All()) {
      if (container.name != subject && container.id != subject) continue;
      if (!container.labels.contains(driver::kLabelInstallation)) throw Broken{StrCat("acts on the foreign ", subject)};
      if (HasProcess(container)) BeforeStop(container);
    }
  });
}

// Nothing that runs is stopped while the gateway leads to it; in a calm life nothing that is wanted is stopped at all.
void Simulation::BeforeStop(const Container& container) const {
  // Another plugin's route may lead to an address that was its container's before.
  const std::string& owner = container.labels.at(driver::kLabelPlugin);
  const auto upstreams = world_.Upstreams(owner);
  const bool served = std::find(upstreams.begin(), upstreams.end(), container.ip + ":8080") != upstreams.end();
  if (GatewayWasCalm() && served) throw Broken{StrCat("stops ", container.name, " while a route leads to it")};
  if (GatewayWasCalm() && container.ip == busy_ip_ && container.state == ContainerState::kRunning)
    throw Broken{StrCat("stops ", container.name, " while requests to it are under way")};
  if (GatewayWasCalm() && world_.gateway.Entries().contains(kEntry)) {
    const Json adopting = world_.Get(world_.RouteKey(kAdopting));
    const Json* backends = Find(adopting, {"status", "backends"});
    if (Find(adopting, {"status", "adopted"}) != nullptr && backends != nullptr)
      for (const Json& backend : *backends)
        if (FindString(backend, {"address"}) == container.ip + ":8080")
          throw Broken{StrCat("stops ", container.name, " while an adopted entry leads to it")};
  }
  if (!calm_) return;
  const auto plugin = ReadObject(world_.op->cache, world_.PluginKey(owner));
  if (!plugin || UidOf(*plugin) != container.labels.at(driver::kLabelOwnerUid)) return;
  const Desired desired = BuildDesired(*plugin, LookupIn(world_.op->cache), "test");
  if (OrdinalOf(container) < desired.replicas && RevisionOf(container) == desired.hash)
    throw Broken{StrCat("stops ", container.name, " which is wanted")};
}

void Simulation::LookAtForeigner() const {
  const auto all = world_.runtime.All();
  const auto foreign = std::find_if(all.begin(), all.end(), [](const Container& c) { return c.image == "foreign"; });
  if (foreign == all.end()) throw Broken{"the foreign container is gone"};
}

// In a calm life what was taken over is served all the time, by the entry or by ours.
void Simulation::LookAtAdopted() {
  if (!calm_ || !adopting_) return;
  const Json route = world_.Get(world_.RouteKey(kAdopting));
  if (Find(route, {"status", "adopted"}) != nullptr) adopted_ = FindBool(*adopting_, {"enabled"}, true);
  if (adopted_ && !world_.gateway.Entries().contains(kEntry) && !world_.gateway.Find(UidOf(route)))
    throw Broken{"what was taken over is served by nobody"};
}

void Simulation::LookAtAdoptedInTheEnd() const {
  const Json route = world_.Get(world_.RouteKey(kAdopting));
  if (!adopting_) {
    if (!route.is_null()) throw Broken{"in the end the adopting route is not deleted"};
    return;
  }
  const bool entry = world_.gateway.Entries().contains(kEntry);
  const bool ours = world_.gateway.Find(UidOf(route)).has_value();
  const bool adopted = Find(route, {"status", "adopted"}) != nullptr;
  const std::string ready = world_.ConditionOf(world_.RouteKey(kAdopting), "Ready");
  const std::string told = StrCat("in the end the adopting route is ", ready, ours ? ", served by ours" : "", entry ? ", with the entry" : "", adopted ? ", adopted" : "");
  if (adopted && (!entry || ours)) throw Broken{told};
  if (!FindBool(*adopting_, {"enabled"}, true)) {
    if (ours || ready != "True/Disabled") throw Broken{told};
  } else if (ready == "False/AdoptionNotFound") {
    if (entry || ours) throw Broken{told};
  } else if (ready.starts_with("True/") && !adopted && !ours) {
    throw Broken{told};
  }
}

// In a calm life every address that gets requests has somebody behind it, and there are never too few.
void Simulation::LookAtMembers() {
  if (!calm_) return;
  std::set<std::string> running;
  for (const Container& container : world_.Containers())
    if (container.state == ContainerState::kRunning) running.insert(container.ip + ":8080");
  for (auto& [plugin, wish] : wishes_) {
    const auto upstreams = world_.Upstreams(plugin);
    for (const std::string& address : upstreams)
      if (!running.contains(address)) throw Broken{StrCat(plugin, " leads to ", address, " where nobody is")};
    if (static_cast<int>(upstreams.size()) < wish.floor)
      throw Broken{StrCat(plugin, " is served by ", upstreams.size(), ", by ", wish.floor, " before")};
    if (world_.Phase(plugin) == "Running") wish.floor = wish.spec["replicas"];
  }
}

std::string Simulation::Words(const std::string& plugin) const {
  const auto ready = FindCondition(world_.Get(world_.PluginKey(plugin)), "Ready");
  return StrCat("phase ", world_.Phase(plugin), ready ? StrCat(", ", ready->reason, ": ", ready->message) : "");
}

void Simulation::LookAtPlugin(const std::string& plugin) const {
  if (world_.ConditionOf(world_.PluginKey(plugin), "Stalled") == "True/RolledBack") return LookAtRolledBack(plugin);
  const Json& spec = wishes_.at(plugin).spec;
  const bool enabled = FindBool(spec, {"enabled"}, true);
  const int wanted = enabled ? spec["replicas"].get<int>() : 0;
  int running = 0;
  for (const Container& container : world_.Containers()) {
    if (container.labels.at(driver::kLabelPlugin) != plugin) continue;
    if (container.state != ContainerState::kRunning || container.image != spec["image"].get<std::string>())
      throw Broken{StrCat("in the end there is ", container.name, " of ", container.image, ", ",
                          driver::ContainerStateName(container.state), "; ", Words(plugin))};
    ++running;
  }
  const std::string phase = world_.Phase(plugin);
  if (running != wanted) throw Broken{StrCat("in the end ", plugin, " has ", running, " of ", wanted, "; ", Words(plugin))};
  if (phase != (enabled ? "Running" : "Disabled")) throw Broken{StrCat("in the end ", plugin, " is ", phase)};
  if (world_.Upstreams(plugin).size() != static_cast<std::size_t>(wanted))
    throw Broken{StrCat("in the end ", plugin, " is served by ", world_.Upstreams(plugin).size(), " of ", wanted)};
}

// What was given up before all was mended: the former revision serves as many as are wished, and can be.
void Simulation::LookAtRolledBack(const std::string& plugin) const {
  std::set<std::string> revisions;
  int running = 0;
  bool host_port = false;
  for (const Container& container : world_.Containers()) {
    if (container.labels.at(driver::kLabelPlugin) != plugin) continue;
    for (const driver::PortMapping& port : container.ports) host_port = host_port || port.host_port != 0;
    revisions.insert(RevisionOf(container));
    running += container.state == ContainerState::kRunning ? 1 : 0;
  }
  int wanted = wishes_.at(plugin).spec["replicas"].get<int>();
  if (host_port) wanted = std::min(wanted, 1);
  if (revisions.size() != 1 || running != wanted || world_.Upstreams(plugin).size() != static_cast<std::size_t>(wanted))
    throw Broken{StrCat("in the end ", plugin, ", rolled back, has ", running, " of ", wanted, " in ", revisions.size(),
                        " revisions and is served by ", world_.Upstreams(plugin).size())};
}

void Simulation::LookAtEnd() {
  LookAtAdoptedInTheEnd();
  for (const auto& [plugin, wish] : wishes_) LookAtPlugin(plugin);
  for (const Container& container : world_.Containers())
    if (deleted_.contains(container.labels.at(driver::kLabelPlugin)))
      throw Broken{StrCat("in the end there is ", container.name, " of a deleted plugin")};
  for (const std::string& plugin : deleted_)
    if (!world_.Get(world_.PluginKey(plugin)).is_null()) throw Broken{StrCat("in the end ", plugin, " is not deleted")};
  const int written = world_.op->store.units_committed();
  const int acted = world_.runtime.faults().Actions();
  const int changed = world_.gateway.changes();
  Pass(minutes(5));
  if (world_.op->store.units_committed() != written) throw Broken{"a converged world is written to"};
  if (world_.runtime.faults().Actions() != acted) throw Broken{"a converged world is acted on"};
  if (world_.gateway.changes() != changed) throw Broken{"a converged gateway is changed"};
}

}  // namespace patchbay::controller

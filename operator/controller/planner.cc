#include "controller/planner.h"

#include <algorithm>

#include "base/text.h"
#include "controller/adopted_routes.h"
#include "controller/adoption.h"
#include "controller/lookup.h"
#include "controller/port_holders.h"
#include "controller/resolve.h"
#include "controller/survey.h"
#include "controller/sweep.h"
#include "object/protection.h"

namespace patchbay::controller {

struct Planner::Seen {
  std::vector<driver::Container> containers;
  std::optional<driver::GatewayState> gateway;
  std::set<Key> routed;  // plugins that routes refer to
};

namespace {

bool IsOfGateway(Action action) {
  return action == Action::kJoin || action == Action::kLeave || action == Action::kDrain ||
         action == Action::kWaitServed || action == Action::kWaitGone || action == Action::kWaitIdle;
}

std::string ResourceOf(const Json& object) {
  const std::string kind = FindString(object, {"kind"});
  if (kind == "Plugin") return std::string(kPlugins);
  if (kind == "Route") return std::string(kRoutes);
  return kind == "Webhook" ? std::string(kWebhooks) : "";
}

void AddRouted(const Json& route, std::set<Key>& routed) {
  const RouteWish wish = ReadRoute(route, {});
  for (const Backend& backend : wish.backends)
    if (backend.plugin && wish.wanted()) routed.insert(*backend.plugin);
}

// As the stored status has it: whoever is ready is served.
Observed WorldOf(const Json& object, const std::vector<driver::Container>& containers, const Desired& desired) {
  std::set<std::string> ready;
  if (const Json* instances = Find(object, {"status", "instances"}); instances && instances->is_array())
    for (const Json& instance : *instances)
      if (FindBool(instance, {"ready"})) ready.insert(FindString(instance, {"id"}));
  Observed world;
  for (const driver::Container& container : containers) {
    const auto owner = container.labels.find(driver::kLabelOwnerUid);
    if (desired.uid.empty() || owner == container.labels.end() || owner->second != desired.uid) continue;
    const bool running = container.state == driver::ContainerState::kRunning;
    const bool serves = running && ready.contains(container.id);
    Replica replica{.id = container.id, .name = container.name, .hash = RevisionOf(container),
                    .ordinal = OrdinalOf(container), .state = container.state};
    replica.readiness = serves ? Readiness::kReady : running ? Readiness::kUnknown : Readiness::kNotReady;
    replica.member = serves;
    replica.completed = IsCompleted(desired, container);
    replica.holds_port = HoldsPort(desired, container);
    world.replicas.push_back(std::move(replica));
  }
  return world;
}

}  // namespace

Result<driver::GatewayState> GatewayReader::Read() const {
  if (gateway_ == nullptr) return Error{Code::kUnsupported, "no gateway is configured"};
  return gateway_->Read();
}

Result<Json> Planner::Plan(const std::vector<Json>& objects) const {
  Seen seen;
  PATCHBAY_TRY(seen.containers, runtime_.List());
  if (auto state = gateway_.Read(); state.ok()) seen.gateway = *std::move(state);
  for (const auto& entry : cache_.All(kRoutes))
    if (const auto route = ReadObject(*entry)) AddRouted(*route, seen.routed);
  for (const Json& object : objects)
    if (ResourceOf(object) == kRoutes) AddRouted(object, seen.routed);
  Json plan = Json::array();
  for (const Json& object : objects) plan.push_back(PlanOne(object, seen));
  AddOrphans(seen, plan);
  return plan;
}

// What becomes of containers whose Plugin is gone, whatever is applied: no actions of these objects, so they are notes.
void Planner::AddOrphans(const Seen& seen, Json& plan) const {
  constexpr std::size_t kMostNamed = 20;
  const auto orphans = FindOrphans(cache_, seen.containers);
  const bool refused = orphans.size() > PruneBudget(prune_most_, seen.containers.size());
  for (std::size_t i = 0; i < std::min(orphans.size(), kMostNamed); ++i) {
    const auto label = [&](const char* name) {
      const auto found = orphans[i].labels.find(name);
      return found == orphans[i].labels.end() ? std::string("?") : found->second;
    };
    const std::string fate = IsGuarded(orphans[i]) ? StrCat("it stays, protected by ", kProtected)
                             : refused ? StrCat("it stays, because there are ", orphans.size(), " such containers; see --prune-budget")
                                       : std::string("it is going to be removed");
    plan.push_back({{"kind", "Container"},
                    {"namespace", label(driver::kLabelNamespace)},
                    {"name", orphans[i].name},
                    {"actions", Json::array()},
                    {"note", StrCat("its plugin ", label(driver::kLabelPlugin), " is gone: ", fate)}});
  }
}

Json Planner::PlanOne(Json object, const Seen& seen) const {
  Json entry = {{"kind", FindString(object, {"kind"})},
                {"namespace", NamespaceOf(object)},
                {"name", NameOf(object)},
                {"actions", Json::array()}};
  const std::string resource = ResourceOf(object);
  const auto present = ReadObject(cache_, {resource, NamespaceOf(object), NameOf(object)});
  if (present) {
    object["metadata"]["uid"] = UidOf(*present);
    if (const Json* status = Find(*present, {"status"})) object["status"] = *status;
  }
  if (IsDeleting(object) && IsProtected(object)) {
    entry["error"] = StrCat("the annotation ", kProtected, " protects it from being deleted");
    return entry;
  }
  if (resource == kPlugins) PlanPlugin(object, seen, entry);
  if (resource == kRoutes) PlanRoute(object, seen, entry);
  return entry;
}

void Planner::PlanAdoption(const Json& object, const Seen& seen, Desired& desired, Observed& world, Json& entry) const {
  std::vector<driver::Container> own;
  for (const driver::Container& container : seen.containers)
    for (const Replica& replica : world.replicas)
      if (replica.id == container.id) own.push_back(container);
  const auto takeover =
      FindTakeover(object, desired, own, cache_, [this](const std::string& id) { return runtime_.Inspect(id); });
  if (!takeover.ok()) {
    entry["error"] = takeover.error().message;
    return;
  }
  for (const Cause& problem : takeover->problems) {
    entry["error"] = problem.message;
    desired.problems.push_back(problem);
  }
  for (const AdoptedContainer& each : takeover->containers) {
    entry["actions"].push_back(
        {{"action", "adopt"}, {"target", each.name}, {"reason", StrCat(kAdopt, " names it: it runs on")}});
    Replica replica{.id = each.id, .name = each.name, .hash = each.revision, .ordinal = each.ordinal,
                    .state = driver::ContainerState::kRunning, .readiness = Readiness::kReady, .member = true};
    world.replicas.push_back(std::move(replica));
  }
}

void Planner::PlanPlugin(const Json& object, const Seen& seen, Json& entry) const {
  Desired desired = BuildDesired(object, LookupIn(cache_), installation_);
  if (!desired.problems.empty() && desired.replicas > 0) {
    std::vector<std::string> lines;
    for (const Cause& cause : desired.problems) lines.push_back(StrCat(cause.field, ": ", cause.message));
    entry["error"] = Join(lines, "; ");
  }
  if (desired.uid.empty()) desired.uid = "(new)";
  Observed world = WorldOf(object, seen.containers, desired);
  PlanAdoption(object, seen, desired, world, entry);
  const auto steps = Foresee(desired, std::move(world));
  const bool creates =
      std::any_of(steps.begin(), steps.end(), [](const Step& step) { return step.action == Action::kCreate; });
  if (creates && desired.pull != PullPolicy::kNever) {
    const auto here = runtime_.HasImage(desired.container.image);
    const bool always = desired.pull == PullPolicy::kAlways;
    if (always || (here.ok() && !*here))
      entry["actions"].push_back({{"action", "pull"},
                                  {"target", desired.container.image},
                                  {"reason", always ? "imagePullPolicy is Always" : "the image is not here"}});
    if ((always || (here.ok() && !*here)) && !desired.pull_problems.empty())
      entry["error"] = StrCat(desired.pull_problems.front().field, ": ", desired.pull_problems.front().message);
  }
  const auto is_taken = [this](const driver::PortMapping& port) { return runtime_.IsHostPortTaken(port); };
  if (creates && desired.exclusive)
    if (const auto publishing = runtime_.ListPublishing(); publishing.ok())
      if (const std::string holders = DescribeHolders(desired, *publishing, is_taken); !holders.empty()) entry["error"] = holders;
  const bool routed = seen.routed.contains(desired.key);
  for (const Step& step : steps)
    if (routed || !IsOfGateway(step.action)) entry["actions"].push_back(ToJson(step));
}

// "" when it is paused already, or not there.
std::string Planner::SpecBeforePause(const Json& object) const {
  const auto present = ReadObject(cache_, {ResourceOf(object), NamespaceOf(object), NameOf(object)});
  const Json* spec = present && !IsPaused(*present) ? Find(*present, {"spec"}) : nullptr;
  return spec == nullptr ? "" : DumpJson(*spec);
}

void Planner::PlanRoute(const Json& object, const Seen& seen, Json& entry) const {
  const RouteWish wish = ReadRouteOrPause(object, SpecBeforePause(object), gateway_.Unsupported());
  if (wish.waits) entry["note"] = "spec.reconcile.paused is true: changes of the spec wait until it is false";
  if (!wish.unsupported.empty()) entry["error"] = StrCat("the gateway cannot do: ", Join(wish.unsupported, ", "));
  if (!wish.problems.empty()) entry["error"] = Join(wish.problems, "; ");
  if (!seen.gateway) {
    entry["error"] = gateway_.name().empty() ? "no gateway is configured" : "the gateway does not answer";
    return;
  }
  const auto served = seen.gateway->routes.find(wish.uid);
  const bool there = !wish.uid.empty() && served != seen.gateway->routes.end();
  const auto add = [&](const char* action, const std::string& reason) {
    entry["actions"].push_back({{"action", action}, {"target", gateway_.name()}, {"reason", reason}});
  };
  ResolvedRoute resolved = Resolve(wish, [this](const Key& key) -> std::optional<Target> {
    const auto plugin = ReadObject(cache_, key);
    return plugin ? std::optional(ReadTarget(*plugin)) : std::nullopt;
  });
  AdoptedRoutes adopted(gateway_.name());
  if (!adopted.Decide(wish, resolved)) {
    if (const std::string problem = adopted.ProblemOf(wish.uid); !problem.empty()) entry["error"] = problem;
    if (there) add("withdraw", wish.deleting ? "the route is being deleted" : "the route is not to be served");
    return;
  }
  const std::string entries = Join(resolved.route.entries, ", ");
  const bool stands = !entries.empty() && resolved.route.entry_use == driver::EntryUse::kServe;
  if (stands && wish.adoption.request != wish.adopt) add("adopt", StrCat(kAdopt, " names ", entries, ": it serves on"));
  else if (stands) return;
  else if (!wish.wanted()) add("withdraw", StrCat("the route is not to be served, and not by ", entries));
  else if (!entries.empty()) add("publish", StrCat("it takes the place of ", entries));
  else if (!there) add("publish", "the gateway does not have it");
  else if (served->second != gateway_.Digest(resolved.route)) add("publish", "the gateway has it otherwise");
}

}  // namespace patchbay::controller

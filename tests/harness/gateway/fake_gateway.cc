#include "harness/gateway/fake_gateway.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"

namespace patchbay::driver {
namespace {

void Write(std::string& out, const HeaderEdits& edits) {
  for (const auto& [name, value] : edits.set) out += StrCat("set ", QuoteJson(name), QuoteJson(value));
  for (const auto& [name, value] : edits.add) out += StrCat("add ", QuoteJson(name), QuoteJson(value));
  for (const auto& name : edits.remove) out += StrCat("remove ", QuoteJson(name));
  out += ';';
}

void Write(std::string& out, const std::vector<std::string>& texts) {
  for (const auto& text : texts) out += QuoteJson(text);
  out += ';';
}

std::string Print(const GatewayRoute& route) {
  std::string out = StrCat(QuoteJson(route.name), route.priority, ';');
  Write(out, route.hosts);
  for (const auto& path : route.paths) out += StrCat(static_cast<int>(path.type), QuoteJson(path.value));
  Write(out, route.methods);
  out += StrCat(route.strip_path, ';');
  for (const auto& upstream : route.upstreams)
    out += StrCat(QuoteJson(upstream.address), upstream.tls, ' ', upstream.weight, ',');
  Write(out, route.request_headers);
  Write(out, route.response_headers);
  return StrCat(out, route.timeout.count(), ' ', route.retries, ' ', route.retry_for.count());
}

Error Away() { return Error{Code::kUnavailable, "the fake gateway is away"}; }

}  // namespace

FakeGateway::FakeGateway(std::string name, std::vector<std::string> unsupported)
    : name_(std::move(name)) {
  for (std::string& field : unsupported) unsupported_.push_back({std::move(field), name_});
}

std::string FakeGateway::Digest(const GatewayRoute& route) const {
  const auto entries = ServingEntries(route, name_);
  return entries.empty() ? Sha256Hex(Print(route)) : DigestEntries(entries);
}

Result<Published> FakeGateway::Publish(const std::vector<GatewayRoute>& routes) {
  Published published;
  {
    auto world = world_.Lock();
    if (world->away) return Away();
    ++world->publishes;
    std::vector<GatewayRoute> accepted;
    EntryPlan entries(name_);
    for (const auto& wanted : routes) {
      const auto standing = std::find_if(world->routes.begin(), world->routes.end(), [&](const auto& served) { return served.id == wanted.id; });
      const auto named = EntriesOf(wanted, name_);
      if (std::any_of(named.begin(), named.end(), [&](const auto& entry) { return world->elsewhere.contains(entry); })) {
        published.elsewhere[wanted.id] = "the entry is elsewhere";
        if (standing != world->routes.end()) accepted.push_back(*standing);
        continue;
      }
      if (entries.Take(wanted)) {
        const auto own = ServingEntries(wanted, name_);
        const bool there = std::all_of(own.begin(), own.end(), [&](const auto& entry) { return world->entries.contains(entry); });
        if (!there && standing != world->routes.end()) accepted.push_back(*standing);
        continue;
      }
      if (wanted.as_found && standing == world->routes.end()) continue;
      const auto& route = wanted.as_found ? *standing : wanted;
      const auto refusal = world->refusals.find(route.id);
      if (refusal == world->refusals.end())
        accepted.push_back(route);
      else
        published.refused[route.id] = refusal->second;
    }
    std::stable_sort(accepted.begin(), accepted.end(), [](const auto& a, const auto& b) {
      return a.priority != b.priority ? a.priority > b.priority : a.name < b.name;
    });
    const auto same = [](const GatewayRoute& a, const GatewayRoute& b) { return Print(a) == Print(b) && a.id == b.id; };
    published.changed =
        !std::equal(accepted.begin(), accepted.end(), world->routes.begin(), world->routes.end(), same);
    published.missing = entries.FindMissing(world->entries);
    for (const std::string& entry : entries.ToRemove(published.refused)) published.changed = world->entries.erase(entry) > 0 || published.changed;
    if (published.changed) ++world->changes;
    world->routes = std::move(accepted);
    world->serving = entries.serving();
  }
  changed_.notify_all();
  return published;
}

Result<GatewayState> FakeGateway::Read() {
  auto world = world_.Lock();
  if (world->away) return Away();
  ++world->reads;
  GatewayState state{StrCat("epoch-", world->epoch), {}};
  for (const auto& route : world->routes) state.routes[route.id] = Digest(route);
  AddDigests(world->serving, world->entries, state.routes);
  return state;
}

Result<std::map<std::string, RouteDifferences>> FakeGateway::Compare(const std::vector<GatewayRoute>& routes) {
  const auto addresses = [](const GatewayRoute& route) {
    std::string all;
    for (const auto& upstream : route.upstreams) all += StrCat(all.empty() ? "" : " ", upstream.address);
    return all;
  };
  auto world = world_.Lock();
  if (world->away) return Away();
  std::map<std::string, RouteDifferences> differences;
  for (const auto& route : routes) {
    if (const auto entries = ServingEntries(route, name_); !entries.empty()) {
      if (auto missing = CompareEntries(entries, world->entries); !missing.empty()) differences[route.id] = std::move(missing);
      continue;
    }
    const auto served = std::find_if(world->routes.begin(), world->routes.end(), [&](const auto& one) { return one.id == route.id; });
    if (served == world->routes.end()) differences[route.id] = {{"", "there", "missing"}};
    else if (addresses(*served) != addresses(route)) differences[route.id] = {{"upstreams", addresses(route), addresses(*served)}};
    else if (Print(*served) != Print(route)) differences[route.id] = {{"route", Print(route), Print(*served)}};
  }
  return differences;
}

Result<std::map<std::string, int>> FakeGateway::InFlight() {
  auto world = world_.Lock();
  if (world->away) return Away();
  if (!world->counts) return Error{Code::kUnsupported, "the fake gateway does not count"};
  auto counts = world->in_flight;
  for (const auto& route : world->routes)
    for (const auto& upstream : route.upstreams) counts.try_emplace(upstream.address, 0);
  return counts;
}

Result<std::map<std::string, AnswerCount>> FakeGateway::Answers() {
  auto world = world_.Lock();
  if (world->away) return Away();
  if (!world->tells) return Error{Code::kUnsupported, "the fake gateway does not tell"};
  return world->answers;
}

void FakeGateway::AddAnswers(const std::string& address, int count, int failed, std::chrono::milliseconds took) {
  Change([&](World& world) {
    for (int i = 0; i < count; ++i) world.answers[address].Add(i < failed, took);
  });
}

void FakeGateway::Change(const std::function<void(World&)>& change) {
  change(*world_.Lock());
  changed_.notify_all();
}

void FakeGateway::Refuse(const std::string& route_id, const std::string& message) {
  Change([&](World& world) { world.refusals[route_id] = message; });
}

void FakeGateway::Accept(const std::string& route_id) {
  Change([&](World& world) { world.refusals.erase(route_id); });
}

void FakeGateway::SetUnavailable(bool away) {
  Change([&](World& world) { world.away = away; });
}

void FakeGateway::Restart() {
  Change([](World& world) {
    world.routes.clear();
    world.foreign.clear();
    world.entries.clear();
    world.in_flight.clear();
    ++world.epoch;
  });
}

void FakeGateway::ReloadByOthers() {
  Change([](World& world) { ++world.epoch; });
}

void FakeGateway::DropRoute(const std::string& route_id) {
  Change([&](World& world) { std::erase_if(world.routes, [&](const auto& route) { return route.id == route_id; }); });
}

void FakeGateway::ReplaceRoute(const GatewayRoute& route) {
  Change([&](World& world) {
    for (auto& served : world.routes)
      if (served.id == route.id) served = route;
  });
}

void FakeGateway::AddEntry(const std::string& entry) {
  Change([&](World& world) {
    world.entries.insert(entry);
    world.elsewhere.erase(entry);
  });
}

void FakeGateway::MoveEntry(const std::string& entry) {
  Change([&](World& world) {
    world.entries.erase(entry);
    world.elsewhere.insert(entry);
  });
}

void FakeGateway::RemoveEntry(const std::string& entry) {
  Change([&](World& world) { world.entries.erase(entry); });
}

std::set<std::string> FakeGateway::Entries() const { return world_.Lock()->entries; }

void FakeGateway::SetForeign(const std::string& what, const std::string& config) {
  Change([&](World& world) { world.foreign[what] = config; });
}

void FakeGateway::SetInFlight(const std::string& address, int requests) {
  Change([&](World& world) { world.in_flight[address] = requests; });
}

std::vector<GatewayRoute> FakeGateway::Served() const { return world_.Lock()->routes; }

std::optional<GatewayRoute> FakeGateway::Find(const std::string& route_id) const {
  auto world = world_.Lock();
  for (const auto& route : world->routes)
    if (route.id == route_id) return route;
  return std::nullopt;
}

std::map<std::string, std::string> FakeGateway::Foreign() const { return world_.Lock()->foreign; }
int FakeGateway::publishes() const { return world_.Lock()->publishes; }
int FakeGateway::changes() const { return world_.Lock()->changes; }
int FakeGateway::reads() const { return world_.Lock()->reads; }

bool FakeGateway::WaitUntil(const std::function<bool(const std::vector<GatewayRoute>& routes)>& satisfied,
                            std::chrono::milliseconds timeout) const {
  const auto deadline = SystemClock().Mono() + timeout;
  auto world = world_.Lock();
  return changed_.wait_until(world.lock(), deadline, [&] { return satisfied(world->routes); });
}

}  // namespace patchbay::driver

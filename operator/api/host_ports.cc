#include "api/host_ports.h"

#include <algorithm>

#include "base/text.h"
#include "cache/entry.h"
#include "object/object.h"

namespace patchbay::api {
namespace {

// As the field stands in stored bytes; in managedFields and in last-applied it is written otherwise.
constexpr std::string_view kField = "\"hostPort\":";

Json Parse(const cache::Entry& entry) {
  auto object = cache::ParseStored(*entry.bytes);
  return object.ok() ? *std::move(object) : Json();
}

bool AsksFor(const std::vector<HostPort>& ports, const HostPort& wanted) {
  return std::any_of(ports.begin(), ports.end(), [&](const HostPort& port) { return Overlap(port, wanted); });
}

bool HasAlready(const std::vector<HostPort>& ports, const HostPort& wanted) {
  return std::any_of(ports.begin(), ports.end(), [&](const HostPort& port) {
    return port.number == wanted.number && port.protocol == wanted.protocol && port.ip == wanted.ip;
  });
}

// One container alone can have a port.
bool IsTooMany(const std::vector<HostPort>& ports, const Json& plugin) {
  return !ports.empty() && FindInt(plugin, {"spec", "replicas"}, 1) > 1;
}

}  // namespace

void HostPorts::Index::Learn(const cache::Entry& entry) {
  if (entry.bytes->find(kField) == std::string::npos) return;
  const Json plugin = Parse(entry);
  auto asked = asked_.Lock();
  for (const HostPort& port : HostPortsOf(plugin)) {
    Revision& revision = (*asked)[port.number][entry.key];
    revision = std::max(revision, entry.revision);
  }
}

void HostPorts::Index::OnStep(const cache::StepPtr& step) {
  if (!step->after) return;
  const bool same = step->before && step->before->uid == step->after->uid && step->before->generation == step->after->generation;
  if (!same) Learn(*step->after);
}

std::vector<Key> HostPorts::Index::At(int port) const {
  std::vector<Key> keys;
  const auto asked = asked_.Lock();
  if (const auto found = asked->find(port); found != asked->end())
    for (const auto& [key, revision] : found->second) keys.push_back(key);
  return keys;
}

void HostPorts::Index::Drop(int port, const Key& key, Revision revision) {
  auto asked = asked_.Lock();
  const auto found = asked->find(port);
  if (found == asked->end()) return;
  if (const auto known = found->second.find(key); known != found->second.end() && known->second <= revision)
    found->second.erase(known);
  if (found->second.empty()) asked->erase(found);
}

HostPorts::HostPorts(cache::Cache& cache)
    : cache_(cache),
      index_(std::make_shared<Index>()),
      watch_(cache.ListAndWatch(
          kPlugins,
          [this](const std::vector<cache::EntryPtr>& entries, Revision) {
            for (const cache::EntryPtr& entry : entries) index_->Learn(*entry);
          },
          index_)) {}

std::vector<Key> HostPorts::HoldersOf(const HostPort& port, const Key& self) const {
  std::vector<Key> holders;
  for (const Key& key : index_->At(port.number)) {
    if (key == self) continue;
    const Revision revision = cache_.revision();
    const cache::EntryPtr entry = cache_.Get(key);
    const Json plugin = entry ? Parse(*entry) : Json();
    if (AsksFor(ClaimedHostPortsOf(plugin), port)) {
      holders.push_back(key);
      continue;
    }
    // One that is disabled may be enabled again.
    const auto written = HostPortsOf(plugin);
    if (std::none_of(written.begin(), written.end(), [&](const auto& each) { return each.number == port.number; }))
      index_->Drop(port.number, key, revision);
  }
  return holders;
}

Answer<HostPorts::Ticket> HostPorts::Ask(const Kind& kind, const Key& key, std::vector<HostPort> ports) {
  auto under_way = under_way_.Lock();
  for (const Asked& other : *under_way) {
    if (other.key == key) continue;
    const auto both = std::find_if(ports.begin(), ports.end(), [&](const HostPort& port) { return AsksFor(other.ports, port); });
    if (both != ports.end())
      return Conflict(kind, key.name, StrCat("plugin ", other.key.ns, "/", other.key.name, " asks for host port ", both->number, " at this moment; please try again"));
  }
  const auto own = under_way->insert(under_way->end(), {key, std::move(ports)});
  return Ticket(nullptr, [this, own](const void*) { under_way_.Lock()->erase(own); });
}

Answer<HostPorts::Ticket> HostPorts::Judge(const Kind& kind, const cache::Intent& intent, const cache::EntryPtr& seen) {
  if (intent.key.resource != kPlugins || intent.op != store::Write::Op::kPut) return Ticket();
  const std::vector<HostPort> wanted = ClaimedHostPortsOf(intent.object);
  if (wanted.empty() || (seen && seen->generation == GenerationOf(intent.object))) return Ticket();
  const Json before = seen ? Parse(*seen) : Json();
  const std::vector<HostPort> had = ClaimedHostPortsOf(before);
  // Asked for first, then compared with what is stored: of two writes at once the later one sees the other in either.
  PATCHBAY_TRY(Ticket ticket, Ask(kind, intent.key, wanted));
  std::vector<Cause> causes;
  if (IsTooMany(wanted, intent.object) && !IsTooMany(had, before)) {
    causes.push_back(InvalidValue("spec.replicas", StrCat(FindInt(intent.object, {"spec", "replicas"})),
                                  StrCat("must be 1 or 0 beside a host port: only one container can have port ",
                                         wanted.front().number, " of this host")));
  }
  for (const HostPort& port : wanted) {
    if (HasAlready(had, port)) continue;
    for (const HostPort& other : wanted)
      if (other.place < port.place && Overlap(other, port))
        causes.push_back(InvalidValue(StrCat("spec.ports[", port.place, "].hostPort"), StrCat(port.number),
                                      StrCat("is already asked for by spec.ports[", other.place, "]")));
    for (const Key& holder : HoldersOf(port, intent.key))
      causes.push_back(InvalidValue(StrCat("spec.ports[", port.place, "].hostPort"), StrCat(port.number),
                                    StrCat("is already taken by plugin ", holder.ns, "/", holder.name, " on this host")));
  }
  if (causes.empty()) return ticket;
  return Invalid(kind, intent.key.name, std::move(causes));
}

}  // namespace patchbay::api

#include "controller/adoption.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "controller/conditions.h"
#include "controller/lookup.h"
#include "controller/survey.h"
#include "driver/runtime/image_reference.h"
#include "object/object.h"

namespace patchbay::controller {
namespace {

using driver::Container;

constexpr const char* kField = "metadata.annotations[patchbay.dev/adopt]";
// Of a container that is not what the spec asks for now: it is replaced as one of an earlier revision.
constexpr const char* kForeignRevision = "adopted";

std::vector<std::string> SplitIds(const std::string& text) {
  std::vector<std::string> ids;
  for (const std::string& part : Split(text, ','))
    if (std::string id(Trim(part)); !id.empty() && std::find(ids.begin(), ids.end(), id) == ids.end())
      ids.push_back(std::move(id));
  return ids;
}

std::string RequestOf(const Json& plugin) {
  const auto annotations = AnnotationsOf(plugin);
  const auto request = annotations.find(kAdopt);
  return request == annotations.end() ? "" : request->second;
}

std::vector<std::string> NotHandled(const Json& plugin) {
  std::vector<std::string> ids = SplitIds(RequestOf(plugin));
  if (ids.empty()) return ids;
  const auto handled = SplitIds(FindString(plugin, {"status", "lastHandledAdoption"}));
  std::erase_if(ids,
                [&](const std::string& id) { return std::find(handled.begin(), handled.end(), id) != handled.end(); });
  return ids;
}

bool IsSameImage(const std::string& a, const std::string& b) {
  const auto first = driver::ParseImageReference(a);
  const auto second = driver::ParseImageReference(b);
  return a == b || (first.ok() && second.ok() && first->Canonical() == second->Canonical());
}

// The other plugin that has this container, or wishes for it; "" when none does.
std::string FindRival(const std::string& id, const Json& plugin, const cache::Cache& cache) {
  for (const auto& entry : cache.All(kPlugins)) {
    if (entry->uid == UidOf(plugin) || (entry->key.ns == NamespaceOf(plugin) && entry->key.name == NameOf(plugin)))
      continue;
    if (entry->bytes->find(id) == std::string::npos) continue;
    const auto other = ReadObject(*entry);
    if (!other) continue;
    const auto has = ReadAdopted(*other);
    const auto wishes = NotHandled(*other);
    if (std::any_of(has.begin(), has.end(), [&](const AdoptedContainer& each) { return each.id == id; }) ||
        std::find(wishes.begin(), wishes.end(), id) != wishes.end())
      return StrCat(entry->key.ns, "/", entry->key.name);
  }
  return "";
}

std::string WhyNot(const std::string& id, const Container& seen, const std::string& rival) {
  if (seen.id != id)
    return StrCat("\"", id, "\" is not a container's full id (docker ps --no-trunc); ", seen.name, "'s is ", seen.id);
  if (!rival.empty())
    return StrCat("container ", seen.name, " (", id.substr(0, 12), ") is claimed by plugin ", rival, " too");
  if (seen.labels.contains(driver::kLabelInstallation))
    return StrCat("container ", seen.name, " (", id.substr(0, 12), ") was made by Patchbay (installation ",
                  seen.labels.at(driver::kLabelInstallation), ")");
  if (seen.state != driver::ContainerState::kRunning)
    return StrCat("container ", seen.name, " (", id.substr(0, 12), ") is not running but ",
                  driver::ContainerStateName(seen.state), ": start it first");
  return "";
}

void GivePlaces(const Desired& desired, const std::vector<Container>& own, Takeover& takeover) {
  std::set<int> taken;
  for (const Container& container : own) taken.insert(OrdinalOf(container));
  int ordinal = 0;
  for (AdoptedContainer& container : takeover.containers) {
    while (taken.contains(ordinal)) ++ordinal;
    container.ordinal = ordinal++;
  }
  if (ordinal > desired.replicas)
    takeover.problems.push_back(
        {kField, kAdoptionConflict,
         StrCat("there is no place for all of these containers: spec.replicas is ", desired.replicas, " and ",
                own.size(), " are there; raise it, or take ids away")});
}

Json ToJson(const AdoptedContainer& container) {
  return {{"id", container.id},
          {"name", container.name},
          {"revision", container.revision},
          {"ordinal", container.ordinal},
          {"ports", container.ports}};
}

}  // namespace

std::vector<AdoptedContainer> ReadAdopted(const Json& plugin) {
  std::vector<AdoptedContainer> adopted;
  if (const Json* list = Find(plugin, {"status", "adopted"}); list && list->is_array())
    for (const Json& each : *list)
      adopted.push_back({FindString(each, {"id"}), FindString(each, {"name"}), FindString(each, {"revision"}),
                         static_cast<int>(FindInt(each, {"ordinal"})), FindString(each, {"ports"})});
  return adopted;
}

Result<Takeover> FindTakeover(const Json& plugin, const Desired& desired, const std::vector<Container>& own,
                              const cache::Cache& cache,
                              const std::function<Result<Container>(const std::string&)>& inspect) {
  Takeover takeover{RequestOf(plugin), {}, {}};
  // What it refers to may be applied a moment later, and makes another revision.
  if (desired.replicas == 0 || !desired.problems.empty()) return takeover;
  for (const std::string& id : NotHandled(plugin)) {
    // Committed, and the cache does not show it yet.
    if (std::any_of(own.begin(), own.end(), [&](const Container& each) { return each.id == id; })) continue;
    const auto seen = inspect(id);
    if (!seen.ok() && seen.error().code != Code::kNotFound) return seen.error();
    if (!seen.ok()) {
      takeover.problems.push_back({kField, kAdoptionNotFound,
                                   StrCat("there is no container ", id.substr(0, 12),
                                          " on this engine; without the annotation a new one is made")});
      continue;
    }
    if (std::string why = WhyNot(id, *seen, FindRival(id, plugin, cache)); !why.empty()) {
      takeover.problems.push_back({kField, kAdoptionConflict, std::move(why)});
      continue;
    }
    const bool same = IsSameImage(seen->image, desired.container.image) || seen->image_id == desired.container.image;
    takeover.containers.push_back(
        {id, seen->name, same ? desired.hash : kForeignRevision, 0, PrintPorts(desired.ports)});
  }
  GivePlaces(desired, own, takeover);
  if (!takeover.problems.empty()) takeover.containers.clear();
  return takeover;
}

Result<void> Adoption::Keep(Json& plugin, Desired& desired, PluginMemory& memory) {
  if (!memory.claimed) {
    memory.adoptions = ReadAdopted(plugin);
    if (!memory.adoptions.empty()) PATCHBAY_CHECK(Claim(desired, memory));
    memory.claimed = true;
  }
  if (desired.replicas == 0 || !desired.problems.empty() || NotHandled(plugin).empty()) return {};
  PATCHBAY_TRY(const auto own, observer_.Of(desired.uid));
  PATCHBAY_TRY(Takeover takeover, FindTakeover(plugin, desired, own, cache_,
                                               [this](const std::string& id) { return runtime_.Inspect(id); }));
  if (!takeover.problems.empty()) {
    desired.problems.insert(desired.problems.begin(), takeover.problems.begin(), takeover.problems.end());
    return {};
  }
  if (takeover.containers.empty()) return {};
  return TakeOver(std::move(takeover), plugin, desired, memory);
}

Result<void> Adoption::TakeOver(Takeover takeover, Json& plugin, const Desired& desired, PluginMemory& memory) {
  std::vector<AdoptedContainer> all = memory.adoptions;
  all.insert(all.end(), takeover.containers.begin(), takeover.containers.end());
  const auto write = [&](Json& object, cache::Committer::Notes& notes) {
    Json adopted = Json::array();
    for (const AdoptedContainer& container : all) adopted.push_back(ToJson(container));
    SetStatus(object, "adopted", std::move(adopted));
    SetStatus(object, "lastHandledAdoption", takeover.request);
    for (const AdoptedContainer& container : takeover.containers)
      notes.events.push_back({false, "Adopted",
                              StrCat("container ", container.name, " (", container.id.substr(0, 12),
                                     ") runs on as replica ", container.ordinal)});
  };
  // Remembered first: whoever comes after a crash finds it claimed.
  const auto written = committer_.Update(desired.key, desired.uid, write);
  if (!written.ok()) return written.error();
  cache::Committer::Notes none;
  write(plugin, none);
  memory.adoptions = std::move(all);
  return Claim(desired, memory);
}

Result<void> Adoption::Claim(const Desired& desired, const PluginMemory& memory) {
  std::vector<driver::Claimed> claims;
  for (const AdoptedContainer& container : memory.adoptions)
    claims.push_back({container.id,
                      {{driver::kLabelNamespace, desired.key.ns},
                       {driver::kLabelPlugin, desired.key.name},
                       {driver::kLabelSpecHash, container.revision},
                       {driver::kLabelOrdinal, std::to_string(container.ordinal)},
                       {kLabelPorts, container.ports}}});
  PATCHBAY_CHECK(runtime_.Claim(desired.uid, claims));
  observer_.Doubt(desired.uid);
  return {};
}

void Adoption::Settle(const Desired& desired, const std::vector<Container>& present, PluginMemory& memory) {
  const auto gone = std::erase_if(memory.adoptions, [&](const AdoptedContainer& adopted) {
    return std::none_of(present.begin(), present.end(), [&](const Container& each) { return each.id == adopted.id; });
  });
  if (gone > 0) static_cast<void>(Claim(desired, memory));
}

}  // namespace patchbay::controller

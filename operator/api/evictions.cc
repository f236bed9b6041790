#include "api/evictions.h"

#include <map>
#include <utility>

#include "api/codec.h"
#include "api/removals.h"
#include "base/text.h"
#include "object/object.h"

namespace patchbay::api {
namespace {

constexpr long kGrace = 30;  // what a Kubernetes server says when nobody says anything

// "docker://0123..." -> "0123..."
std::string ContainerIdOf(const Json& pod) {
  const Json* statuses = Find(pod, {"status", "containerStatuses"});
  if (!statuses || !statuses->is_array() || statuses->empty()) return "";
  const std::string id = FindString(statuses->front(), {"containerID"});
  const std::size_t scheme = id.find("://");
  return scheme == std::string::npos ? "" : id.substr(scheme + 3);
}

Bytes Doomed(const Bytes& bytes, const DeleteOptions& options, std::string_view now) {
  Json pod = ParseStored(*bytes);
  if (!IsDeleting(pod)) {
    pod["metadata"]["deletionTimestamp"] = now;
    pod["metadata"]["deletionGracePeriodSeconds"] = options.grace.value_or(kGrace);
  }
  return std::make_shared<const std::string>(DumpJson(pod));
}

bool AddEviction(Json& plugin, const std::string& id, bool now, const std::string& time) {
  Json& evictions = plugin["status"]["evictions"];
  if (!evictions.is_array()) evictions = Json::array();
  for (Json& each : evictions) {
    if (FindString(each, {"id"}) != id) continue;
    if (!now || FindBool(each, {"now"})) return false;
    each["now"] = true;
    return true;
  }
  Json eviction = {{"id", id}, {"requestedAt", time}};
  if (now) eviction["now"] = true;
  evictions.push_back(std::move(eviction));
  return true;
}

}  // namespace

Evictions::Evictions(Writes& writes, const Kinds& kinds, const Renderer& renderer, Clock& clock)
    : writes_(writes), kinds_(kinds), renderer_(renderer), clock_(clock) {}

Answer<Evictions::Wish> Evictions::MakeWish(const Kind& kind, const cache::Entry& entry) const {
  const Json pod = ParseStored(*entry.bytes);
  Wish wish;
  wish.pods = {entry.key.name};
  wish.ids = {ContainerIdOf(pod)};
  if (wish.ids.front().empty())
    return Conflict(kind, entry.key.name, "it has no container yet that could be replaced: change its Plugin");
  const Json* owners = Find(pod, {"metadata", "ownerReferences"});
  if (!owners || !owners->is_array() || owners->empty()) return NotFound(kind, entry.key.name);
  wish.plugin = {std::string(kPlugins), entry.key.ns, FindString(owners->front(), {"name"})};
  wish.plugin_uid = FindString(owners->front(), {"uid"});
  return wish;
}

WriteOrder Evictions::MakeOrder(const Kind& kind, Wish wish, const DeleteOptions& options) const {
  WriteOrder order;
  order.kind = kinds_.FindResource(kPlugins);
  order.key = wish.plugin;
  order.dry_run = options.dry_run;
  order.compute = [this, &kind, wish = std::move(wish), now = options.grace == 0L](
                      const cache::EntryPtr& current) -> Answer<std::optional<cache::Intent>> {
    if (!current || current->uid != wish.plugin_uid) return NotFound(kind, wish.pods.front());
    Json plugin = ParseStored(*current->bytes);
    bool changed = false;
    for (const std::string& id : wish.ids)
      changed = AddEviction(plugin, id, now, FormatTime(clock_.Wall())) || changed;
    if (!changed) return std::optional<cache::Intent>();
    cache::Intent intent;
    intent.key = current->key;
    intent.expected = current->revision;
    intent.events.push_back({false, "PodDeleted", StrCat("to be replaced, as asked for: ", Join(wish.pods, ", "))});
    intent.object = std::move(plugin);
    return std::optional(std::move(intent));
  };
  return order;
}

void Evictions::Delete(const CallPtr& call) {
  const Answer<DeleteOptions> options = DeleteOptionsOf(*call);
  if (!options.ok()) return call->Fail(options.error());
  const cache::EntryPtr pod = call->cache->Get(call->key());
  if (!pod) return call->Fail(NotFound(*call->kind, call->path.name));
  if (const Answer<void> met = CheckPreconditions(*call->kind, *pod, *options); !met.ok()) {
    return call->Fail(met.error());
  }
  Answer<Wish> wish = MakeWish(*call->kind, *pod);
  if (!wish.ok()) return call->Fail(wish.error());
  WriteOrder order = MakeOrder(*call->kind, *std::move(wish), *options);
  order.done = [this, call, pod, options = *options](const Answer<Written>& written) {
    if (!written.ok()) return call->Fail(written.error());
    call->Warn(written->foreseen);
    const Bytes bytes = Doomed(pod->bytes, options, FormatTime(clock_.Wall()));
    call->Reply(renderer_.Object(*call->kind, call->form, 200, bytes));
  };
  writes_.Run(std::move(order));
}

void Evictions::DeleteCollection(const CallPtr& call) {
  const Answer<DeleteOptions> options = DeleteOptionsOf(*call);
  if (!options.ok()) return call->Fail(options.error());
  const Answer<cache::Page> page = SelectDoomed(*call);
  if (!page.ok()) return call->Fail(page.error());

  std::map<Key, Wish> wishes;  // by plugin: each is written once
  std::vector<Bytes> listed;
  for (const cache::EntryPtr& entry : page->entries) {
    listed.push_back(Doomed(entry->bytes, *options, FormatTime(clock_.Wall())));
    Answer<Wish> wish = MakeWish(*call->kind, *entry);
    if (!wish.ok()) continue;  // nothing of it is there
    const auto [place, fresh] = wishes.try_emplace(wish->plugin, *wish);
    if (fresh) continue;
    place->second.ids.push_back(wish->ids.front());
    place->second.pods.push_back(wish->pods.front());
  }
  std::vector<WriteOrder> orders;
  for (auto& [plugin, wish] : wishes) orders.push_back(MakeOrder(*call->kind, std::move(wish), *options));
  RunDeletions(writes_, renderer_, call, std::move(orders), std::move(listed), page->revision);
}

}  // namespace patchbay::api

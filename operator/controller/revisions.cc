#include "controller/revisions.h"

#include <algorithm>

#include "base/digest.h"
#include "base/text.h"
#include "controller/lookup.h"
#include "object/object.h"

namespace patchbay::controller {
namespace {

constexpr const char* kNotOfARevision[] = {"replicas", "enabled", "strategy", "reconcile", "revisionHistoryLimit"};
constexpr const char* kChangeCause = "kubernetes.io/change-cause";  // kubectl annotate; shown by rollout history
constexpr std::size_t kMostOfName = 240;  // 253 in all

void CopyChangeCause(const Json& plugin, Json& revision) {
  const auto annotations = AnnotationsOf(plugin);
  if (const auto cause = annotations.find(kChangeCause); cause != annotations.end())
    revision["metadata"]["annotations"][kChangeCause] = cause->second;
}

bool IsOwnedBy(const Json& object, const std::string& uid) {
  const Json* owners = Find(object, {"metadata", "ownerReferences"});
  if (owners == nullptr || !owners->is_array()) return false;
  return std::any_of(owners->begin(), owners->end(), [&](const Json& owner) { return FindString(owner, {"uid"}) == uid; });
}

}  // namespace

Json RevisionData(const Json& plugin) {
  const Json* spec = Find(plugin, {"spec"});
  Json kept = spec && spec->is_object() ? *spec : Json::object();
  for (const char* field : kNotOfARevision) kept.erase(field);
  return {{"spec", std::move(kept)}};
}

Json WithRevision(const Json& plugin, const Json& revision) {
  Json former = plugin;
  const Json* spec = Find(revision, {"data", "spec"});
  Json restored = spec ? *spec : Json::object();
  for (const char* field : kNotOfARevision)
    if (const Json* value = Find(plugin, {"spec", field})) restored[field] = *value;
  former["spec"] = std::move(restored);
  return former;
}

std::string RevisionName(const Json& plugin, const Json& data) {
  const std::string text = nlohmann::json(data).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return StrCat(NameOf(plugin).substr(0, kMostOfName), "-", Sha256Hex(StrCat(UidOf(plugin), " ", text)).substr(0, 12));
}

std::vector<Revisions::Revision> Revisions::Of(const Json& plugin) const {
  const std::string prefix = StrCat(NameOf(plugin).substr(0, kMostOfName), "-");
  cache::ListQuery query{.resource = std::string(kRevisions), .ns = NamespaceOf(plugin), .limit = 100};
  query.after = StrCat(NamespaceOf(plugin), "/", prefix);  // names are in order: those with the prefix stand together
  std::vector<Revision> revisions;
  for (bool more = true; more;) {
    const auto page = cache_.List(query);
    if (!page.ok()) break;
    more = !page->next.empty();
    query.after = page->next;
    for (const cache::EntryPtr& entry : page->entries) {
      more = more && entry->key.name.starts_with(prefix);
      if (!entry->key.name.starts_with(prefix)) break;
      const auto object = ReadObject(*entry);
      if (object && IsOwnedBy(*object, UidOf(plugin)) && !IsDeleting(*object))
        revisions.push_back({entry->key.name, entry->uid, FindInt(*object, {"revision"})});
    }
  }
  std::sort(revisions.begin(), revisions.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return revisions;
}

Result<void> Revisions::Keep(const Json& plugin) {
  Json data = RevisionData(plugin);
  const std::string name = RevisionName(plugin, data);
  std::vector<Revision> revisions = Of(plugin);
  const std::int64_t last = revisions.empty() ? 0 : revisions.back().number;
  const auto known = std::find_if(revisions.begin(), revisions.end(), [&](const auto& r) { return r.name == name; });
  if (known == revisions.end()) {
    PATCHBAY_CHECK(Create(plugin, std::move(data), name, last + 1));
  } else {
    const Revision present = *known;
    revisions.erase(known);
    if (present.number != last) PATCHBAY_CHECK(Renumber(plugin, present, last + 1));
  }
  const auto limit = static_cast<std::size_t>(std::max(0L, FindInt(plugin, {"spec", "revisionHistoryLimit"}, 10)));
  // What a rollback needs stays, unless nothing at all is to be kept.
  const std::string stable = limit == 0 ? "" : FindString(plugin, {"status", "stableRevision"});
  for (std::size_t i = 0; i + limit < revisions.size(); ++i) {
    if (revisions[i].name == stable) continue;
    const auto dropped = committer_.Write({.key = {std::string(kRevisions), NamespaceOf(plugin), revisions[i].name},
                                           .object = {},
                                           .op = store::Write::Op::kDelete});
    if (!dropped.ok() && dropped.error().code != Code::kNotFound) return dropped.error();
  }
  return {};
}

Result<void> Revisions::Create(const Json& plugin, Json data, const std::string& name, std::int64_t number) {
  Json revision = {{"apiVersion", "apps/v1"},
                   {"kind", "ControllerRevision"},
                   {"metadata",
                    {{"name", name},
                     {"namespace", NamespaceOf(plugin)},
                     {"uid", random_.Uuid()},
                     {"creationTimestamp", FormatTime(clock_.Wall())}}}};
  CopyChangeCause(plugin, revision);
  revision["metadata"]["ownerReferences"] = Json::array({{{"apiVersion", FindString(plugin, {"apiVersion"})},
                                                          {"kind", FindString(plugin, {"kind"})},
                                                          {"name", NameOf(plugin)},
                                                          {"uid", UidOf(plugin)},
                                                          {"controller", true},
                                                          {"blockOwnerDeletion", true}}});
  revision["data"] = std::move(data);
  revision["revision"] = number;
  const Key key{std::string(kRevisions), NamespaceOf(plugin), name};
  const auto written = committer_.Write({.key = key, .object = std::move(revision), .expected = 0});
  // There already: ours, by a commit that the cache did not show yet.
  if (!written.ok() && written.error().code != Code::kAlreadyExists) return written.error();
  return {};
}

Result<void> Revisions::Renumber(const Json& plugin, const Revision& revision, std::int64_t number) {
  const auto written = committer_.Update({std::string(kRevisions), NamespaceOf(plugin), revision.name}, revision.uid,
                                         [&](Json& object, cache::Committer::Notes&) {
                                           object["revision"] = number;
                                           CopyChangeCause(plugin, object);
                                         });
  if (!written.ok()) return written.error();
  return {};
}

}  // namespace patchbay::controller

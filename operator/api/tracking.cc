#include "api/tracking.h"

#include <array>
#include <map>
#include <utility>

#include "api/admission.h"
#include "base/text.h"
#include "object/key.h"
#include "schema/merge.h"

namespace patchbay::api {
namespace {

constexpr std::size_t kLongestName = 128;  // bytes, Kubernetes' limit of a fieldManager
constexpr std::size_t kMostBytes = 4 * 1024 * 1024;

constexpr std::array<std::string_view, 11> kSystemSteps = {
    "f:name",          "f:namespace",         "f:uid",      "f:resourceVersion",   "f:generation",
    "f:managedFields", "f:creationTimestamp", "f:selfLink", "f:deletionTimestamp", "f:deletionGracePeriodSeconds",
    "f:clusterName"};

std::string NameFromUserAgent(std::string_view agent) {
  std::string name;
  for (const char c : agent.substr(0, agent.find('/'))) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) continue;
    if (name.size() == kLongestName) break;
    name += c;
  }
  while (!IsUtf8(name)) name.pop_back();
  return name;
}

bool IsReset(const Json& given) {
  return given.is_array() && given.size() == 1 && given[0].is_object() && given[0].empty();
}

void PutManagedFields(Json managed_fields, Json& object) {
  if (managed_fields.is_null()) {
    object["metadata"].erase("managedFields");
  } else {
    object["metadata"]["managedFields"] = std::move(managed_fields);
  }
}

void DropCleanup(FieldSet& fields) {
  const std::string step = ValueStep(Json(kCleanup));
  const FieldSet* metadata = fields.Find("f:metadata");
  const FieldSet* finalizers = metadata == nullptr ? nullptr : metadata->Find("f:finalizers");
  if (finalizers == nullptr || finalizers->Find(step) == nullptr) return;
  if (finalizers->branches().size() == 1) return fields.DropTree({"f:metadata", "f:finalizers"});
  fields.DropTree({"f:metadata", "f:finalizers", step});
}

// Of the members of an object other than metadata, those that somebody may own.
bool IsOwnable(const Kind& kind, std::string_view name) {
  if (name == "apiVersion" || name == "kind" || name == "metadata") return false;
  if (name == "status") return !kind.has_status;
  return name != "spec" || kind.Resource() != kNamespaces;
}

}  // namespace

Owner Author::AsOwner(const Kind& kind, bool applies) const { return {name, applies, kind.ApiVersion(), subresource}; }

std::string AuthorName(std::string_view field_manager, const http::Headers& headers) {
  if (!field_manager.empty()) return std::string(field_manager);
  std::string name = NameFromUserAgent(headers.Get("User-Agent"));
  return name.empty() ? "unknown" : name;
}

void DropSystemFields(const Kind& kind, std::string_view subresource, FieldSet& fields) {
  if (subresource == "status") return fields.KeepOnly("f:status");
  fields.DropTree({"f:apiVersion"});
  fields.DropTree({"f:kind"});
  for (std::string_view step : kSystemSteps) fields.DropTree({"f:metadata", step});
  fields.DropPath({"f:metadata"});
  DropCleanup(fields);
  if (kind.has_status) fields.DropTree({"f:status"});
  if (kind.Resource() == kNamespaces) fields.DropTree({"f:spec"});
}

void TrackCreate(const Kind& kind, const Author& author, Json& object) {
  FieldSet metadata = EveryFieldOf(kind, "metadata", object["metadata"]);
  DropSystemFields(kind, "", metadata);
  std::string fields = DumpJson(std::move(metadata).ToJson());
  fields.pop_back();
  fields.reserve(2048);
  std::map<std::string_view, const Json*> members;
  for (const auto& [name, member] : object.get_ref<const Json::object_t&>()) {
    if (IsOwnable(kind, name)) members.emplace(name, &member);
  }
  for (const auto& [name, member] : members) {
    fields.append(fields.size() > 1 ? "," : "").append(QuoteJson(MemberStep(name))).append(":");
    AppendEveryField(kind, name, *member, fields);
  }
  if (fields.size() == 1 || fields.size() > kMostBytes) return;
  Json entries = WriteOwner(author.AsOwner(kind, false), author.now, WrittenJson(fields += '}'));
  PutManagedFields(std::move(entries), object);
}

Json TakeManagedFields(Json& object) {
  Json* metadata = Find(object, {"metadata"});
  Json* managed = metadata == nullptr ? nullptr : Find(*metadata, {"managedFields"});
  if (managed == nullptr) return {};
  Json taken = std::move(*managed);
  metadata->erase("managedFields");
  return taken;
}

void TrackUpdate(const Kind& kind, const Author& author, const Json& before, const Json& given, Json& object) {
  if (IsReset(given)) return PutManagedFields({}, object);
  Ownership ownership = Ownership::Parse(given);
  const Json* old = Find(before, {"metadata", "managedFields"});
  const bool rewritten = !ownership.empty() && !(old != nullptr && *old == given);
  if (!rewritten && ownership.empty()) ownership = Ownership::Of(before);
  if (ownership.empty()) return PutManagedFields({}, object);
  Comparison change = Compare(kind, before, object);
  for (FieldSet* fields : {&change.added, &change.modified, &change.removed}) {
    DropSystemFields(kind, author.subresource, *fields);
  }
  if (change.same() && !rewritten && old != nullptr) return PutManagedFields(*old, object);
  ownership.Yield(change, nullptr);
  ownership.Add(author.AsOwner(kind, false), Union(change.added, change.modified), author.now);
  ownership.MergeAncient();
  PutManagedFields(std::move(ownership).ToJson(), object);
}

}  // namespace patchbay::api

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

// Of the members of an object other than metadata, those that somebody may own who writes through this subresource.
bool IsOwnable(const Kind& kind, std::string_view subresource, std::string_view name) {
  if (subresource == "status") return name == "status";
  if (name == "apiVersion" || name == "kind" || name == "metadata") return false;
  if (name == "status") return !kind.has_status;
  return name != "spec" || kind.Resource() != kNamespaces;
}

// The text of `metadata` and of what `append` finds in the other members.
std::string WriteFields(const Kind& kind, std::string_view subresource, const FieldSet& metadata, const Json& object,
                        void (*append)(const Kind&, std::string_view, const Json&, std::string&)) {
  const FieldSet* of_metadata = metadata.Find("f:metadata");
  std::map<std::string_view, const Json*> members;
  if (of_metadata != nullptr) members.emplace("metadata", nullptr);
  for (const auto& [name, member] : object.get_ref<const Json::object_t&>()) {
    if (IsOwnable(kind, subresource, name)) members.emplace(name, &member);
  }
  std::string fields = "{";
  fields.reserve(2048);
  for (const auto& [name, member] : members) {
    if (fields.size() > 1) fields += ',';
    AppendQuoted(fields, MemberStep(name));
    fields += ':';
    if (member != nullptr) {
      append(kind, name, *member, fields);
    } else {
      fields += of_metadata->ToText();
    }
  }
  return fields += '}';
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

OwnedFields FieldsToOwn(const Kind& kind, const Author& author, const Json& config) {
  FieldSet metadata;
  if (const auto found = config.find("metadata"); found != config.end()) {
    metadata = AppliedFields(kind, {{"metadata", *found}});
    DropSystemFields(kind, author.subresource, metadata);
  }
  return OwnedFields(WriteFields(kind, author.subresource, metadata, config, AppendAppliedFields));
}

void TrackCreate(const Kind& kind, const Author& author, Json& object) {
  FieldSet metadata = EveryFieldOf(kind, "metadata", object["metadata"]);
  DropSystemFields(kind, "", metadata);
  const std::string fields = WriteFields(kind, "", metadata, object, AppendEveryField);
  if (fields == "{}" || fields.size() > kMostBytes) return;
  PutManagedFields(WriteOwner(author.AsOwner(kind, false), author.now, WrittenJson(fields)), object);
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
  const Json* old = Find(before, {"metadata", "managedFields"});
  const bool kept = old != nullptr && (*old == given || DumpJson(*old) == DumpJson(given));
  Ownership ownership = kept ? Ownership() : Ownership::Parse(given);
  const bool rewritten = !ownership.empty();
  if (!rewritten) ownership = Ownership::Of(before);
  if (ownership.empty()) return PutManagedFields({}, object);
  Comparison change = Compare(kind, before, object);
  for (FieldSet* fields : {&change.added, &change.modified, &change.removed}) {
    DropSystemFields(kind, author.subresource, *fields);
  }
  if (change.same() && !rewritten && old != nullptr) return PutManagedFields(*old, object);
  ownership.Yield(change, nullptr);
  ownership.Add(author.AsOwner(kind, false), Union(change.added, change.modified), author.now);
  ownership.MergeAncient();
  PutManagedFields(ownership.ToJson(), object);
}

}  // namespace patchbay::api

#include "api/patching.h"

#include <utility>

#include "api/change.h"
#include "base/text.h"
#include "object/object.h"
#include "object/patch.h"

namespace patchbay::api {
namespace {

Failure RefuseMedia(const Kind& kind) {
  return UnsupportedMedia(kind.builtin ? "application/json-patch+json, application/merge-patch+json, "
                                         "application/strategic-merge-patch+json, application/apply-patch+yaml"
                                       : "application/json-patch+json, application/merge-patch+json, "
                                         "application/apply-patch+yaml");
}

// $patch, $setElementOrder/...: directives for lists of structs, which the built-in kinds we serve do not have.
Json WithoutDirectives(const Json& patch) {
  if (!patch.is_object()) return patch;
  Json plain = Json::object();
  for (const auto& [key, value] : patch.items()) {
    if (!key.starts_with('$')) plain.get_ref<Json::object_t&>().emplace_back(key, WithoutDirectives(value));
  }
  return plain;
}

Failure Rejected(std::string_view why) {
  Failure failure;
  failure.status = 422;
  failure.reason = "Invalid";
  failure.message = StrCat("the server rejected our request due to an error in our request: ", why);
  return failure;
}

Answer<Json> ApplyMerge(Json before, const Json& patch) {
  if (!patch.is_object()) return BadRequest("error decoding patch: a merge patch must be an object");
  Result<Json> merged = MergePatch(std::move(before), patch);
  if (!merged.ok()) return Rejected(merged.error().message);
  return *std::move(merged);
}

Answer<Json> ApplyOperations(Json before, const Json& patch) {
  if (!patch.is_array()) return BadRequest("error decoding patch: a JSON patch must be a list of operations");
  Result<Json> patched = JsonPatch(std::move(before), patch);
  if (patched.ok()) return *std::move(patched);
  if (patched.error().code == Code::kTooLarge) return FromError(patched.error(), nullptr, "");
  return Rejected(patched.error().message);
}

// A patch may have taken out or emptied what makes it an object.
Answer<void> CheckWhole(const Json& object) {
  if (!object.is_object()) return Rejected("the result is not an object");
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return Rejected("the result has no metadata");
  return {};
}

Answer<void> CheckRevision(const Replacement& replacement, const Json& object) {
  const Json* given = Find(object, {"metadata", "resourceVersion"});
  if (!given || !given->is_string() || given->get_ref<const std::string&>().empty()) return {};
  if (given->get_ref<const std::string&>() == std::to_string(replacement.current.revision)) return {};
  return Stale(replacement.kind, replacement.current.key.name);
}

bool Changes(const Json& before, const Json& object, std::string_view but = "") {
  if (!EqualJsonBut(before, object, {"metadata"})) return true;
  return !EqualJsonBut(before["metadata"], object["metadata"], {"resourceVersion", but});
}

// What is to be committed for an object that was admitted.
Answer<std::optional<cache::Intent>> Settle(const Replacement& replacement, Json object) {
  // A namespace also waits for what is in it.
  if (IsDeleting(object) && FinalizersOf(object).empty() && replacement.kind.Resource() != kNamespaces) {
    return std::optional(MakeDelete(replacement.kind, replacement.current, std::move(object)));
  }
  if (!Changes(replacement.before, object)) return std::optional<cache::Intent>();
  return std::optional(MakeUpdate(replacement.kind, replacement.current, replacement.before, std::move(object)));
}

}  // namespace

Answer<void> CheckPatchType(const Kind& kind, BodyType type) {
  if (type == BodyType::kMergePatch || type == BodyType::kJsonPatch) return {};
  if (type == BodyType::kStrategicPatch && kind.builtin) return {};
  return RefuseMedia(kind);
}

Answer<Json> ApplyPatch(BodyType type, Json before, const Json& patch) {
  PATCHBAY_TRY(Json patched, type == BodyType::kJsonPatch ? ApplyOperations(std::move(before), patch)
                             : type == BodyType::kStrategicPatch
                                 ? ApplyMerge(std::move(before), WithoutDirectives(patch))
                                 : ApplyMerge(std::move(before), patch));
  PATCHBAY_CHECK(CheckWhole(patched));
  return patched;
}

Answer<std::optional<cache::Intent>> Replace(const Replacement& replacement, Json object) {
  const Json given = TakeManagedFields(object);
  PATCHBAY_CHECK(CheckRevision(replacement, object));
  PATCHBAY_CHECK(AdmitUpdate(replacement.kind, replacement.before, replacement.part, replacement.patched, object));
  const bool settable = replacement.author.subresource.empty();
  TrackUpdate(replacement.kind, replacement.author, replacement.before, settable ? given : Json(), object);
  return Settle(replacement, std::move(object));
}

Answer<std::optional<cache::Intent>> ReplaceOwned(const Replacement& replacement, Json object, Json managed_fields) {
  PATCHBAY_CHECK(CheckRevision(replacement, object));
  PATCHBAY_CHECK(AdmitUpdate(replacement.kind, replacement.before, replacement.part, replacement.patched, object));
  Json& metadata = object["metadata"];
  metadata.erase("managedFields");
  const Json* old = Find(replacement.before, {"metadata", "managedFields"});
  const bool same = SameOwners(old, managed_fields.is_null() ? nullptr : &managed_fields);
  if (same && old && !Changes(replacement.before, object, "managedFields")) managed_fields = *old;
  if (!managed_fields.is_null()) metadata["managedFields"] = std::move(managed_fields);
  return Settle(replacement, std::move(object));
}

}  // namespace patchbay::api

#include "api/admission.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "api/builtin.h"
#include "base/text.h"
#include "object/object.h"
#include "schema/validate.h"

namespace patchbay::api {
namespace {

constexpr std::array<std::string_view, 8> kSystemFields = {
    "uid",          "creationTimestamp", "generation",    "deletionTimestamp", "deletionGracePeriodSeconds",
    "selfLink",     "managedFields",     "resourceVersion"};

template <std::size_t N>
bool IsOneOf(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool WantsCleanup(const Kind& kind) {
  const std::string resource = kind.Resource();
  return kind.tended && (resource == kPlugins || resource == kRoutes);
}

void AddCleanup(const Kind& kind, Json& metadata) {
  if (!WantsCleanup(kind)) return;
  Json& finalizers = metadata["finalizers"];
  if (finalizers.is_null()) finalizers = Json::array();
  if (!finalizers.is_array()) return;
  if (std::find(finalizers.begin(), finalizers.end(), Json(kCleanup)) == finalizers.end()) {
    finalizers.push_back(kCleanup);
  }
}

bool StatusKnows(const Kind& kind, std::string_view field) {
  return Find(kind.schema, {"properties", "status", "properties", field}) != nullptr;
}

// Written with the create, so that the first read already says that nothing has happened yet.
void SetPending(const Kind& kind, std::string_view now, Json& object) {
  if (!kind.tended || !kind.has_status) return;
  object["status"] = Json::object();
  if (StatusKnows(kind, "observedGeneration")) object["status"]["observedGeneration"] = 0;
  if (StatusKnows(kind, "phase")) object["status"]["phase"] = "Pending";
  if (!StatusKnows(kind, "conditions")) return;
  SetCondition(object, {"Ready", "False", "Pending", "Not yet seen by the controller"}, 1, now);
  SetCondition(object, {"Reconciling", "True", "Pending", "Not yet seen by the controller"}, 1, now);
}

// Text where text must be: everything after this may read names without looking at types.
Answer<void> CheckTextFields(const Kind& kind, const Json& metadata) {
  for (const char* field : {"name", "generateName", "namespace", "uid", "resourceVersion"}) {
    const auto found = metadata.find(field);
    if (found == metadata.end() || found->is_string()) continue;
    return BadRequest(StrCat(kind.kind, " in version ", QuoteJson(kind.version), " cannot be handled as a ", kind.kind,
                             ": metadata.", field, " must be a string"));
  }
  return {};
}

Answer<void> SettleNamespace(const Kind& kind, std::string_view ns, Json& metadata) {
  const std::string given = FindString(metadata, {"namespace"});
  if (kind.namespaced && ns.empty()) return BadRequest("an empty namespace may not be set during creation");
  if (!given.empty() && given != ns) {
    return BadRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (kind.namespaced) {
    metadata["namespace"] = ns;
  } else {
    metadata.erase("namespace");
  }
  return {};
}

void SettleName(Random& random, Json& metadata) {
  const std::string prefix = FindString(metadata, {"generateName"});
  if (!FindString(metadata, {"name"}).empty() || prefix.empty()) return;
  metadata["name"] = StrCat(std::string_view(prefix).substr(0, 248), random.Suffix(5));
}

Answer<void> CheckRules(const Kind& kind, const Json* before, const Json& object) {
  std::vector<Cause> causes = ValidateMetadata(kind, object);
  for (Cause& cause : Validate(kind, object, before)) causes.push_back(std::move(cause));
  for (Cause& cause : ValidateBuiltin(kind, before, object)) causes.push_back(std::move(cause));
  if (causes.empty()) return {};
  return Invalid(kind, NameOf(object), std::move(causes));
}

Answer<void> CheckIdentity(const Kind& kind, const Json& current, bool patched, const Json& object) {
  const std::string name = NameOf(current);
  PATCHBAY_CHECK(CheckAddress(NamespaceOf(current), name, object));
  const std::string uid = UidOf(object);
  if (uid.empty() || uid == UidOf(current)) return {};
  if (patched) {
    return Invalid(kind, name, {InvalidValue("metadata.uid", QuoteJson(uid), "field is immutable")});
  }
  return Conflict(kind, name, StrCat("Precondition failed: UID in precondition: ", uid, ", UID in object meta: ",
                                     UidOf(current)));
}

Answer<void> CheckPatchedType(const Kind& kind, const Json& current, const Json& object) {
  std::vector<Cause> causes;
  if (const std::string word = FindString(object, {"kind"}); word != kind.kind) {
    causes.push_back(InvalidValue("kind", QuoteJson(word), StrCat("must be ", kind.kind)));
  }
  if (const std::string version = FindString(object, {"apiVersion"}); version != kind.ApiVersion()) {
    causes.push_back(InvalidValue("apiVersion", QuoteJson(version), StrCat("must be ", kind.ApiVersion())));
  }
  if (causes.empty()) return {};
  Kind given;  // the object is named as it calls itself
  given.group = kind.group;
  given.kind = FindString(object, {"kind"}, kind.kind);
  return Invalid(given, NameOf(current), std::move(causes));
}

// No new finalizer once deletion began; ours stays until then.
Answer<void> SettleFinalizers(const Kind& kind, const Json& current, Json& metadata) {
  if (!IsDeleting(current)) {
    AddCleanup(kind, metadata);
    return {};
  }
  const std::vector<std::string> old = FinalizersOf(current);
  std::vector<std::string> added;
  for (const Json& word : metadata.value("finalizers", Json::array())) {
    if (word.is_string() && std::find(old.begin(), old.end(), word.get<std::string>()) == old.end()) {
      added.push_back(QuoteJson(word.get<std::string>()));
    }
  }
  if (added.empty()) return {};
  return Invalid(kind, NameOf(current),
                 {ForbiddenField("metadata.finalizers",
                                 StrCat("no new finalizers can be added if the object is being deleted, found new "
                                        "finalizers []string{",
                                        Join(added, ", "), "}"))});
}

void KeepSystemFields(const Json& current, Json& metadata) {
  const Json& old = current["metadata"];
  constexpr std::array<std::string_view, 7> kKept = {
      "name", "namespace", "uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"};
  Json::object_t members;
  members.reserve(metadata.size() + kKept.size());
  for (auto& [name, value] : metadata.get_ref<Json::object_t&>()) {
    if (!IsOneOf(name, kSystemFields) && !(IsOneOf(name, kKept) && old.contains(name))) {
      members.emplace_back(name, std::move(value));
    }
  }
  for (std::string_view field : kKept) {
    if (const Json* value = Find(old, {field})) members.emplace_back(field, *value);
  }
  metadata = std::move(members);
}

void KeepStatus(const Json& current, Json& object) {
  object.erase("status");
  if (const auto status = current.find("status"); status != current.end()) object["status"] = *status;
}

// The wish is everything but metadata and status.
bool SameWish(const Json& a, const Json& b) {
  return EqualJsonBut(a, b, {"metadata", "status"});
}

Answer<void> ReplaceMain(const Kind& kind, const Json& current, Json& object) {
  KeepSystemFields(current, object["metadata"]);
  PATCHBAY_CHECK(SettleFinalizers(kind, current, object["metadata"]));
  if (kind.has_status) KeepStatus(current, object);
  ApplyDefaults(kind, object);
  return PrepareBuiltin(kind, &current, object);
}

void ReplaceStatus(const Kind& kind, const Json& current, Json& object) {
  Json whole = current;
  whole["metadata"].erase("resourceVersion");
  whole.erase("status");
  if (const auto status = object.find("status"); status != object.end()) whole["status"] = std::move(*status);
  object = std::move(whole);
  ApplyDefaults(kind, object);
}

}  // namespace

Answer<void> CheckAddress(std::string_view ns, std::string_view name, const Json& object) {
  if (const std::string given = NameOf(object); !given.empty() && given != name) {
    return BadRequest(StrCat("the name of the object (", given, ") does not match the name on the URL (", name, ")"));
  }
  if (const std::string given = NamespaceOf(object); !given.empty() && given != ns) {
    return BadRequest(StrCat("the namespace of the object (", given,
                             ") does not match the namespace on the request (", ns, ")"));
  }
  return {};
}

Answer<void> AdmitCreate(const Kind& kind, std::string_view ns, std::string_view now, Random& random, Json& object) {
  Json& metadata = object["metadata"];
  PATCHBAY_CHECK(CheckTextFields(kind, metadata));
  if (!FindString(metadata, {"resourceVersion"}).empty()) {
    return BadRequest("resourceVersion should not be set on objects to be created");
  }
  PATCHBAY_CHECK(SettleNamespace(kind, ns, metadata));
  SettleName(random, metadata);
  for (std::string_view field : kSystemFields) metadata.erase(std::string(field));
  metadata["uid"] = random.Uuid();
  if (!kind.builtin) metadata["generation"] = 1;
  metadata["creationTimestamp"] = now;
  AddCleanup(kind, metadata);
  if (kind.has_status) object.erase("status");
  ApplyDefaults(kind, object);
  PATCHBAY_CHECK(PrepareBuiltin(kind, nullptr, object));
  SetPending(kind, now, object);
  return CheckRules(kind, nullptr, object);
}

Answer<void> AdmitUpdate(const Kind& kind, const Json& current, Part part, bool patched, Json& object) {
  PATCHBAY_CHECK(CheckPatchedType(kind, current, object));
  PATCHBAY_CHECK(CheckTextFields(kind, object["metadata"]));
  PATCHBAY_CHECK(CheckIdentity(kind, current, patched, object));
  if (part == Part::kStatus) {
    ReplaceStatus(kind, current, object);
  } else {
    PATCHBAY_CHECK(ReplaceMain(kind, current, object));
  }
  const std::int64_t generation = GenerationOf(current);
  if (generation > 0 && !SameWish(current, object)) object["metadata"]["generation"] = generation + 1;
  return CheckRules(kind, &current, object);
}

}  // namespace patchbay::api

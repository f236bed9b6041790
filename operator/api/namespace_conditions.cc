#include "api/namespace_conditions.h"

#include <utility>
#include <vector>

#include "base/text.h"
#include "object/object.h"
#include "object/protection.h"

namespace patchbay::api {
namespace {

struct Condition {
  const char* type;
  bool holds;
  const char* reason;
  std::string message;
};

void Set(const Condition& wanted, std::string_view now, Json& conditions) {
  const char* status = wanted.holds ? "True" : "False";
  Json* place = nullptr;
  std::string since(now);
  for (Json& item : conditions) {
    if (FindString(item, {"type"}) != wanted.type) continue;
    if (FindString(item, {"status"}) == status) since = FindString(item, {"lastTransitionTime"}, now);
    place = &item;
  }
  if (place == nullptr) place = &conditions.emplace_back();
  *place = Json{{"type", wanted.type},
                {"status", status},
                {"lastTransitionTime", since},
                {"reason", wanted.reason},
                {"message", wanted.message}};
}

// "plugins.patchbay.dev has 2 resource instances, secrets. has 1 resource instances"
std::string Told(const std::map<std::string, std::int64_t>& counts, std::string_view verb) {
  std::vector<std::string> parts;
  for (const auto& [name, count] : counts) parts.push_back(StrCat(name, " ", verb, " ", count, " resource instances"));
  return Join(parts, ", ");
}

}  // namespace

void Remains::Add(const Kind& kind, const Json& object) {
  const std::string resource = StrCat(kind.plural, ".", kind.group);
  ++resources_[resource];
  if (IsProtected(object) && !IsDeleting(object)) ++protected_[resource];
  for (const std::string& finalizer : FinalizersOf(object)) ++finalizers_[finalizer];
}

void Remains::Tell(Json& ns, std::string_view now) const {
  Json& conditions = ns["status"]["conditions"];
  if (!conditions.is_array()) conditions = Json::array();
  Set({"NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered"}, now,
      conditions);
  Set({"NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
       "All legacy kube types successfully parsed"},
      now, conditions);
  if (protected_.empty()) {
    Set({"NamespaceDeletionContentFailure", false, "ContentDeleted",
         "All content successfully deleted, may be waiting on finalization"},
        now, conditions);
  } else {
    Set({"NamespaceDeletionContentFailure", true, "ContentDeletionFailed",
         StrCat("The annotation ", kProtected, " keeps some from being deleted: ", Told(protected_, "has"))},
        now, conditions);
  }
  if (resources_.empty()) {
    Set({"NamespaceContentRemaining", false, "ContentRemoved", "All content successfully removed"}, now, conditions);
  } else {
    Set({"NamespaceContentRemaining", true, "SomeResourcesRemain",
         StrCat("Some resources are remaining: ", Told(resources_, "has"))},
        now, conditions);
  }
  if (finalizers_.empty()) {
    Set({"NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers", "All content-preserving finalizers finished"},
        now, conditions);
  } else {
    Set({"NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
         StrCat("Some content in the namespace has finalizers remaining: ", Told(finalizers_, "in"))},
        now, conditions);
  }
}

}  // namespace patchbay::api

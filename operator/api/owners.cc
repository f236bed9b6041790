#include "api/owners.h"

#include <algorithm>
#include <utility>

#include "object/object.h"

namespace patchbay::api {
namespace {

Json* FinalizerList(Json& object) {
  Json* list = Find(object, {"metadata", "finalizers"});
  return list && list->is_array() ? list : nullptr;
}

}  // namespace

std::vector<OwnerReference> ReferencesOf(const Kinds& kinds, const Json& object) {
  std::vector<OwnerReference> owners;
  const Json* list = Find(object, {"metadata", "ownerReferences"});
  if (!list || !list->is_array()) return owners;
  for (const Json& reference : *list) {
    OwnerReference owner;
    owner.uid = FindString(reference, {"uid"});
    owner.blocks = FindBool(reference, {"blockOwnerDeletion"});
    owner.key.name = FindString(reference, {"name"});
    const Kind* kind = kinds.FindKind(FindString(reference, {"apiVersion"}), FindString(reference, {"kind"}));
    const bool stored = kind && !kind->mirrored;  // what is not stored is not seen to go
    if (stored) owner.key.resource = kind->Resource();
    if (stored && kind->namespaced) owner.key.ns = NamespaceOf(object);
    owners.push_back(std::move(owner));
  }
  return owners;
}

bool HasFinalizer(const Json& object, std::string_view name) {
  const std::vector<std::string> all = FinalizersOf(object);
  return std::find(all.begin(), all.end(), name) != all.end();
}

void EraseFinalizer(Json& object, std::string_view name) {
  Json* list = FinalizerList(object);
  if (!list) return;
  auto& items = list->get_ref<Json::array_t&>();
  std::erase(items, Json(name));
  if (items.empty()) object["metadata"].erase("finalizers");
}

void MarkPropagation(Propagation propagation, Json& object) {
  EraseFinalizer(object, kForegroundFinalizer);
  EraseFinalizer(object, kOrphanFinalizer);
  if (propagation == Propagation::kBackground) return;
  Json& list = object["metadata"]["finalizers"];
  if (!list.is_array()) list = Json::array();
  list.push_back(propagation == Propagation::kOrphan ? kOrphanFinalizer : kForegroundFinalizer);
}

void EraseOwners(const std::set<std::string>& uids, Json& object) {
  Json* list = Find(object, {"metadata", "ownerReferences"});
  if (!list || !list->is_array()) return;
  auto& items = list->get_ref<Json::array_t&>();
  std::erase_if(items, [&](const Json& reference) { return uids.contains(FindString(reference, {"uid"})); });
  if (items.empty()) object["metadata"].erase("ownerReferences");
}

void OwnerIndex::Put(const Key& key, std::vector<OwnerReference> owners) {
  const auto old = owners_.find(key);
  if (old != owners_.end()) {
    for (const OwnerReference& owner : old->second) {
      const auto set = dependents_.find(owner.uid);
      if (set == dependents_.end()) continue;
      set->second.erase(key);
      if (set->second.empty()) dependents_.erase(set);
    }
    owners_.erase(old);
  }
  if (owners.empty()) return;
  for (const OwnerReference& owner : owners) dependents_[owner.uid].insert(key);
  owners_.emplace(key, std::move(owners));
}

const std::vector<OwnerReference>& OwnerIndex::OwnersOf(const Key& key) const {
  static const std::vector<OwnerReference>* const none = new std::vector<OwnerReference>();
  const auto found = owners_.find(key);
  return found == owners_.end() ? *none : found->second;
}

std::vector<Key> OwnerIndex::DependentsOf(const std::string& uid) const {
  const auto found = dependents_.find(uid);
  return found == dependents_.end() ? std::vector<Key>() : std::vector<Key>(found->second.begin(), found->second.end());
}

}  // namespace patchbay::api

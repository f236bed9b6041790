// OwnerReference references: who must go when whom goes. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/options.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::api {

// Kubernetes' words for a deletion that waits until dependents are gone, or let go.
inline constexpr std::string_view kForegroundFinalizer = "foregroundDeletion";
inline constexpr std::string_view kOrphanFinalizer = "orphan";

struct OwnerReference {
  Key key;  // resource empty: of a kind that is not served here
  std::string uid;
  bool blocks = false;  // blockOwnerDeletion
};
std::vector<OwnerReference> ReferencesOf(const Kinds& kinds, const Json& object);

bool HasFinalizer(const Json& object, std::string_view name);
void EraseFinalizer(Json& object, std::string_view name);
// The finalizers that a delete of this propagation asks for; those of another are taken off.
void MarkPropagation(Propagation propagation, Json& object);
// Takes off the references to these uids.
void EraseOwners(const std::set<std::string>& uids, Json& object);

// Who names whom as owner, as far as it was told. Not thread-safe.
class OwnerIndex {
 public:
  void Put(const Key& key, std::vector<OwnerReference> owners);
  void Erase(const Key& key) { Put(key, {}); }
  const std::vector<OwnerReference>& OwnersOf(const Key& key) const;
  std::vector<Key> DependentsOf(const std::string& uid) const;

 private:
  std::map<Key, std::vector<OwnerReference>> owners_;
  std::map<std::string, std::set<Key>> dependents_;  // by the owner's uid
};

}  // namespace patchbay::api

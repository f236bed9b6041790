// Who set which fields: metadata.managedFields taken apart. Values; pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "object/fields.h"
#include "object/json.h"
#include "schema/merge.h"

namespace patchbay::api {

// One who writes. The same name applying and updating are two; so are the same on the object and on a subresource.
struct Owner {
  std::string name;  // fieldManager
  bool applies = false;
  std::string api_version;
  std::string subresource = {};

  // An applier is the same in every version.
  bool Is(const Owner& other) const;
  // '"team-a"', '"kubectl-patch" using patchbay.dev/v1', '"kubectl" with subresource "scale" using patchbay.dev/v1'.
  std::string Print() const;
};

struct Share {
  Owner owner;
  FieldSet fields;
  std::string time;  // RFC 3339, of the last change
};

class Ownership {
 public:
  // What the object says; nobody owns anything when it says nothing, or nothing that can be read.
  static Ownership Of(const Json& object);
  static Ownership Parse(const Json& managed_fields);

  bool empty() const { return shares_.empty(); }
  const std::vector<Share>& shares() const { return shares_; }
  // nullptr when this owner has nothing.
  const FieldSet* Find(const Owner& owner) const;

  // In Kubernetes' order: appliers first, then by time and name. Null when nobody owns anything, or when there are more
  // than 100,000 paths: an object like that is kept without owners.
  Json ToJson() &&;

  // In the place of what the owner had; empty: the owner goes.
  void Set(const Owner& owner, FieldSet fields, std::string_view time);
  // Besides what the owner had.
  void Add(const Owner& owner, const FieldSet& fields, std::string_view time);
  // All but `owner` (nullptr: all) lose what was changed, and what is no longer there.
  void Yield(const Comparison& change, const Owner* owner);
  // Of those who update, only the ten latest keep their names; who came before is "ancient-changes".
  void MergeAncient();
  // Everything that anybody owns.
  FieldSet All() const;

 private:
  Share* FindShare(const Owner& owner);
  std::vector<Share> shares_;
};

// managedFields with one entry.
Json WriteOwner(const Owner& owner, std::string_view time, Json fields_v1);

// The same entries, but for their times and order.
bool SameOwners(const Json* a, const Json* b);

}  // namespace patchbay::api

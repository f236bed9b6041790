// Who set which fields: metadata.managedFields taken apart. Values; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
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

// The fields of one owner: text until somebody asks for more. A value; of one thread.
class OwnedFields {
 public:
  OwnedFields(FieldSet set) : set_(std::move(set)) {}
  // REQUIRES: ToText() of a set.
  explicit OwnedFields(std::string text) : text_(std::move(text)) {}
  // fieldsV1 of an entry; nothing when it cannot be read.
  static std::optional<OwnedFields> Parse(const Json& fields_v1);

  bool empty() const { return text_.empty() ? set_->empty() : text_ == "{}"; }
  const FieldSet& set() const;
  Json ToJson() const { return WrittenJson(text_.empty() ? set_->ToText() : text_); }
  // How many paths there may be; cheap.
  std::size_t MostPaths() const { return text_.empty() ? set_->size() : text_.size() / 4; }
  void Remove(const FieldSet& fields);
  friend bool operator==(const OwnedFields& a, const OwnedFields& b);

 private:
  mutable std::optional<FieldSet> set_;
  std::string text_;  // empty: set_ is there and was made or altered here
};

struct Share {
  Owner owner;
  OwnedFields fields;
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
  const OwnedFields* Find(const Owner& owner) const;

  // In Kubernetes' order: appliers first, then by time and name. Null when nobody owns anything, or when there are more
  // than 100,000 paths: an object like that is kept without owners.
  Json ToJson();

  // In the place of what the owner had; empty: the owner goes.
  void Set(const Owner& owner, OwnedFields fields, std::string_view time);
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

// A place in a schema as server-side apply sees it: what is taken apart, and how its parts are called. Inside the
// schema room only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "object/fields.h"
#include "object/json.h"
#include "schema/kind.h"
#include "schema/rules.h"

namespace patchbay {

struct Granule {
  const Rules* rules = nullptr;  // nullptr: goes by the value
  int depth = 0;

  static Granule Root(const Kind& kind) { return {kind.rules.get(), 0}; }

  enum class Shape { kLeaf, kMembers, kItems };
  // Null is an empty object or list where the schema wants one.
  Shape ShapeOf(const Json& value) const;
  Granule Member(std::string_view name) const;
  // The schema names this member; it is no key of a free map.
  bool Names(std::string_view name) const;
  Granule Item() const { return {rules->items.get(), depth + 1}; }  // REQUIRES: of shape kItems
  // How an item is called; nothing when it lacks a key without default, or is no scalar in a set.
  std::optional<std::string> StepOf(const Json& item) const;
  // The same, by its place when it has no name.
  std::string StepOf(const Json& item, std::size_t place) const;
  // Both have one and the same name. REQUIRES: of shape kItems
  bool SameStep(const Json& a, const Json& b) const;
  // Where a step of a FieldSet leads.
  Granule Along(std::string_view step) const;

 private:
  const Json* KeyOf(const Json& item, const std::string& key) const;
};

// A value that is new here, or gone: this place and all that is below it.
FieldSet Everything(const Granule& granule, const Json& value);

}  // namespace patchbay

// What Kong's entities may be, written down from its documentation and its published schemas (2.8 and 3.x): types,
// ranges, defaults, required and unknown fields, with Kong's wording. Pure functions; FakeKong uses them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "object/json.h"

namespace patchbay::driver::fake_kong {

// A reference to another entity, and what happens to this one when that is deleted.
struct Reference {
  std::string field;      // "service"
  std::string to;         // "services"
  bool cascades = false;  // otherwise the deletion is refused
};

struct Kind {
  std::string name;          // "services", as in /tags and /schemas
  std::string collection;    // "services", "key-auth"
  std::string everywhere;    // "/key-auths": the list of all; "" when there is none
  std::string endpoint_key;  // what may stand in the path besides the id
  std::vector<std::vector<std::string>> unique;
  std::vector<Reference> references;
};

const std::vector<Kind>& Kinds();
const Kind* FindKind(const std::string& name);

// The entity with its defaults, or Kong's "fields" of a schema violation.
struct Checked {
  Json entity;
  Json fields;  // {} when it is valid
};
// `major`: 2 or 3, for paths.
Checked CheckEntity(const std::string& kind, const Json& given, int major);

// {"code":2,"name":"schema violation","message":"schema violation (paths.1: ...)","fields":{...}}
Json SchemaViolation(const Json& fields);
Json UniqueViolation(const Json& key);
Json ForeignViolation(const std::string& field, const Json& value, const std::string& to);
Json RestrictedViolation(const std::string& parent, const std::string& child);
// Lua's way to write a table: {name="x"}.
std::string PrintLua(const Json& value);

}  // namespace patchbay::driver::fake_kong

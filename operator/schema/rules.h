// A structural schema made ready for work: patterns compiled, names indexed. Inside the schema room only. Immutable.
// What a CRD may say is k8s.io/apiextensions' structural schema; a keyword that is not known here is refused when the
// document is read, so that no rule is ever written down and then ignored.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "object/json.h"

namespace re2 {
class RE2;
}

namespace patchbay {

class Rules {
 public:
  enum class Type { kAny, kObject, kArray, kString, kInteger, kNumber, kBoolean, kIntOrString };
  enum class Format { kNone, kInt32, kInt64, kDateTime, kByte };
  enum class ListType { kAtomic, kSet, kMap };
  struct Bound {
    double value;
    bool exclusive;
    Json as_written;
  };

  // kInvalid: "schema.properties.spec: unknown keyword "foo"".
  static Result<std::shared_ptr<const Rules>> FromSchema(const Json& schema);

  // The rules of one member, nullptr when the schema does not name it (additionalProperties aside).
  const Rules* Property(std::string_view name) const;
  bool MatchesPattern(const std::string& text) const;

  Type type = Type::kAny;
  std::string type_name;  // as messages name it: "integer", "integer,string"
  bool nullable = false;
  bool preserves_unknown = false;
  bool embedded_resource = false;
  bool has_defaults = false;  // here or below
  Json default_value;
  bool has_default = false;

  std::vector<Json> allowed;  // enum; empty: all
  std::string pattern;
  std::shared_ptr<const re2::RE2> compiled;
  Format format = Format::kNone;
  std::string format_name;
  std::optional<Bound> minimum, maximum;
  std::optional<Json> multiple_of;
  std::optional<std::size_t> min_length, max_length, min_items, max_items, min_properties, max_properties;

  std::vector<std::pair<std::string, std::shared_ptr<const Rules>>> properties;  // in the document's order
  std::unordered_map<std::string_view, const Rules*> by_name;
  std::vector<std::string> required;
  std::shared_ptr<const Rules> additional;  // additionalProperties as a schema
  bool additional_any = false;              // additionalProperties: true
  std::shared_ptr<const Rules> items;
  ListType list_type = ListType::kAtomic;
  std::vector<std::string> map_keys;
  bool atomic_map = false;  // x-kubernetes-map-type: atomic

  Rules() = default;
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;
};

// Where a rule is applied: built on the stack as the walk goes down, spelled out only when there is something to say.
struct Place {
  const Place* parent = nullptr;
  std::string_view name = {};
  std::size_t index = 0;
  bool is_index = false;

  Place Member(std::string_view member) const { return {this, member, 0, false}; }
  Place Item(std::size_t item) const { return {this, {}, item, true}; }
  std::string ToString() const;  // "spec.env[0].name"; "" at the root
};

struct Kind;
// ApplyDefaults for one node, Prune's findings for it, and Validate.
void FillDefaults(const Rules& rules, Json& value);
std::vector<std::string> FindUndeclared(const Rules& rules, Json value);
void FindBroken(const Rules& rules, const Json& value, const Json* before, const Place& place,
                std::vector<Cause>& causes);
// kInvalid when a default breaks its own schema or has members that the schema does not name.
Result<void> CheckDefaults(const Kind& kind);

}  // namespace patchbay

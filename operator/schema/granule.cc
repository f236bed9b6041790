#include "schema/granule.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "object/fields.h"

namespace patchbay {
namespace {

// Deeper than this a free object is a leaf: what we write about a field must stay readable within JsonLimits::depth.
constexpr int kDeepest = 48;

constexpr std::string_view kMetadataSchema = R"({"type": "object", "properties": {
  "name": {"type": "string"}, "generateName": {"type": "string"}, "namespace": {"type": "string"},
  "selfLink": {"type": "string"}, "uid": {"type": "string"}, "resourceVersion": {"type": "string"},
  "generation": {"type": "integer"}, "creationTimestamp": {"type": "string", "nullable": true},
  "deletionTimestamp": {"type": "string", "nullable": true}, "deletionGracePeriodSeconds": {"type": "integer"},
  "labels": {"type": "object", "additionalProperties": {"type": "string"}},
  "annotations": {"type": "object", "additionalProperties": {"type": "string"}},
  "finalizers": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
  "ownerReferences": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["uid"],
    "items": {"type": "object", "x-kubernetes-map-type": "atomic", "required": ["uid"], "properties": {
      "apiVersion": {"type": "string"}, "kind": {"type": "string"}, "name": {"type": "string"},
      "uid": {"type": "string"}, "controller": {"type": "boolean"}, "blockOwnerDeletion": {"type": "boolean"}}}},
  "managedFields": {"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
  "clusterName": {"type": "string"}}})";

const Rules* MetadataRules() {
  static const std::shared_ptr<const Rules> rules = Rules::FromSchema(*ParseJson(kMetadataSchema)).value();
  return rules.get();
}

bool IsOfEveryKind(std::string_view name) { return name == "apiVersion" || name == "kind" || name == "metadata"; }

}  // namespace

Granule::Shape Granule::ShapeOf(const Json& value) const {
  if (rules == nullptr || rules->type == Rules::Type::kAny) {
    return value.is_object() && depth < kDeepest ? Shape::kMembers : Shape::kLeaf;
  }
  if (rules->type == Rules::Type::kObject && !rules->atomic_map) {
    return (value.is_object() || value.is_null()) && depth < kDeepest ? Shape::kMembers : Shape::kLeaf;
  }
  if (rules->type == Rules::Type::kArray && rules->list_type != Rules::ListType::kAtomic) {
    return value.is_array() || value.is_null() ? Shape::kItems : Shape::kLeaf;
  }
  return Shape::kLeaf;
}

Granule Granule::Member(std::string_view name) const {
  if (depth == 0 && name == "metadata") return {MetadataRules(), 1};
  if (rules == nullptr) return {nullptr, depth + 1};
  if (rules->additional != nullptr) return {rules->additional.get(), depth + 1};
  return {rules->Property(name), depth + 1};
}

bool Granule::Names(std::string_view name) const {
  if (depth == 0 && IsOfEveryKind(name)) return true;
  return rules != nullptr && rules->Property(name) != nullptr;
}

std::optional<std::string> Granule::StepOf(const Json& item) const {
  if (rules->list_type == Rules::ListType::kSet) {
    if (item.is_structured() || item.is_null()) return std::nullopt;
    return ValueStep(item);
  }
  std::vector<std::pair<std::string_view, const Json*>> keys;
  keys.reserve(rules->map_keys.size());
  for (const std::string& key : rules->map_keys) {
    const Json* value = KeyOf(item, key);
    if (value == nullptr) return std::nullopt;
    keys.emplace_back(key, value);
  }
  return KeyStep(std::move(keys));
}

// The key or its default; nullptr for what names nothing.
const Json* Granule::KeyOf(const Json& item, const std::string& key) const {
  if (!item.is_object()) return nullptr;
  const Json* value = Find(item, {key});
  if (value == nullptr) {
    const Rules* property = rules->items->Property(key);
    if (property != nullptr && property->has_default) value = &property->default_value;
  }
  return value == nullptr || value->is_structured() || value->is_null() ? nullptr : value;
}

bool Granule::SameStep(const Json& a, const Json& b) const {
  if (rules->list_type == Rules::ListType::kSet) return !a.is_structured() && !a.is_null() && a == b;
  return std::all_of(rules->map_keys.begin(), rules->map_keys.end(), [&](const std::string& key) {
    const Json* left = KeyOf(a, key);
    const Json* right = KeyOf(b, key);
    return left != nullptr && right != nullptr && *left == *right;
  });
}

std::string Granule::StepOf(const Json& item, std::size_t place) const {
  std::optional<std::string> step = StepOf(item);
  return step ? *std::move(step) : PlaceStep(place);
}

Granule Granule::Along(std::string_view step) const {
  if (step.starts_with("f:")) return Member(step.substr(2));
  if (rules == nullptr || rules->items == nullptr) return {nullptr, depth + 1};
  return Item();
}

}  // namespace patchbay

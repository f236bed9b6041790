#include "schema/rules.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace patchbay {
namespace {

constexpr std::array<std::string_view, 33> kKeywords = {"type",
                                                        "description",
                                                        "title",
                                                        "example",
                                                        "externalDocs",
                                                        "default",
                                                        "nullable",
                                                        "enum",
                                                        "format",
                                                        "pattern",
                                                        "minimum",
                                                        "maximum",
                                                        "exclusiveMinimum",
                                                        "exclusiveMaximum",
                                                        "multipleOf",
                                                        "minLength",
                                                        "maxLength",
                                                        "minItems",
                                                        "maxItems",
                                                        "uniqueItems",
                                                        "minProperties",
                                                        "maxProperties",
                                                        "properties",
                                                        "required",
                                                        "additionalProperties",
                                                        "items",
                                                        "anyOf",
                                                        "x-kubernetes-int-or-string",
                                                        "x-kubernetes-preserve-unknown-fields",
                                                        "x-kubernetes-embedded-resource",
                                                        "x-kubernetes-list-type",
                                                        "x-kubernetes-list-map-keys",
                                                        "x-kubernetes-map-type"};

constexpr std::array<std::string_view, 8> kFormats = {"int32",     "int64", "float",    "double",
                                                      "date-time", "byte",  "password", "duration"};

template <class List>
bool Contains(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// Compiles one node; `where_` names it in errors.
class Compiler {
 public:
  Compiler(const Json& schema, std::string where) : schema_(schema), where_(std::move(where)) {}

  Result<std::shared_ptr<const Rules>> Compile() {
    if (!schema_.is_object()) return Refuse("must be an object");
    for (const auto& [key, value] : schema_.get_ref<const Json::object_t&>())
      if (!Contains(kKeywords, key)) return Refuse(StrCat("unknown keyword ", QuoteJson(key)));
    PATCHBAY_CHECK(ReadType());
    PATCHBAY_CHECK(ReadValueRules());
    PATCHBAY_CHECK(ReadObjectRules());
    PATCHBAY_CHECK(ReadListRules());
    if (const Json* value = Find(schema_, {"default"})) {
      rules_->default_value = *value;
      rules_->has_default = rules_->has_defaults = true;
    }
    return std::shared_ptr<const Rules>(rules_);
  }

 private:
  Error Refuse(std::string why) const { return {Code::kInvalid, StrCat(where_, ": ", why)}; }
  bool Says(std::string_view keyword) const { return FindBool(schema_, {keyword}); }

  Result<void> ReadType() {
    using Type = Rules::Type;
    static const std::vector<std::pair<std::string, Type>> kTypes = {
        {"object", Type::kObject},   {"array", Type::kArray},   {"string", Type::kString},
        {"integer", Type::kInteger}, {"number", Type::kNumber}, {"boolean", Type::kBoolean}};
    rules_->nullable = Says("nullable");
    rules_->preserves_unknown = Says("x-kubernetes-preserve-unknown-fields");
    rules_->embedded_resource = Says("x-kubernetes-embedded-resource");
    const std::string name = FindString(schema_, {"type"});
    const bool int_or_string = Says("x-kubernetes-int-or-string");
    if (int_or_string) {
      if (!name.empty()) return Refuse("type must be absent beside x-kubernetes-int-or-string");
      rules_->type = Type::kIntOrString;
      rules_->type_name = "integer,string";
      return {};
    }
    if (Find(schema_, {"anyOf"}) != nullptr) return Refuse("anyOf is only known beside x-kubernetes-int-or-string");
    rules_->type_name = name;
    for (const auto& [known, type] : kTypes)
      if (known == name) rules_->type = type;
    if (rules_->type == Type::kAny && !(name.empty() && rules_->preserves_unknown))
      return Refuse(name.empty() ? "type is missing" : StrCat("unknown type ", QuoteJson(name)));
    return {};
  }

  Result<void> ReadValueRules() {
    if (const Json* list = Find(schema_, {"enum"})) {
      if (!list->is_array() || list->empty()) return Refuse("enum must be a list");
      rules_->allowed.assign(list->begin(), list->end());
    }
    rules_->pattern = FindString(schema_, {"pattern"});
    if (!rules_->pattern.empty()) {
      rules_->compiled = std::make_shared<const re2::RE2>(rules_->pattern, re2::RE2::Quiet);
      if (!rules_->compiled->ok()) return Refuse(StrCat("pattern: ", rules_->compiled->error()));
    }
    rules_->format_name = FindString(schema_, {"format"});
    if (!rules_->format_name.empty() && !Contains(kFormats, rules_->format_name))
      return Refuse(StrCat("unknown format ", QuoteJson(rules_->format_name)));
    using Format = Rules::Format;
    if (rules_->format_name == "int32") rules_->format = Format::kInt32;
    if (rules_->format_name == "int64") rules_->format = Format::kInt64;
    if (rules_->format_name == "date-time") rules_->format = Format::kDateTime;
    if (rules_->format_name == "byte") rules_->format = Format::kByte;
    PATCHBAY_CHECK(ReadBound("minimum", "exclusiveMinimum", rules_->minimum));
    PATCHBAY_CHECK(ReadBound("maximum", "exclusiveMaximum", rules_->maximum));
    if (const Json* step = Find(schema_, {"multipleOf"})) {
      if (!step->is_number() || step->get<double>() <= 0) return Refuse("multipleOf must be a number above 0");
      rules_->multiple_of = *step;
    }
    PATCHBAY_CHECK(ReadCount("minLength", rules_->min_length));
    return ReadCount("maxLength", rules_->max_length);
  }

  Result<void> ReadObjectRules() {
    PATCHBAY_CHECK(ReadCount("minProperties", rules_->min_properties));
    PATCHBAY_CHECK(ReadCount("maxProperties", rules_->max_properties));
    if (const Json* properties = Find(schema_, {"properties"})) {
      if (rules_->type != Rules::Type::kObject) return Refuse("only an object has properties");
      if (!properties->is_object()) return Refuse("properties must be an object");
      for (const auto& [name, schema] : properties->get_ref<const Json::object_t&>()) {
        PATCHBAY_TRY(auto property, Compiler(schema, StrCat(where_, ".", name)).Compile());
        rules_->has_defaults |= property->has_defaults;
        rules_->properties.emplace_back(name, std::move(property));
      }
      for (const auto& [name, property] : rules_->properties) rules_->by_name.emplace(name, property.get());
    }
    if (const Json* additional = Find(schema_, {"additionalProperties"})) {
      if (!rules_->properties.empty()) return Refuse("properties and additionalProperties exclude each other");
      if (additional->is_boolean()) {
        rules_->additional_any = additional->get<bool>();
      } else {
        PATCHBAY_TRY(rules_->additional, Compiler(*additional, StrCat(where_, ".*")).Compile());
        rules_->has_defaults |= rules_->additional->has_defaults;
      }
    }
    rules_->atomic_map = FindString(schema_, {"x-kubernetes-map-type"}) == "atomic";
    return ReadStrings("required", rules_->required);
  }

  Result<void> ReadListRules() {
    PATCHBAY_CHECK(ReadCount("minItems", rules_->min_items));
    PATCHBAY_CHECK(ReadCount("maxItems", rules_->max_items));
    if (Says("uniqueItems")) return Refuse("uniqueItems is not allowed: use x-kubernetes-list-type: set");
    if (rules_->type != Rules::Type::kArray) return {};
    const Json* items = Find(schema_, {"items"});
    if (items == nullptr) return Refuse("items is missing");
    PATCHBAY_TRY(rules_->items, Compiler(*items, StrCat(where_, "[]")).Compile());
    rules_->has_defaults |= rules_->items->has_defaults;
    const std::string list_type = FindString(schema_, {"x-kubernetes-list-type"}, "atomic");
    if (list_type == "set")
      rules_->list_type = Rules::ListType::kSet;
    else if (list_type == "map")
      rules_->list_type = Rules::ListType::kMap;
    else if (list_type != "atomic")
      return Refuse(StrCat("unknown list type ", QuoteJson(list_type)));
    PATCHBAY_CHECK(ReadStrings("x-kubernetes-list-map-keys", rules_->map_keys));
    if ((rules_->list_type == Rules::ListType::kMap) == rules_->map_keys.empty())
      return Refuse("x-kubernetes-list-map-keys belongs to the list type map, and must be there");
    for (const std::string& key : rules_->map_keys) {
      const Rules* property = rules_->items->Property(key);
      if (property == nullptr) return Refuse(StrCat("the map key ", key, " is not a property of the items"));
      if (!property->has_default && !Contains(rules_->items->required, key))
        return Refuse(StrCat("the map key ", key, " must be required or have a default"));
    }
    return {};
  }

  Result<void> ReadBound(std::string_view keyword, std::string_view exclusive, std::optional<Rules::Bound>& out) const {
    const Json* value = Find(schema_, {keyword});
    if (value == nullptr) return {};
    if (!value->is_number()) return Refuse(StrCat(keyword, " must be a number"));
    out = Rules::Bound{value->get<double>(), Says(exclusive), *value};
    return {};
  }

  Result<void> ReadCount(std::string_view keyword, std::optional<std::size_t>& out) const {
    const Json* value = Find(schema_, {keyword});
    if (value == nullptr) return {};
    if (!value->is_number_integer() || value->get<std::int64_t>() < 0)
      return Refuse(StrCat(keyword, " must be a whole number, at least 0"));
    out = value->get<std::size_t>();
    return {};
  }

  Result<void> ReadStrings(std::string_view keyword, std::vector<std::string>& out) const {
    const Json* list = Find(schema_, {keyword});
    if (list == nullptr) return {};
    if (!list->is_array()) return Refuse(StrCat(keyword, " must be a list"));
    for (const Json& item : *list) {
      if (!item.is_string()) return Refuse(StrCat(keyword, " must hold strings"));
      out.push_back(item.get<std::string>());
    }
    return {};
  }

  const Json& schema_;
  const std::string where_;
  std::shared_ptr<Rules> rules_ = std::make_shared<Rules>();
};

}  // namespace

Result<std::shared_ptr<const Rules>> Rules::FromSchema(const Json& schema) {
  return Compiler(schema, "schema").Compile();
}

const Rules* Rules::Property(std::string_view name) const {
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : found->second;
}

bool Rules::MatchesPattern(const std::string& text) const {
  return compiled == nullptr || re2::RE2::PartialMatch(text, *compiled);
}

std::string Place::ToString() const {
  if (parent == nullptr) return "";
  const std::string before = parent->ToString();
  if (is_index) return StrCat(before, "[", index, "]");
  return before.empty() ? std::string(name) : StrCat(before, ".", name);
}

}  // namespace patchbay

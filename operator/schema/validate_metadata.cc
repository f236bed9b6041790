#include "base/text.h"
#include "object/object.h"
#include "schema/validate.h"

namespace patchbay {
namespace {

constexpr std::size_t kMostAnnotationBytes = 256 * 1024;

class MetadataValidator {
 public:
  MetadataValidator(const Kind& kind, const Json& metadata) : kind_(kind), metadata_(metadata) {}

  std::vector<Cause> Check() {
    CheckNames();
    CheckNamespace();
    CheckLabels();
    CheckAnnotations();
    CheckFinalizers();
    CheckOwners();
    return std::move(causes_);
  }

 private:
  void Add(std::string field, std::string_view reason, std::string message) {
    causes_.push_back({std::move(field), std::string(reason), std::move(message)});
  }
  void AddInvalid(std::string_view field, std::string_view value, std::string_view rule) {
    Add(StrCat("metadata.", field), "FieldValueInvalid", StrCat("Invalid value: ", QuoteJson(value), ": ", rule));
  }

  // The member when it has this type; a cause when it is there and has not.
  const Json* Member(std::string_view name, Json::value_t type, std::string_view type_name) {
    const Json* member = Find(metadata_, {name});
    if (member == nullptr || member->is_null()) return nullptr;
    if (member->type() == type) return member;
    const std::string field = StrCat("metadata.", name);
    Add(field, "FieldValueTypeInvalid",
        StrCat("Invalid value: \"", member->type_name(), "\": ", field, " in body must be of type ", type_name, ": \"",
               member->type_name(), "\""));
    return nullptr;
  }
  std::string Text(std::string_view name) {
    const Json* member = Member(name, Json::value_t::string, "string");
    return member == nullptr ? "" : member->get<std::string>();
  }

  std::string CheckName(std::string_view name) const {
    return kind_.group.empty() && kind_.kind == "Namespace" ? CheckLabel(name) : CheckSubdomain(name);
  }

  void CheckNames() {
    const std::string name = Text("name");
    std::string prefix = Text("generateName");
    if (name.empty() && prefix.empty())
      Add("metadata.name", "FieldValueRequired", "Required value: name or generateName is required");
    if (!name.empty())
      if (const auto rule = CheckName(name); !rule.empty()) AddInvalid("name", name, rule);
    if (prefix.empty()) return;
    const std::string whole = prefix;
    if (prefix.ends_with('-')) prefix.back() = 'a';
    if (const auto rule = CheckName(prefix); !rule.empty()) AddInvalid("generateName", whole, rule);
  }

  void CheckNamespace() {
    const std::string ns = Text("namespace");
    if (ns.empty()) return;
    if (!kind_.namespaced) {
      Add("metadata.namespace", "FieldValueForbidden", "Forbidden: not allowed on this type");
    } else if (const auto rule = CheckLabel(ns); !rule.empty()) {
      AddInvalid("namespace", ns, rule);
    }
  }

  void CheckLabels() {
    const Json* labels = Member("labels", Json::value_t::object, "object");
    if (labels == nullptr) return;
    for (const auto& [key, value] : labels->get_ref<const Json::object_t&>()) {
      for (const std::string& rule : CheckQualifiedName(key)) AddInvalid("labels", key, rule);
      if (!IsText("labels", key, value)) continue;
      const auto& text = value.get_ref<const std::string&>();
      for (const std::string& rule : CheckLabelValue(text)) AddInvalid("labels", text, rule);
    }
  }

  void CheckAnnotations() {
    const Json* annotations = Member("annotations", Json::value_t::object, "object");
    if (annotations == nullptr) return;
    std::size_t bytes = 0;
    for (const auto& [key, value] : annotations->get_ref<const Json::object_t&>()) {
      for (const std::string& rule : CheckQualifiedName(Lower(key))) AddInvalid("annotations", key, rule);
      if (IsText("annotations", key, value)) bytes += key.size() + value.get_ref<const std::string&>().size();
    }
    if (bytes > kMostAnnotationBytes)
      Add("metadata.annotations", "FieldValueTooLong",
          StrCat("Too long: may not be more than ", kMostAnnotationBytes, " bytes"));
  }

  bool IsText(std::string_view map, const std::string& key, const Json& value) {
    if (value.is_string()) return true;
    const std::string field = StrCat("metadata.", map, ".", key);
    Add(field, "FieldValueTypeInvalid",
        StrCat("Invalid value: \"", value.type_name(), "\": ", field, " in body must be of type string: \"",
               value.type_name(), "\""));
    return false;
  }

  void CheckFinalizers() {
    const Json* finalizers = Member("finalizers", Json::value_t::array, "array");
    if (finalizers == nullptr) return;
    for (const Json& item : *finalizers) {
      if (!item.is_string()) {
        AddInvalid("finalizers", DumpJson(item), "a finalizer must be a string");
        continue;
      }
      const auto& name = item.get_ref<const std::string&>();
      for (const std::string& rule : CheckQualifiedName(name)) AddInvalid("finalizers", name, rule);
      // The rest is the rule of the core kinds.
      if (!kind_.builtin) continue;
      const bool standard = name == "orphan" || name == "foregroundDeletion" || name == "kubernetes";
      if (!standard && name.find('/') == std::string::npos)
        AddInvalid("finalizers", name, "name is neither a standard finalizer name nor is it fully qualified");
    }
  }

  void CheckOwners() {
    const Json* owners = Member("ownerReferences", Json::value_t::array, "array");
    if (owners == nullptr) return;
    int controllers = 0;
    for (const Json& owner : *owners) {
      for (const auto& [name, word] : {std::pair("apiVersion", "version"), std::pair("kind", "kind"),
                                       std::pair("name", "name"), std::pair("uid", "uid")})
        if (FindString(owner, {name}).empty())
          AddInvalid(StrCat("ownerReferences.", name), "", StrCat(word, " must not be empty"));
      controllers += FindBool(owner, {"controller"}) ? 1 : 0;
    }
    if (controllers > 1)
      AddInvalid("ownerReferences", DumpJson(*owners), "Only one reference can have Controller set to true");
  }

  const Kind& kind_;
  const Json& metadata_;
  std::vector<Cause> causes_;
};

}  // namespace

std::vector<Cause> ValidateMetadata(const Kind& kind, const Json& object) {
  const Json* metadata = Find(object, {"metadata"});
  static const Json kEmpty = Json::object();
  if (metadata != nullptr && !metadata->is_object() && !metadata->is_null())
    return {{"metadata", "FieldValueTypeInvalid",
             StrCat("Invalid value: \"", metadata->type_name(), "\": metadata in body must be of type object: \"",
                    metadata->type_name(), "\"")}};
  return MetadataValidator(kind, metadata != nullptr && metadata->is_object() ? *metadata : kEmpty).Check();
}

}  // namespace patchbay

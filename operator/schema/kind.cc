#include "schema/kind.h"

#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "object/jsonpath.h"
#include "object/yaml.h"
#include "schema/rules.h"
#include "schema/validate.h"

namespace patchbay {
namespace {

std::vector<std::string> Strings(const Json& value, std::initializer_list<std::string_view> path) {
  std::vector<std::string> out;
  const Json* list = Find(value, path);
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& item : *list)
    if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

Result<PrinterColumn> ReadColumn(const Json& value) {
  PrinterColumn column;
  column.name = FindString(value, {"name"});
  column.type = FindString(value, {"type"});
  column.format = FindString(value, {"format"});
  column.description = FindString(value, {"description"});
  column.priority = static_cast<int>(FindInt(value, {"priority"}));
  column.json_path = FindString(value, {"jsonPath"});
  if (column.name.empty() || column.type.empty() || column.json_path.empty())
    return Error{Code::kInvalid, "a printer column needs name, type and jsonPath"};
  PATCHBAY_TRY(JsonPath path, JsonPath::ParsePath(column.json_path));
  column.path = std::make_shared<const JsonPath>(std::move(path));
  return column;
}

// The one version that is served and stored; several come with a conversion nobody has written yet.
Result<const Json*> FindVersion(const Json& crd) {
  const Json* versions = Find(crd, {"spec", "versions"});
  if (versions == nullptr || !versions->is_array() || versions->size() != 1)
    return Error{Code::kInvalid, "spec.versions must hold one version"};
  const Json& version = versions->front();
  if (!FindBool(version, {"served"}) || !FindBool(version, {"storage"}))
    return Error{Code::kInvalid, "the version must be served and stored"};
  return &version;
}

// Groups without a dot and those under k8s.io are Kubernetes' own.
bool IsKubernetesGroup(std::string_view group) {
  return group.find('.') == std::string_view::npos || group.ends_with(".k8s.io");
}

Result<void> ReadNames(const Json& crd, const Json& version, Kind& kind) {
  kind.group = FindString(crd, {"spec", "group"});
  kind.version = FindString(version, {"name"});
  kind.kind = FindString(crd, {"spec", "names", "kind"});
  kind.list_kind = FindString(crd, {"spec", "names", "listKind"}, kind.kind + "List");
  kind.plural = FindString(crd, {"spec", "names", "plural"});
  kind.singular = FindString(crd, {"spec", "names", "singular"}, Lower(kind.kind));
  kind.short_names = Strings(crd, {"spec", "names", "shortNames"});
  kind.categories = Strings(crd, {"spec", "names", "categories"});
  kind.builtin = IsKubernetesGroup(kind.group);
  const std::string scope = FindString(crd, {"spec", "scope"});
  if (scope != "Namespaced" && scope != "Cluster")
    return Error{Code::kInvalid, "spec.scope must be Namespaced or Cluster"};
  kind.namespaced = scope == "Namespaced";
  if (kind.kind.empty() || kind.plural.empty() || kind.version.empty())
    return Error{Code::kInvalid, "kind, plural and version name must be given"};
  if (FindString(crd, {"metadata", "name"}) != kind.Resource())
    return Error{Code::kInvalid, StrCat("metadata.name must be ", kind.Resource())};
  return {};
}

Result<void> ReadSubresources(const Json& version, Kind& kind) {
  kind.has_status = Find(version, {"subresources", "status"}) != nullptr;
  const Json* scale = Find(version, {"subresources", "scale"});
  if (scale == nullptr) return {};
  kind.scale = ScalePaths{FindString(*scale, {"specReplicasPath"}), FindString(*scale, {"statusReplicasPath"}),
                          FindString(*scale, {"labelSelectorPath"})};
  for (const std::string* path :
       {&kind.scale->spec_replicas, &kind.scale->status_replicas, &kind.scale->label_selector})
    if (!path->empty() && !path->starts_with('.'))
      return Error{Code::kInvalid, StrCat("scale: ", *path, " must begin with .")};
  if (!kind.scale->spec_replicas.starts_with(".spec."))
    return Error{Code::kInvalid, "scale: specReplicasPath must be in .spec"};
  return {};
}

Result<Kind> ReadKind(const Json& crd) {
  if (FindString(crd, {"apiVersion"}) != "apiextensions.k8s.io/v1" ||
      FindString(crd, {"kind"}) != "CustomResourceDefinition")
    return Error{Code::kInvalid, "the document must be an apiextensions.k8s.io/v1 CustomResourceDefinition"};
  PATCHBAY_TRY(const Json* version, FindVersion(crd));
  Kind kind;
  PATCHBAY_CHECK(ReadNames(crd, *version, kind));
  kind.mirrored = FindString(crd, {"metadata", "annotations", "patchbay.dev/mirrored"}) == "true";
  PATCHBAY_CHECK(ReadSubresources(*version, kind));
  if (const Json* columns = Find(*version, {"additionalPrinterColumns"}); columns != nullptr && columns->is_array()) {
    for (const Json& each : *columns) {
      PATCHBAY_TRY(PrinterColumn column, ReadColumn(each));
      kind.columns.push_back(std::move(column));
    }
  }
  const Json* schema = Find(*version, {"schema", "openAPIV3Schema"});
  if (schema == nullptr) return Error{Code::kInvalid, "schema.openAPIV3Schema is missing"};
  kind.schema = *schema;
  PATCHBAY_TRY(kind.rules, Rules::FromSchema(*schema));
  if (kind.rules->type != Rules::Type::kObject) return Error{Code::kInvalid, "the schema's type must be object"};
  PATCHBAY_CHECK(CheckDefaults(kind));
  return kind;
}

const Kind* FindByWord(const std::vector<Kind>& kinds, std::string_view word, std::string_view group) {
  for (const Kind& kind : kinds) {
    if (!group.empty() && group != kind.group && group != StrCat(kind.version, ".", kind.group)) continue;
    bool named = word == kind.plural || word == kind.singular || word == Lower(kind.kind);
    for (const std::string& name : kind.short_names) named |= word == name;
    if (named) return &kind;
  }
  return nullptr;
}

}  // namespace

std::string Kind::ApiVersion() const { return group.empty() ? version : StrCat(group, "/", version); }
std::string Kind::Resource() const { return group.empty() ? plural : StrCat(plural, ".", group); }

const Kinds& Kinds::Embedded() {
  static const Kinds kinds = [] {
    std::vector<std::string> documents;
    for (const auto& [name, text] : EmbeddedDocuments()) documents.push_back(text);
    auto read = FromYaml(documents);
    if (!read) {
      std::fprintf(stderr, "the kinds built into this program are broken: %s\n", read.error().message.c_str());
      std::abort();
    }
    for (Kind& kind : read->kinds_) kind.tended = !kind.builtin;
    return *std::move(read);
  }();
  return kinds;
}

Result<Kinds> Kinds::FromYaml(const std::vector<std::string>& documents) {
  Kinds kinds;
  for (const std::string& text : documents) {
    PATCHBAY_TRY(const auto parsed, ParseYaml(text, "crd", {}, YamlMarks::kNone));
    for (const YamlDocument& document : parsed) {
      auto kind = ReadKind(document.value);
      if (!kind) return kind.error().Within(FindString(document.value, {"metadata", "name"}, "?"));
      if (kinds.FindResource(kind->Resource()) != nullptr)
        return Error{Code::kInvalid, StrCat(kind->Resource(), " is described twice")};
      kinds.kinds_.push_back(*std::move(kind));
    }
  }
  return kinds;
}

const Kind* Kinds::FindResource(std::string_view resource) const {
  const auto dot = resource.find('.');
  const std::string_view plural = resource.substr(0, dot);
  const std::string_view group = dot == std::string_view::npos ? std::string_view() : resource.substr(dot + 1);
  for (const Kind& kind : kinds_)
    if (kind.plural == plural && kind.group == group) return &kind;
  return nullptr;
}

const Kind* Kinds::FindPlural(std::string_view group, std::string_view version, std::string_view plural) const {
  for (const Kind& kind : kinds_)
    if (kind.plural == plural && kind.group == group && kind.version == version) return &kind;
  return nullptr;
}

const Kind* Kinds::FindKind(std::string_view api_version, std::string_view name) const {
  const auto slash = api_version.find('/');
  const bool core = slash == std::string_view::npos;
  const std::string_view group = core ? std::string_view() : api_version.substr(0, slash);
  const std::string_view version = core ? api_version : api_version.substr(slash + 1);
  for (const Kind& kind : kinds_)
    if (kind.kind == name && kind.group == group && kind.version == version) return &kind;
  return nullptr;
}

const Kind* Kinds::FindWord(std::string_view word) const {
  const std::string lower = Lower(word);
  if (const Kind* kind = FindByWord(kinds_, lower, "")) return kind;
  const auto dot = lower.find('.');
  if (dot == std::string::npos || dot + 1 == lower.size()) return nullptr;
  return FindByWord(kinds_, std::string_view(lower).substr(0, dot), std::string_view(lower).substr(dot + 1));
}

}  // namespace patchbay

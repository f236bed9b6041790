#include "schema/openapi.h"

#include <algorithm>

#include "base/text.h"
#include "schema/meta_schema.h"

namespace patchbay {
namespace {

constexpr std::string_view kReference = "#/components/schemas/";
constexpr std::string_view kIntOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

std::string MetaName(std::string_view name) { return StrCat(kMetaPrefix, name); }
Json Reference(std::string_view name) { return Json{{"$ref", StrCat(kReference, name)}}; }

// "dev.patchbay.v1.Plugin": the group's labels turned round; Kubernetes' own are "io.k8s.api.core.v1.Secret".
std::string SchemaName(const Kind& kind, std::string_view suffix = "") {
  auto labels = Split(kind.group, '.');
  if (kind.builtin)
    return StrCat("io.k8s.api.", kind.group.empty() ? "core" : labels[0], ".", kind.version, ".", kind.kind, suffix);
  std::reverse(labels.begin(), labels.end());
  return StrCat(Join(labels, "."), ".", kind.version, ".", kind.kind, suffix);
}

Json GroupVersionKind(const Kind& kind, std::string_view name) {
  return Json{{"group", kind.group}, {"version", kind.version}, {"kind", name}};
}

Json Described(Json schema, std::string_view description) {
  Json out = Json::object();
  out["description"] = description;
  for (auto& [key, value] : schema.items())
    if (key != "description") out[key] = std::move(value);
  return out;
}

Json ApiVersionSchema() {
  return Described(Json{{"type", "string"}},
                   "APIVersion defines the versioned schema of this representation of an object.");
}
Json KindSchema() {
  return Described(Json{{"type", "string"}},
                   "Kind is a string value representing the REST resource this object represents.");
}

// A CRD gives such a node no type; clients that show one look for the type that Kubernetes' own kinds refer to.
void NameIntOrString(Json& schema) {
  if (!schema.is_structured()) return;
  for (Json& member : schema) NameIntOrString(member);
  if (FindBool(schema, {"x-kubernetes-int-or-string"})) schema["allOf"] = Json::array({Reference(kIntOrString)});
}

Json IntOrStringSchema() {
  return Json{{"description", "A whole number or text."}, {"type", "string"}, {"format", "int-or-string"}};
}

Json KindSchemaOf(const Kind& kind) {
  Json out = kind.schema;
  NameIntOrString(out);
  Json& properties = out["properties"];
  properties["apiVersion"] = ApiVersionSchema();
  properties["kind"] = KindSchema();
  properties["metadata"] = Json{{"description", "Standard object's metadata."},
                                {"allOf", Json::array({Reference(MetaName("ObjectMeta"))})},
                                {"default", Json::object()}};
  out["x-kubernetes-group-version-kind"] = Json::array({GroupVersionKind(kind, kind.kind)});
  return out;
}

Json ListSchemaOf(const Kind& kind) {
  return Json{
      {"description", StrCat(kind.list_kind, " is a list of ", kind.kind, ".")},
      {"type", "object"},
      {"required", Json::array({"items"})},
      {"properties",
       {{"apiVersion", ApiVersionSchema()},
        {"kind", KindSchema()},
        {"metadata",
         {{"description", "Standard list metadata."}, {"allOf", Json::array({Reference(MetaName("ListMeta"))})}}},
        {"items", {{"description", "The objects."}, {"type", "array"}, {"items", Reference(SchemaName(kind))}}}}},
      {"x-kubernetes-group-version-kind", Json::array({GroupVersionKind(kind, kind.list_kind)})}};
}

Json Parameter(std::string_view name, std::string_view in, std::string_view type, std::string_view description) {
  Json out = {
      {"name", name}, {"in", in}, {"description", description}, {"schema", {{"type", type}, {"uniqueItems", true}}}};
  if (in == "path") out["required"] = true;
  return out;
}

Json WriteParameters(bool patch) {
  Json out = Json::array();
  out.push_back(Parameter("dryRun", "query", "string", "All: the request is carried out without storing anything."));
  out.push_back(Parameter("fieldManager", "query", "string", "Who makes the change."));
  out.push_back(Parameter("fieldValidation", "query", "string",
                          "Strict, Warn or Ignore: what becomes of unknown and duplicate fields."));
  if (patch)
    out.push_back(Parameter("force", "query", "boolean", "Take fields over from other managers; apply patches only."));
  return out;
}

Json ListParameters() {
  Json out = Json::array();
  out.push_back(Parameter("allowWatchBookmarks", "query", "boolean", "Whether a watch may send bookmarks."));
  out.push_back(Parameter("continue", "query", "string", "Token of the page before."));
  out.push_back(Parameter("fieldSelector", "query", "string", "Fields to select by."));
  out.push_back(Parameter("labelSelector", "query", "string", "Labels to select by."));
  out.push_back(Parameter("limit", "query", "integer", "Most items of a page."));
  out.push_back(Parameter("resourceVersion", "query", "string", "Version to begin at."));
  out.push_back(Parameter("resourceVersionMatch", "query", "string", "How resourceVersion is meant."));
  out.push_back(Parameter("sendInitialEvents", "query", "boolean", "Whether a watch begins with what is there."));
  out.push_back(Parameter("timeoutSeconds", "query", "integer", "Seconds after which the request ends."));
  out.push_back(Parameter("watch", "query", "boolean", "Whether to go on with changes."));
  return out;
}

Json Content(const Json& schema, std::initializer_list<const char*> types = {"application/json"}) {
  Json out = Json::object();
  for (const char* type : types) out[type] = Json{{"schema", schema}};
  return out;
}

// One operation of a kind; `action` is Kubernetes' word for it.
Json Operation(const Kind& kind, std::string_view action, const Json& answer, Json parameters, std::string_view where) {
  std::string id(action);
  id[0] = static_cast<char>(id[0] - 'a' + 'A');
  return Json{{"operationId", StrCat(Lower(id), kind.group.empty() ? "Core" : "", kind.version, where, kind.kind)},
              {"parameters", std::move(parameters)},
              {"responses", {{"200", {{"description", "OK"}, {"content", Content(answer)}}}}},
              {"x-kubernetes-action", action},
              {"x-kubernetes-group-version-kind", GroupVersionKind(kind, kind.kind)}};
}

Json ObjectPath(const Kind& kind, Json parameters, std::string_view where) {
  const Json object = Reference(SchemaName(kind));
  const Json status = Reference(MetaName("Status"));
  parameters.insert(parameters.begin(), Parameter("name", "path", "string", StrCat("Name of the ", kind.kind, ".")));
  Json path = {{"parameters", std::move(parameters)}};
  path["get"] = Operation(kind, "get", object, Json::array(), where);
  path["put"] = Operation(kind, "put", object, WriteParameters(false), where);
  path["put"]["requestBody"] = Json{{"content", Content(object)}, {"required", true}};
  path["patch"] = Operation(kind, "patch", object, WriteParameters(true), where);
  path["patch"]["requestBody"] = Json{
      {"content", Content(Reference(MetaName("Patch")), {"application/apply-patch+yaml", "application/json-patch+json",
                                                         "application/merge-patch+json"})},
      {"required", true}};
  path["delete"] = Operation(kind, "delete", status, Json::array({WriteParameters(false)[0]}), where);
  path["delete"]["requestBody"] = Json{{"content", Content(Reference(MetaName("DeleteOptions")))}};
  return path;
}

Json CollectionPath(const Kind& kind, const Json& parameters, std::string_view where) {
  const Json object = Reference(SchemaName(kind));
  Json path = {{"parameters", parameters}};
  path["get"] = Operation(kind, "list", Reference(SchemaName(kind, "List")), ListParameters(), where);
  path["post"] = Operation(kind, "post", object, WriteParameters(false), where);
  path["post"]["requestBody"] = Json{{"content", Content(object)}, {"required", true}};
  path["delete"] = Operation(kind, "deletecollection", Reference(MetaName("Status")), ListParameters(), where);
  return path;
}

void AddPaths(const Kind& kind, Json& paths) {
  const std::string root = kind.group.empty() ? StrCat("/api/", kind.version) : StrCat("/apis/", kind.ApiVersion());
  Json parameters = Json::array();
  if (kind.namespaced) {
    parameters.push_back(Parameter("namespace", "path", "string", "The namespace."));
    paths[StrCat(root, "/", kind.plural)] =
        Json{{"get", Operation(kind, "list", Reference(SchemaName(kind, "List")), ListParameters(), "AllNamespaces")}};
  }
  const std::string_view where = kind.namespaced ? "Namespaced" : "";
  const std::string collection = StrCat(root, kind.namespaced ? "/namespaces/{namespace}/" : "/", kind.plural);
  paths[collection] = CollectionPath(kind, parameters, where);
  paths[collection + "/{name}"] = ObjectPath(kind, parameters, where);
  if (!kind.has_status) return;
  Json status = ObjectPath(kind, parameters, StrCat(where, "Status"));
  status.erase("delete");
  paths[collection + "/{name}/status"] = std::move(status);
}

// OpenAPI v3 to Swagger 2.0: other places for schemas and bodies, no nullable.
Json DowngradeSchema(const Json& schema) {
  if (schema.is_array()) {
    Json out = Json::array();
    for (const Json& item : schema) out.push_back(DowngradeSchema(item));
    return out;
  }
  if (!schema.is_object()) return schema;
  // A reference stands alone in version 2.
  if (const Json* all = Find(schema, {"allOf"}); all != nullptr && all->size() == 1) {
    Json out = DowngradeSchema(all->front());
    if (const Json* description = Find(schema, {"description"})) out["description"] = *description;
    return out;
  }
  Json out = Json::object();
  for (const auto& [key, value] : schema.items()) {
    if (key == "$ref")
      out[key] = StrCat("#/definitions/", value.get<std::string>().substr(kReference.size()));
    else if (key != "nullable")
      out[key] = DowngradeSchema(value);
  }
  return out;
}

Json DowngradeOperation(const Json& operation) {
  Json out = DowngradeSchema(operation);
  for (Json& parameter : out["parameters"]) {
    parameter["type"] = FindString(parameter, {"schema", "type"});
    parameter.erase("schema");
  }
  out["produces"] = Json::array({"application/json"});
  if (const Json* body = Find(out, {"requestBody", "content"})) {
    Json consumes = Json::array();
    for (const auto& [type, content] : body->items()) consumes.push_back(type);
    Json parameter = {{"name", "body"}, {"in", "body"}, {"required", true}, {"schema", body->front()["schema"]}};
    out["parameters"].push_back(std::move(parameter));
    out["consumes"] = std::move(consumes);
    out.erase("requestBody");
  }
  for (auto& [code, answer] : out["responses"].items()) {
    const Json schema = answer["content"]["application/json"]["schema"];
    answer.erase("content");
    answer["schema"] = schema;
  }
  return out;
}

Json DowngradePath(const Json& path) {
  Json out = Json::object();
  for (const auto& [method, operation] : path.items())
    out[method] = method == "parameters"
                      ? DowngradeOperation(Json{{"parameters", operation}, {"responses", Json::object()}})["parameters"]
                      : DowngradeOperation(operation);
  return out;
}

Json Information() { return Json{{"title", "Patchbay"}, {"version", "v1"}}; }

}  // namespace

Json OpenApiV3(const Kinds& kinds, std::string_view group, std::string_view version) {
  Json paths = Json::object();
  Json schemas = Json::object();
  for (const Kind& kind : kinds.all()) {
    if (kind.group != group || kind.version != version) continue;
    AddPaths(kind, paths);
    schemas[SchemaName(kind)] = KindSchemaOf(kind);
    schemas[SchemaName(kind, "List")] = ListSchemaOf(kind);
  }
  schemas[std::string(kIntOrString)] = IntOrStringSchema();
  for (const auto& [name, schema] : MetaSchemas().items()) schemas[name] = schema;
  return Json{{"openapi", "3.0.0"}, {"info", Information()}, {"paths", paths}, {"components", {{"schemas", schemas}}}};
}

Json OpenApiV2(const Kinds& kinds) {
  Json paths = Json::object();
  Json definitions = Json::object();
  for (const Kind& kind : kinds.all()) {
    Json own = Json::object();
    AddPaths(kind, own);
    for (const auto& [name, path] : own.items()) paths[name] = DowngradePath(path);
    definitions[SchemaName(kind)] = DowngradeSchema(KindSchemaOf(kind));
    definitions[SchemaName(kind, "List")] = DowngradeSchema(ListSchemaOf(kind));
  }
  definitions[std::string(kIntOrString)] = IntOrStringSchema();
  for (const auto& [name, schema] : MetaSchemas().items()) definitions[name] = DowngradeSchema(schema);
  return Json{{"swagger", "2.0"}, {"info", Information()}, {"paths", paths}, {"definitions", definitions}};
}

}  // namespace patchbay

#include "schema/meta_schema.h"

#include "object/yaml.h"

namespace patchbay {
namespace {

// "to" stands for a reference to a schema of this list.
constexpr std::string_view kSchemas = R"(
Time:
  type: string
  format: date-time
  description: A time in RFC 3339.
FieldsV1:
  type: object
  description: A set of fields as a tree of names with prefixes.
OwnerReference:
  type: object
  description: Names an owner of the object; when all owners are gone the object may be removed.
  required: [apiVersion, kind, name, uid]
  x-kubernetes-map-type: atomic
  properties:
    apiVersion: {type: string, description: API version of the owner., default: ""}
    kind: {type: string, description: Kind of the owner., default: ""}
    name: {type: string, description: Name of the owner., default: ""}
    uid: {type: string, description: uid of the owner., default: ""}
    controller: {type: boolean, description: Whether the owner is the managing controller.}
    blockOwnerDeletion: {type: boolean, description: Whether the owner waits for this object in a foreground deletion.}
ManagedFieldsEntry:
  type: object
  description: Which fields a manager set, and how.
  properties:
    manager: {type: string, description: Who manages these fields.}
    operation: {type: string, description: Apply or Update.}
    apiVersion: {type: string, description: The version the fields belong to.}
    time: {to: Time, description: When the entry last changed.}
    fieldsType: {type: string, description: FieldsV1.}
    fieldsV1: {to: FieldsV1, description: The fields.}
    subresource: {type: string, description: The subresource they were set through.}
ObjectMeta:
  type: object
  description: Metadata that every object has.
  properties:
    name: {type: string, description: Name of the object; unique in its namespace. Cannot be changed.}
    generateName: {type: string, description: Prefix of a name that the server completes when name is empty.}
    namespace: {type: string, description: The space in which the name is unique. Cannot be changed.}
    selfLink: {type: string, description: No longer filled in.}
    uid: {type: string, description: Unique in time and space; given by the server.}
    resourceVersion: {type: string, description: Version of the object; compare it for equality only.}
    generation: {type: integer, format: int64, description: Number of the wish; moves when the spec changes.}
    creationTimestamp: {to: Time, description: When the object was created.}
    deletionTimestamp: {to: Time, description: When its deletion was asked for.}
    deletionGracePeriodSeconds: {type: integer, format: int64, description: Seconds it may take to end.}
    labels:
      type: object
      description: Keys and values to select objects by.
      additionalProperties: {type: string, default: ""}
    annotations:
      type: object
      description: Keys and values that tools keep with the object.
      additionalProperties: {type: string, default: ""}
    ownerReferences:
      type: array
      description: The objects this one belongs to.
      items: {to: OwnerReference}
      x-kubernetes-list-type: map
      x-kubernetes-list-map-keys: [uid]
      x-kubernetes-patch-merge-key: uid
      x-kubernetes-patch-strategy: merge
    finalizers:
      type: array
      description: What must be gone from here before the object is removed.
      items: {type: string, default: ""}
      x-kubernetes-list-type: set
      x-kubernetes-patch-strategy: merge
    managedFields:
      type: array
      description: Which manager set which fields.
      items: {to: ManagedFieldsEntry}
      x-kubernetes-list-type: atomic
ListMeta:
  type: object
  description: Metadata of a list.
  properties:
    resourceVersion: {type: string, description: Version of the whole list.}
    continue: {type: string, description: Token for the next page; empty on the last one.}
    remainingItemCount: {type: integer, format: int64, description: How many items follow after this page.}
    selfLink: {type: string, description: No longer filled in.}
Patch:
  type: object
  description: A patch of the kind that the request's Content-Type names.
Preconditions:
  type: object
  description: What must hold for the request to be carried out.
  properties:
    uid: {type: string, description: The object's uid.}
    resourceVersion: {type: string, description: The object's version.}
DeleteOptions:
  type: object
  description: How to delete.
  properties:
    apiVersion: {type: string, description: Version of this schema.}
    kind: {type: string, description: DeleteOptions.}
    dryRun: {type: array, items: {type: string, default: ""}, description: 'All: nothing is stored.'}
    gracePeriodSeconds: {type: integer, format: int64, description: Seconds to end in.}
    orphanDependents: {type: boolean, description: Use propagationPolicy instead.}
    preconditions: {to: Preconditions, description: What must hold.}
    propagationPolicy: {type: string, description: 'Orphan, Background or Foreground.'}
Status:
  type: object
  description: The answer to a request that gives no object.
  properties:
    apiVersion: {type: string, description: Version of this schema.}
    kind: {type: string, description: Status.}
    metadata: {to: ListMeta, description: Metadata of a list.}
    status: {type: string, description: Success or Failure.}
    message: {type: string, description: 'What happened, for people.'}
    reason: {type: string, description: 'What happened, for programs.'}
    code: {type: integer, format: int32, description: The HTTP status.}
    details: {type: object, description: 'What it is about, and the causes.'}
)";

void PutReferences(Json& schema) {
  if (!schema.is_structured()) return;
  for (Json& member : schema) PutReferences(member);
  const Json* to = Find(schema, {"to"});
  if (to == nullptr || !to->is_string()) return;
  const std::string target = "#/components/schemas/" + std::string(kMetaPrefix) + to->get<std::string>();
  Json out = Json::object();
  if (const Json* description = Find(schema, {"description"})) out["description"] = *description;
  out["allOf"] = Json::array({Json{{"$ref", target}}});
  schema = std::move(out);
}

}  // namespace

const Json& MetaSchemas() {
  static const Json schemas = [] {
    Json out = Json::object();
    Json read = ParseYaml(kSchemas, "metadata", {}, YamlMarks::kNone).value().front().value;
    for (auto& [name, schema] : read.items()) {
      PutReferences(schema);
      out[std::string(kMetaPrefix) + name] = std::move(schema);
    }
    return out;
  }();
  return schemas;
}

}  // namespace patchbay

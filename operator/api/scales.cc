#include "api/scales.h"

#include <utility>

#include "api/applying.h"
#include "api/codec.h"
#include "api/patching.h"
#include "base/text.h"
#include "object/object.h"

namespace patchbay::api {
namespace {

// ".spec.replicas" -> "/spec/replicas"
Json::json_pointer Pointer(std::string_view path) {
  Json::json_pointer pointer;
  for (const std::string& step : Split(path, '.')) {
    if (!step.empty()) pointer.push_back(step);
  }
  return pointer;
}

// The value at `path`, or null.
Json ValueAt(const Json& object, std::string_view path) {
  if (path.empty()) return nullptr;
  const Json::json_pointer pointer = Pointer(path);
  return object.contains(pointer) ? object.at(pointer) : Json();
}

Json ToScale(const Kind& kind, const Json& object) {
  Json metadata = Json::object();
  for (const char* field : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
    if (const Json* value = Find(object, {"metadata", field})) metadata[field] = *value;
  }
  const Json wanted = ValueAt(object, kind.scale->spec_replicas);
  const Json present = ValueAt(object, kind.scale->status_replicas);
  Json scale = {{"kind", "Scale"}, {"apiVersion", "autoscaling/v1"}, {"metadata", std::move(metadata)}};
  scale["spec"] = wanted.is_number_integer() ? Json{{"replicas", wanted}} : Json::object();
  scale["status"] = {{"replicas", present.is_number_integer() ? present : Json(0)}};
  const Json selector = ValueAt(object, kind.scale->label_selector);
  if (selector.is_string()) scale["status"]["selector"] = selector;
  return scale;
}

Answer<Json> DecodeScale(const http::Request& request) {
  const BodyType type = BodyTypeOf(request.headers.Get("Content-Type"));
  if (type != BodyType::kJson) return UnsupportedMedia("application/json");
  PATCHBAY_TRY(Decoded decoded, DecodePatch(request.body));
  if (FindString(decoded.object, {"kind"}) != "Scale") {
    return BadRequest("the object provided is unrecognized (must be of type Scale)");
  }
  return std::move(decoded.object);
}

// `object` with the wish that `scale` carries.
Answer<Json> TakeReplicas(const Kind& kind, const Json& scale, const Json& before) {
  const Json* replicas = Find(scale, {"spec", "replicas"});
  if (replicas && !replicas->is_number_integer() && !replicas->is_null()) {
    return BadRequest(StrCat("Scale in version \"v1\" cannot be handled as a Scale: spec.replicas must be an integer"));
  }
  Json object = before;
  object[Pointer(kind.scale->spec_replicas)] = replicas && !replicas->is_null() ? *replicas : Json(0);
  object["metadata"]["resourceVersion"] = FindString(scale, {"metadata", "resourceVersion"});
  if (const std::string uid = FindString(scale, {"metadata", "uid"}); !uid.empty()) object["metadata"]["uid"] = uid;
  return object;
}

// Described as the kinds that are kept are.
constexpr const char* kScale = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: scales.autoscaling}
spec:
  group: autoscaling
  names: {kind: Scale, listKind: ScaleList, plural: scales, singular: scale}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    additionalPrinterColumns:
    - {name: Desired, type: integer, jsonPath: .spec.replicas, description: How many instances should run.}
    - {name: Available, type: integer, jsonPath: .status.replicas, description: How many instances there are.}
    - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          apiVersion: {type: string}
          kind: {type: string}
          metadata: {type: object}
          spec:
            type: object
            properties: {replicas: {type: integer, format: int32}}
          status:
            type: object
            properties: {replicas: {type: integer, format: int32}, selector: {type: string}}
)";

// The part of the object that `scale` speaks of, as a configuration of the object.
Json ConfigurationOf(const Kind& kind, const Json& scale) {
  Json metadata = Json::object();
  for (const char* field : {"name", "namespace", "uid", "resourceVersion"}) {
    if (const Json* value = Find(scale, {"metadata", field})) metadata[field] = *value;
  }
  Json object = {{"apiVersion", kind.ApiVersion()}, {"kind", kind.kind}, {"metadata", std::move(metadata)}};
  if (const Json* replicas = Find(scale, {"spec", "replicas"})) object[Pointer(kind.scale->spec_replicas)] = *replicas;
  return object;
}

// A client's Scale in the place of the one it saw.
Answer<std::optional<cache::Intent>> TakeScale(const Kind& kind, const cache::Entry& current, const Author& author,
                                               const std::function<Answer<Json>(const Json& scale)>& change) {
  const Json before = ParseOwned(*current.bytes);
  PATCHBAY_TRY(const Json scale, change(ToScale(kind, before)));
  PATCHBAY_TRY(Json object, TakeReplicas(kind, scale, before));
  return Replace({kind, current, before, Part::kMain, false, author}, std::move(object));
}

}  // namespace

Scales::Scales(Writes& writes, const cache::Cache& cache, const Renderer& renderer, Clock& clock)
    : writes_(writes),
      cache_(cache),
      renderer_(renderer),
      clock_(clock),
      scale_kind_(Kinds::FromYaml({kScale}).value().all().front()) {}

http::Response Scales::Show(const Call& call, std::string_view bytes) const {
  const std::string scale = DumpJson(ToScale(*call.kind, ParseStored(bytes)));
  return renderer_.Object(scale_kind_, call.form, 200, std::make_shared<const std::string>(scale));
}

void Scales::Get(const CallPtr& call) const {
  const cache::EntryPtr entry = cache_.Get(call->key());
  if (!entry) return call->Fail(NotFound(*call->kind, call->path.name));
  call->Reply(Show(*call, *entry->bytes));
}

void Scales::Run(const CallPtr& call, const WriteOptions& options, Change change) {
  WriteOrder order;
  order.kind = call->kind;
  order.key = call->key();
  order.dry_run = options.dry_run;
  const Author author{AuthorName(options.field_manager, call->request().headers), "scale", FormatTime(clock_.Wall())};
  order.compute = [call, author,
                   change = std::move(change)](const cache::EntryPtr& current) -> Answer<std::optional<cache::Intent>> {
    if (!current) return NotFound(*call->kind, call->path.name);
    return change(*current, author);
  };
  order.done = [this, call](const Answer<Written>& written) {
    if (!written.ok()) return call->Fail(written.error());
    call->Warn(written->foreseen);
    call->Reply(Show(*call, *written->bytes));
  };
  writes_.Run(std::move(order));
}

void Scales::Update(const CallPtr& call) {
  const Answer<WriteOptions> options = ParseWriteOptions(call->request().query, "UpdateOptions");
  if (!options.ok()) return call->Fail(options.error());
  Answer<Json> sent = DecodeScale(call->request());
  if (!sent.ok()) return call->Fail(sent.error());
  Run(call, *options, [call, sent = *std::move(sent)](const cache::Entry& current, const Author& author) {
    return TakeScale(*call->kind, current, author, [&](const Json&) -> Answer<Json> { return sent; });
  });
}

void Scales::Patch(const CallPtr& call) {
  const BodyType type = BodyTypeOf(call->request().headers.Get("Content-Type"));
  if (type == BodyType::kApplyPatch) return Apply(call);
  if (const Answer<void> known = CheckPatchType(*call->kind, type); !known.ok()) return call->Fail(known.error());
  const Answer<WriteOptions> options = ParseWriteOptions(call->request().query, "PatchOptions");
  if (!options.ok()) return call->Fail(options.error());
  Answer<Decoded> patch = DecodePatch(call->request().body);
  if (!patch.ok()) return call->Fail(patch.error());
  Run(call, *options,
      [call, type, patch = std::move(patch->object)](const cache::Entry& current, const Author& author) {
        return TakeScale(*call->kind, current, author,
                         [&](const Json& scale) { return ApplyPatch(type, scale, patch); });
      });
}

void Scales::Apply(const CallPtr& call) {
  const Answer<WriteOptions> options = ParseApplyOptions(call->request().query);
  if (!options.ok()) return call->Fail(options.error());
  Answer<Configuration> sent = DecodeConfiguration({scale_kind_, Part::kMain, call->path.ns, call->path.name},
                                                   call->request().body, options->fields);
  if (!sent.ok()) return call->Fail(sent.error());
  call->Warn(sent->findings);
  sent->object = ConfigurationOf(*call->kind, sent->object);
  Run(call, *options,
      [call, force = options->force, configuration = *std::move(sent)](
          const cache::Entry& current, const Author& author) -> Answer<std::optional<cache::Intent>> {
        const Json live = ParseOwned(*current.bytes);
        PATCHBAY_TRY(Applied applied, ApplyTo(*call->kind, author, force, live, configuration));
        return ReplaceOwned({*call->kind, current, live, Part::kMain, true, author}, std::move(applied.object),
                            std::move(applied.managed_fields));
      });
}

}  // namespace patchbay::api

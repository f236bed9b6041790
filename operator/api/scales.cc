#include "api/scales.h"

#include <utility>

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

Kind ScaleKind() {
  Kind kind;
  kind.group = "autoscaling";
  kind.version = "v1";
  kind.kind = "Scale";
  kind.plural = "scales";
  return kind;
}

}  // namespace

Scales::Scales(Writes& writes, const cache::Cache& cache, const Renderer& renderer, Clock& clock)
    : writes_(writes), cache_(cache), renderer_(renderer), clock_(clock), scale_kind_(ScaleKind()) {}

http::Response Scales::Show(const Call& call, std::string_view bytes) const {
  const std::string scale = DumpJson(ToScale(*call.kind, ParseStored(bytes)));
  return renderer_.Object(scale_kind_, call.form, 200, std::make_shared<const std::string>(scale));
}

void Scales::Get(const CallPtr& call) const {
  const cache::EntryPtr entry = cache_.Get(call->key());
  if (!entry) return call->Fail(NotFound(*call->kind, call->path.name));
  call->Reply(Show(*call, *entry->bytes));
}

void Scales::Run(const CallPtr& call, const WriteOptions& options,
                 std::function<Answer<Json>(const Json& scale)> change) {
  WriteOrder order;
  order.kind = call->kind;
  order.key = call->key();
  order.dry_run = options.dry_run;
  const Author author{AuthorName(options.field_manager, call->request().headers), "scale", FormatTime(clock_.Wall())};
  order.compute = [call, author,
                   change = std::move(change)](const cache::EntryPtr& current) -> Answer<std::optional<cache::Intent>> {
    if (!current) return NotFound(*call->kind, call->path.name);
    const Json before = ParseStored(*current->bytes);
    PATCHBAY_TRY(const Json scale, change(ToScale(*call->kind, before)));
    PATCHBAY_TRY(Json object, TakeReplicas(*call->kind, scale, before));
    return Replace({*call->kind, *current, before, Part::kMain, false, author}, std::move(object));
  };
  order.done = [this, call](const Answer<Written>& written) {
    if (!written.ok()) return call->Fail(written.error());
    call->Reply(Show(*call, *written->bytes));
  };
  writes_.Run(std::move(order));
}

void Scales::Update(const CallPtr& call) {
  const Answer<WriteOptions> options = ParseWriteOptions(call->request().query, "UpdateOptions");
  if (!options.ok()) return call->Fail(options.error());
  Answer<Json> sent = DecodeScale(call->request());
  if (!sent.ok()) return call->Fail(sent.error());
  Run(call, *options, [sent = *std::move(sent)](const Json&) -> Answer<Json> { return sent; });
}

void Scales::Patch(const CallPtr& call) {
  const BodyType type = BodyTypeOf(call->request().headers.Get("Content-Type"));
  if (const Answer<void> known = CheckPatchType(*call->kind, type); !known.ok()) return call->Fail(known.error());
  const Answer<WriteOptions> options = ParseWriteOptions(call->request().query, "PatchOptions");
  if (!options.ok()) return call->Fail(options.error());
  Answer<Decoded> patch = DecodePatch(call->request().body);
  if (!patch.ok()) return call->Fail(patch.error());
  Run(call, *options, [type, patch = std::move(patch->object)](const Json& scale) {
    return ApplyPatch(type, scale, patch);
  });
}

}  // namespace patchbay::api

#include "api/planning.h"

#include <utility>

#include "api/admission.h"
#include "api/builtin.h"
#include "api/codec.h"
#include "base/text.h"
#include "object/object.h"

namespace patchbay::api {
namespace {

constexpr std::size_t kMostObjects = 10'000;

// Fields of one object among many: "objects[2].spec.image".
void AddCauses(std::size_t place, const Failure& failure, std::vector<Cause>& causes) {
  const std::string prefix = StrCat("objects[", place, "]");
  if (failure.causes.empty()) causes.push_back({prefix, "FieldValueInvalid", failure.message});
  for (const Cause& cause : failure.causes) {
    causes.push_back({cause.field.empty() ? prefix : StrCat(prefix, ".", cause.field), cause.reason, cause.message});
  }
}

Failure AllCauses(std::vector<Cause> causes) {
  std::vector<std::string> words;
  for (const Cause& cause : causes) words.push_back(StrCat(cause.field, ": ", cause.message));
  Failure failure;
  failure.status = 422;
  failure.reason = "Invalid";
  failure.message = StrCat("the plan cannot be made: ", Join(words, ", "));
  failure.causes = std::move(causes);
  return failure;
}

}  // namespace

Planning::Planning(const Backstage& backstage, const Kinds& kinds, const cache::Cache& cache, Clock& clock,
                   Random& random, Threads& threads)
    : backstage_(backstage), kinds_(kinds), cache_(cache), clock_(clock), random_(random), threads_(threads) {}

Answer<Json> Planning::AdmitOne(Json object) {
  if (!object.is_object()) return BadRequest("an object is expected");
  const std::string api_version = FindString(object, {"apiVersion"});
  const std::string word = FindString(object, {"kind"});
  const Kind* kind = kinds_.FindKind(api_version, word);
  if (!kind) {
    return BadRequest(StrCat("no matches for kind ", QuoteJson(word), " in version ", QuoteJson(api_version)));
  }
  Findings findings;
  PATCHBAY_CHECK(DropUnknown(*kind, FieldValidation::kStrict, object, findings));
  const std::string ns = kind->namespaced ? FindString(object, {"metadata", "namespace"}, kDefaultNamespace) : "";
  return AdmitInto(*kind, ns, std::move(object));
}

Answer<Json> Planning::AdmitInto(const Kind& kind, const std::string& ns, Json object) {
  const std::string deletion = FindString(object, {"metadata", "deletionTimestamp"});
  const cache::EntryPtr entry = cache_.Get({kind.Resource(), ns, NameOf(object)});
  if (entry) {
    const Json before = ParseStored(*entry->bytes);
    PATCHBAY_CHECK(AdmitUpdate(kind, before, Part::kMain, true, object));
  } else {
    object["metadata"].erase("resourceVersion");
    PATCHBAY_CHECK(AdmitCreate(kind, ns, FormatTime(clock_.Wall()), random_, object));
  }
  if (!deletion.empty()) object["metadata"]["deletionTimestamp"] = deletion;
  return object;
}

Answer<std::vector<Json>> Planning::Admit(const http::Request& request) {
  if (BodyTypeOf(request.headers.Get("Content-Type")) != BodyType::kJson) return UnsupportedMedia("application/json");
  Result<Json> body = ParseJson(request.body);
  if (!body.ok()) return FromError(body.error(), nullptr, "");
  Json* objects = Find(*body, {"objects"});
  if (!objects || !objects->is_array()) return BadRequest("the body must be {\"objects\":[...]}");
  if (objects->size() > kMostObjects) return BadRequest(StrCat("at most ", kMostObjects, " objects"));
  std::vector<Json> admitted;
  std::vector<Cause> causes;
  for (std::size_t i = 0; i < objects->size(); ++i) {
    Answer<Json> object = AdmitOne(std::move((*objects)[i]));
    if (object.ok()) {
      admitted.push_back(*std::move(object));
    } else {
      AddCauses(i, object.error(), causes);
    }
  }
  if (!causes.empty()) return AllCauses(std::move(causes));
  return admitted;
}

void Planning::Post(const CallPtr& call) {
  call->verb = "plan";
  if (!call->IsMethod("POST")) {
    Failure failure = BadRequest("a plan is made by POST");
    failure.status = 405;
    failure.reason = "MethodNotAllowed";
    return call->Fail(failure);
  }
  if (!backstage_.plan) return call->Fail(FromError({Code::kUnsupported, "this server makes no plans"}, nullptr, ""));
  Answer<std::vector<Json>> objects = Admit(call->request());
  if (!objects.ok()) return call->Fail(objects.error());
  const bool taken = threads_.Run([this, call, objects = *std::move(objects)] {
    const Result<Json> plan = backstage_.plan(objects);
    if (!plan.ok()) return call->Fail(FromError(plan.error(), nullptr, ""));
    call->Reply(JsonResponse(200, *plan));
  });
  if (!taken) call->Fail(TooManyRequests("too many plans are being made"));
}

}  // namespace patchbay::api

#include "api/reviews.h"

#include <string>
#include <string_view>
#include <utility>

#include "api/codec.h"
#include "api/protobuf.h"
#include "base/text.h"

namespace patchbay::api {
namespace {

constexpr std::string_view kAuthorization = "authorization.k8s.io";
constexpr std::string_view kAuthentication = "authentication.k8s.io";

Kind MakeReviewKind(std::string_view group, std::string name, std::string plural) {
  Kind kind;
  kind.group = group;
  kind.version = "v1";
  kind.singular = Lower(name);
  kind.kind = std::move(name);
  kind.plural = std::move(plural);
  kind.namespaced = false;
  kind.builtin = true;
  return kind;
}

const Kind* FindReview(std::string_view path) {
  if (!path.starts_with("/apis/auth")) return nullptr;
  for (const Kind& kind : ReviewKinds()) {
    if (path == StrCat("/apis/", kind.group, "/", kind.version, "/", kind.plural)) return &kind;
  }
  return nullptr;
}

Answer<Json> ParseReview(const Kind& kind, const http::Request& request) {
  const BodyType type = BodyTypeOf(request.headers.Get("Content-Type"));
  Json review;
  if (type == BodyType::kProtobuf) {
    PATCHBAY_TRY(review, DecodeProtobuf(request.body));
  } else if (type == BodyType::kJson) {
    Result<Json> parsed = ParseJson(request.body);
    if (!parsed.ok()) return FromError(parsed.error(), &kind, "");
    review = *std::move(parsed);
  } else {
    return UnsupportedMedia("application/json, application/vnd.kubernetes.protobuf");
  }
  if (!review.is_object()) return CannotHandle(kind, "an object is expected");
  if (FindString(review, {"kind"}, kind.kind) != kind.kind ||
      FindString(review, {"apiVersion"}, kind.ApiVersion()) != kind.ApiVersion()) {
    return BadRequest(StrCat(FindString(review, {"kind"}), " in version ", FindString(review, {"apiVersion"}),
                             " cannot be handled as a ", kind.kind));
  }
  return review;
}

Json Access(const User& user, bool allowed) {
  Json status = {{"allowed", allowed}};
  if (!allowed) status["reason"] = StrCat("user ", QuoteJson(user.name), " is not known to this server");
  return status;
}

Json Rules(bool allowed) {
  Json resources = Json::array();
  Json paths = Json::array();
  if (allowed) {
    resources.push_back({{"verbs", {"*"}}, {"apiGroups", {"*"}}, {"resources", {"*"}}});
    paths.push_back({{"verbs", {"*"}}, {"nonResourceURLs", {"*"}}});
  }
  resources.push_back({{"verbs", {"create"}},
                       {"apiGroups", {kAuthorization}},
                       {"resources", {"selfsubjectaccessreviews", "selfsubjectrulesreviews"}}});
  resources.push_back({{"verbs", {"create"}}, {"apiGroups", {kAuthentication}}, {"resources", {"selfsubjectreviews"}}});
  paths.push_back({{"verbs", {"get"}},
                   {"nonResourceURLs", {"/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi",
                                        "/openapi/*", "/readyz", "/version", "/version/"}}});
  return {{"resourceRules", std::move(resources)}, {"nonResourceRules", std::move(paths)}, {"incomplete", false}};
}

User UserOf(const Json& spec) {
  User user;
  user.name = FindString(spec, {"user"});
  if (const Json* groups = Find(spec, {"groups"}); groups && groups->is_array()) {
    for (const Json& group : *groups) {
      if (group.is_string()) user.groups.push_back(group.get<std::string>());
    }
  }
  return user;
}

}  // namespace

const std::vector<Kind>& ReviewKinds() {
  static const std::vector<Kind>* const kinds = new std::vector<Kind>{
      MakeReviewKind(kAuthentication, "SelfSubjectReview", "selfsubjectreviews"),
      MakeReviewKind(kAuthorization, "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
      MakeReviewKind(kAuthorization, "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
      MakeReviewKind(kAuthorization, "SubjectAccessReview", "subjectaccessreviews")};
  return *kinds;
}

bool Reviews::Serve(const CallPtr& call) const {
  const Kind* kind = FindReview(call->request().path);
  if (!kind) return false;
  call->kind = kind;
  call->verb = "create";
  if (!call->IsMethod("POST")) {
    call->Fail(MethodNotAllowed(*kind, Lower(call->request().method)));
    return true;
  }
  const Answer<Json> review = ParseReview(*kind, call->request());
  if (!review.ok()) {
    call->Fail(review.error());
    return true;
  }
  Answer<Json> status = Judge(*call, *kind, *review);
  if (!status.ok()) {
    call->Fail(status.error());
    return true;
  }
  Json reply = {{"kind", kind->kind},
                {"apiVersion", kind->ApiVersion()},
                {"metadata", {{"creationTimestamp", nullptr}}}};
  if (const Json* spec = Find(*review, {"spec"})) reply["spec"] = *spec;
  reply["status"] = *std::move(status);
  call->Reply(JsonResponse(201, reply));
  return true;
}

Answer<Json> Reviews::Judge(const Call& call, const Kind& kind, const Json& review) const {
  if (kind.kind == "SelfSubjectReview") {
    return Json{{"userInfo", {{"username", call.user.name}, {"groups", call.user.groups}}}};
  }
  if (kind.kind == "SelfSubjectRulesReview") {
    if (FindString(review, {"spec", "namespace"}).empty()) return BadRequest("no namespace on request");
    return Rules(call.allowed);
  }
  return JudgeAccess(call.user, kind, review);
}

Answer<Json> Reviews::JudgeAccess(const User& user, const Kind& kind, const Json& review) const {
  const Json* resource = Find(review, {"spec", "resourceAttributes"});
  const Json* path = Find(review, {"spec", "nonResourceAttributes"});
  const bool has_resource = resource && resource->is_object();
  const bool has_path = path && path->is_object();
  if (has_resource == has_path) {
    return Invalid(kind, "", {InvalidValue("spec.resourceAttributes", resource ? DumpJson(*resource) : "null",
                                           "exactly one of nonResourceAttributes or resourceAttributes must be "
                                           "specified")});
  }
  if (kind.kind == "SelfSubjectAccessReview") return Access(user, authenticator_.Allows(user));
  const User other = UserOf(*Find(review, {"spec"}));
  if (other.name.empty() && other.groups.empty()) {
    return Invalid(kind, "", {InvalidValue("spec.user", "\"\"", "at least one of user or group must be specified")});
  }
  return Access(other, authenticator_.Allows(other));
}

}  // namespace patchbay::api

#include "api/failure.h"

#include <memory>

#include "base/text.h"
#include "schema/validate.h"

namespace patchbay::api {
namespace {

Failure Make(int status, std::string reason, std::string message) {
  Failure failure;
  failure.status = status;
  failure.reason = std::move(reason);
  failure.message = std::move(message);
  return failure;
}

Failure About(Failure failure, const Kind& kind, std::string_view name) {
  failure.name = name;
  failure.group = kind.group;
  failure.kind = kind.plural;
  return failure;
}

std::string Quoted(const Kind& kind, std::string_view name) { return StrCat(kind.Resource(), " \"", name, "\""); }

constexpr std::string_view kStale =
    "the object has been modified; please apply your changes to the latest version and try again";

Json CausesToJson(const std::vector<Cause>& causes) {
  Json list = Json::array();
  for (const Cause& cause : causes) {
    Json item = Json::object();
    if (!cause.reason.empty()) item["reason"] = cause.reason;
    item["message"] = cause.message;
    if (!cause.field.empty()) item["field"] = cause.field;
    list.push_back(std::move(item));
  }
  return list;
}

long Seconds(std::chrono::milliseconds time) { return std::max<long>(1, (time.count() + 999) / 1000); }

Json DetailsOf(const Failure& failure) {
  Json details = Json::object();
  if (!failure.name.empty()) details["name"] = failure.name;
  if (!failure.group.empty()) details["group"] = failure.group;
  if (!failure.kind.empty()) details["kind"] = failure.kind;
  if (!failure.uid.empty()) details["uid"] = failure.uid;
  if (!failure.causes.empty()) details["causes"] = CausesToJson(failure.causes);
  if (failure.retry_after) details["retryAfterSeconds"] = Seconds(*failure.retry_after);
  return details;
}

// 'spec.a: Required value', or '[spec.a: Required value, spec.b: ...]'.
std::string JoinCauses(const std::vector<Cause>& causes) {
  std::vector<std::string> words;
  for (const Cause& cause : causes) words.push_back(StrCat(cause.field, ": ", cause.message));
  return words.size() == 1 ? words.front() : StrCat("[", Join(words, ", "), "]");
}

}  // namespace

Failure BadRequest(std::string message) { return Make(400, "BadRequest", std::move(message)); }

Failure NotFound(const Kind& kind, std::string_view name) {
  return About(Make(404, "NotFound", StrCat(Quoted(kind, name), " not found")), kind, name);
}

Failure AlreadyExists(const Kind& kind, std::string_view name) {
  return About(Make(409, "AlreadyExists", StrCat(Quoted(kind, name), " already exists")), kind, name);
}

Failure Conflict(const Kind& kind, std::string_view name, std::string_view why) {
  std::string message = StrCat("Operation cannot be fulfilled on ", Quoted(kind, name), ": ", why);
  return About(Make(409, "Conflict", std::move(message)), kind, name);
}

Failure Stale(const Kind& kind, std::string_view name) { return Conflict(kind, name, kStale); }

Failure Forbidden(const Kind& kind, std::string_view name, std::string_view why) {
  return About(Make(403, "Forbidden", StrCat(Quoted(kind, name), " is forbidden: ", why)), kind, name);
}

Failure Invalid(const Kind& kind, std::string_view name, std::vector<Cause> causes) {
  return FromError(InvalidObject(kind, name, std::move(causes)), &kind, name);
}

Failure InvalidOptions(std::string_view options, std::vector<Cause> causes) {
  Failure failure = Make(422, "Invalid", StrCat(options, ".meta.k8s.io \"\" is invalid: ", JoinCauses(causes)));
  failure.group = "meta.k8s.io";
  failure.kind = options;
  failure.causes = std::move(causes);
  return failure;
}

Failure MethodNotAllowed(const Kind& kind, std::string_view verb) {
  std::string message = StrCat(verb, " is not supported on resources of kind \"", kind.Resource(), "\"");
  return About(Make(405, "MethodNotAllowed", std::move(message)), kind, "");
}

Failure NotAcceptable() {
  return Make(406, "NotAcceptable",
              "only the following media types are accepted: application/json, application/yaml");
}

Failure UnsupportedMedia(std::string_view accepted) {
  return Make(415, "UnsupportedMediaType",
              StrCat("the body of the request was in an unknown format - accepted media types include: ", accepted));
}

Failure Expired(std::string message) { return Make(410, "Expired", std::move(message)); }

Failure TooManyRequests(std::string message) {
  Failure failure = Make(429, "TooManyRequests", std::move(message));
  failure.retry_after = std::chrono::seconds(1);
  return failure;
}

Failure Unavailable(std::string message) {
  Failure failure = Make(503, "ServiceUnavailable", std::move(message));
  failure.retry_after = std::chrono::seconds(1);
  return failure;
}

Failure TooLargeRevision(Revision asked, Revision current) {
  Failure failure =
      Make(504, "Timeout", StrCat("Timeout: Too large resource version: ", asked, ", current: ", current));
  failure.causes = {{"", "ResourceVersionTooLarge", "Too large resource version"}};
  failure.retry_after = std::chrono::seconds(1);
  return failure;
}

Failure Unauthorized() { return Make(401, "Unauthorized", "Unauthorized"); }

Failure FromError(const Error& error, const Kind* kind, std::string_view name) {
  switch (error.code) {
    case Code::kInvalid: {
      if (error.causes.empty()) return BadRequest(error.message);
      Failure failure = Make(422, "Invalid", error.message);
      if (kind) {
        failure.name = name;
        failure.group = kind->group;
        failure.kind = kind->kind;
      }
      failure.causes = error.causes;
      return failure;
    }
    case Code::kUnauthorized:
      return Unauthorized();
    case Code::kForbidden:
      return kind ? Forbidden(*kind, name, error.message) : Make(403, "Forbidden", error.message);
    case Code::kNotFound:
      return kind ? NotFound(*kind, name) : Make(404, "NotFound", error.message);
    case Code::kAlreadyExists:
      return kind ? AlreadyExists(*kind, name) : Make(409, "AlreadyExists", error.message);
    case Code::kConflict:
      return kind ? Stale(*kind, name) : Make(409, "Conflict", error.message);
    case Code::kExpired:
      return Expired(error.message);
    case Code::kTooLarge:
      return Make(413, "RequestEntityTooLarge", StrCat("Request entity too large: ", error.message));
    case Code::kUnsupported:
      return Make(501, "NotImplemented", error.message);
    case Code::kTooManyRequests:
      return TooManyRequests(error.message);
    case Code::kUnavailable:
    case Code::kCancelled: {
      Failure failure = Unavailable(error.message);
      if (error.retry_after) failure.retry_after = error.retry_after;
      return failure;
    }
    case Code::kTimeout:
    case Code::kInDoubt: {
      Failure failure = Make(504, "Timeout", error.message);
      failure.retry_after = error.retry_after.value_or(std::chrono::seconds(1));
      return failure;
    }
    case Code::kInternal:
      break;
  }
  return Make(500, "InternalError", StrCat("Internal error occurred: ", error.message));
}

Cause InvalidValue(std::string field, std::string_view value_json, std::string_view rule) {
  return {std::move(field), "FieldValueInvalid", StrCat("Invalid value: ", value_json, ": ", rule)};
}

Cause RequiredValue(std::string field, std::string_view why) {
  return {std::move(field), "FieldValueRequired", StrCat("Required value: ", why)};
}

Cause ForbiddenField(std::string field, std::string_view why) {
  return {std::move(field), "FieldValueForbidden", StrCat("Forbidden: ", why)};
}

Cause UnsupportedValue(std::string field, std::string_view value_json, std::string_view supported) {
  return {std::move(field), "FieldValueNotSupported",
          StrCat("Unsupported value: ", value_json, ": supported values: ", supported)};
}

Json ToStatus(const Failure& failure) {
  Json metadata = Json::object();
  if (!failure.next.empty()) metadata["continue"] = failure.next;
  Json status = {{"kind", "Status"},
                 {"apiVersion", "v1"},
                 {"metadata", std::move(metadata)},
                 {"status", "Failure"},
                 {"message", failure.message}};
  if (!failure.reason.empty()) status["reason"] = failure.reason;
  if (Json details = DetailsOf(failure); !details.empty()) status["details"] = std::move(details);
  status["code"] = failure.status;
  return status;
}

http::Response ToResponse(const Failure& failure) {
  http::Response response;
  response.status = failure.status;
  response.headers.Add("Content-Type", "application/json");
  if (failure.retry_after) response.headers.Add("Retry-After", std::to_string(Seconds(*failure.retry_after)));
  if (failure.status == 401) response.headers.Add("WWW-Authenticate", "Bearer realm=\"patchbay\"");
  response.body.push_back(std::make_shared<const std::string>(DumpJson(ToStatus(failure)) + "\n"));
  return response;
}

Json DeletedStatus(const Kind& kind, std::string_view name, std::string_view uid) {
  Json details = {{"name", name}};
  if (!kind.group.empty()) details["group"] = kind.group;
  details["kind"] = kind.plural;
  details["uid"] = uid;
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", Json::object()},
          {"status", "Success"},
          {"details", std::move(details)}};
}

}  // namespace patchbay::api

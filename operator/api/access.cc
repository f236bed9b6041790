#include "api/access.h"

#include <string>
#include <utility>

#include "base/text.h"

namespace patchbay::api {
namespace {

std::string Place(const Call& call) {
  return call.path.ns.empty() ? "at the cluster scope" : StrCat("in the namespace ", QuoteJson(call.path.ns));
}

std::string Target(const Call& call) {
  return call.path.subresource.empty() ? call.kind->plural : StrCat(call.kind->plural, "/", call.path.subresource);
}

}  // namespace

Answer<User> SpeakFor(const http::Request& request, User caller) {
  User user;
  user.name = request.headers.Get("Impersonate-User");
  for (const auto& [name, value] : request.headers.all()) {
    if (EqualsIgnoreCase(name, "Impersonate-Group")) user.groups.push_back(value);
  }
  if (user.name.empty() && user.groups.empty()) return caller;
  if (user.name.empty()) return BadRequest("groups are impersonated without a user");
  user.groups.push_back("system:authenticated");
  return user;
}

Failure Denied(const Call& call) {
  Failure failure;
  failure.status = 403;
  failure.reason = "Forbidden";
  const std::string user = StrCat("User ", QuoteJson(call.user.name), " cannot ");
  if (!call.kind) {
    failure.message = StrCat("forbidden: ", user, Lower(call.request().method), " path ",
                             QuoteJson(call.request().path));
    return failure;
  }
  const std::string& name = call.path.name;
  failure.message = StrCat(call.kind->Resource(), name.empty() ? "" : StrCat(" ", QuoteJson(name)), " is forbidden: ",
                           user, call.verb, " resource ", QuoteJson(Target(call)), " in API group ",
                           QuoteJson(call.kind->group), " ", Place(call));
  failure.name = name;
  failure.group = call.kind->group;
  failure.kind = call.kind->plural;
  return failure;
}

}  // namespace patchbay::api

#include "api/router.h"

#include <string>
#include <utility>

#include "api/access.h"
#include "api/event_view.h"
#include "api/paths.h"
#include "base/text.h"

namespace patchbay::api {
namespace {

std::string VerbOf(const Call& call) {
  if (call.IsMethod("POST")) return "create";
  if (call.IsMethod("PUT")) return "update";
  if (call.IsMethod("PATCH")) return "patch";
  if (call.IsMethod("DELETE")) return call.path.name.empty() ? "deletecollection" : "delete";
  if (call.IsMethod("GET")) return call.path.name.empty() ? "list" : "get";
  return "";
}

void Refuse(const CallPtr& call) { call->Fail(MethodNotAllowed(*call->kind, VerbOf(*call))); }

// A kind is found where its scope says; over all namespaces it can only be read.
bool FitsScope(const Call& call) {
  const ResourcePath& path = call.path;
  if (!call.kind->namespaced) return path.ns.empty();
  return !path.ns.empty() || (path.name.empty() && (call.kind->builtin || call.IsMethod("GET")));
}

}  // namespace

bool Router::Serve(const CallPtr& call) const {
  std::optional<ResourcePath> path = ParseResourcePath(call->request().path);
  if (!path) return false;
  call->path = *std::move(path);
  call->kind = kinds_.FindPlural(call->path.group, call->path.version, call->path.plural);
  if (!call->kind || !StoredKind(kinds_, *call->kind) || !FitsScope(*call)) {
    call->kind = nullptr;
    ReplyNoPage(call);
    return true;
  }
  call->stored = StoredKind(kinds_, *call->kind);
  if (std::string verb = VerbOf(*call); !verb.empty()) call->verb = std::move(verb);
  if (!call->allowed) {
    call->Fail(Denied(*call));
    return true;
  }
  call->cache = call->kind->mirrored ? mirror_ : &cache_;
  if (!cache_.synced()) {
    call->Fail(Unavailable("the database has not been read yet"));
    return true;
  }
  if (!call->cache || !call->cache->synced()) {
    call->Fail(Unavailable("the containers have not been looked at yet"));
    return true;
  }
  Answer<Form> form = ChooseForm(call->request());
  if (!form.ok() && call->path.subresource != "log") {
    call->Fail(form.error());
    return true;
  }
  if (form.ok()) call->form = *std::move(form);
  if (call->kind->mirrored) ServeMirrored(call);
  else ServeKind(call);
  return true;
}

// Only what can be done about a thing that nobody wishes by itself.
void Router::ServeMirrored(const CallPtr& call) const {
  const ResourcePath& path = call->path;
  if (path.subresource == "log") return ServeLog(call);
  if (path.subresource.empty() && call->IsMethod("GET")) {
    return path.name.empty() || path.watch ? ListOrWatch(call) : verbs_.reader.Get(call);
  }
  if (path.subresource.empty() && call->IsMethod("DELETE")) {
    return path.name.empty() ? verbs_.evictions.DeleteCollection(call) : verbs_.evictions.Delete(call);
  }
  Failure failure = MethodNotAllowed(*call->kind, VerbOf(*call));
  // What its document says of it says why.
  failure.message = path.subresource.empty()
                        ? FindString(call->kind->schema, {"description"})
                        : StrCat(path.plural, "/", path.subresource, " is not served here: change the Plugin that it belongs ",
                                 "to; for a look inside, ask the container engine (docker exec)");
  call->Fail(failure);
}

void Router::ServeKind(const CallPtr& call) const {
  const std::string& sub = call->path.subresource;
  if (call->path.name.empty()) return ServeCollection(call);
  if (sub.empty()) return ServeObject(call);
  if (sub == "status" && call->kind->has_status) return ServeStatus(call);
  if (sub == "scale" && call->kind->scale) return ServeScale(call);
  if (sub == "log" && call->kind->Resource() == kPlugins) return ServeLog(call);
  call->Fail(NotFound(*call->kind, call->path.name));
}

void Router::ListOrWatch(const CallPtr& call) const {
  const Answer<ListOptions> options = ParseListOptions(call->request().query, call->path.watch);
  if (!options.ok()) return call->Fail(options.error());
  if (!options->watch) return verbs_.reader.List(call, *options);
  call->verb = "watch";
  verbs_.watches.Start(call, *options);
}

void Router::ServeCollection(const CallPtr& call) const {
  if (call->IsMethod("GET")) return ListOrWatch(call);
  if (call->IsMethod("POST")) return verbs_.mutations.Create(call);
  if (call->IsMethod("DELETE") && call->kind->Resource() != kNamespaces) return verbs_.removals.DeleteCollection(call);
  if (call->IsMethod("PUT") || call->IsMethod("PATCH")) return call->Fail(BadRequest("name must be provided"));
  Refuse(call);
}

void Router::ServeObject(const CallPtr& call) const {
  if (call->IsMethod("GET")) return call->path.watch ? ListOrWatch(call) : verbs_.reader.Get(call);
  if (call->IsMethod("PUT")) return verbs_.mutations.Update(call);
  if (call->IsMethod("PATCH")) return verbs_.mutations.Patch(call);
  if (call->IsMethod("DELETE")) return verbs_.removals.Delete(call);
  Refuse(call);
}

void Router::ServeStatus(const CallPtr& call) const {
  if (call->IsMethod("GET")) return verbs_.reader.Get(call);
  if (call->IsMethod("PUT")) return verbs_.mutations.Update(call);
  if (call->IsMethod("PATCH")) return verbs_.mutations.Patch(call);
  Refuse(call);
}

void Router::ServeScale(const CallPtr& call) const {
  if (call->IsMethod("GET")) return verbs_.scales.Get(call);
  if (call->IsMethod("PUT")) return verbs_.scales.Update(call);
  if (call->IsMethod("PATCH")) return verbs_.scales.Patch(call);
  Refuse(call);
}

void Router::ServeLog(const CallPtr& call) const {
  if (call->IsMethod("GET")) return verbs_.logs.Get(call);
  Refuse(call);
}

}  // namespace patchbay::api

#include "api/mutations.h"

#include <memory>
#include <utility>

#include "api/admission.h"
#include "api/builtin.h"
#include "api/change.h"
#include "api/codec.h"
#include "api/event_view.h"
#include "api/patching.h"
#include "base/text.h"
#include "object/object.h"

namespace patchbay::api {
namespace {

// Custom kinds are only replaced by those who have read them.
Answer<void> CheckUpdateRevision(const Kind& kind, std::string_view name, const Json& object) {
  const std::string given = FindString(object, {"metadata", "resourceVersion"});
  if (!given.empty() && !ParseInt(given)) {
    return Invalid(kind, name, {InvalidValue("metadata.resourceVersion", QuoteJson(given), "must be a number")});
  }
  if (kind.builtin || (!given.empty() && given != "0")) return {};
  Failure failure =
      Invalid(kind, name, {InvalidValue("metadata.resourceVersion", "0x0", "must be specified for an update")});
  failure.message = StrCat(kind.Resource(), " ", QuoteJson(name), " is invalid: ", failure.causes[0].field, ": ",
                           failure.causes[0].message);
  failure.kind = kind.plural;
  return failure;
}

// A patch that may read or write what managers own must see it.
bool ReachesOwners(BodyType type, const Json& patch) {
  return type == BodyType::kJsonPatch || Find(patch, {"metadata", "managedFields"}) != nullptr;
}

// `after` is in the words of `kind`, `before` as it is stored.
Answer<void> CheckShown(const Kind& kind, const Json& before, const Json& after) {
  if (!IsEventView(kind)) return {};
  if (auto causes = CheckChangedEvent(kind, ToShown(kind, before), after); !causes.empty()) {
    return Invalid(kind, NameOf(before), std::move(causes));
  }
  return {};
}

}  // namespace

Mutations::Mutations(Writes& writes, const cache::Cache& cache, const Renderer& renderer, Clock& clock, Random& random)
    : writes_(writes), cache_(cache), renderer_(renderer), clock_(clock), random_(random) {}

void Mutations::Create(const CallPtr& call) { Run(call, OrderCreate(call)); }
void Mutations::Update(const CallPtr& call) { Run(call, OrderUpdate(call)); }
void Mutations::Patch(const CallPtr& call) {
  const bool applies = BodyTypeOf(call->request().headers.Get("Content-Type")) == BodyType::kApplyPatch;
  Run(call, applies ? OrderApply(call) : OrderPatch(call));
}

Part Mutations::PartOf(const Call& call) { return call.path.subresource == "status" ? Part::kStatus : Part::kMain; }

Author Mutations::AuthorOf(const Call& call, const WriteOptions& options) const {
  return {AuthorName(options.field_manager, call.request().headers), call.path.subresource, FormatTime(clock_.Wall())};
}

void Mutations::Run(const CallPtr& call, Answer<WriteOrder> order) {
  if (!order.ok()) return call->Fail(order.error());
  order->kind = call->kind;
  order->done = [this, call](const Answer<Written>& written) {
    if (!written.ok()) return call->Fail(written.error());
    call->Warn(written->foreseen);
    call->Reply(renderer_.Object(*call->kind, call->form, written->created ? 201 : 200, written->bytes));
  };
  writes_.Run(*std::move(order));
}

Answer<void> Mutations::CheckNamespace(const Kind& kind, std::string_view ns, std::string_view name) const {
  if (!kind.namespaced || ns.empty()) return {};
  const cache::EntryPtr entry = cache_.Get({std::string(kNamespaces), "", std::string(ns)});
  if (!entry && (ns == kDefaultNamespace || ns == kSystemNamespace)) {
    return Unavailable(StrCat("the server is starting: namespace ", ns, " is just being created"));
  }
  if (!entry) {
    Failure failure;
    failure.status = 404;
    failure.reason = "NotFound";
    failure.message = StrCat("namespaces ", QuoteJson(ns), " not found");
    failure.name = ns;
    failure.kind = kNamespaces;
    return failure;
  }
  if (entry->bytes->find("deletionTimestamp") == std::string::npos || !IsDeleting(ParseStored(*entry->bytes))) {
    return {};
  }
  Failure failure = Forbidden(
      kind, name, StrCat("unable to create new content in namespace ", ns, " because it is being terminated"));
  failure.causes = {{"metadata.namespace", "NamespaceTerminating", StrCat("namespace ", ns, " is being terminated")}};
  return failure;
}

Answer<void> Mutations::CheckFree(const Kind& kind, const Key& key) const {
  const cache::EntryPtr entry = cache_.Get(key);
  if (!entry) return {};
  Failure failure = AlreadyExists(kind, key.name);
  if (IsDeleting(ParseStored(*entry->bytes))) failure.message = "object is being deleted: " + failure.message;
  return failure;
}

Answer<WriteOrder> Mutations::OrderCreate(const CallPtr& call) {
  const Kind& kind = *call->kind;
  const http::Request& request = call->request();
  PATCHBAY_TRY(const WriteOptions options, ParseWriteOptions(request.query, "CreateOptions"));
  PATCHBAY_TRY(Decoded decoded,
               DecodeObject(kind, request.body, request.headers.Get("Content-Type"), options.fields));
  PATCHBAY_CHECK(CheckNamespace(kind, call->path.ns, NameOf(decoded.object)));
  call->Warn(decoded.findings);
  if (auto causes = CheckNewEvent(kind, decoded.object); !causes.empty()) {
    return Invalid(kind, NameOf(decoded.object), std::move(causes));
  }
  WriteOrder order;
  order.key = {call->stored->Resource(), call->path.ns, NameOf(decoded.object)};
  order.dry_run = options.dry_run;
  // Only a name that we make up is tried again: with a given one the tree is spent by the one attempt.
  const bool once = !order.key.name.empty();
  order.compute = [this, &stored = *call->stored, once, ns = call->path.ns, author = AuthorOf(*call, options),
                   sent = std::make_shared<Json>(ToStored(kind, std::move(decoded.object)))](
                      const cache::EntryPtr&) -> Answer<std::optional<cache::Intent>> {
    if (sent->is_null()) return Conflict(stored, "", "the object was changed meanwhile; please try again");
    Json object = once ? std::exchange(*sent, nullptr) : *sent;
    PATCHBAY_CHECK(AdmitCreate(stored, ns, author.now, random_, object));
    TrackCreate(stored, author, object);
    cache::Intent intent = MakeCreate(stored, std::move(object));
    PATCHBAY_CHECK(CheckFree(stored, intent.key));
    return std::optional(std::move(intent));
  };
  return order;
}

Answer<WriteOrder> Mutations::OrderUpdate(const CallPtr& call) {
  const Kind& kind = *call->kind;
  const http::Request& request = call->request();
  PATCHBAY_TRY(const WriteOptions options, ParseWriteOptions(request.query, "UpdateOptions"));
  PATCHBAY_TRY(Decoded decoded,
               DecodeObject(kind, request.body, request.headers.Get("Content-Type"), options.fields));
  PATCHBAY_CHECK(CheckAddress(call->path.ns, call->path.name, decoded.object));  // told before anything else
  call->Warn(decoded.findings);
  WriteOrder order;
  order.key = call->key();
  order.dry_run = options.dry_run;
  order.compute =
      [&kind, stored = call->stored, name = call->path.name, part = PartOf(*call), author = AuthorOf(*call, options),
       sent = std::move(decoded.object)](const cache::EntryPtr& current) -> Answer<std::optional<cache::Intent>> {
    if (!current) return NotFound(kind, name);
    PATCHBAY_CHECK(CheckUpdateRevision(kind, name, sent));
    const Json before = ParseOwned(*current->bytes);
    PATCHBAY_CHECK(CheckShown(kind, before, sent));
    return Replace({*stored, *current, before, part, false, author}, ToStored(kind, sent));
  };
  return order;
}

Answer<WriteOrder> Mutations::OrderPatch(const CallPtr& call) {
  const Kind& kind = *call->kind;
  const http::Request& request = call->request();
  const BodyType type = BodyTypeOf(request.headers.Get("Content-Type"));
  PATCHBAY_CHECK(CheckPatchType(kind, type));
  PATCHBAY_TRY(const WriteOptions options, ParseWriteOptions(request.query, "PatchOptions"));
  PATCHBAY_TRY(Decoded patch, DecodePatch(request.body));
  WriteOrder order;
  order.key = call->key();
  order.dry_run = options.dry_run;
  auto findings = std::make_shared<Findings>();
  order.compute = [call, type, findings, author = AuthorOf(*call, options), fields = options.fields,
                   patch = std::move(patch)](const cache::EntryPtr& current) -> Answer<std::optional<cache::Intent>> {
    if (!current) return NotFound(*call->kind, call->path.name);
    const Json before = ParseOwned(*current->bytes);
    const bool whole = ReachesOwners(type, patch.object);
    Json seen = whole ? ToShown(*call->kind, ParseStored(*current->bytes)) : ToShown(*call->kind, before);
    PATCHBAY_TRY(Json object, ApplyPatch(type, std::move(seen), patch.object));
    Findings found = patch.findings;
    PATCHBAY_CHECK(DropUnknown(*call->kind, fields, object, found));
    if (findings->empty()) call->Warn(*findings = std::move(found));
    PATCHBAY_CHECK(CheckShown(*call->kind, before, object));
    return Replace({*call->stored, *current, before, PartOf(*call), true, author},
                   ToStored(*call->kind, std::move(object)));
  };
  return order;
}

}  // namespace patchbay::api

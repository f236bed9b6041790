#include "api/removals.h"

#include <utility>
#include <vector>

#include "api/builtin.h"
#include "api/change.h"
#include "api/codec.h"
#include "api/owners.h"
#include "api/protection.h"
#include "api/selection.h"
#include "base/text.h"
#include "object/object.h"
#include "object/protection.h"

namespace patchbay::api {
namespace {

// Here Kubernetes names the kind, not its plural.
Failure Unmet(const Kind& kind, const cache::Entry& entry, std::string_view why) {
  Kind named;
  named.group = kind.group;
  named.plural = kind.kind;
  return Conflict(named, entry.key.name, why);
}

Answer<std::optional<cache::Intent>> Remove(const Kind& kind, const cache::Entry& entry, const DeleteOptions& options,
                                            std::string_view now) {
  Json object = ParseStored(*entry.bytes);
  PATCHBAY_CHECK(CheckProtection(kind, object));
  const bool doomed = IsDeleting(object);
  if (!doomed) MarkPropagation(options.propagation, object);
  if (FinalizersOf(object).empty()) return std::optional(MakeDelete(kind, entry, std::move(object)));
  const bool forced = kind.tended && options.grace == 0L && !IsForceDeleted(object);
  if (doomed && !forced) return std::optional<cache::Intent>();
  const Json before = object;
  if (forced) object["metadata"]["annotations"][kForceDelete] = "true";
  if (doomed) return std::optional(MakeUpdate(kind, entry, before, std::move(object)));
  return std::optional(MakeDoomed(kind, entry, std::move(object), now));
}

void ReplyRemoved(const CallPtr& call, const Renderer& renderer, const Answer<Written>& written) {
  if (!written.ok()) return call->Fail(written.error());
  call->Warn(written->foreseen);
  if (written->removed) {
    return call->Reply(JsonResponse(200, DeletedStatus(*call->kind, call->path.name, written->uid)));
  }
  call->Reply(renderer.Object(*call->kind, call->form, 200, written->bytes));
}

}  // namespace

Answer<void> CheckPreconditions(const Kind& kind, const cache::Entry& entry, const DeleteOptions& options) {
  if (options.uid && *options.uid != entry.uid) {
    return Unmet(kind, entry,
                 StrCat("the UID in the precondition (", *options.uid, ") does not match the UID in record (",
                           entry.uid, "). The object might have been deleted and then recreated"));
  }
  if (options.revision && *options.revision != std::to_string(entry.revision)) {
    return Unmet(kind, entry,
                 StrCat("the ResourceVersion in the precondition (", *options.revision,
                           ") does not match the ResourceVersion in record (", entry.revision,
                           "). The object might have been modified"));
  }
  return {};
}

Answer<DeleteOptions> DeleteOptionsOf(const Call& call) {
  const http::Request& request = call.request();
  return ParseDeleteOptions(request.query, request.body, request.headers.Get("Content-Type"));
}

Answer<cache::Page> SelectDoomed(const Call& call) {
  PATCHBAY_TRY(const ListOptions wanted, ParseListOptions(call.request().query, false));
  PATCHBAY_TRY(const Selection selection, Selection::Make(*call.kind, call.path.ns, "", wanted));
  Result<cache::Page> page = call.cache->List(selection.Query());
  if (!page.ok()) return FromError(page.error(), call.kind, "");
  return *std::move(page);
}

void RunDeletions(Writes& writes, const Renderer& renderer, const CallPtr& call, std::vector<WriteOrder> orders,
                  std::vector<Bytes> listed, Revision revision) {
  RunAll(writes, std::move(orders),
         [&renderer, call, listed = std::move(listed), revision](const std::vector<Answer<Written>>& all) {
           for (const Answer<Written>& written : all) {
             if (!written.ok() && written.error().status != 404) return call->Fail(written.error());
             if (written.ok()) call->Warn(written->foreseen);
           }
           call->Reply(renderer.List(*call->kind, call->form, listed, {revision, "", 0}));
         });
}

Removals::Removals(Writes& writes, const Kinds& kinds, const cache::Cache& cache, const Renderer& renderer, Clock& clock)
    : writes_(writes), kinds_(kinds), cache_(cache), renderer_(renderer), clock_(clock) {}

WriteOrder Removals::MakeOrder(const Kind& kind, Key key, const DeleteOptions& options) const {
  WriteOrder order;
  order.kind = &kind;
  order.key = std::move(key);
  order.dry_run = options.dry_run;
  order.compute = [this, &kind, name = order.key.name,
                   options](const cache::EntryPtr& current) -> Answer<std::optional<cache::Intent>> {
    if (!current) return NotFound(kind, name);
    PATCHBAY_CHECK(CheckPreconditions(kind, *current, options));
    return Remove(kind, *current, options, FormatTime(clock_.Wall()));
  };
  return order;
}

void Removals::Delete(const CallPtr& call) {
  const Answer<DeleteOptions> options = DeleteOptionsOf(*call);
  if (!options.ok()) return call->Fail(options.error());
  if (call->kind->builtin && call->kind->plural == kNamespaces) return DeleteNamespace(call, *options);
  WriteOrder order = MakeOrder(*call->stored, call->key(), *options);
  order.done = [this, call](const Answer<Written>& written) { ReplyRemoved(call, renderer_, written); };
  writes_.Run(std::move(order));
}

void Removals::DeleteCollection(const CallPtr& call) {
  const Answer<DeleteOptions> options = DeleteOptionsOf(*call);
  if (!options.ok()) return call->Fail(options.error());
  const Answer<cache::Page> page = SelectDoomed(*call);
  if (!page.ok()) return call->Fail(page.error());
  if (const Answer<void> free = CheckProtection(*call->stored, page->entries); !free.ok()) return call->Fail(free.error());

  std::vector<WriteOrder> orders;
  std::vector<Bytes> listed;  // the answer: what was there, as it was
  orders.reserve(page->entries.size());
  for (const cache::EntryPtr& entry : page->entries) {
    orders.push_back(MakeOrder(*call->stored, entry->key, *options));
    listed.push_back(entry->bytes);
  }
  RunDeletions(writes_, renderer_, call, std::move(orders), std::move(listed), page->revision);
}

WriteOrder Removals::MarkNamespace(const Kind& kind, const std::string& name, const DeleteOptions& options) const {
  WriteOrder order;
  order.kind = &kind;
  order.key = {kind.Resource(), "", name};
  order.dry_run = options.dry_run;
  order.compute = [this, &kind, name,
                   options](const cache::EntryPtr& current) -> Answer<std::optional<cache::Intent>> {
    if (!current) return NotFound(kind, name);
    PATCHBAY_CHECK(CheckPreconditions(kind, *current, options));
    Json object = ParseStored(*current->bytes);
    if (IsDeleting(object)) return std::optional<cache::Intent>();
    PATCHBAY_CHECK(CheckProtection(kind, object));
    PATCHBAY_CHECK(CheckProtectionIn(name, kinds_, cache_));
    object["status"]["phase"] = "Terminating";
    return std::optional(MakeDoomed(kind, *current, std::move(object), FormatTime(clock_.Wall())));
  };
  return order;
}

void Removals::DeleteNamespace(const CallPtr& call, const DeleteOptions& options) {
  const std::string& name = call->path.name;
  if (name == kDefaultNamespace || name == kSystemNamespace) {
    return call->Fail(Forbidden(*call->kind, name, "this namespace may not be deleted"));
  }
  WriteOrder mark = MarkNamespace(*call->kind, name, options);
  mark.done = [this, call](const Answer<Written>& marked) { ReplyRemoved(call, renderer_, marked); };
  writes_.Run(std::move(mark));
}

}  // namespace patchbay::api

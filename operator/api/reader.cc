#include "api/reader.h"

#include <utility>
#include <vector>

#include "api/selection.h"
#include "base/text.h"

namespace patchbay::api {
namespace {

constexpr std::string_view kContinueExpired =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list.";

// Where the list begins and at which revision it stands.
Answer<void> Position(const ListOptions& options, cache::ListQuery& query) {
  if (!options.next.empty()) {
    PATCHBAY_TRY(const ContinueToken token, DecodeContinue(options.next));
    query.after = token.after;
    query.at = token.revision > 0 ? token.revision : 0;
    query.limit = options.limit;
    return {};
  }
  const bool any = options.revision == Revision(0);  // whatever there is, and all of it
  query.limit = any && options.match != RevisionMatch::kNotOlderThan ? 0 : options.limit;
  const bool exact = options.match == RevisionMatch::kExact ||
                     (options.match == RevisionMatch::kUnset && options.limit > 0 && !any);
  if (exact && options.revision) query.at = *options.revision;
  return {};
}

Failure ListFailure(const Error& error, const ListOptions& options, const cache::ListQuery& query, const Kind& kind) {
  if (error.code == Code::kExpired && !options.next.empty()) {
    Failure failure = Expired(std::string(kContinueExpired));
    failure.next = EncodeContinue({-1, query.after});
    return failure;
  }
  if (error.code == Code::kExpired) return Expired("The resourceVersion for the provided list is too old.");
  if (error.code == Code::kInvalid && !options.next.empty()) {
    return BadRequest("invalid continue token: continue key is not valid: " + error.message);
  }
  return FromError(error, &kind, "");
}

}  // namespace

Reader::Reader(const Renderer& renderer, Threads& threads) : renderer_(renderer), threads_(threads) {}

void Reader::When(const CallPtr& call, std::optional<Revision> revision, std::function<void()> go) const {
  if (!revision || *revision <= call->cache->revision()) return go();
  const bool taken = threads_.Run([this, call, wanted = *revision, go = std::move(go)] {
    if (const Result<void> caught_up = call->cache->CatchUp(); !caught_up.ok()) {
      return call->Fail(FromError(caught_up.error(), nullptr, ""));
    }
    if (wanted > call->cache->revision()) return call->Fail(TooLargeRevision(wanted, call->cache->revision()));
    go();
  });
  if (!taken) call->Fail(TooLargeRevision(*revision, call->cache->revision()));
}

void Reader::Get(const CallPtr& call) const {
  const std::string_view revision = call->request().query.Get("resourceVersion");
  std::optional<Revision> wanted;
  if (!revision.empty()) {
    const std::optional<long> number = ParseInt(revision);
    if (!number) return call->Fail(BadRequest(StrCat("resourceVersion: Invalid value: ", QuoteJson(revision))));
    wanted = *number;
  }
  When(call, wanted, [this, call] {
    const cache::EntryPtr entry = call->cache->Get(call->key());
    if (!entry) return call->Fail(NotFound(*call->kind, call->path.name));
    call->Reply(renderer_.Object(*call->kind, call->form, 200, entry->bytes));
  });
}

void Reader::List(const CallPtr& call, const ListOptions& options) const {
  When(call, options.revision, [this, call, options] { ListNow(call, options); });
}

void Reader::ListNow(const CallPtr& call, const ListOptions& options) const {
  const Answer<Selection> selection = Selection::Make(*call->kind, call->path.ns, "", options);
  if (!selection.ok()) return call->Fail(selection.error());
  cache::ListQuery query = selection->Query();
  if (const Answer<void> placed = Position(options, query); !placed.ok()) return call->Fail(placed.error());
  const Result<cache::Page> page = call->cache->List(query);
  if (!page.ok()) return call->Fail(ListFailure(page.error(), options, query, *call->kind));

  std::vector<Bytes> objects;
  objects.reserve(page->entries.size());
  for (const cache::EntryPtr& entry : page->entries) objects.push_back(entry->bytes);
  ListMeta meta{page->revision, "", 0};
  if (!page->next.empty()) {
    meta.next = EncodeContinue({page->revision, page->next});
    if (selection->everything()) meta.remaining = page->remaining;
  }
  call->Reply(renderer_.List(*call->kind, call->form, std::move(objects), meta));
}

}  // namespace patchbay::api

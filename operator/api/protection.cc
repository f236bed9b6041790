#include "api/protection.h"

#include <algorithm>
#include <functional>
#include <string_view>

#include "api/codec.h"
#include "base/text.h"
#include "object/object.h"
#include "object/protection.h"

namespace patchbay::api {
namespace {

constexpr std::size_t kMostNamed = 5;

bool Holds(const Json& object) { return IsProtected(object) && !IsDeleting(object); }

std::string Word(const Kind& kind, std::string_view name) {
  return StrCat(kind.singular, kind.group.empty() ? "" : ".", kind.group, "/", name);
}

std::string HowToLift(const std::string& word, const std::string& ns) {
  return StrCat("kubectl annotate ", word, ns.empty() ? "" : " -n ", ns, " ", kProtected, "-");
}

std::string Listed(const std::vector<std::string>& words) {
  const std::size_t named = std::min(words.size(), kMostNamed);
  const std::string list = Join({words.begin(), words.begin() + static_cast<std::ptrdiff_t>(named)}, ", ");
  return words.size() > named ? StrCat(list, " and ", words.size() - named, " more") : list;
}

std::vector<std::string> FindHeld(const Kind& kind, const std::vector<cache::EntryPtr>& entries) {
  std::vector<std::string> held;
  for (const cache::EntryPtr& entry : entries)
    if (MayBeProtected(*entry) && Holds(ParseStored(*entry->bytes))) held.push_back(Word(kind, entry->key.name));
  return held;
}

}  // namespace

bool MayBeProtected(const cache::Entry& entry) {
  static const std::string_view kText = kProtected;
  static const std::boyer_moore_horspool_searcher kSearcher(kText.begin(), kText.end());
  return std::search(entry.bytes->begin(), entry.bytes->end(), kSearcher) != entry.bytes->end();
}

Answer<void> CheckProtection(const Kind& kind, const Json& object) {
  if (!Holds(object)) return {};
  return Forbidden(kind, NameOf(object),
                   StrCat("the annotation ", kProtected, " protects it from being deleted; to lift that: ",
                          HowToLift(Word(kind, NameOf(object)), NamespaceOf(object))));
}

Answer<void> CheckProtection(const Kind& kind, const std::vector<cache::EntryPtr>& entries) {
  const std::vector<std::string> held = FindHeld(kind, entries);
  if (held.empty()) return {};
  return Forbidden(kind, "", StrCat("nothing was deleted, because the annotation ", kProtected, " protects ",
                                    Listed(held), "; to lift that: ",
                                    HowToLift(held.front(), entries.front()->key.ns)));
}

Answer<void> CheckProtectionIn(const std::string& ns, const Kinds& kinds, const cache::Cache& cache) {
  std::vector<std::string> held;
  for (const Kind& kind : kinds.all()) {
    if (!kind.namespaced || kind.mirrored || kind.Resource() == kEvents) continue;
    cache::ListQuery query;
    query.resource = kind.Resource();
    query.ns = ns;
    const Result<cache::Page> page = cache.List(query);
    if (!page.ok()) continue;
    for (std::string& word : FindHeld(kind, page->entries)) held.push_back(std::move(word));
  }
  if (held.empty()) return {};
  const Kind* namespaces = kinds.FindResource(kNamespaces);
  return Forbidden(*namespaces, ns,
                   StrCat("the annotation ", kProtected, " protects what is in it from being deleted: ", Listed(held),
                          "; to lift that: ", HowToLift(held.front(), ns)));
}

}  // namespace patchbay::api

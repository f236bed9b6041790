#include "api/applying.h"

#include <utility>
#include <vector>

#include "api/builtin.h"
#include "api/last_applied.h"
#include "base/text.h"
#include "object/object.h"
#include "schema/merge.h"

namespace patchbay::api {
namespace {

constexpr const char* kBeforeFirst = "before-first-apply";

struct Contest {
  Owner owner;
  std::vector<std::string> paths;
};

Failure ToFailure(const std::vector<Contest>& contests) {
  Failure failure;
  failure.status = 409;
  failure.reason = "Conflict";
  std::vector<std::string> lines;
  for (const Contest& contest : contests) {
    const std::string who = contest.owner.Print();
    lines.push_back(StrCat("conflicts with ", who, ":"));
    for (const std::string& path : contest.paths) {
      lines.push_back("- " + path);
      failure.causes.push_back({path, "FieldManagerConflict", "conflict with " + who});
    }
  }
  const std::size_t count = failure.causes.size();
  failure.message =
      count == 1 ? StrCat("Apply failed with 1 conflict: ", failure.causes[0].message, ": ", failure.causes[0].field)
                 : StrCat("Apply failed with ", count, " conflicts: ", Join(lines, "\n"));
  return failure;
}

// Fields that others own and that change; `allowed` are no matter.
std::vector<Contest> FindContests(const Ownership& ownership, const Owner& self, const FieldSet& changed,
                                  const FieldSet& allowed) {
  std::vector<Contest> contests;
  for (const Share& share : ownership.shares()) {
    if (share.owner.Is(self)) continue;
    const FieldSet contested = Difference(Intersection(share.fields.set(), changed), allowed);
    if (!contested.empty()) contests.push_back({share.owner, contested.Paths()});
  }
  return contests;
}

// Metadata is never given up as a whole: what nobody owns in it stays.
FieldSet WithNamed(const Kind& kind, const FieldSet& fields) {
  FieldSet named = WithNamedFields(kind, fields);
  const FieldSet* metadata = fields.Find("f:metadata");
  if (metadata != nullptr) named.Put("f:metadata", *metadata);
  return named;
}

// Takes out of `merged` what was applied last and is owned by nobody now. The three steps are structured-merge-diff's:
// what goes with a field that was given up comes back when somebody owns it, and only what was given up goes in the
// end.
Json Prune(const Kind& kind, const Json& merged, const Ownership& ownership, const FieldSet& last) {
  if (last.empty()) return merged;
  const FieldSet given_up = WithNamed(kind, last);
  const FieldSet all = WithNamed(kind, AppliedFields(kind, merged));
  const FieldSet owned = WithNamed(kind, ownership.All());
  const auto fields_of = [&](const Json& object) { return WithNamed(kind, AppliedFields(kind, object)); };
  const FieldSet kept = Union(fields_of(RemoveFields(kind, merged, given_up)), owned);
  const FieldSet rest = fields_of(RemoveFields(kind, merged, Difference(all, kept)));
  return RemoveFields(kind, merged, Intersection(Difference(all, rest), given_up));
}

Comparison CompareOwnable(const Kind& kind, const Author& author, const Json& before, const Json& after) {
  Comparison change = Compare(kind, before, after);
  for (FieldSet* fields : {&change.added, &change.modified, &change.removed}) {
    DropSystemFields(kind, author.subresource, *fields);
  }
  return change;
}

Ownership OwnershipOf(const Kind& kind, const Author& author, const Json& live) {
  Ownership ownership = Ownership::Of(live);
  if (!ownership.empty()) return ownership;
  FieldSet fields = EveryField(kind, live, true);
  DropSystemFields(kind, author.subresource, fields);
  Author before = author;
  before.name = kBeforeFirst;
  ownership.Set(before.AsOwner(kind, false), std::move(fields), author.now);
  return ownership;
}

}  // namespace

Answer<Applied> ApplyTo(const Kind& kind, const Author& author, bool force, const Json& live,
                        const Configuration& configuration) {
  const Owner self = author.AsOwner(kind, true);
  Ownership ownership = OwnershipOf(kind, author, live);
  const OwnedFields last = ownership.Find(self) ? *ownership.Find(self) : FieldSet();
  OwnedFields fields = FieldsToOwn(kind, author, configuration.object);
  const bool same_fields = fields == last;
  const bool gives_up = !same_fields && !Difference(last.set(), fields.set()).empty();
  ownership.Set(self, std::move(fields), author.now);
  Json merged = Merge(kind, live, configuration.object);
  // What was applied as empty goes with the last field that was given up in it.
  if (gives_up) merged = Merge(kind, Prune(kind, merged, ownership, last.set()), configuration.object);
  const Comparison change = CompareOwnable(kind, author, live, merged);
  if (!force) {
    const FieldSet changed = Union(change.modified, change.added);
    std::vector<Contest> contests = FindContests(ownership, self, changed, {});
    if (!contests.empty() && author.name == kKubectl) {
      contests = FindContests(ownership, self, changed, FieldsOfLastApplied(kind, live));
    }
    if (!contests.empty()) return ToFailure(contests);
  }
  ownership.Yield(change, &self);
  ownership.MergeAncient();
  const bool refreshes = author.name == kKubectl && author.subresource.empty() && !configuration.sent.is_null();
  if (refreshes) RefreshLastApplied(configuration.sent, merged);
  if (same_fields && change.same()) {
    const Json* managed = Find(live, {"metadata", "managedFields"});
    return Applied{std::move(merged), managed == nullptr ? Json() : *managed};
  }
  return Applied{std::move(merged), ownership.ToJson()};
}

Answer<Applied> ApplyNew(const ConfigurationFor& target, const Author& author, const Configuration& configuration) {
  if (const std::string uid = UidOf(configuration.object); !uid.empty()) {
    return Conflict(
        target.kind, target.name,
        StrCat("uid mismatch: the provided object specified uid ", uid, ", and no existing object was found"));
  }
  Ownership ownership;
  ownership.Set(author.AsOwner(target.kind, true), FieldsToOwn(target.kind, author, configuration.object), author.now);
  Applied applied{configuration.object, ownership.ToJson()};
  Json& metadata = applied.object["metadata"];
  metadata["name"] = target.name;
  metadata.erase("resourceVersion");
  return applied;
}

}  // namespace patchbay::api

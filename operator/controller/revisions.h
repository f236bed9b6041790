// The history of a plugin's spec as apps/v1 ControllerRevisions, one for each that was acted on, for `patchbay rollout
// history` and `undo`. Names follow from the content, so that a crash between two writes leaves nothing doubled; owner
// references let the API's collector remove them with the plugin. Thread-safe for different plugins.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "object/json.h"

namespace patchbay::controller {

inline constexpr std::string_view kRevisions = "controllerrevisions.apps";

// The part of `plugin` that a rollback restores: spec without what says how many, whether and how eagerly (replicas,
// enabled, strategy, reconcile, revisionHistoryLimit). {"spec":{...}}
Json RevisionData(const Json& plugin);
// `plugin` with the spec that a ControllerRevision has; what does not belong to a revision stays.
Json WithRevision(const Json& plugin, const Json& revision);
// "<plugin>-<digest of its uid and the data>": the same for the same content in any order of members.
std::string RevisionName(const Json& plugin, const Json& data);

class Revisions {
 public:
  Revisions(cache::Cache& cache, cache::Committer& committer, Clock& clock, Random& random)
      : cache_(cache), committer_(committer), clock_(clock), random_(random) {}

  // Sees to it that the revision with the highest number is what `plugin` says now, and that beside it at most
  // spec.revisionHistoryLimit are kept, the newest, and status.stableRevision (unless that limit is 0). Writes nothing when it is so. Blocks.
  Result<void> Keep(const Json& plugin);

 private:
  struct Revision {
    std::string name;
    std::string uid;
    std::int64_t number = 0;
  };
  std::vector<Revision> Of(const Json& plugin) const;  // by number
  Result<void> Create(const Json& plugin, Json data, const std::string& name, std::int64_t number);
  Result<void> Renumber(const Json& plugin, const Revision& revision, std::int64_t number);

  cache::Cache& cache_;
  cache::Committer& committer_;
  Clock& clock_;
  Random& random_;
};

}  // namespace patchbay::controller

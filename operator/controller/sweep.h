// Containers of this installation whose owner is no more: removed, carefully. Thread-safe.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "controller/metrics.h"
#include "controller/observer.h"
#include "controller/outcome.h"
#include "driver/runtime/runtime.h"

namespace patchbay::controller {

// Those of these containers whose owner is not in the cache.
std::vector<driver::Container> FindOrphans(const cache::Cache& cache, const std::vector<driver::Container>& all);
// So many orphans of `all` containers are removed at once; more are left alone.
std::size_t PruneBudget(int most, std::size_t all);
// Made while its Plugin was protected (object/protection.h): it stays although nobody wants it.
bool IsGuarded(const driver::Container& container);

class Sweep {
 public:
  struct Parts {
    cache::Cache& cache;
    cache::Committer& committer;
    driver::Runtime& runtime;
    Observer& observer;
    Metrics& metrics;
    int most = 10;
  };
  explicit Sweep(Parts parts) : parts_(parts) {}

  // This owner's row was seen to go. What was protected then keeps its containers; what was not loses even those that
  // were made when it was.
  void NoteGone(const std::string& owner_uid, bool was_protected) { (*state_.Lock()).gone[owner_uid] = was_protected; }
  // An owner that was not seen to go has to be missing at two sweeps. Too many orphans at once are left alone.
  Outcome Run();

 private:
  struct Found {
    std::vector<driver::Container> orphans;  // to be removed
    int kept = 0;                            // protected
    bool again = false;                      // missing for the first time
  };
  Found Sort(const std::vector<driver::Container>& orphans);
  Result<void> Remove(const driver::Container& orphan);
  // Once, until it is something else.
  void Tell(const std::string& reason, const std::string& message);

  const Parts parts_;
  struct State {
    std::map<std::string, bool> gone;  // owners, and whether they were protected
    std::set<std::string> suspect;     // owners missing at the last sweep
    std::map<std::string, std::string> told;  // by reason
  };
  Guarded<State> state_;
};

}  // namespace patchbay::controller

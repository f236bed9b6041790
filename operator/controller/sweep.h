// Containers of this installation whose owner is no more: removed, carefully. Thread-safe.
#pragma once

#include <set>
#include <string>

#include "base/guarded.h"
#include "cache/cache.h"
#include "controller/metrics.h"
#include "controller/observer.h"
#include "controller/outcome.h"
#include "driver/runtime/runtime.h"

namespace patchbay::controller {

class Sweep {
 public:
  Sweep(cache::Cache& cache, driver::Runtime& runtime, Observer& observer, Metrics& metrics, int most)
      : cache_(cache), runtime_(runtime), observer_(observer), metrics_(metrics), most_(most) {}

  // This owner's row was seen to go.
  void NoteGone(const std::string& owner_uid) { state_.Lock()->gone.insert(owner_uid); }
  // An owner that was not seen to go has to be missing at two sweeps. Too many orphans at once are left alone.
  Outcome Run();

 private:
  std::vector<driver::Container> FindOrphans(const std::vector<driver::Container>& all, bool& again);

  cache::Cache& cache_;
  driver::Runtime& runtime_;
  Observer& observer_;
  Metrics& metrics_;
  const int most_;
  struct State {
    std::set<std::string> gone;     // owners
    std::set<std::string> suspect;  // owners missing at the last sweep
  };
  Guarded<State> state_;
};

}  // namespace patchbay::controller

// Containers that somebody else made and that a Plugin takes over as they run: the annotation names them, the status
// remembers them (an engine cannot label what is there), Runtime::Claim makes them ours for the rest of the program.
// Each counts as a replica of the revision that was wished when it was taken over; the next change replaces it like
// any.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cache/cache.h"
#include "cache/committer.h"
#include "controller/desired.h"
#include "controller/observer.h"
#include "controller/plugin_memory.h"
#include "driver/runtime/runtime.h"
#include "object/json.h"

namespace patchbay::controller {

inline constexpr const char* kAdoptionConflict = "AdoptionConflict";  // it is another's, or there is no place for it
inline constexpr const char* kAdoptionNotFound = "AdoptionNotFound";  // the engine, or the gateway, has no such thing

// status.adopted.
std::vector<AdoptedContainer> ReadAdopted(const Json& plugin);

// What of the annotation can be done: all of it or, with a problem, nothing.
struct Takeover {
  std::string request;                       // the annotation
  std::vector<AdoptedContainer> containers;  // with the places (ordinals) they get
  std::vector<Cause> problems;
};
// `own`: the plugin's containers. `inspect`: Runtime::Inspect; its error, unless it is kNotFound, is returned. Nothing
// is to be done when the annotation was acted on before, or while the plugin wishes for no container.
Result<Takeover> FindTakeover(const Json& plugin, const Desired& desired, const std::vector<driver::Container>& own,
                              const cache::Cache& cache,
                              const std::function<Result<driver::Container>(const std::string&)>& inspect);

// Thread-safe for different plugins.
class Adoption {
 public:
  Adoption(cache::Cache& cache, cache::Committer& committer, driver::Runtime& runtime, Observer& observer)
      : cache_(cache), committer_(committer), runtime_(runtime), observer_(observer) {}

  // Claims what the status remembers and, once that is committed, what the annotation names; alters `plugin`'s status
  // as it was committed. What cannot be done becomes a problem of `desired`: nothing is made meanwhile. Blocks.
  Result<void> Keep(Json& plugin, Desired& desired, PluginMemory& memory);
  // Those that are not among `present` any more are no longer claimed.
  void Settle(const Desired& desired, const std::vector<driver::Container>& present, PluginMemory& memory);
  // The plugin is gone: what it had taken over and is still there is nobody's again.
  void Release(const std::string& owner_uid) { static_cast<void>(runtime_.Claim(owner_uid, {})); }

 private:
  Result<void> Claim(const Desired& desired, const PluginMemory& memory);
  Result<void> TakeOver(Takeover takeover, Json& plugin, const Desired& desired, PluginMemory& memory);

  cache::Cache& cache_;
  cache::Committer& committer_;
  driver::Runtime& runtime_;
  Observer& observer_;
};

}  // namespace patchbay::controller

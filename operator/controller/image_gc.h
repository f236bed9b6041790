// Images that we pulled and nobody needs any more, removed after a while. What we pulled is remembered in the ConfigMap
// patchbay-system/patchbay-pulled-images, written before each first pull; what was there before is never touched, nor
// what a container (ours or not), a Plugin or a stored revision (a rollback) needs, nor anything after a failed or empty
// read. Thread-safe; calls block.
#pragma once

#include <chrono>
#include <functional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "controller/metrics.h"
#include "controller/outcome.h"
#include "driver/runtime/runtime.h"
#include "object/json.h"

namespace patchbay::controller {

class ImageGc {
 public:
  struct Parts {
    cache::Cache& cache;
    cache::Committer& committer;
    driver::Runtime& runtime;
    Clock& clock;
    Random& random;
    Metrics& metrics;
    std::chrono::milliseconds after{0};  // unneeded for so long; 0: nothing is removed, nothing remembered
  };
  explicit ImageGc(Parts parts) : parts_(parts) {}

  // It is about to be pulled.
  void NotePull(const std::string& image);
  // Asks the engine only when something remembered is not needed.
  Outcome Run();

 private:
  // By canonical reference: {"unusedSince": RFC 3339, absent while it is needed}.
  Json Remembered() const;
  Result<void> Change(const std::function<void(Json& images)>& change);
  // The canonical references that Plugins and their revisions name. kUnavailable when one cannot be read.
  Result<std::set<std::string>> FindNeeded() const;
  // Writes down since when each is not needed, forgets what is not there; the references whose time is up.
  Result<std::set<std::string>> Mark(const std::set<std::string>& needed, const std::vector<driver::Image>& images);
  Result<void> RemoveAll(const std::set<std::string>& due);
  std::chrono::milliseconds Pause() const;

  const Parts parts_;
};

}  // namespace patchbay::controller

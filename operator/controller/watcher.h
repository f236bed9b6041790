// From committed changes to keys. What only wrote status wakes nobody: generation moves with the spec alone, and what
// else may matter to us stands in metadata.
#pragma once

#include <functional>

#include "cache/cache.h"

namespace patchbay::controller {

class KeyWatcher : public cache::Watcher {
 public:
  // Of this object's spec or metadata; must not block.
  explicit KeyWatcher(std::function<void(const cache::Step& step)> on_change) : on_change_(std::move(on_change)) {}
  void OnStep(const cache::StepPtr& step) override;
  void OnProgress(Revision) override {}

 private:
  const std::function<void(const cache::Step&)> on_change_;
};

// False when the step changed nothing but status (and resourceVersion).
bool IsSignificant(const cache::Step& step);

}  // namespace patchbay::controller

// metrics.k8s.io/v1beta1 pods: what containers use, asked of the engine when somebody asks for it (`kubectl top pods`).
// Thread-safe; the asking is done backstage.
#pragma once

#include <string>
#include <vector>

#include "api/api.h"
#include "api/call.h"
#include "api/threads.h"

namespace patchbay::api {

// What discovery says of it: without a schema, to be read alone.
const Kind& PodMetricsKind();

class PodMetrics {
 public:
  PodMetrics(const Backstage& backstage, const Kinds& kinds, Clock& clock, Threads& threads)
      : backstage_(backstage), kinds_(kinds), clock_(clock), threads_(threads) {}

  // Answers when the path is one of its own; false otherwise. A pod that does not run is left out of a list and is not
  // found by its name.
  bool Serve(const CallPtr& call) const;

 private:
  void Begin(const CallPtr& call) const;
  void Measure(const CallPtr& call, const std::vector<cache::EntryPtr>& pods, Revision revision) const;
  const Backstage& backstage_;
  const Kinds& kinds_;
  Clock& clock_;
  Threads& threads_;
};

}  // namespace patchbay::api

// The verbs delete and deletecollection. An object with finalizers is marked; its row goes when the last one is taken
// off. Thread-safe; nothing blocks.
#pragma once

#include "api/call.h"
#include "api/options.h"
#include "api/render.h"
#include "api/writes.h"

namespace patchbay::api {

// The preconditions of a delete: 409 in Kubernetes' words when the object is another or has changed.
Answer<void> CheckPreconditions(const Kind& kind, const cache::Entry& entry, const DeleteOptions& options);

class Removals {
 public:
  Removals(Writes& writes, const cache::Cache& cache, const Renderer& renderer, Clock& clock);

  void Delete(const CallPtr& call);
  // Answers with the list of what was selected, each as it then stood.
  void DeleteCollection(const CallPtr& call);

 private:
  WriteOrder MakeOrder(const Kind& kind, Key key, const DeleteOptions& options) const;
  // Marked as Terminating; the Collector empties it and lets it go.
  void DeleteNamespace(const CallPtr& call, const DeleteOptions& options);
  WriteOrder MarkNamespace(const Kind& kind, const std::string& name, const DeleteOptions& options) const;
  Writes& writes_;
  const cache::Cache& cache_;
  const Renderer& renderer_;
  Clock& clock_;
};

}  // namespace patchbay::api

// The verbs delete and deletecollection. An object with finalizers is marked; its row goes when the last one is taken
// off. What is protected (api/protection.h) is refused. Thread-safe; nothing blocks.
#pragma once

#include <vector>

#include "api/call.h"
#include "api/options.h"
#include "api/render.h"
#include "api/writes.h"

namespace patchbay::api {

// The preconditions of a delete: 409 in Kubernetes' words when the object is another or has changed.
Answer<void> CheckPreconditions(const Kind& kind, const cache::Entry& entry, const DeleteOptions& options);

// What a delete or deletecollection says in its query and body.
Answer<DeleteOptions> DeleteOptionsOf(const Call& call);
// What a deletecollection selects, as it stands where the kind is read.
Answer<cache::Page> SelectDoomed(const Call& call);
// Runs the orders and answers with the list; with the first failure but 404, if there is one.
void RunDeletions(Writes& writes, const Renderer& renderer, const CallPtr& call, std::vector<WriteOrder> orders,
                  std::vector<Bytes> listed, Revision revision);

class Removals {
 public:
  Removals(Writes& writes, const Kinds& kinds, const cache::Cache& cache, const Renderer& renderer, Clock& clock);

  void Delete(const CallPtr& call);
  // Answers with the list of what was selected, each as it then stood.
  void DeleteCollection(const CallPtr& call);

 private:
  WriteOrder MakeOrder(const Kind& kind, Key key, const DeleteOptions& options) const;
  // Marked as Terminating; the Collector empties it and lets it go.
  void DeleteNamespace(const CallPtr& call, const DeleteOptions& options);
  WriteOrder MarkNamespace(const Kind& kind, const std::string& name, const DeleteOptions& options) const;
  Writes& writes_;
  const Kinds& kinds_;
  const cache::Cache& cache_;
  const Renderer& renderer_;
  Clock& clock_;
};

}  // namespace patchbay::api

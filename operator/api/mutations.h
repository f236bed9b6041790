// The verbs create, update and patch, on objects and their status. Thread-safe; nothing blocks.
#pragma once

#include <optional>

#include "api/applying.h"
#include "api/call.h"
#include "api/render.h"
#include "api/writes.h"
#include "base/random.h"

namespace patchbay::api {

class Mutations {
 public:
  Mutations(Writes& writes, const cache::Cache& cache, const Renderer& renderer, Clock& clock, Random& random);

  void Create(const CallPtr& call);
  void Update(const CallPtr& call);
  void Patch(const CallPtr& call);  // of every type, an apply patch too

 private:
  Answer<WriteOrder> OrderCreate(const CallPtr& call);
  Answer<WriteOrder> OrderUpdate(const CallPtr& call);
  Answer<WriteOrder> OrderPatch(const CallPtr& call);
  Answer<WriteOrder> OrderApply(const CallPtr& call);
  Answer<std::optional<cache::Intent>> CreateApplied(const CallPtr& call, const Author& author,
                                                     const Configuration& configuration) const;
  Author AuthorOf(const Call& call, const WriteOptions& options) const;
  static Part PartOf(const Call& call);
  Answer<void> CheckNamespace(const Kind& kind, std::string_view ns, std::string_view name) const;
  Answer<void> CheckFree(const Kind& kind, const Key& key) const;
  void Run(const CallPtr& call, Answer<WriteOrder> order);
  Writes& writes_;
  const cache::Cache& cache_;
  const Renderer& renderer_;
  Clock& clock_;
  Random& random_;
};

}  // namespace patchbay::api

// POST /patchbay/v1/plan: what would be done if these objects were applied. Thread-safe; nothing is written.
#pragma once

#include <vector>

#include "api/api.h"
#include "api/call.h"
#include "api/threads.h"
#include "base/random.h"

namespace patchbay::api {

class Planning {
 public:
  Planning(const Backstage& backstage, const Kinds& kinds, const cache::Cache& cache, Clock& clock, Random& random,
           Threads& threads);

  // Body {"objects":[...]}: each is defaulted and checked as an apply would; all errors come together.
  void Post(const CallPtr& call);

 private:
  Answer<std::vector<Json>> Admit(const http::Request& request);
  Answer<Json> AdmitOne(Json object);
  Answer<Json> AdmitInto(const Kind& kind, const std::string& ns, Json object);
  const Backstage& backstage_;
  const Kinds& kinds_;
  const cache::Cache& cache_;
  Clock& clock_;
  Random& random_;
  Threads& threads_;
};

}  // namespace patchbay::api

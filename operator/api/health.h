// /healthz, /livez, /readyz, as text. Open to everybody. Thread-safe.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/api.h"
#include "api/call.h"
#include "api/threads.h"

namespace patchbay::api {

class Health {
 public:
  Health(const Backstage& backstage, const cache::Cache& cache, Threads& threads)
      : backstage_(backstage), cache_(cache), threads_(threads) {}

  // Answers when the path is one of these and names a check that is there; false otherwise.
  bool Serve(const CallPtr& call) const;

 private:
  using Checks = std::vector<std::pair<std::string, std::string>>;  // name, error or ""
  Checks RunChecks() const;
  // The words of `endpoint` ("readyz"); `only`: one check. False when there is no such check.
  static bool Report(const CallPtr& call, const std::string& endpoint, const std::string& only, Checks checks);
  const Backstage& backstage_;
  const cache::Cache& cache_;
  Threads& threads_;
};

}  // namespace patchbay::api

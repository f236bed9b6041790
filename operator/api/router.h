// Which verb of which kind a request below /api or /apis means. Thread-safe.
#pragma once

#include "api/call.h"
#include "api/evictions.h"
#include "api/logs.h"
#include "api/mutations.h"
#include "api/reader.h"
#include "api/removals.h"
#include "api/scales.h"
#include "api/watches.h"

namespace patchbay::api {

struct Verbs {
  const Reader& reader;
  Watches& watches;
  Mutations& mutations;
  Removals& removals;
  Evictions& evictions;
  Scales& scales;
  Logs& logs;
};

class Router {
 public:
  // `mirror` has the kinds that are mirrored; it may be nullptr.
  Router(const Kinds& kinds, cache::Cache& cache, cache::Cache* mirror, Verbs verbs)
      : kinds_(kinds), cache_(cache), mirror_(mirror), verbs_(verbs) {}

  // Answers when the path lies below a group version; false otherwise.
  bool Serve(const CallPtr& call) const;

 private:
  void ServeMirrored(const CallPtr& call) const;
  void ServeKind(const CallPtr& call) const;
  void ServeCollection(const CallPtr& call) const;
  void ServeObject(const CallPtr& call) const;
  void ServeStatus(const CallPtr& call) const;
  void ServeScale(const CallPtr& call) const;
  void ServeLog(const CallPtr& call) const;
  void ListOrWatch(const CallPtr& call) const;
  const Kinds& kinds_;
  cache::Cache& cache_;
  cache::Cache* const mirror_;
  const Verbs verbs_;
};

}  // namespace patchbay::api

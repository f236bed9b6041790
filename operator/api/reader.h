// The verbs get and list: from the call's cache, its bytes as they are. Thread-safe.
#pragma once

#include "api/call.h"
#include "api/options.h"
#include "api/render.h"
#include "api/threads.h"
#include "cache/cache.h"

namespace patchbay::api {

class Reader {
 public:
  Reader(const Renderer& renderer, Threads& threads);

  void Get(const CallPtr& call) const;
  void List(const CallPtr& call, const ListOptions& options) const;

  // Calls `go` when the call's cache shows `revision`: at once, or on a thread of its own after reading what the store has.
  // 504 when even the store is not there yet.
  void When(const CallPtr& call, std::optional<Revision> revision, std::function<void()> go) const;

 private:
  void ListNow(const CallPtr& call, const ListOptions& options) const;
  const Renderer& renderer_;
  Threads& threads_;
};

}  // namespace patchbay::api

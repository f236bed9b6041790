// The log subresource: lines from backstage into a stream, on a thread of its own. Thread-safe.
#pragma once

#include <memory>
#include <set>

#include "api/api.h"
#include "api/call.h"
#include "api/threads.h"
#include "base/guarded.h"

namespace patchbay::api {

class LogStream;

class Logs {
 public:
  Logs(const Backstage& backstage, Clock& clock, Threads& threads);

  // GET .../{plugins,pods}/NAME/log?follow&tailLines&sinceSeconds&sinceTime&timestamps&previous&limitBytes&container.
  // Of a plugin, `container` is one of its instances; of a pod, its only container.
  void Get(const CallPtr& call);
  // Ends all streams: whoever writes to one sees that it is gone.
  void End();

 private:
  struct Wish {
    Backstage::LogQuery query;
    std::int64_t most_bytes = -1;  // -1: all
  };
  Answer<Wish> ParseWish(const Call& call) const;
  void Stream(const CallPtr& call, const Wish& wish);
  std::shared_ptr<LogStream> Open(const CallPtr& call, std::int64_t most_bytes);
  struct State {
    std::set<std::shared_ptr<LogStream>> open;
    bool closed = false;
  };
  const Backstage& backstage_;
  Clock& clock_;
  Threads& threads_;
  Guarded<State> state_;
};

}  // namespace patchbay::api

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
  Logs(const Backstage& backstage, const cache::Cache& cache, Clock& clock, Threads& threads);

  // GET .../plugins/NAME/log?follow&tailLines&sinceSeconds&sinceTime&timestamps&previous&container
  void Get(const CallPtr& call);
  // Ends all streams: whoever writes to one sees that it is gone.
  void End();

 private:
  Answer<Backstage::LogQuery> ParseQuery(const Call& call) const;
  void Stream(const CallPtr& call, const Backstage::LogQuery& query);
  std::shared_ptr<LogStream> Open(const CallPtr& call);
  struct State {
    std::set<std::shared_ptr<LogStream>> open;
    bool closed = false;
  };
  const Backstage& backstage_;
  const cache::Cache& cache_;
  Clock& clock_;
  Threads& threads_;
  Guarded<State> state_;
};

}  // namespace patchbay::api

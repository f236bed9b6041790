// Log lines of a plugin's containers into a stream. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "cache/cache.h"
#include "controller/controller.h"
#include "controller/observer.h"

namespace patchbay::controller {

class LogReader {
 public:
  LogReader(cache::Cache& cache, driver::Runtime& runtime, Observer& observer)
      : cache_(cache), runtime_(runtime), observer_(observer) {}

  // As Controllers::Logs. Ends early when `stop` says so.
  Result<void> Read(const LogQuery& query, const std::function<std::shared_ptr<http::Stream>()>& start,
                    const std::function<bool()>& stop);

 private:
  Result<std::vector<driver::Container>> Find(const LogQuery& query);
  Result<std::unique_ptr<driver::RuntimeStream>> Open(const LogQuery& query, const driver::Container& listed,
                                                      const std::string& prefix,
                                                      std::function<bool(std::string)> write,
                                                      std::function<void()> end);

  cache::Cache& cache_;
  driver::Runtime& runtime_;
  Observer& observer_;
};

}  // namespace patchbay::controller

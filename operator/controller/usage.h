// What containers use, sampled when somebody asks: a rate needs two samples, so the first question takes a moment. At
// rest it costs nothing. Thread-safe; blocks on the engine.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "controller/controller.h"
#include "controller/crew.h"
#include "driver/runtime/runtime.h"

namespace patchbay::controller {

class UsageReader {
 public:
  UsageReader(driver::Runtime& runtime, Clock& clock, Crew& crew) : runtime_(runtime), clock_(clock), crew_(crew) {}

  // As Controllers::Usage. `stop`: ends the wait between two samples.
  Result<std::vector<std::optional<UsageReport>>> Read(const std::vector<std::string>& ids, std::stop_token stop);

 private:
  struct Track {
    std::optional<driver::Usage> before;
    std::optional<driver::Usage> now;
    MonoTime taken{};
    MonoTime asked{};
  };
  Result<void> Sample(const std::vector<std::string>& ids);
  std::vector<std::string> Due(const std::vector<std::string>& ids);
  std::vector<std::string> Lonely(const std::vector<std::string>& ids);

  driver::Runtime& runtime_;
  Clock& clock_;
  Crew& crew_;
  std::mutex turn_;  // one question at a time asks the engine; the next finds its samples
  Guarded<std::map<std::string, Track>> tracks_;
};

}  // namespace patchbay::controller

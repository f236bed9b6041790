// Counts what the API answers. Thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <tuple>

#include "base/guarded.h"
#include "base/meter.h"

namespace patchbay::api {

class RequestMeter {
 public:
  explicit RequestMeter(Meter& meter);

  // `verb` and `resource` come from small fixed sets.
  void Count(const std::string& verb, const std::string& resource, int code, std::chrono::nanoseconds took);

  Gauge& watches;
  Counter& watch_events;

 private:
  using Name = std::tuple<std::string, std::string, int>;
  Meter& meter_;
  Guarded<std::map<Name, Counter*>> requests_;
  Guarded<std::map<std::string, Histogram*>> seconds_;
};

}  // namespace patchbay::api

// What a room counts, without knowing who collects it. telemetry/ implements this on prometheus-cpp; NullMeter() drops
// everything. Take the references once, at construction: looking up by label per event is slow. All calls thread-safe;
// the references live as long as the Meter.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace patchbay {

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void Add(double amount = 1) = 0;
};

class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void Set(double value) = 0;
  virtual void Add(double amount) = 0;
};

class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void Observe(double value) = 0;
};

using MeterLabels = std::vector<std::pair<std::string, std::string>>;

// Names follow Prometheus: patchbay_<room>_<what>_<unit>, counters end in _total, seconds and bytes as units. Label
// values come from bounded sets; never an object's name.
class Meter {
 public:
  virtual ~Meter() = default;
  virtual Counter& AddCounter(const std::string& name, const std::string& help, const MeterLabels& labels = {}) = 0;
  virtual Gauge& AddGauge(const std::string& name, const std::string& help, const MeterLabels& labels = {}) = 0;
  // Empty bounds: seconds from 0.5 ms to 60 s.
  virtual Histogram& AddHistogram(const std::string& name, const std::string& help, const MeterLabels& labels = {},
                                  const std::vector<double>& bounds = {}) = 0;
};

Meter& NullMeter();

}  // namespace patchbay

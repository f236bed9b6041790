#include "base/meter.h"

namespace patchbay {
namespace {

class Nothing : public Meter, public Counter, public Gauge, public Histogram {
 public:
  Counter& AddCounter(const std::string&, const std::string&, const MeterLabels&) override { return *this; }
  Gauge& AddGauge(const std::string&, const std::string&, const MeterLabels&) override { return *this; }
  Histogram& AddHistogram(const std::string&, const std::string&, const MeterLabels&,
                          const std::vector<double>&) override {
    return *this;
  }
  void Add(double) override {}
  void Set(double) override {}
  void Observe(double) override {}
};

}  // namespace

Meter& NullMeter() {
  static Nothing meter;
  return meter;
}

}  // namespace patchbay

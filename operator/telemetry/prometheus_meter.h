// Meter on prometheus-cpp, and the text of /metrics. No type of that library shows here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/meter.h"

namespace patchbay::telemetry {

// What is cheaper to read at scrape time than to keep: one metric's values as they are now.
struct Reading {
  enum class Type { kCounter, kGauge } type = Type::kGauge;
  std::string name;
  std::string help;
  std::vector<std::pair<MeterLabels, double>> values;
};
using Collector = std::function<std::vector<Reading>()>;

// Thread-safe. The same name and labels give the same object. A name that is no Prometheus name, or that is already of
// another type, is logged and counted into nothing: it never throws.
class PrometheusMeter : public Meter {
 public:
  PrometheusMeter();
  ~PrometheusMeter() override;
  PrometheusMeter(const PrometheusMeter&) = delete;
  PrometheusMeter& operator=(const PrometheusMeter&) = delete;

  Counter& AddCounter(const std::string& name, const std::string& help, const MeterLabels& labels = {}) override;
  Gauge& AddGauge(const std::string& name, const std::string& help, const MeterLabels& labels = {}) override;
  Histogram& AddHistogram(const std::string& name, const std::string& help, const MeterLabels& labels = {},
                          const std::vector<double>& bounds = {}) override;

  // Asked at each scrape, on the scraper's thread. A family of a collector has one name that nobody else uses. What it
  // refers to must outlive the last Exposition().
  void AddCollector(Collector collector);
  // Called at each scrape before anything is read: sets gauges that are cheap to read.
  void OnScrape(std::function<void()> refresh);

  // Prometheus text format 0.0.4; answer with kContentType.
  std::string Exposition() const;
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  class Core;
  const std::unique_ptr<Core> core_;
};

}  // namespace patchbay::telemetry

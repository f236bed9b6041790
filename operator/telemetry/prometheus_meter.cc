#include "telemetry/prometheus_meter.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>

#include "base/guarded.h"
#include "base/log.h"

namespace patchbay::telemetry {
namespace {

// From half a millisecond to a minute.
const std::vector<double>& Seconds() {
  static const std::vector<double> bounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                             0.25,   0.5,   1,      2.5,   5,    10,    30,   60};
  return bounds;
}

// The library does not: a line break would end the line.
std::string EscapeHelp(const std::string& help) {
  std::string out;
  for (const char c : help) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

prometheus::Labels LabelsOf(const MeterLabels& labels) { return {labels.begin(), labels.end()}; }

class PrometheusCounter : public Counter {
 public:
  explicit PrometheusCounter(prometheus::Counter& counter) : counter_(counter) {}
  void Add(double amount) override { counter_.Increment(amount); }

 private:
  prometheus::Counter& counter_;
};

class PrometheusGauge : public Gauge {
 public:
  explicit PrometheusGauge(prometheus::Gauge& gauge) : gauge_(gauge) {}
  void Set(double value) override { gauge_.Set(value); }
  void Add(double amount) override { gauge_.Increment(amount); }

 private:
  prometheus::Gauge& gauge_;
};

class PrometheusHistogram : public Histogram {
 public:
  explicit PrometheusHistogram(prometheus::Histogram& histogram) : histogram_(histogram) {}
  void Observe(double value) override { histogram_.Observe(value); }

 private:
  prometheus::Histogram& histogram_;
};

prometheus::MetricFamily FamilyOf(const Reading& reading) {
  prometheus::MetricFamily family;
  family.name = reading.name;
  family.help = EscapeHelp(reading.help);
  const bool counts = reading.type == Reading::Type::kCounter;
  family.type = counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
  for (const auto& [labels, value] : reading.values) {
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    for (const auto& [name, text] : labels) {
      metric.label.emplace_back();
      metric.label.back().name = name;
      metric.label.back().value = text;
    }
    (counts ? metric.counter.value : metric.gauge.value) = value;
  }
  return family;
}

// All series of one type, by name and labels.
template <class Wrapper, class Metric>
struct Series {
  std::map<std::string, prometheus::Family<Metric>*> families;
  std::map<std::pair<std::string, MeterLabels>, std::unique_ptr<Wrapper>> known;
};

// The one place where the library's exceptions end: nullptr, told in the log.
template <class Wrapper, class Metric, class Register, class Add>
Wrapper* FindOrMake(Guarded<Series<Wrapper, Metric>>& guarded, const std::string& name, const MeterLabels& labels,
                    Register make_family, Add add) {
  std::string refusal;
  {
    const auto series = guarded.Lock();
    const auto found = series->known.find({name, labels});
    if (found != series->known.end()) return found->second.get();
    try {
      const auto known_family = series->families.find(name);
      prometheus::Family<Metric>& family =
          known_family != series->families.end() ? *known_family->second : make_family();
      series->families.emplace(name, &family);
      auto wrapper = std::make_unique<Wrapper>(add(family));
      return series->known.emplace(std::make_pair(name, labels), std::move(wrapper)).first->second.get();
    } catch (const std::exception& refused) {
      refusal = refused.what();
    }
  }
  LogError("telemetry", "a metric was refused and is not counted", {{"metric", name}, {"why", refusal}});
  return nullptr;
}

}  // namespace

class PrometheusMeter::Core {
 public:
  prometheus::Registry registry;
  Guarded<Series<PrometheusCounter, prometheus::Counter>> counters;
  Guarded<Series<PrometheusGauge, prometheus::Gauge>> gauges;
  Guarded<Series<PrometheusHistogram, prometheus::Histogram>> histograms;
  Guarded<std::vector<Collector>> collectors;
  Guarded<std::vector<std::function<void()>>> refreshes;
};

PrometheusMeter::PrometheusMeter() : core_(std::make_unique<Core>()) {}
PrometheusMeter::~PrometheusMeter() = default;

Counter& PrometheusMeter::AddCounter(const std::string& name, const std::string& help, const MeterLabels& labels) {
  Counter* counter = FindOrMake(
      core_->counters, name, labels,
      [&]() -> auto& {
        return prometheus::BuildCounter().Name(name).Help(EscapeHelp(help)).Register(core_->registry);
      },
      [&](auto& family) -> auto& { return family.Add(LabelsOf(labels)); });
  return counter != nullptr ? *counter : NullMeter().AddCounter(name, help, labels);
}

Gauge& PrometheusMeter::AddGauge(const std::string& name, const std::string& help, const MeterLabels& labels) {
  Gauge* gauge = FindOrMake(
      core_->gauges, name, labels,
      [&]() -> auto& { return prometheus::BuildGauge().Name(name).Help(EscapeHelp(help)).Register(core_->registry); },
      [&](auto& family) -> auto& { return family.Add(LabelsOf(labels)); });
  return gauge != nullptr ? *gauge : NullMeter().AddGauge(name, help, labels);
}

Histogram& PrometheusMeter::AddHistogram(const std::string& name, const std::string& help, const MeterLabels& labels,
                                         const std::vector<double>& bounds) {
  Histogram* histogram = FindOrMake(
      core_->histograms, name, labels,
      [&]() -> auto& {
        return prometheus::BuildHistogram().Name(name).Help(EscapeHelp(help)).Register(core_->registry);
      },
      [&](auto& family) -> auto& { return family.Add(LabelsOf(labels), bounds.empty() ? Seconds() : bounds); });
  return histogram != nullptr ? *histogram : NullMeter().AddHistogram(name, help, labels, bounds);
}

void PrometheusMeter::AddCollector(Collector collector) { core_->collectors.Lock()->push_back(std::move(collector)); }
void PrometheusMeter::OnScrape(std::function<void()> refresh) {
  core_->refreshes.Lock()->push_back(std::move(refresh));
}

std::string PrometheusMeter::Exposition() const {
  for (const auto& refresh : core_->refreshes.Copy()) refresh();
  std::vector<prometheus::MetricFamily> families = core_->registry.Collect();
  for (const Collector& collect : core_->collectors.Copy())
    for (const Reading& reading : collect())
      if (!reading.values.empty()) families.push_back(FamilyOf(reading));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace patchbay::telemetry

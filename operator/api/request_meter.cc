#include "api/request_meter.h"

namespace patchbay::api {

RequestMeter::RequestMeter(Meter& meter)
    : watches(meter.AddGauge("patchbay_api_watches", "Watches that are open.")),
      watch_events(meter.AddCounter("patchbay_api_watch_events_total", "Events sent to watches, bookmarks left out.")),
      meter_(meter) {}

void RequestMeter::Count(const std::string& verb, const std::string& resource, int code,
                         std::chrono::nanoseconds took) {
  Counter* counter = nullptr;
  {
    auto requests = requests_.Lock();
    Counter*& known = (*requests)[{verb, resource, code}];
    if (!known) {
      known = &meter_.AddCounter("patchbay_api_requests_total", "Requests answered, by verb, resource and HTTP status.",
                                 {{"verb", verb}, {"resource", resource}, {"code", std::to_string(code)}});
    }
    counter = known;
  }
  Histogram* histogram = nullptr;
  {
    auto seconds = seconds_.Lock();
    Histogram*& known = (*seconds)[verb];
    if (!known) {
      known = &meter_.AddHistogram("patchbay_api_request_seconds",
                                   "From a request's arrival to its answer; of a watch, to its first byte.",
                                   {{"verb", verb}});
    }
    histogram = known;
  }
  counter->Add();
  histogram->Observe(std::chrono::duration<double>(took).count());
}

}  // namespace patchbay::api

#include "http/counters.h"

namespace patchbay::http {
namespace {

Counter& Refused(Meter& meter, const char* reason) {
  return meter.AddCounter("patchbay_http_refused_total", "Requests and connections turned away by the transport.",
                          {{"reason", reason}});
}

}  // namespace

Counters::Counters(Meter& meter)
    : connections(meter.AddGauge("patchbay_http_connections", "Connections that are open.")),
      bad_request(Refused(meter, "bad_request")),
      header_too_large(Refused(meter, "header_too_large")),
      body_too_large(Refused(meter, "body_too_large")),
      too_slow(Refused(meter, "too_slow")),
      stream_overflow(Refused(meter, "stream_overflow")),
      tls_handshake(Refused(meter, "tls_handshake")),
      too_many(Refused(meter, "too_many_connections")),
      too_many_per_address(Refused(meter, "too_many_connections_per_address")),
      no_descriptors(Refused(meter, "no_descriptors")) {}

}  // namespace patchbay::http

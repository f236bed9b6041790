// What the transport counts.
#pragma once

#include "base/meter.h"

namespace patchbay::http {

struct Counters {
  explicit Counters(Meter& meter);

  Gauge& connections;
  // Labels of patchbay_http_refused_total.
  Counter& bad_request;
  Counter& header_too_large;
  Counter& body_too_large;
  Counter& too_slow;         // header, body or write deadline
  Counter& stream_overflow;  // a stream's client that did not keep up
  Counter& tls_handshake;
  Counter& too_many;  // max_connections
  Counter& too_many_per_address;
  Counter& no_descriptors;  // EMFILE and its kin on accept
};

}  // namespace patchbay::http

// The API's inside: its parts and who is asked first. Private to the room.
#pragma once

#include <memory>
#include <stop_token>

#include "api/api.h"
#include "api/authn.h"
#include "api/collector.h"
#include "api/discovery.h"
#include "api/evictions.h"
#include "api/foresight.h"
#include "api/health.h"
#include "api/host_ports.h"
#include "api/logs.h"
#include "api/mutations.h"
#include "api/openapi_documents.h"
#include "api/planning.h"
#include "api/pod_metrics.h"
#include "api/reader.h"
#include "api/removals.h"
#include "api/render.h"
#include "api/request_meter.h"
#include "api/router.h"
#include "api/reviews.h"
#include "api/scales.h"
#include "api/threads.h"
#include "api/timers.h"
#include "api/watches.h"
#include "api/writes.h"

namespace patchbay::api {

struct Foundation {
  const Kinds& kinds;
  cache::Cache& cache;
  cache::Committer& committer;
  Clock& clock;
  Random& random;
  Meter& meter;
};

class Api::Core {
 public:
  Core(const Foundation& foundation, ApiOptions options, Backstage backstage);

  void Serve(std::shared_ptr<http::Exchange> exchange);
  void EndWatches();
  void Stop();
  Result<void> EnsureBuiltins(const std::stop_token& stop);

 private:
  void Route(const CallPtr& call);
  void ServeKnown(const CallPtr& call);
  void ServeMetrics(const CallPtr& call);
  Result<void> EnsureNamespace(const Kind& kind, std::string_view name);
  const Foundation foundation_;
  const ApiOptions options_;
  const Backstage backstage_;
  RequestMeter meter_;
  const std::shared_ptr<Timers> timers_;
  Threads threads_;  // for what is over soon
  Threads streams_;  // for log streams: each takes one for as long as it goes
  const Authenticator authenticator_;
  const Reviews reviews_;
  const Renderer renderer_;
  HostPorts host_ports_;
  const Foresight foresight_;
  Writes writes_;
  Reader reader_;
  Mutations mutations_;
  Removals removals_;
  Collector collector_;
  Scales scales_;
  Evictions evictions_;
  Logs logs_;
  PodMetrics pod_metrics_;
  Planning planning_;
  const std::shared_ptr<Watches> watches_;
  const Discovery discovery_;
  OpenApiDocuments openapi_;
  const Health health_;
  const Router router_;
};

}  // namespace patchbay::api

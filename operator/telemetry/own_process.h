// What Prometheus' client libraries tell of their process, and which build it is.
#pragma once

#include <string>

#include "base/clock.h"
#include "telemetry/prometheus_meter.h"

namespace patchbay::telemetry {

// process_resident_memory_bytes, process_virtual_memory_bytes, process_cpu_seconds_total, process_open_fds,
// process_max_fds, process_threads, process_start_time_seconds: from /proc/self, which fails to none.
Collector OwnProcess();

// patchbay_build_info{version,compiler} 1.
void AddBuild(Meter& meter, const std::string& version);

}  // namespace patchbay::telemetry

// The Docker Engine API, 1.41 up to current (negotiated; Podman's compatible one too), over a Unix socket or TCP.
// Contract: driver/runtime/runtime.h.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/meter.h"
#include "base/result.h"
#include "driver/runtime/runtime.h"
#include "http/client.h"

namespace patchbay::driver {

struct DockerOptions {
  std::string host = "unix:///var/run/docker.sock";   // or tcp://host:port
  std::string installation;                           // value of kLabelInstallation: nothing else is listed or touched
  std::chrono::milliseconds timeout{30'000};          // of a call that only asks
  std::chrono::milliseconds action_timeout{120'000};  // of create, start and remove; of stop beyond its grace
  std::chrono::milliseconds pull_quiet{180'000};      // a pull without a word of progress for so long is given up
  std::chrono::milliseconds pull_timeout{3'600'000};
  // Creates, starts and removes at a time; more wait their turn. An engine gains nothing beyond (measured with 16), and
  // two of the client's 16 connections stay free for questions.
  int concurrency = 14;
};

// DOCKER_HOST, else the default of DockerOptions::host.
std::string DockerHostFromEnvironment();

// Does not connect yet. kInvalid when `host` is neither unix:///PATH nor tcp://HOST:PORT, or there is no installation.
// `http`, `meter` and `clock` must outlive it. Metrics: patchbay_runtime_call_seconds{call},
// patchbay_runtime_call_errors_total{call}.
// Beyond the seam: Start, Stop, Remove and Exec answer kForbidden for a container that is not of this installation;
// Pull asks once when several wait for the same image; a command that an Exec leaves behind (kTimeout) goes on.
Result<std::unique_ptr<Runtime>> NewDockerRuntime(DockerOptions options, http::HttpClient& http,
                                                  Meter& meter = NullMeter(), Clock& clock = SystemClock());

}  // namespace patchbay::driver

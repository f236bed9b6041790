// Readiness, liveness and startup probes as Kubernetes defines them: what the spec says, and one look.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "driver/runtime/runtime.h"
#include "http/client.h"
#include "object/json.h"

namespace patchbay::controller {

struct Probe {
  enum class Type { kHttp, kTcp, kExec } type = Type::kHttp;
  std::string scheme = "http";
  std::string host;  // "" for the container's address
  int port = 0;
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> command;
  std::chrono::seconds initial_delay{0};
  std::chrono::seconds period{10};
  std::chrono::seconds timeout{1};
  int success_threshold = 1;
  int failure_threshold = 3;
  friend bool operator==(const Probe&, const Probe&) = default;
};

struct Probes {
  std::optional<Probe> startup;
  std::optional<Probe> readiness;
  std::optional<Probe> liveness;
  bool empty() const { return !startup && !readiness && !liveness; }
  friend bool operator==(const Probes&, const Probes&) = default;
};

// spec.startupProbe, .readinessProbe, .livenessProbe; `port_of` resolves a port's name.
Probes ReadProbes(const Json& spec, const std::function<std::optional<int>(const Json& port)>& port_of,
                  std::vector<Cause>& problems);

using Connect = std::function<Result<void>(const std::string& ip, int port, std::chrono::milliseconds timeout)>;
// Opens and closes a TCP connection to a numeric address. kUnavailable, kTimeout or kInvalid.
Result<void> ConnectTcp(const std::string& ip, int port, std::chrono::milliseconds timeout);

// Looks with what it is given; thread-safe when that is.
class ProbeRunner {
 public:
  ProbeRunner(http::HttpClient& http, driver::Runtime& runtime, Connect connect)
      : http_(http), runtime_(runtime), connect_(connect ? std::move(connect) : Connect(ConnectTcp)) {}
  // The error says what was seen: "GET http://172.17.0.3:8080/healthz: 503".
  Result<void> Look(const Probe& probe, const std::string& container, const std::string& ip) const;

 private:
  Result<void> LookHttp(const Probe& probe, const std::string& ip) const;

  http::HttpClient& http_;
  driver::Runtime& runtime_;
  const Connect connect_;
};

}  // namespace patchbay::controller

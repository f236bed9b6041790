// Calls to one engine: its address, the API version both sides speak, and Errors instead of statuses. Thread-safe.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/meter.h"
#include "base/result.h"
#include "driver/runtime/docker_stream.h"
#include "driver/runtime/runtime.h"
#include "http/client.h"
#include "object/json.h"

namespace patchbay::driver {

struct DockerEndpoint {
  std::string url;          // "http://engine"
  std::string unix_socket;  // "" for TCP
  std::string host;         // as given, for messages
};
// kInvalid when `host` is not unix:///PATH or tcp://HOST:PORT.
Result<DockerEndpoint> ParseDockerHost(const std::string& host);

// One call. `name` is a word for metrics ("create"); `target` starts after the version: "/containers/json?all=1".
struct DockerCall {
  std::string name;
  std::string method;
  std::string target;
  std::string body = {};
  std::string content_type = "application/json";
  std::chrono::milliseconds timeout{0};  // 0: the client's own
  std::string registry_auth = {};        // X-Registry-Auth
};

class DockerClient {
 public:
  DockerClient(DockerEndpoint endpoint, http::HttpClient& http, std::chrono::milliseconds timeout, Meter& meter,
               Clock& clock);

  // The answer when its status is below 400 (304 included), else its Error.
  Result<http::Answer> Send(const DockerCall& call);
  Result<Json> GetJson(const std::string& name, const std::string& target);
  // A call that may take long and must not hold one of the connections for calls: on the streams' loop.
  Result<std::unique_ptr<DockerStream>> Open(const DockerCall& call, DockerStream::Sink sink);
  // Open, and wait for the end, dropping what comes.
  Result<void> SendLong(const DockerCall& call);

  // Asks the engine who it is and settles the version again. kUnsupported: too old or too new for us.
  Result<RuntimeVersion> Negotiate();
  Clock& clock() const { return clock_; }

 private:
  struct Meters {
    Histogram* seconds;
    Counter* errors;
  };

  // "/v1.41", negotiated on the first call.
  Result<std::string> Prefix();
  http::Call Build(const DockerCall& call, const std::string& prefix) const;
  template <class Do>
  auto Versioned(Do act) -> decltype(act(std::string()));
  Result<http::Answer> SendOnce(const DockerCall& call, const std::string& prefix);
  Error Explain(Error error) const;
  Result<std::string> EngineId(const std::string& engine, const std::string& prefix);

  const DockerEndpoint endpoint_;
  http::HttpClient& http_;
  const std::chrono::milliseconds timeout_;
  Clock& clock_;
  std::map<std::string, Meters> meters_;
  Guarded<std::string> prefix_;
};

}  // namespace patchbay::driver

#include "driver/runtime/docker_client.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "driver/runtime/docker_error.h"

namespace patchbay::driver {
namespace {

constexpr int kOldestMinor = 41;  // Docker 20.10, Podman 4
constexpr int kNewestMinor = 52;  // what this code was written against
constexpr std::size_t kMostBody = 512 * 1024 * 1024;
constexpr JsonLimits kEngineLimits{.bytes = kMostBody, .depth = 128, .values = 50'000'000};

// The 41 of "1.41"; nothing when it is not version 1.
std::optional<int> MinorOf(std::string_view version) {
  if (!version.starts_with("1.")) return std::nullopt;
  const auto minor = ParseInt(version.substr(2));
  if (!minor) return std::nullopt;
  return static_cast<int>(*minor);
}

Result<int> Settle(const std::string& newest, const std::string& oldest, const std::string& host) {
  const auto theirs = MinorOf(newest);
  const auto least = MinorOf(oldest.empty() ? "1.12" : oldest);
  if (!theirs || !least)
    return Error{Code::kUnsupported, StrCat("what answers at ", host, " is not a container engine we know")};
  if (*theirs < kOldestMinor)
    return Error{Code::kUnsupported, StrCat("the container engine at ", host, " speaks API ", newest, "; 1.",
                                            kOldestMinor, " (Docker 20.10, Podman 4) is the oldest that works")};
  if (*least > kNewestMinor)
    return Error{Code::kUnsupported, StrCat("the container engine at ", host, " speaks API ", oldest, " and later; 1.",
                                            kNewestMinor, " is the newest that we speak")};
  return std::min(*theirs, kNewestMinor);
}

// "Docker Engine", "Podman": the first component's name, as Docker and Podman fill it in.
std::string EngineName(const Json& version) {
  const Json* components = Find(version, {"Components"});
  std::string name;
  if (components != nullptr && components->is_array() && !components->empty())
    name = FindString(components->front(), {"Name"});
  if (name == "Podman Engine") return "Podman";
  return name.empty() || name == "Engine" ? "Docker Engine" : name;
}

bool IsVersionError(const Error& error) {
  return error.code == Code::kInvalid && error.message.find("client version") != std::string::npos;
}

}  // namespace

Result<DockerEndpoint> ParseDockerHost(const std::string& host) {
  if (host.starts_with("unix:///")) return DockerEndpoint{"http://engine", host.substr(7), host};
  for (const std::string_view scheme : {"tcp://", "http://"})
    if (host.starts_with(scheme) && host.size() > scheme.size())
      return DockerEndpoint{StrCat("http://", Split(host.substr(scheme.size()), '/')[0]), "", host};
  return Error{Code::kInvalid,
               StrCat("the container engine's address must be unix:///PATH or tcp://HOST:PORT, not \"", host, "\"")};
}

DockerClient::DockerClient(DockerEndpoint endpoint, http::HttpClient& http, std::chrono::milliseconds timeout,
                           Meter& meter, Clock& clock)
    : endpoint_(std::move(endpoint)), http_(http), timeout_(timeout), clock_(clock) {
  for (const char* name : {"version", "list", "inspect", "create", "copy", "start", "stop", "remove", "image", "pull",
                           "exec", "logs", "events", "stats", "images", "untag"})
    meters_[name] = {&meter.AddHistogram("patchbay_runtime_call_seconds", "Seconds of calls to the container engine",
                                         {{"call", name}}),
                     &meter.AddCounter("patchbay_runtime_call_errors_total", "Failed calls to the container engine",
                                       {{"call", name}})};
}

http::Call DockerClient::Build(const DockerCall& call, const std::string& prefix) const {
  http::Call built;
  built.method = call.method;
  built.url = StrCat(endpoint_.url, prefix, call.target);
  built.unix_socket = endpoint_.unix_socket;
  built.timeout = call.timeout.count() == 0 ? timeout_ : call.timeout;
  built.max_body = kMostBody;
  built.body = call.body;
  if (!call.registry_auth.empty()) built.headers.Set("X-Registry-Auth", call.registry_auth);
  if (call.method != "GET" && call.method != "DELETE") built.headers.Set("Content-Type", call.content_type);
  return built;
}

Error DockerClient::Explain(Error error) const {
  if (error.code == Code::kUnavailable) return error.Within(StrCat("no container engine answers at ", endpoint_.host));
  return error;
}

Result<http::Answer> DockerClient::SendOnce(const DockerCall& call, const std::string& prefix) {
  const Meters& meters = meters_.at(call.name);
  const MonoTime begin = clock_.Mono();
  auto answer = http_.Send(Build(call, prefix));
  meters.seconds->Observe(std::chrono::duration<double>(clock_.Mono() - begin).count());
  if (answer.ok() && answer->status < 400) return answer;
  if (answer.ok()) return TranslateAnswer(answer->status, answer->body);
  meters.errors->Add();
  return Explain(std::move(answer).error());
}

// An engine that was exchanged for another in between may not speak the old version.
template <class Do>
auto DockerClient::Versioned(Do act) -> decltype(act(std::string())) {
  PATCHBAY_TRY(const std::string prefix, Prefix());
  auto result = act(prefix);
  if (result.ok() || !IsVersionError(result.error())) return result;
  PATCHBAY_TRY(const auto version, Negotiate());
  return act(StrCat("/v", version.api_version));
}

Result<http::Answer> DockerClient::Send(const DockerCall& call) {
  return Versioned([&](const std::string& prefix) { return SendOnce(call, prefix); });
}

Result<Json> DockerClient::GetJson(const std::string& name, const std::string& target) {
  PATCHBAY_TRY(const auto answer, Send({name, "GET", target}));
  std::vector<std::string> duplicates;
  auto parsed = ParseJson(answer.body, kEngineLimits, &duplicates);
  if (!parsed.ok())
    return Error{Code::kInternal,
                 StrCat("the container engine's answer to ", name, " is not JSON: ", parsed.error().message)};
  return parsed;
}

Result<std::unique_ptr<DockerStream>> DockerClient::Open(const DockerCall& call, DockerStream::Sink sink) {
  return Versioned([&](const std::string& prefix) -> Result<std::unique_ptr<DockerStream>> {
    const auto built = Build(call, prefix);
    auto stream = DockerStream::Open(http_, built, sink, built.timeout);
    if (stream.ok()) return stream;
    meters_.at(call.name).errors->Add();
    return Explain(std::move(stream).error());
  });
}

Result<void> DockerClient::SendLong(const DockerCall& call) {
  const Meters& meters = meters_.at(call.name);
  const MonoTime begin = clock_.Mono();
  PATCHBAY_TRY(const auto stream, Open(call, {[](std::string_view) { return true; }, nullptr}));
  auto end = stream->Wait(call.timeout, call.timeout, clock_);
  meters.seconds->Observe(std::chrono::duration<double>(clock_.Mono() - begin).count());
  return end;
}

Result<std::string> DockerClient::Prefix() {
  if (std::string known = prefix_.Copy(); !known.empty()) return known;
  PATCHBAY_TRY(const auto version, Negotiate());
  return StrCat("/v", version.api_version);
}

Result<RuntimeVersion> DockerClient::Negotiate() {
  PATCHBAY_TRY(const auto answer, SendOnce({"version", "GET", "/version"}, ""));
  const auto document = ParseJson(answer.body);
  if (!document.ok())
    return Error{Code::kUnsupported, StrCat("what answers at ", endpoint_.host, " is not a container engine")};
  PATCHBAY_TRY(const int minor,
               Settle(FindString(*document, {"ApiVersion"}), FindString(*document, {"MinAPIVersion"}), endpoint_.host));
  RuntimeVersion version;
  version.engine = EngineName(*document);
  version.version = FindString(*document, {"Version"});
  version.api_version = StrCat("1.", minor);
  const std::string prefix = StrCat("/v", version.api_version);
  *prefix_.Lock() = prefix;
  PATCHBAY_TRY(version.id, EngineId(version.engine, prefix));
  return version;
}

// Podman answers a new ID each time it is asked.
Result<std::string> DockerClient::EngineId(const std::string& engine, const std::string& prefix) {
  PATCHBAY_TRY(const auto answer, SendOnce({"version", "GET", "/info"}, prefix));
  const auto document = ParseJson(answer.body);
  if (!document.ok()) return Error{Code::kInternal, "the container engine's /info is not JSON"};
  const std::string id = FindString(*document, {"ID"});
  if (engine != "Podman" && !id.empty()) return id;
  return StrCat(FindString(*document, {"Name"}), ":", FindString(*document, {"DockerRootDir"}));
}

}  // namespace patchbay::driver

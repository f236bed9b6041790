#include "controller/probe.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace patchbay::controller {
namespace {

using std::chrono::seconds;

// A descriptor that closes itself.
struct Socket {
  explicit Socket(int descriptor) : fd(descriptor) {}
  ~Socket() {
    if (fd >= 0) close(fd);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd;
};

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<Address> ReadAddress(const std::string& ip, int port) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
  if (inet_pton(AF_INET, ip.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(static_cast<std::uint16_t>(port));
    address.size = sizeof(sockaddr_in);
    return address;
  }
  if (inet_pton(AF_INET6, ip.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(static_cast<std::uint16_t>(port));
    address.size = sizeof(sockaddr_in6);
    return address;
  }
  return std::nullopt;
}

std::string HostPort(const std::string& ip, int port) {
  return ip.find(':') == std::string::npos ? StrCat(ip, ":", port) : StrCat("[", ip, "]:", port);
}

void ReadHandler(const Json& from, const std::string& field, Probe& probe, const Json*& port,
                 std::vector<Cause>& problems) {
  if (const Json* get = Find(from, {"httpGet"})) {
    probe.type = Probe::Type::kHttp;
    probe.path = FindString(*get, {"path"}, "/");
    if (probe.path.empty() || probe.path[0] != '/') probe.path = StrCat("/", probe.path);
    probe.scheme = Lower(FindString(*get, {"scheme"}, "http"));
    probe.host = FindString(*get, {"host"});
    port = Find(*get, {"port"});
    if (const Json* headers = Find(*get, {"httpHeaders"}); headers && headers->is_array())
      for (const Json& header : *headers)
        probe.headers.emplace_back(FindString(header, {"name"}), FindString(header, {"value"}));
  } else if (const Json* tcp = Find(from, {"tcpSocket"})) {
    probe.type = Probe::Type::kTcp;
    probe.host = FindString(*tcp, {"host"});
    port = Find(*tcp, {"port"});
  } else if (const Json* exec = Find(from, {"exec"})) {
    probe.type = Probe::Type::kExec;
    if (const Json* command = Find(*exec, {"command"}); command && command->is_array())
      for (const Json& word : *command)
        if (word.is_string()) probe.command.push_back(word.get<std::string>());
  } else {
    problems.push_back({field, "FieldValueRequired", "one of httpGet, tcpSocket, exec"});
  }
}

std::optional<Probe> ReadProbe(const Json& spec, const char* name,
                               const std::function<std::optional<int>(const Json&)>& port_of,
                               std::vector<Cause>& problems) {
  const Json* from = Find(spec, {name});
  if (from == nullptr || !from->is_object() || from->empty()) return std::nullopt;
  Probe probe;
  const Json* port = nullptr;
  const std::string field = StrCat("spec.", name);
  ReadHandler(*from, field, probe, port, problems);
  if (probe.type != Probe::Type::kExec) {
    const auto number = port_of(port ? *port : Json());
    if (number) probe.port = *number;
    else problems.push_back({field, "FieldValueNotFound", "the probe's port is none of the plugin's ports"});
  }
  probe.initial_delay = seconds(FindInt(*from, {"initialDelaySeconds"}, 0));
  probe.period = seconds(std::max(1L, FindInt(*from, {"periodSeconds"}, 10)));
  probe.timeout = seconds(std::max(1L, FindInt(*from, {"timeoutSeconds"}, 1)));
  probe.success_threshold = static_cast<int>(std::max(1L, FindInt(*from, {"successThreshold"}, 1)));
  probe.failure_threshold = static_cast<int>(std::max(1L, FindInt(*from, {"failureThreshold"}, 3)));
  return probe;
}

}  // namespace

Probes ReadProbes(const Json& spec, const std::function<std::optional<int>(const Json& port)>& port_of,
                  std::vector<Cause>& problems) {
  Probes probes;
  probes.startup = ReadProbe(spec, "startupProbe", port_of, problems);
  probes.readiness = ReadProbe(spec, "readinessProbe", port_of, problems);
  probes.liveness = ReadProbe(spec, "livenessProbe", port_of, problems);
  return probes;
}

Result<void> ConnectTcp(const std::string& ip, int port, std::chrono::milliseconds timeout) {
  const auto address = ReadAddress(ip, port);
  const std::string where = HostPort(ip, port);
  if (!address) return Error{Code::kInvalid, StrCat(where, " is no numeric address")};
  const Socket socket(::socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.fd < 0) return Error{Code::kUnavailable, StrCat("socket: ", std::strerror(errno))};
  if (connect(socket.fd, reinterpret_cast<const sockaddr*>(&address->storage), address->size) == 0) return {};
  if (errno != EINPROGRESS) return Error{Code::kUnavailable, StrCat(where, ": ", std::strerror(errno))};
  pollfd poll_for{socket.fd, POLLOUT, 0};
  const int ready = poll(&poll_for, 1, static_cast<int>(timeout.count()));
  if (ready <= 0) return Error{Code::kTimeout, StrCat(where, ": no connection in ", timeout.count(), " ms")};
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket.fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Error{Code::kUnavailable, StrCat(where, ": ", std::strerror(error))};
  return {};
}

Result<void> ProbeRunner::LookHttp(const Probe& probe, const std::string& ip) const {
  http::Call call;
  call.url = StrCat(probe.scheme, "://", HostPort(probe.host.empty() ? ip : probe.host, probe.port), probe.path);
  for (const auto& [name, value] : probe.headers) call.headers.Add(name, value);
  call.connect_timeout = call.timeout = probe.timeout;
  call.max_body = 256 * 1024;
  call.verify_tls = false;  // as the kubelet: a probe asks whether it answers, not who it is
  const auto answer = http_.Send(call);
  if (!answer.ok() && answer.error().code == Code::kTooLarge) return {};
  if (!answer.ok()) return answer.error().Within(StrCat("GET ", call.url));
  if (answer->status >= 200 && answer->status < 400) return {};
  return Error{Code::kUnavailable, StrCat("GET ", call.url, ": ", answer->status)};
}

Result<void> ProbeRunner::Look(const Probe& probe, const std::string& container, const std::string& ip) const {
  if (probe.type == Probe::Type::kExec) {
    const auto code = runtime_.Exec(container, probe.command, probe.timeout);
    if (!code.ok()) return code.error().Within("exec");
    if (*code != 0) return Error{Code::kUnavailable, StrCat("exec: exit code ", *code)};
    return {};
  }
  if (ip.empty() && probe.host.empty()) return Error{Code::kUnavailable, "the container has no address"};
  if (probe.type == Probe::Type::kHttp) return LookHttp(probe, ip);
  return connect_(probe.host.empty() ? ip : probe.host, probe.port, probe.timeout);
}

}  // namespace patchbay::controller

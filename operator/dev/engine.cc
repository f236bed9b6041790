#include "dev/engine.h"

#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"
#include "driver/runtime/docker_runtime.h"

namespace patchbay::dev {
namespace {

constexpr std::chrono::seconds kStartTimeout{90};
constexpr std::chrono::seconds kStopGrace{30};
constexpr std::chrono::seconds kPredecessorGrace{15};
constexpr std::chrono::seconds kContainerdGrace{5};
constexpr std::chrono::milliseconds kLookAgain{100};
// A Unix socket's path has 107 characters; containerd puts "/containerd/containerd-debug.sock.ttrpc" behind ours.
constexpr std::size_t kLongestExecRoot = 60;

std::string EnvironmentOf(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// "Docker Engine 20.10.24 (API 1.41)", or why it does not answer.
Result<std::string> Probe(const std::string& host, http::HttpClient& http) {
  if (host.starts_with("unix://")) {
    const std::string path = host.substr(7);
    if (access(path.c_str(), F_OK) != 0) return Error{Code::kUnavailable, "there is no such socket"};
    if (access(path.c_str(), R_OK | W_OK) != 0)
      return Error{Code::kForbidden, "you may not use it; join its group (usually \"docker\") or be root"};
  }
  PATCHBAY_TRY(const auto runtime, driver::NewDockerRuntime({.host = host, .installation = "probe"}, http));
  PATCHBAY_TRY(const auto version, runtime->Version());
  return StrCat(version.engine, " ", version.version, " (API ", version.api_version, ")");
}

std::vector<std::string> Candidates(const std::string& private_host, bool only_private) {
  if (only_private) return {private_host};
  if (const std::string host = EnvironmentOf("DOCKER_HOST"); !host.empty()) return {host};
  std::vector<std::string> hosts{private_host, "unix:///var/run/docker.sock"};
  if (const std::string folder = EnvironmentOf("XDG_RUNTIME_DIR"); !folder.empty())
    hosts.push_back(StrCat("unix://", folder, "/podman/podman.sock"));
  hosts.emplace_back("unix:///run/podman/podman.sock");
  return hosts;
}

struct PrivatePaths {
  std::string data;
  std::string exec;
  std::string socket;
  std::string pid;
  std::string log;
};

PrivatePaths PathsIn(const std::string& folder) {
  const std::string absolute = std::filesystem::absolute(folder).lexically_normal().string();
  PrivatePaths paths{absolute + "/data", absolute + "/exec", absolute + "/docker.sock", absolute + "/docker.pid",
                     absolute + "/docker.log"};
  if (paths.exec.size() > kLongestExecRoot)
    paths.exec = StrCat("/tmp/patchbay-", Sha256Hex(absolute).substr(0, 8), "/exec");
  if (paths.socket.size() > kLongestExecRoot)
    paths.socket = StrCat("/tmp/patchbay-", Sha256Hex(absolute).substr(0, 8), "/docker.sock");
  return paths;
}

// Tells whether the process of this pid file lives and is that program (a zombie has none).
bool IsAlive(const std::string& pid_file, const std::string& program) {
  long pid = 0;
  std::ifstream(pid_file) >> pid;
  std::error_code error;
  return pid > 0 && std::filesystem::read_symlink(StrCat("/proc/", pid, "/exe"), error).filename() == program;
}

// Another dockerd in our network name space, or 0.
long FindOtherDaemon() {
  std::error_code error;
  const auto network = std::filesystem::read_symlink("/proc/self/ns/net", error);
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const auto pid = ParseInt(entry.path().filename().string());
    if (!pid || std::filesystem::read_symlink(entry.path() / "exe", error).filename() != "dockerd") continue;
    if (std::filesystem::read_symlink(entry.path() / "ns/net", error) == network) return *pid;
  }
  return 0;
}

// Whoever ran ours before us may have gone a moment ago.
void AwaitPredecessor(const PrivatePaths& paths) {
  const MonoTime deadline = SystemClock().Mono() + kPredecessorGrace;
  while (IsAlive(paths.pid, "dockerd") && SystemClock().Mono() < deadline) SystemClock().SleepFor(kLookAgain, {});
}

// After a crash dockerd refuses to start when any program has the number that it left behind, and waits in vain for a
// containerd that is just going away.
void ForgetStalePids(const PrivatePaths& paths) {
  if (IsAlive(paths.pid, "dockerd")) return;
  std::filesystem::remove(paths.pid);
  const std::string containerd = paths.exec + "/containerd/containerd.pid";
  const MonoTime deadline = SystemClock().Mono() + kContainerdGrace;
  while (IsAlive(containerd, "containerd")) {
    if (SystemClock().Mono() > deadline) return;
    SystemClock().SleepFor(kLookAgain, {});
  }
  std::filesystem::remove(containerd);
}

// dockerd's own reason: the last thing it says, without a timestamp.
std::string ReadReason(const std::string& log) {
  std::ifstream file(log);
  std::string reason;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("failed to ") || line.starts_with("unable to ")) reason = line;
  if (Lower(reason).find("iptables") != std::string::npos) reason += " (install iptables)";
  return reason.empty() ? "it does not say why" : reason;
}

Error NothingAnswers(const std::vector<std::string>& tried) {
  std::string hint = "install docker.io or podman";
  if (!EnvironmentOf("DOCKER_HOST").empty()) {
    hint = "DOCKER_HOST names it: correct or unset it";
  } else if (geteuid() != 0 && !FindProgram("podman").empty()) {
    hint = "start Podman's service (systemctl --user start podman.socket), or Docker's";
  } else if (geteuid() != 0 && !FindProgram("dockerd").empty()) {
    hint = "start Docker (sudo systemctl start docker), or run this as root to get a private one";
  }
  return Error{Code::kUnavailable,
               StrCat("no container engine answers; tried ", Join(tried, "; "), ". To mend it: ", hint)};
}

Result<void> MakeFolders(const PrivatePaths& paths) {
  for (const auto& folder : {paths.data, paths.exec, std::filesystem::path(paths.socket).parent_path().string()}) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return Error{Code::kUnavailable, StrCat("cannot make ", folder, ": ", error.message())};
  }
  return {};
}

// Its description when it answers.
Result<std::string> AwaitAnswer(Child& child, const std::string& host, const std::string& log, http::HttpClient& http) {
  const MonoTime deadline = SystemClock().Mono() + kStartTimeout;
  while (SystemClock().Mono() < deadline) {
    if (!child.running())
      return Error{Code::kUnavailable, StrCat("dockerd could not start: ", ReadReason(log), "; more in ", log)};
    auto description = Probe(host, http);
    if (description.ok()) return description;
    SystemClock().SleepFor(kLookAgain, {});
  }
  return Error{Code::kUnavailable, StrCat("dockerd was started and does not answer; see ", log)};
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::FindOrStart(EngineOptions options, http::HttpClient& http) {
  std::vector<std::string> tried;
  for (const auto& host : Candidates(StrCat("unix://", PathsIn(options.folder).socket), options.only_private)) {
    auto description = Probe(host, http);
    if (description.ok()) return std::unique_ptr<Engine>(new Engine(host, *description, "", nullptr));
    tried.push_back(StrCat(host, " (", description.error().message, ")"));
  }
  const bool chosen = !EnvironmentOf("DOCKER_HOST").empty() && !options.only_private;
  if (!chosen && options.may_start && geteuid() == 0 && !FindProgram("dockerd").empty()) return Launch(options, http);
  return NothingAnswers(tried);
}

Result<std::unique_ptr<Engine>> Engine::Launch(const EngineOptions& options, http::HttpClient& http) {
  const PrivatePaths paths = PathsIn(options.folder);
  PATCHBAY_CHECK(MakeFolders(paths));
  AwaitPredecessor(paths);
  if (const long pid = FindOtherDaemon(); pid != 0 && options.daemon_under.empty())
    return Error{
        Code::kUnavailable,
        StrCat("another Docker Engine (process ", pid, ") runs on this machine and answers at none of the usual ",
               "addresses; two would fight over the bridge docker0: set DOCKER_HOST to its address")};
  ForgetStalePids(paths);
  std::filesystem::remove(paths.log);
  const std::string host = StrCat("unix://", paths.socket);
  const std::string absolute = std::filesystem::absolute(options.folder).lexically_normal().string();
  ChildOptions child_options;
  child_options.argv = {"dockerd", "--data-root", paths.data, "--exec-root",    paths.exec,    "-H",
                        host,      "--pidfile",   paths.pid,  "--live-restore", "--log-level", "warn"};
  child_options.argv.insert(child_options.argv.begin(), options.daemon_under.begin(), options.daemon_under.end());
  child_options.argv.insert(child_options.argv.end(), options.daemon_args.begin(), options.daemon_args.end());
  child_options.log_file = paths.log;
  options.say(StrCat("no container engine answers: starting a private Docker Engine in ", options.folder));
  PATCHBAY_TRY(auto child, Child::Start(child_options));
  PATCHBAY_TRY(auto description, AwaitAnswer(*child, host, paths.log, http));
  options.say(StrCat("the private ", description, " answers"));
  return std::unique_ptr<Engine>(new Engine(host, StrCat("private ", description), absolute, std::move(child)));
}

Engine::~Engine() { Stop(); }

void Engine::Stop() {
  if (child_ != nullptr) child_->Stop(SIGTERM, kStopGrace);
}

void Engine::Unmount() {
  if (child_ == nullptr) return;
  std::vector<std::string> points;
  std::ifstream mounts("/proc/self/mounts");
  for (std::string line; std::getline(mounts, line);) {
    const std::vector<std::string> words = Split(line, ' ');
    if (words.size() > 1 && words[1].starts_with(folder_ + "/")) points.push_back(words[1]);
  }
  for (auto point = points.rbegin(); point != points.rend(); ++point) umount2(point->c_str(), MNT_DETACH);
}

}  // namespace patchbay::dev

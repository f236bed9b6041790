#include "dev/caddy.h"

#include <signal.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "driver/gateway/caddy_admin.h"

namespace patchbay::dev {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kProbeDeadline{2'000};
constexpr std::size_t kLongestSocketPath = 100;  // sockaddr_un holds 108

struct Traces {
  pid_t pid = -1;
  std::string admin;
};

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Result<void> WriteFile(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return Error{Code::kUnavailable, StrCat("cannot write ", path.string())};
  return {};
}

fs::path ConfigPath(const CaddyChildOptions& options) { return fs::path(options.folder) / "caddy.json"; }
fs::path PidPath(const CaddyChildOptions& options) { return fs::path(options.folder) / "caddy.pid"; }
fs::path LogPath(const CaddyChildOptions& options) { return fs::path(options.folder) / "caddy.log"; }

// A pid may be another program's by now: ours carries our configuration file in its command line.
bool IsOurs(pid_t pid, const CaddyChildOptions& options) {
  const std::string command = ReadFile(StrCat("/proc/", pid, "/cmdline"));
  return command.find(StrCat('\0', ConfigPath(options).string(), '\0')) != std::string::npos;
}

std::optional<Traces> FindRunning(const CaddyChildOptions& options) {
  const auto lines = Split(ReadFile(PidPath(options)), '\n');
  const auto pid = ParseInt(lines[0]);
  if (!pid || *pid < 2 || lines.size() < 2) return std::nullopt;
  if (!IsOurs(static_cast<pid_t>(*pid), options)) return std::nullopt;
  return Traces{static_cast<pid_t>(*pid), lines[1]};
}

bool Answers(http::HttpClient& client, const std::string& admin) {
  const auto api = driver::CaddyAdmin::At(admin, client, kProbeDeadline);
  return api.ok() && api->Get("/config/admin").ok();
}

bool IsAlive(pid_t pid) {
  const std::string stat = ReadFile(StrCat("/proc/", pid, "/stat"));
  const auto name_end = stat.rfind(')');
  return name_end != std::string::npos && stat.substr(name_end, 4).find('Z') == std::string::npos;
}

void StopStranger(pid_t pid, std::chrono::milliseconds grace) {
  kill(pid, SIGTERM);
  const auto deadline = SystemClock().Mono() + grace;
  bool killed = false;
  while (IsAlive(pid) && SystemClock().Mono() < deadline + std::chrono::seconds(5)) {
    if (!killed && SystemClock().Mono() > deadline) killed = kill(pid, SIGKILL) == 0;
    SystemClock().SleepFor(std::chrono::milliseconds(10), {});
  }
}

std::string ChooseAdmin(const CaddyChildOptions& options) {
  const std::string socket = (fs::path(options.folder) / "admin.sock").string();
  if (socket.size() <= kLongestSocketPath) return StrCat("unix/", socket);
  return StrCat("127.0.0.1:", FreePort());
}

Result<void> Prepare(const CaddyChildOptions& options, const std::string& admin) {
  std::error_code error;
  fs::create_directories(options.folder, error);
  if (error) return Error{Code::kUnavailable, StrCat("cannot make ", options.folder, ": ", error.message())};
  fs::permissions(options.folder, fs::perms::owner_all, error);
  fs::remove(fs::path(options.folder) / "admin.sock", error);
  return WriteFile(ConfigPath(options),
                   StrCat("{\"admin\":{\"listen\":", QuoteJson(admin), ",\"config\":{\"persist\":false}}}\n"));
}

Result<std::unique_ptr<Child>> Launch(const CaddyChildOptions& options) {
  ChildOptions child;
  child.argv = {options.program, "run", "--config", ConfigPath(options).string()};
  child.env = {StrCat("XDG_DATA_HOME=", options.folder, "/share"),
               StrCat("XDG_CONFIG_HOME=", options.folder, "/config"), StrCat("HOME=", options.folder)};
  child.log_file = LogPath(options).string();
  child.outlive = true;
  auto started = Child::Start(std::move(child));
  if (!started.ok() && started.error().code == Code::kNotFound)
    return Error{Code::kNotFound,
                 StrCat("the program \"", options.program,
                        "\" is not installed: install the package \"caddy\" (Debian, Ubuntu: apt-get install caddy)")};
  return started;
}

std::string LastWords(const CaddyChildOptions& options) {
  const std::string log = ReadFile(LogPath(options));
  const std::string end(Trim(log.size() > 600 ? std::string_view(log).substr(log.size() - 600) : log));
  return end.substr(end.rfind('\n') + 1);
}

}  // namespace

Result<std::unique_ptr<CaddyChild>> CaddyChild::Start(http::HttpClient& client, CaddyChildOptions options) {
  options.folder = fs::absolute(options.folder).lexically_normal().string();
  if (const auto old = FindRunning(options)) {
    if (Answers(client, old->admin)) {
      std::unique_ptr<CaddyChild> adopted(new CaddyChild(std::move(options), old->admin));
      adopted->pid_ = old->pid;
      return adopted;
    }
    LogWarn("dev", "the old Caddy does not answer and is stopped", {{"pid", StrCat(old->pid)}});
    StopStranger(old->pid, std::chrono::seconds(1));
  }
  std::unique_ptr<CaddyChild> caddy(new CaddyChild(options, ChooseAdmin(options)));
  PATCHBAY_CHECK(Prepare(options, caddy->admin_));
  PATCHBAY_TRY(caddy->child_, Launch(options));
  caddy->pid_ = caddy->child_->pid();
  PATCHBAY_CHECK(WriteFile(PidPath(options), StrCat(caddy->pid_, '\n', caddy->admin_, '\n')));
  const auto deadline = SystemClock().Mono() + options.patience;
  while (!Answers(client, caddy->admin_)) {
    if (!caddy->child_->running() || SystemClock().Mono() > deadline)
      return Error{Code::kUnavailable, StrCat("Caddy does not come up: ", LastWords(options))};
    SystemClock().SleepFor(std::chrono::milliseconds(20), {});
  }
  return caddy;
}

CaddyChild::~CaddyChild() { Stop(); }

bool CaddyChild::running() {
  if (pid_ < 0) return false;
  return child_ ? child_->running() : IsOurs(pid_, options_) && IsAlive(pid_);
}

void CaddyChild::Stop(std::chrono::milliseconds grace) {
  if (pid_ < 0) return;
  if (child_)
    child_->Stop(SIGTERM, grace);
  else if (running())
    StopStranger(pid_, grace);
  // A successor may have written its own by now.
  std::error_code ignored;
  if (Split(ReadFile(PidPath(options_)), '\n')[0] == StrCat(pid_)) fs::remove(PidPath(options_), ignored);
  pid_ = -1;
}

void CaddyChild::Forget() {
  if (child_) child_->Forget();
  pid_ = -1;
}

}  // namespace patchbay::dev

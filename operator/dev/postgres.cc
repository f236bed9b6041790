#include "dev/postgres.h"

#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"

namespace patchbay::dev {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kSuperuser = "patchbay";
constexpr std::size_t kLongestSocketFolder = 80;  // sun_path holds 107 bytes, Postgres adds "/.s.PGSQL.5432.lock"

std::string ReadText(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Short, and needs no quotes in a connection string or in a Postgres setting.
bool FitsSocket(const std::string& folder) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '.' || c == '-' || c == '_';
  };
  return folder.size() <= kLongestSocketFolder && std::all_of(folder.begin(), folder.end(), plain);
}

std::string LogTail(const std::string& folder) {
  std::string text = ReadText(fs::path(folder) / "log");
  if (text.size() > 1500) text.erase(0, text.size() - 1500);
  return std::string(Trim(text));
}

// What postmaster.pid says (PostgreSQL, miscadmin.h: LOCK_FILE_LINE_*).
struct Postmaster {
  pid_t pid = -1;
  std::string port;
  std::string socket_folder;
  std::string status;
};

std::optional<Postmaster> ReadPostmaster(const std::string& folder) {
  const auto lines = Split(ReadText(fs::path(folder) / "data" / "postmaster.pid"), '\n');
  const auto pid = ParseInt(Trim(lines[0]));
  if (!pid || *pid <= 1) return std::nullopt;
  Postmaster found;
  found.pid = static_cast<pid_t>(*pid);
  if (lines.size() > 3) found.port = Trim(lines[3]);
  if (lines.size() > 4) found.socket_folder = Trim(lines[4]);
  if (lines.size() > 7) found.status = Trim(lines[7]);
  return found;
}

// A pid may have been given to somebody else: a postmaster's working folder is its data folder.
bool IsPostmasterOf(pid_t pid, const std::string& folder) {
  std::error_code error;
  const auto cwd = fs::read_symlink(StrCat("/proc/", pid, "/cwd"), error);
  return !error && fs::equivalent(cwd, fs::path(folder) / "data", error);
}

Result<void> MakeFolder(const std::string& path, mode_t mode, const std::string& user) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return Error{Code::kForbidden, StrCat("cannot make the folder ", path, ": ", error.message())};
  if (!user.empty()) {
    const passwd* account = getpwnam(user.c_str());
    if (account == nullptr)
      return Error{Code::kNotFound, StrCat("there is no user \"", user, "\": install the package postgresql")};
    if (chown(path.c_str(), account->pw_uid, account->pw_gid) != 0)
      return Error{Code::kForbidden, StrCat("cannot give the folder ", path, " to ", user)};
  }
  struct stat seen {};
  const uid_t owner = user.empty() ? geteuid() : getpwnam(user.c_str())->pw_uid;
  if (lstat(path.c_str(), &seen) != 0 || !S_ISDIR(seen.st_mode) || seen.st_uid != owner)
    return Error{Code::kForbidden, StrCat("the folder ", path, " belongs to somebody else")};
  if (chmod(path.c_str(), mode) != 0) return Error{Code::kForbidden, StrCat("cannot close the folder ", path)};
  return {};
}

}  // namespace

Result<std::unique_ptr<PrivatePostgres>> PrivatePostgres::Start(PostgresOptions options) {
  std::error_code error;
  options.folder = fs::absolute(options.folder, error).lexically_normal().string();
  if (options.user.empty() && geteuid() == 0) options.user = "postgres";
  std::unique_ptr<PrivatePostgres> server(new PrivatePostgres(std::move(options)));
  PATCHBAY_CHECK(server->Prepare());
  if (!server->TakeOver()) PATCHBAY_CHECK(server->Launch());
  PATCHBAY_CHECK(server->AwaitReady());
  PATCHBAY_CHECK(server->MakeDatabase());
  return server;
}

PrivatePostgres::~PrivatePostgres() {
  if (!options_.outlive) {
    Stop();
  } else if (child_ != nullptr) {
    child_->Forget();
  }
}

Result<void> PrivatePostgres::Prepare() {
  for (const char* program : {"initdb", "postgres", "createdb"})
    if (FindProgram(program).empty())
      return Error{Code::kNotFound,
                   StrCat("PostgreSQL is not installed (no ", program, "): install the package postgresql")};
  const std::string& folder = options_.folder;
  PATCHBAY_CHECK(MakeFolder(folder, 0700, options_.user));
  if (!options_.user.empty() && !RunCommand({"test", "-w", folder}, options_.user).ok())
    return Error{Code::kForbidden, StrCat("the user ", options_.user, " cannot reach ", folder,
                                          ": a folder above it is closed to others; choose another data folder")};
  socket_folder_ = folder;
  if (!FitsSocket(folder)) {
    socket_folder_ = StrCat("/tmp/patchbay-pg-", Sha256Hex(folder).substr(0, 12));
    PATCHBAY_CHECK(MakeFolder(socket_folder_, 0700, options_.user));
  }
  return {};
}

bool PrivatePostgres::TakeOver() {
  const auto found = ReadPostmaster(options_.folder);
  if (!found) return false;
  if (!IsPostmasterOf(found->pid, options_.folder)) {
    std::error_code ignored;
    fs::remove(fs::path(options_.folder) / "data" / "postmaster.pid", ignored);
    return false;
  }
  pid_ = found->pid;
  if (found->status == "ready" && !found->socket_folder.empty()) {
    socket_folder_ = found->socket_folder;
    return true;
  }
  // On its way down (our death told it so), or half up: away with it, so that one state remains.
  End(SIGINT);
  return false;
}

Result<void> PrivatePostgres::MakeCluster(const std::string& data) {
  const std::string draft = data + ".new";  // a crash half way leaves a draft, never half a cluster
  std::error_code error;
  fs::remove_all(draft, error);
  std::vector<std::string> argv = {"initdb",       "-D", draft,  "-U",         std::string(kSuperuser),
                                   "--auth=trust", "-E", "UTF8", "--locale=C", "--no-instructions"};
  if (options_.throwaway) argv.emplace_back("--no-sync");
  auto made = RunCommand(argv, options_.user);
  if (!made.ok()) return made.error().Within("cannot make a Postgres cluster");
  fs::rename(draft, data, error);
  if (error) return Error{Code::kForbidden, StrCat("cannot rename ", draft, ": ", error.message())};
  return {};
}

Result<void> PrivatePostgres::Launch() {
  const std::string data = options_.folder + "/data";
  if (!fs::exists(data + "/PG_VERSION")) PATCHBAY_CHECK(MakeCluster(data));
  ChildOptions child;
  child.argv = {"postgres",
                "-D",
                data,
                "-c",
                "listen_addresses=",
                "-c",
                StrCat("unix_socket_directories=", socket_folder_),
                "-c",
                "unix_socket_permissions=0700",
                "-c",
                "port=5432",
                "-c",
                "fsync=on",
                "-c",
                "logging_collector=off",
                "-c",
                "log_line_prefix=%m [%p] "};
  for (const auto& setting : options_.settings) child.argv.insert(child.argv.end(), {"-c", setting});
  child.log_file = options_.folder + "/log";
  child.user = options_.user;
  child.outlive = options_.outlive;
  PATCHBAY_TRY(child_, Child::Start(std::move(child)));
  pid_ = child_->pid();
  return {};
}

Result<void> PrivatePostgres::AwaitReady() {
  connection_ = StrCat("host=", socket_folder_, " port=5432 user=", kSuperuser, " dbname=", options_.database);
  const auto deadline = SystemClock().Mono() + seconds(60);  // crash recovery may take a while
  while (SystemClock().Mono() < deadline) {
    const auto found = ReadPostmaster(options_.folder);
    if (found && found->pid == pid_ && found->status == "ready") return {};
    if (child_ != nullptr && !child_->running()) {
      pid_ = -1;
      return Error{Code::kUnavailable, StrCat("PostgreSQL ended at once: ", LogTail(options_.folder))};
    }
    SystemClock().SleepFor(milliseconds(5), {});
  }
  return Error{Code::kUnavailable, StrCat("PostgreSQL did not become ready: ", LogTail(options_.folder))};
}

Result<void> PrivatePostgres::MakeDatabase() {
  const fs::path mark = fs::path(options_.folder) / StrCat("database-", options_.database);
  if (options_.database == "postgres" || fs::exists(mark)) return {};
  auto made =
      RunCommand({"createdb", "-h", socket_folder_, "-p", "5432", "-U", std::string(kSuperuser), options_.database});
  if (!made.ok() && made.error().message.find("already exists") == std::string::npos)
    return made.error().Within("cannot make the database");
  std::ofstream(mark).flush();
  return {};
}

void PrivatePostgres::Stop() { End(SIGINT); }
void PrivatePostgres::Crash() { End(SIGQUIT); }

void PrivatePostgres::End(int signal) {
  if (child_ != nullptr) {
    child_->Stop(signal, seconds(30));
    child_.reset();
  } else if (pid_ > 1 && IsPostmasterOf(pid_, options_.folder)) {
    kill(pid_, signal);
    const auto deadline = SystemClock().Mono() + seconds(30);
    while (IsPostmasterOf(pid_, options_.folder) && SystemClock().Mono() < deadline)
      SystemClock().SleepFor(milliseconds(10), {});
  }
  pid_ = -1;
}

}  // namespace patchbay::dev

#include "dev/child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "base/clock.h"
#include "base/text.h"

namespace patchbay::dev {
namespace {

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

Result<Account> FindAccount(const std::string& user) {
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr) return Error{Code::kNotFound, StrCat("there is no user \"", user, "\"")};
  Account account{entry->pw_uid, entry->pw_gid, std::vector<gid_t>(64)};
  int count = static_cast<int>(account.groups.size());
  while (getgrouplist(user.c_str(), account.gid, account.groups.data(), &count) < 0)  // count becomes what there is
    account.groups.resize(static_cast<std::size_t>(count));
  account.groups.resize(static_cast<std::size_t>(count));
  return account;
}

// Only async-signal-safe calls: we are between fork and exec, and a lock that another thread held at the fork (malloc's)
// stays locked here. So initgroups, which reads files, has no place here.
[[noreturn]] void Become(const ChildOptions& options, const Account* account, const char* program, char* const* argv,
                         char* const* env, int output, int failure, pid_t parent) {
  setsid();
  if (!options.outlive) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(127);
  }
  const int null = open("/dev/null", O_RDWR);
  dup2(null, STDIN_FILENO);
  dup2(output >= 0 ? output : null, STDOUT_FILENO);
  dup2(output >= 0 ? output : null, STDERR_FILENO);
  const bool changed = account == nullptr || (setgroups(account->groups.size(), account->groups.data()) == 0 &&
                                              setgid(account->gid) == 0 && setuid(account->uid) == 0);
  // Changing the user clears the death signal.
  if (!options.outlive) prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (changed && (options.working_dir.empty() || chdir(options.working_dir.c_str()) == 0)) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    signal(SIGPIPE, SIG_DFL);
    execve(program, argv, env);
  }
  const int error = errno;
  [[maybe_unused]] const auto written = write(failure, &error, sizeof error);
  _exit(127);
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> Environment(const std::vector<std::string>& added) {
  std::vector<std::string> env = added;
  const auto name = [](const std::string& text) { return text.substr(0, text.find('=')); };
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (std::none_of(added.begin(), added.end(), [&](const auto& own) { return name(own) == name(*entry); }))
      env.emplace_back(*entry);
  return env;
}

Result<pid_t> Launch(const ChildOptions& options, int output) {
  const std::string program = FindProgram(options.argv.at(0));
  if (program.empty()) return Error{Code::kNotFound, StrCat("the program \"", options.argv[0], "\" is not installed")};
  Account account;
  if (!options.user.empty()) {
    PATCHBAY_TRY(account, FindAccount(options.user));
  }
  auto arguments = options.argv;
  auto environment = Environment(options.env);
  const auto argv = Pointers(arguments);
  const auto env = Pointers(environment);
  std::array<int, 2> failure{};
  if (pipe2(failure.data(), O_CLOEXEC) != 0) return Error{Code::kUnavailable, "out of file descriptors"};
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0)
    Become(options, options.user.empty() ? nullptr : &account, program.c_str(), argv.data(), env.data(), output,
           failure[1], parent);
  close(failure[1]);
  int error = 0;
  const bool failed = pid < 0 || read(failure[0], &error, sizeof error) == sizeof error;
  close(failure[0]);
  if (!failed) return pid;
  if (pid > 0) waitpid(pid, nullptr, 0);
  return Error{Code::kUnavailable, StrCat("cannot start ", program, ": ", std::strerror(error))};
}

}  // namespace

Result<std::unique_ptr<Child>> Child::Start(ChildOptions options) {
  int output = -1;
  if (!options.log_file.empty()) {
    output = open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (output < 0)
      return Error{Code::kUnavailable, StrCat("cannot write ", options.log_file, ": ", std::strerror(errno))};
  }
  auto pid = Launch(options, output);
  if (output >= 0) close(output);
  if (!pid.ok()) return std::move(pid).error();
  return std::unique_ptr<Child>(new Child(*pid));
}

Child::~Child() { Stop(SIGTERM, std::chrono::seconds(10)); }

bool Child::running() {
  if (pid_ < 0) return false;
  const pid_t done = waitpid(pid_, &status_, WNOHANG);
  if (done == 0) return true;
  pid_ = -1;
  return false;
}

void Child::Stop(int signal, std::chrono::milliseconds grace) {
  if (!running()) return;
  kill(pid_, signal);
  const auto deadline = SystemClock().Mono() + grace;
  while (running()) {
    if (SystemClock().Mono() > deadline) {
      kill(-pid_, SIGKILL);
      kill(pid_, SIGKILL);
      waitpid(pid_, &status_, 0);
      pid_ = -1;
      return;
    }
    SystemClock().SleepFor(std::chrono::milliseconds(10), {});
  }
}

Result<std::string> RunCommand(const std::vector<std::string>& argv, const std::string& user,
                               std::chrono::milliseconds timeout) {
  std::array<int, 2> output{};
  if (pipe2(output.data(), O_CLOEXEC) != 0) return Error{Code::kUnavailable, "out of file descriptors"};
  ChildOptions options;
  options.argv = argv;
  options.user = user;
  auto pid = Launch(options, output[1]);
  close(output[1]);
  if (!pid.ok()) {
    close(output[0]);
    return std::move(pid).error();
  }
  std::string text;
  const auto deadline = SystemClock().Mono() + timeout;
  bool late = false;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SystemClock().Mono()).count();
    late = left <= 0;
    pollfd poll_for{output[0], POLLIN, 0};
    if (late || poll(&poll_for, 1, static_cast<int>(std::min<long>(left, 1000))) < 0) break;
    if (poll_for.revents == 0) continue;
    std::array<char, 4096> piece{};
    const auto count = read(output[0], piece.data(), piece.size());
    if (count <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(count));
  }
  close(output[0]);
  if (late) kill(-*pid, SIGKILL);
  int status = 0;
  waitpid(*pid, &status, 0);
  if (late) return Error{Code::kTimeout, StrCat(argv[0], " took too long: ", text)};
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return Error{Code::kInternal, StrCat(argv[0], " failed (",
                                         WIFEXITED(status) ? StrCat("exit ", WEXITSTATUS(status))
                                                           : StrCat("signal ", WTERMSIG(status)),
                                         "): ", Trim(text))};
  return text;
}

std::string FindProgram(const std::string& name) {
  if (name.find('/') != std::string::npos) return access(name.c_str(), X_OK) == 0 ? name : "";
  const char* path = std::getenv("PATH");
  std::vector<std::string> folders = Split(path == nullptr ? "" : path, ':');
  for (const char* more : {"/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"})
    folders.emplace_back(more);
  glob_t versions{};
  if (glob("/usr/lib/postgresql/*/bin", 0, nullptr, &versions) == 0)
    for (std::size_t i = versions.gl_pathc; i > 0; --i) folders.emplace_back(versions.gl_pathv[i - 1]);
  globfree(&versions);
  for (const auto& folder : folders) {
    const std::string candidate = StrCat(folder, "/", name);
    if (!folder.empty() && access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return "";
}

int FreePort() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  int port = 0;
  if (bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0)
    port = ntohs(address.sin_port);
  close(probe);
  return port;
}

}  // namespace patchbay::dev

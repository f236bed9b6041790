#include "dev_program.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "app.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/api_client.h"
#include "dev/caddy.h"
#include "dev/engine.h"
#include "dev/postgres.h"
#include "driver/gateway/dns_answerer.h"
#include "first_run.h"
#include "kubeconfig.h"
#include "live_table.h"
#include "object/object.h"
#include "schema/kind.h"
#include "signals.h"
#include "store/key_ring.h"

namespace patchbay {
namespace {

namespace fs = std::filesystem;

// One step on the terminal: "Postgres ... 0.8 s".
template <class Work>
auto Step(const std::string& name, Work work) -> decltype(work()) {
  std::cout << "  " << name << " " << std::string(name.size() < 28 ? 28 - name.size() : 1, '.') << " " << std::flush;
  const auto begin = SystemClock().Mono();
  auto result = work();
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(SystemClock().Mono() - begin).count();
  if (result.ok()) std::cout << took / 1000 << "." << took / 100 % 10 << " s" << std::endl;
  else std::cout << "failed" << std::endl;
  return result;
}

// The same port at every start, while it is free: Caddy goes on asking there.
Result<std::string> ChooseDnsAddress(const std::string& file) {
  constexpr const char* kHost = "127.0.0.1";
  std::string known;
  std::getline(std::ifstream(file) >> std::ws, known);
  for (const int port : {static_cast<int>(ParseInt(known).value_or(0)), 0}) {
    const auto free = driver::DnsAnswerer::Listen(kHost, port, SystemClock());
    if (!free.ok()) continue;
    const std::string address = (*free)->address();
    std::ofstream(file) << address.substr(address.rfind(':') + 1) << "\n";
    return address;
  }
  return Error{Code::kUnavailable, "no port on 127.0.0.1 is free for the DNS answerer"};
}

class FolderLock {
 public:
  static Result<FolderLock> Take(const std::string& folder) {
    const int file = open((folder + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return Error{Code::kUnavailable, StrCat("cannot write in ", folder)};
    if (flock(file, LOCK_EX | LOCK_NB) == 0) return FolderLock(file);
    close(file);
    return Error{Code::kConflict, StrCat("another `patchbay dev` runs with the data folder ", folder, "; end it, or give --data")};
  }
  FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock() {
    if (file_ >= 0) close(file_);
  }

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

Result<void> MakeFolder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return Error{Code::kUnavailable, StrCat("cannot make the data folder ", folder, ": ", error.message())};
  return {};
}

// Log lines go to operator.log: the terminal is for the person.
Result<void> SendLogTo(const std::string& file) {
  const int log = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0) return Error{Code::kUnavailable, StrCat("cannot write ", file)};
  dup2(log, STDERR_FILENO);
  close(log);
  return {};
}

class DevProgram {
 public:
  DevProgram(const cli::DevFlags& flags, const Signals& signals) : flags_(flags), signals_(signals), data_(flags.data) {}

  int Run() {
    const auto begun = Begin();
    if (begun.ok() && flags_.purge) return Purge();
    if (begun.ok() && !interrupted_) {
      PrintNext();
      while (!interrupted_) interrupted_ = signals_.Wait() != SIGHUP;
    }
    if (!begun.ok()) {
      std::cout << "\nerror: " << begun.error().message << "\n";
      for (const Cause& cause : begun.error().causes) std::cout << "  " << cause.field << ": " << cause.message << "\n";
      std::cout << "The operator's log is " << data_ << "/operator.log\n";
    }
    Stop();
    return begun.ok() ? 0 : 1;
  }

 private:
  Result<void> Begin() {
    PATCHBAY_CHECK(MakeFolder(data_));
    PATCHBAY_TRY(FolderLock lock, FolderLock::Take(data_));
    lock_.push_back(std::move(lock));
    PATCHBAY_CHECK(SendLogTo(data_ + "/operator.log"));
    std::cout << "Patchbay keeps everything in " << data_ << "\n";
    const auto begin = SystemClock().Mono();
    PATCHBAY_TRY(postgres_, Step("Postgres", [&] { return dev::PrivatePostgres::Start({.folder = data_ + "/postgres"}); }));
    if (Interrupted()) return {};
    if (!flags_.docker_host.empty()) setenv("DOCKER_HOST", flags_.docker_host.c_str(), 1);
    dev::EngineOptions engine_options;
    engine_options.folder = data_ + "/engine";
    PATCHBAY_TRY(engine_, Step("container engine", [&] { return dev::Engine::FindOrStart(engine_options, *client_); }));
    if (Interrupted()) return {};
    PATCHBAY_TRY(caddy_, Step("Caddy", [&] { return dev::CaddyChild::Start(*client_, {.folder = data_ + "/caddy"}); }));
    if (Interrupted()) return {};
    PATCHBAY_CHECK(Step("operator", [&] { return StartOperator(); }));
    PATCHBAY_CHECK(WriteKubeconfig(data_ + "/kubeconfig", server_));
    if (flags_.purge) return {};
    PATCHBAY_CHECK(FirstRun());
    PATCHBAY_CHECK(AwaitReady());
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(SystemClock().Mono() - begin).count();
    if (!interrupted_) std::cout << "\nEverything is Ready, " << took / 1000 << "." << took / 100 % 10 << " s after the start.\n";
    return {};
  }

  bool Interrupted() {
    if (!interrupted_) interrupted_ = signals_.WaitFor(std::chrono::milliseconds(0)) != 0;
    return interrupted_;
  }

  Result<void> StartOperator() {
    cli::OperatorFlags flags;
    flags.listen = {flags_.listen};
    flags.database_url = postgres_->connection();
    flags.docker_host = engine_->host();
    flags.gateways = {"caddy=" + caddy_->admin()};
    flags.gateway_listen = {flags_.gateway_listen};
    PATCHBAY_TRY(flags.gateway_dns, ChooseDnsAddress(data_ + "/gateway-dns"));
    flags.gateway_journal = "127.0.0.1:0";
    flags.encryption_key_file = data_ + "/encryption.keys";
    PATCHBAY_CHECK(store::KeyRing::ReadOrMake(flags.encryption_key_file));
    PATCHBAY_TRY(app_, App::Start(flags));
    server_ = "http://" + app_->addresses().front();
    cli::ConnectionFlags connection_flags;
    connection_flags.server = server_;
    PATCHBAY_TRY(auto connection, cli::FindConnection(connection_flags, [](const std::string&) { return std::string(); }));
    api_ = std::make_unique<cli::ApiClient>(std::move(connection), http::NewCurlClient());
    const auto deadline = SystemClock().Mono() + std::chrono::seconds(60);
    while (true) {
      const auto ready = api_->Get("/readyz");
      if (ready.ok() || Interrupted()) return {};
      if (SystemClock().Mono() > deadline) return ready.error().Within("the operator does not get ready");
      SystemClock().SleepFor(std::chrono::milliseconds(10), {});
    }
  }

  Result<void> FirstRun() {
    if (interrupted_) return {};
    const auto prepare = [&]() -> Result<void> {
      if (flags_.before_apply.empty()) return {};
      const auto ran = Step("preparing (" + flags_.before_apply.substr(flags_.before_apply.rfind('/', flags_.before_apply.find(' ')) + 1) + ")", [&] {
        return dev::RunCommand({"sh", "-c", StrCat("DOCKER_HOST='", engine_->host(), "' ", flags_.before_apply)}, "", std::chrono::minutes(10));
      });
      return ran.ok() ? Result<void>() : Result<void>(ran.error());
    };
    PATCHBAY_TRY(const bool first, ApplyFirstRun(server_, "", flags_.apply, prepare));
    if (!first && !flags_.apply.empty())
      std::cout << "  The database was used before: nothing is applied, everything is as you left it.\n";
    return {};
  }

  Result<void> AwaitReady() {
    std::cout << "\n";
    LiveTable table(std::cout, !flags_.detach_table);
    while (!interrupted_) {
      PATCHBAY_TRY(const auto rows, ReadRows(*api_));
      table.Draw(rows);
      if (std::all_of(rows.begin(), rows.end(), [](const LiveRow& row) { return row.is_ready; })) return {};
      interrupted_ = signals_.WaitFor(std::chrono::milliseconds(100)) != 0;
    }
    return {};
  }

  void PrintNext() {
    const std::string gateway = "http://" + flags_.gateway_listen;
    const std::string me = dev::FindProgram("patchbay").empty() ? fs::read_symlink("/proc/self/exe").string() : "patchbay";
    const bool usual = data_ == cli::DefaultDataFolder([](const std::string& name) {
                         const char* value = std::getenv(name.c_str());
                         return std::string(value == nullptr ? "" : value);
                       });
    const std::string flag = usual ? "" : StrCat(" --kubeconfig ", data_, "/kubeconfig");
    std::cout << "\nTry, in another terminal:\n"
              << "  curl " << gateway << "/echo/                 through the gateway\n"
              << "  " << me << flag << " get all\n"
              << "  " << me << flag << " logs -f echo\n"
              << "  " << me << flag << " scale echo --replicas=3\n"
              << "  kubectl --kubeconfig " << data_ << "/kubeconfig get plugins,routes,webhooks\n"
              << "  curl " << server_ << "/metrics\n"
              << "\nCtrl-C stops Postgres, Caddy and the operator. Containers go on; the next start adopts them.\n"
              << std::flush;
  }

  int Purge() {
    std::cout << "  deleting every object and its containers" << std::endl;
    const auto emptied = Empty();
    if (!emptied.ok()) std::cout << "error: " << emptied.error().message << "\n";
    Stop();
    if (!emptied.ok()) return 1;
    std::error_code error;
    fs::remove_all(data_, error);
    std::cout << (error ? StrCat("error: cannot remove ", data_, ": ", error.message(), "\n") : StrCat("removed ", data_, "\n"));
    return error ? 1 : 0;
  }

  Result<void> Empty() {
    for (const auto resource : {kRoutes, kWebhooks, kPlugins}) {
      const Kind* kind = Kinds::Embedded().FindResource(resource);
      while (!Interrupted()) {
        PATCHBAY_TRY(const Json list, api_->Get(cli::ObjectPath(*kind, "")));
        const Json* items = Find(list, {"items"});
        if (items == nullptr || items->empty()) break;
        for (const Json& item : *items)
          if (!IsDeleting(item)) (void)api_->Send("DELETE", cli::ObjectPath(*kind, NamespaceOf(item), NameOf(item))).ok();
        SystemClock().SleepFor(std::chrono::milliseconds(100), {});
      }
    }
    return interrupted_ ? Result<void>(Error{Code::kCancelled, "interrupted; not everything is deleted"}) : Result<void>();
  }

  void Stop() {
    std::cout << "\nstopping" << std::flush;
    api_.reset();
    if (app_) app_->Stop();
    app_.reset();
    std::cout << " operator" << std::flush;
    caddy_.reset();
    std::cout << " caddy" << std::flush;
    if (engine_) engine_->Stop();
    if (engine_ && flags_.purge) engine_->Unmount();
    engine_.reset();
    postgres_.reset();
    std::cout << " postgres" << std::endl;
  }

  const cli::DevFlags& flags_;
  const Signals& signals_;
  const std::string data_;
  std::string server_;
  bool interrupted_ = false;
  std::vector<FolderLock> lock_;
  std::unique_ptr<http::HttpClient> client_ = http::NewCurlClient();
  std::unique_ptr<dev::PrivatePostgres> postgres_;
  std::unique_ptr<dev::Engine> engine_;
  std::unique_ptr<dev::CaddyChild> caddy_;
  std::unique_ptr<App> app_;
  std::unique_ptr<cli::ApiClient> api_;
};

}  // namespace

int RunDev(const cli::DevFlags& flags, const std::string& version) {
  const Signals signals;
  SetLog(flags.log_level == "debug" ? LogLevel::kDebug : LogLevel::kInfo, LogFormat::kText);
  std::cout << "Patchbay " << version << "\n";
  return DevProgram(flags, signals).Run();
}

}  // namespace patchbay

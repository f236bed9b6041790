#include "app.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "api/api.h"
#include "base/clock.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "cache/cache.h"
#include "cache/committer.h"
#include "cache/mirror.h"
#include "controller/controller.h"
#include "driver/notifier/webhook_notifier.h"
#include "driver/runtime/docker_runtime.h"
#include "first_run.h"
#include "gateways.h"
#include "http/server.h"
#include "store/connection.h"
#include "store/pg_store.h"
#include "telemetry/own_process.h"
#include "telemetry/prometheus_meter.h"
#include "telemetry/world_gauges.h"

namespace patchbay {
namespace {

constexpr std::chrono::milliseconds kStopGrace{5'000};
constexpr std::chrono::milliseconds kStartRetry{500};

Result<store::PgOptions> StoreOptions(const cli::OperatorFlags& flags) {
  store::PgOptions options;
  options.connection = flags.database_url;
  if (options.connection.empty()) {
    PATCHBAY_TRY(options.connection, store::ConnectionString([](const char* name) -> std::optional<std::string> {
                   const char* value = std::getenv(name);
                   return value == nullptr ? std::nullopt : std::optional<std::string>(value);
                 }));
  }
  const auto event_ttl = ParseDuration(flags.event_ttl);
  if (!event_ttl || *event_ttl < std::chrono::seconds(1))
    return Error{Code::kInvalid, StrCat("--event-ttl ", flags.event_ttl, ": write a duration such as 1h or 30m, 1s at least")};
  options.events_age = std::chrono::duration_cast<std::chrono::seconds>(*event_ttl);
  if (!flags.encryption_key_file.empty()) {
    PATCHBAY_TRY(options.keys, store::KeyRing::Read(flags.encryption_key_file));
  }
  return options;
}

bool OnlyLocal(const std::string& address) {
  return address.starts_with("unix:") || address.starts_with("127.") || address.starts_with("[::1]") ||
         address.starts_with("localhost:");
}

// An API that anybody may reach is an API through which anybody runs containers.
Result<void> CheckExposure(const cli::OperatorFlags& flags) {
  if (flags.insecure || !flags.token_file.empty() || !flags.tls_client_ca.empty()) return {};
  for (const auto& address : flags.listen)
    if (!OnlyLocal(address))
      return Error{Code::kInvalid, StrCat("--listen ", address, " can be reached from outside, where everybody could run containers: "
                                          "give --token-file or --client-ca-file, or --insecure if this is what you want")};
  return {};
}

Result<std::chrono::milliseconds> ImageGcAfter(const cli::OperatorFlags& flags) {
  const auto after = flags.image_gc_after == "0" ? std::chrono::milliseconds(0) : ParseDuration(flags.image_gc_after);
  if (after && after->count() >= 0) return *after;
  return Error{Code::kInvalid, StrCat("--image-gc-after must be a duration as 168h, or 0, not \"", flags.image_gc_after, "\"")};
}

http::ServerOptions ServerOptionsOf(const cli::OperatorFlags& flags, Meter& meter) {
  http::ServerOptions options;
  options.listen = flags.listen;
  options.threads = flags.http_threads;
  options.tls.certificate = flags.tls_certificate;
  options.tls.key = flags.tls_key;
  options.tls.client_ca = flags.tls_client_ca;
  options.tls.require_client_certificate = !flags.tls_client_ca.empty();
  options.meter = &meter;
  return options;
}

// The first run comes in by a door of its own, whatever TLS and addresses the others have.
std::string MakePrivateSocket() {
  std::string folder = (std::filesystem::temp_directory_path() / "patchbay-XXXXXX").string();
  return mkdtemp(folder.data()) == nullptr ? "" : folder + "/api.sock";
}

std::string FirstToken(const std::string& file) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (!line.empty() && line[0] != '#') return line.substr(0, line.find(','));
  return "";
}

}  // namespace

cache::CacheOptions PodsOptions() {
  cache::CacheOptions options;
  options.steps_kept = 10'000;
  options.bytes_kept = 8 * 1024 * 1024;
  options.may_wait = true;
  return options;
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "localhost";
}

// What needs to know the database (its installation id) before it can be made.
struct Hands {
  std::unique_ptr<driver::Runtime> runtime;
  Gateways gateways;
  std::unique_ptr<driver::Notifier> notifier;
  std::unique_ptr<controller::Controllers> controllers;
};

struct App::Parts {
  Parts(const cli::OperatorFlags& operator_flags, store::PgOptions store_options)
      : flags(operator_flags),
        store(std::move(store_options), SystemClock(), random, meter),
        cache(store, SystemClock(), meter),
        pods(mirror, SystemClock(), NullMeter(), PodsOptions()),
        committer(store, cache, SystemClock(), random, "patchbay-operator"),
        world(cache),
        client(http::NewCurlClient()) {
    meter.AddCollector(telemetry::OwnProcess());
    telemetry::AddBuild(meter, PATCHBAY_VERSION);
    meter.AddCollector(world.collector());
  }

  std::shared_ptr<controller::Controllers> controllers() {
    const auto present = hands.Copy();
    return present ? std::shared_ptr<controller::Controllers>(present, present->controllers.get()) : nullptr;
  }

  api::Backstage Backstage();
  std::vector<std::pair<std::string, std::string>> Checks();
  Result<std::shared_ptr<Hands>> MakeHands(const std::string& installation);
  void Begin(std::stop_token stop);
  void RunFirst(std::stop_token stop);

  const cli::OperatorFlags flags;
  Random random;
  telemetry::PrometheusMeter meter;
  store::PgStore store;
  cache::Cache cache;
  cache::Mirror mirror{SystemClock()};
  cache::Cache pods;
  cache::Committer committer;
  telemetry::WorldGauges world;
  std::shared_ptr<http::HttpClient> client;
  Guarded<std::shared_ptr<Hands>> hands;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<http::Server> server;
  std::string private_socket;
  std::jthread beginner;
};

api::Backstage App::Parts::Backstage() {
  api::Backstage backstage;
  const Error early{Code::kUnavailable, "the operator is starting; the database has not answered yet"};
  backstage.logs = [this, early](const api::Backstage::LogQuery& query, const std::function<std::shared_ptr<http::Stream>()>& start) -> Result<void> {
    const auto present = controllers();
    if (!present) return early;
    return present->Logs({query.ns, query.plugin, query.instance, query.follow, query.previous, query.timestamps, query.tail, query.since}, start);
  };
  backstage.plan = [this, early](const std::vector<Json>& objects) -> Result<Json> {
    const auto present = controllers();
    if (!present) return early;
    PATCHBAY_TRY(Json plan, present->Plan(objects));
    return Json{{"objects", std::move(plan)}};
  };
  backstage.usage = [this, early](const std::vector<std::string>& ids) -> Result<std::vector<std::optional<api::Backstage::Usage>>> {
    const auto present = controllers();
    if (!present) return early;
    PATCHBAY_TRY(const auto used, present->Usage(ids));
    std::vector<std::optional<api::Backstage::Usage>> all;
    for (const auto& one : used) {
      all.emplace_back();
      if (one) all.back() = api::Backstage::Usage{one->timestamp, one->window, one->cpu_nanocores, one->memory_bytes};
    }
    return all;
  };
  backstage.mirror = &pods;
  backstage.metrics = [this] { return meter.Exposition(); };
  backstage.ready = [this] { return Checks(); };
  return backstage;
}

std::vector<std::pair<std::string, std::string>> App::Parts::Checks() {
  const auto health = store.health();
  std::vector<std::pair<std::string, std::string>> checks{{"database", health.ok ? "" : health.message},
                                                          {"cache", cache.synced() ? "" : "not loaded yet"}};
  const auto present = controllers();
  if (!present) {
    checks.emplace_back("controllers", "not started yet");
    return checks;
  }
  for (auto& check : present->Checks()) checks.push_back(std::move(check));
  return checks;
}

Result<std::shared_ptr<Hands>> App::Parts::MakeHands(const std::string& installation) {
  auto made = std::make_shared<Hands>();
  driver::DockerOptions docker;
  docker.host = flags.docker_host.empty() ? driver::DockerHostFromEnvironment() : flags.docker_host;
  docker.installation = installation;
  docker.concurrency = flags.workers;
  PATCHBAY_TRY(made->runtime, driver::NewDockerRuntime(docker, *client, meter));
  PATCHBAY_TRY(made->gateways, MakeGateways(flags, installation, client, meter));
  made->notifier = std::make_unique<driver::WebhookNotifier>(client, driver::WebhookOptions{!flags.webhooks_public_only, "patchbay", nullptr});
  controller::Options options;
  options.workers = flags.workers;
  options.prune_most = flags.prune_budget;
  PATCHBAY_TRY(options.image_gc_after, ImageGcAfter(flags));
  made->controllers = std::make_unique<controller::Controllers>(
      controller::Dependencies{cache, committer, store, *made->runtime, made->gateways.gateway.get(), *made->notifier, *client,
                               SystemClock(), random, meter, installation, nullptr, &mirror, HostName()},
      options);
  return made;
}

// The database may be away for a while: everything that needs it begins here, behind the listening API.
void App::Parts::Begin(std::stop_token stop) {
  std::string installation;
  while (!stop.stop_requested()) {
    auto id = store.InstallationId();
    if (id.ok() && cache.synced() && api->EnsureBuiltins(stop).ok()) {
      installation = std::move(*id);
      break;
    }
    SystemClock().SleepFor(kStartRetry / 10, stop);
  }
  if (stop.stop_requested()) return;
  auto made = MakeHands(installation);
  if (!made.ok()) {
    LogError("app", "cannot start the controllers", {{"error", made.error().message}});
    return;
  }
  (*made)->controllers->Start();
  *hands.Lock() = *made;
  LogInfo("app", "controllers started", {{"installation", installation}});
  RunFirst(stop);
}

void App::Parts::RunFirst(std::stop_token stop) {
  if (flags.default_manifests.empty()) return;
  while (!stop.stop_requested()) {
    const auto done = ApplyFirstRun("unix:" + private_socket, FirstToken(flags.token_file), {flags.default_manifests}, nullptr);
    if (done.ok()) {
      LogInfo("app", *done ? "default manifests applied" : "default manifests left alone: this database was used before",
              {{"folder", flags.default_manifests}});
      return;
    }
    LogError("app", "default manifests could not be applied", {{"error", done.error().message}});
    if (done.error().code == Code::kInvalid) return;
    SystemClock().SleepFor(kStartRetry * 4, stop);
  }
}

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
App::~App() { Stop(); }

Result<std::unique_ptr<App>> App::Start(const cli::OperatorFlags& flags) {
  PATCHBAY_CHECK(CheckExposure(flags));
  PATCHBAY_CHECK(CheckGateways(flags));
  PATCHBAY_TRY(auto store_options, StoreOptions(flags));
  LogInfo("app", "starting", {{"version", PATCHBAY_VERSION}, {"database", Redact(store_options.connection)}});
  auto parts = std::make_unique<Parts>(flags, std::move(store_options));
  api::ApiOptions api_options;
  api_options.version = PATCHBAY_VERSION;
  api_options.token_file = flags.token_file;
  parts->api = std::make_unique<api::Api>(Kinds::Embedded(), parts->cache, parts->committer, SystemClock(), parts->random,
                                          parts->meter, api_options, parts->Backstage());
  parts->store.Start();
  parts->cache.Start();
  parts->pods.Start();
  http::ServerOptions server_options = ServerOptionsOf(flags, parts->meter);
  if (!flags.default_manifests.empty()) {
    parts->private_socket = MakePrivateSocket();
    server_options.listen.push_back("unix:" + parts->private_socket);
  }
  PATCHBAY_TRY(parts->server, http::Server::Start(std::move(server_options),
                                                  [api = parts->api.get()](std::shared_ptr<http::Exchange> exchange) { api->Serve(std::move(exchange)); }));
  LogInfo("app", "the API listens", {{"addresses", Join(parts->server->addresses(), " ")}});
  parts->beginner = std::jthread([core = parts.get()](std::stop_token stop) { core->Begin(stop); });
  return std::unique_ptr<App>(new App(std::move(parts)));
}

std::vector<std::string> App::addresses() const { return parts_->server->addresses(); }

void App::ReloadTls() {
  const auto reloaded = parts_->server->ReloadTls();
  if (reloaded.ok()) LogInfo("app", "TLS files read again");
  else LogError("app", "TLS files could not be read; the old ones stay", {{"error", reloaded.error().message}});
}

void App::Stop() {
  if (!parts_ || !parts_->server) return;
  parts_->beginner.request_stop();
  parts_->api->EndWatches();
  parts_->server->Stop(kStopGrace);
  if (parts_->beginner.joinable()) parts_->beginner.join();
  if (const auto present = parts_->controllers()) present->Stop();
  parts_->hands.Lock()->reset();
  parts_->pods.Stop();
  parts_->cache.Stop();
  parts_->store.Stop();
  parts_->server.reset();
  std::error_code error;
  if (!parts_->private_socket.empty())
    std::filesystem::remove_all(std::filesystem::path(parts_->private_socket).parent_path(), error);
}

}  // namespace patchbay

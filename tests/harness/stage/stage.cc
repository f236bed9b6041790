#include "harness/stage/stage.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/clock.h"
#include "base/text.h"
#include "object/object.h"

namespace patchbay {
namespace {

std::string Read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string Env(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == '\0' ? fallback : value;
}

std::string ClientPath(const std::string& name, Age age) {
  const std::string folder = StrCat(PATCHBAY_SOURCE_DIR, "/.cache/clients/");
  if (age == Age::kOld) return StrCat(folder, "old/", name);
  return Env(name == "kubectl" ? "PATCHBAY_KUBECTL" : "PATCHBAY_HELM", folder + name);
}

void EnsureImage(const std::string& engine) {
  static bool done = false;
  if (done) return;
  const std::string command = StrCat("DOCKER_HOST=", engine, " ", PATCHBAY_SOURCE_DIR, "/examples/app/build.sh patchbay-example:latest 2>&1");
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  done = true;
}

// A port that is free and that no stage of another test program has in mind: each is named by an abstract socket, which goes with
// its program.
int PortOfOurs() {
  for (;;) {
    const int port = dev::FreePort();
    const int mark = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const std::string text = StrCat("patchbay-stage-port-", port);
    text.copy(name.sun_path + 1, sizeof name.sun_path - 1);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
    if (bind(mark, reinterpret_cast<const sockaddr*>(&name), length) == 0) return port;
    close(mark);
  }
}

}  // namespace

std::string Stage::Engine() {
  const std::string engine = Env("PATCHBAY_TEST_DOCKER_HOST", Env("DOCKER_HOST", "unix:///var/run/docker.sock"));
  EnsureImage(engine);
  return engine;
}

Stage::Stage(StageOptions options) : options_(std::move(options)) {
  if (options_.docker_host.empty()) options_.docker_host = Engine();
  std::string pattern = (std::filesystem::temp_directory_path() / "patchbay-stage-XXXXXX").string();
  folder_ = mkdtemp(pattern.data());
  std::filesystem::permissions(folder_, std::filesystem::perms::others_exec, std::filesystem::perm_options::add);
  http_ = http::NewCurlClient();
  port_ = PortOfOurs();
  server_ = StrCat("http://127.0.0.1:", port_);
  gateway_address_ = StrCat("127.0.0.1:", PortOfOurs());
  gateway_url_ = "http://" + gateway_address_;
  gateway_dns_ = StrCat("127.0.0.1:", PortOfOurs());
  caddy_admin_ = StrCat("127.0.0.1:", PortOfOurs());
  StartDatabase();
  if (options_.caddy) StartGateway();
}

Stage::~Stage() {
  if (operator_) operator_->Stop(SIGTERM, std::chrono::seconds(10));
  if (!installation_.empty())
    for (const Json& container : Containers()) Docker("DELETE", StrCat("/containers/", FindString(container, {"Id"}), "?force=1"));
  if (::testing::Test::HasFailure()) std::fprintf(stderr, "--- operator.log\n%s\n", OperatorLog().c_str());
  caddy_.reset();
  postgres_.reset();
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

void Stage::StartDatabase() {
  auto started = dev::PrivatePostgres::Start({.folder = folder_ + "/postgres", .throwaway = true});
  ASSERT_TRUE(started.ok()) << started.error().message;
  postgres_ = std::move(*started);
  database_up_ = true;
}

void Stage::StopDatabase() {
  database_up_ = false;
  if (postgres_) postgres_->Stop();
}

void Stage::StartGateway() {
  const std::string config = folder_ + "/caddy.json";
  std::ofstream(config) << StrCat(R"({"admin":{"listen":")", caddy_admin_, R"("}})");
  auto started = dev::Child::Start({.argv = {"caddy", "run", "--config", config},
                                    .env = {"XDG_DATA_HOME=" + folder_ + "/caddy-data", "XDG_CONFIG_HOME=" + folder_ + "/caddy-config"},
                                    .log_file = folder_ + "/caddy.log"});
  ASSERT_TRUE(started.ok()) << started.error().message;
  caddy_ = std::move(*started);
  http::Call call;
  call.url = StrCat("http://", caddy_admin_, "/config/");
  ASSERT_TRUE(Eventually([&] { return http_->Send(call).ok(); })) << Read(folder_ + "/caddy.log");
}

void Stage::KillGateway() { caddy_->Stop(SIGKILL, std::chrono::seconds(5)); }

std::vector<std::string> Stage::GatewayFlags() const {
  std::vector<std::string> flags;
  if (options_.caddy)
    flags = {"--gateway", "caddy=http://" + caddy_admin_, "--gateway-listen", gateway_address_, "--gateway-dns", gateway_dns_,
             "--gateway-journal", "127.0.0.1:0"};
  if (!options_.kong.empty()) flags.insert(flags.end(), {"--gateway", "kong=" + options_.kong});
  return flags;
}

void Stage::StartOperator(bool await_ready) {
  dev::ChildOptions child;
  child.argv = {Env("PATCHBAY_BINARY", StrCat(PATCHBAY_BINARY_DIR, "/operator/patchbay")), "operator", "--listen",
                StrCat("127.0.0.1:", port_), "--database-url", database_url(), "--docker-host", options_.docker_host};
  const auto gateways = GatewayFlags();
  child.argv.insert(child.argv.end(), gateways.begin(), gateways.end());
  if (!options_.default_manifests.empty()) child.argv.insert(child.argv.end(), {"--default-manifests", options_.default_manifests});
  child.argv.insert(child.argv.end(), options_.arguments.begin(), options_.arguments.end());
  child.log_file = folder_ + "/operator.log";
  auto started = dev::Child::Start(std::move(child));
  ASSERT_TRUE(started.ok()) << started.error().message;
  operator_ = std::move(*started);
  ASSERT_TRUE(Eventually([&] { return Api("GET", "/livez").status == 200 || !operator_running(); }));
  ASSERT_TRUE(operator_running()) << OperatorLog();
  ASSERT_TRUE(!database_up_ || !await_ready || Eventually([&] { return Api("GET", "/readyz").status == 200; })) << OperatorLog();
}

void Stage::KillOperator() { operator_->Stop(SIGKILL, std::chrono::seconds(5)); }

int Stage::StopOperator() {
  operator_->Stop(SIGTERM, std::chrono::seconds(20));
  return WIFEXITED(operator_->exit_status()) ? WEXITSTATUS(operator_->exit_status()) : -1;
}

bool Stage::operator_running() { return operator_ && operator_->running(); }

Ran Stage::Shell(const std::string& command, const std::string& input) {
  const std::string file = folder_ + "/input";
  std::ofstream(file) << input;
  Ran ran;
  FILE* pipe = popen(StrCat("( ", command, " ) < '", file, "' 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> piece{};
  for (std::size_t count = fread(piece.data(), 1, piece.size(), pipe); count > 0; count = fread(piece.data(), 1, piece.size(), pipe))
    ran.out.append(piece.data(), count);
  const int status = pclose(pipe);
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

Ran Stage::Patchbay(const std::string& arguments, const std::string& input) {
  return Shell(StrCat("timeout 120 ", Env("PATCHBAY_BINARY", StrCat(PATCHBAY_BINARY_DIR, "/operator/patchbay")), " --server ", server_, " ", arguments), input);
}

std::string Stage::KubectlCommand(Age age) const {
  return StrCat("HOME=", folder_, " KUBECONFIG=/dev/null timeout 120 ", ClientPath("kubectl", age), " --server ", server_, " ");
}

Ran Stage::Kubectl(const std::string& arguments, const std::string& input, Age age) {
  return Shell(KubectlCommand(age) + arguments, input);
}

Ran Stage::Helm(const std::string& arguments, Age age) {
  return Shell(StrCat("HOME=", folder_, " KUBECONFIG=/dev/null timeout 180 ", ClientPath("helm", age), " --kube-apiserver ", server_, " ",
                      arguments));
}

http::Answer Stage::Api(const std::string& method, const std::string& path, const std::string& body, const std::string& type) {
  http::Call call;
  call.method = method;
  call.url = server_ + path;
  call.body = body;
  if (!body.empty()) call.headers.Set("Content-Type", type);
  auto answer = http_->Send(call);
  return answer.ok() ? *answer : http::Answer{0, {}, answer.error().message};
}

http::Answer Stage::Gateway(const std::string& path, const std::string& method, const std::string& body) {
  http::Call call;
  call.method = method;
  call.url = gateway_url_ + path;
  call.body = body;
  auto answer = http_->Send(call);
  return answer.ok() ? *answer : http::Answer{0, {}, answer.error().message};
}

http::Answer Stage::Docker(const std::string& method, const std::string& path, const std::string& body) {
  http::Call call;
  call.method = method;
  call.body = body;
  if (!body.empty()) call.headers.Set("Content-Type", "application/json");
  const std::string host = Engine();
  if (host.starts_with("unix://")) call.unix_socket = host.substr(7);
  call.url = (call.unix_socket.empty() ? "http://" + host.substr(host.find("://") + 3) : "http://engine") + path;
  call.timeout = std::chrono::seconds(60);
  auto answer = http_->Send(call);
  return answer.ok() ? *answer : http::Answer{0, {}, answer.error().message};
}

std::string Stage::Installation() {
  if (installation_.empty()) {
    const auto ran = Shell(StrCat("psql -AtX \"", database_url(), "\" -c \"select installation_id from patchbay.meta\""));
    installation_ = Trim(ran.out);
  }
  return installation_;
}

std::vector<Json> Stage::Containers(const std::string& label) {
  Json filters{{"label", Json::array({"patchbay.dev/installation=" + Installation()})}};
  if (!label.empty()) filters["label"].push_back(label);
  const auto answer = Docker("GET", StrCat("/containers/json?all=1&filters=", EncodeUrl(DumpJson(filters))));
  const auto parsed = ParseJson(answer.body);
  std::vector<Json> containers;
  if (parsed.ok() && parsed->is_array())
    for (const Json& container : *parsed) containers.push_back(container);
  return containers;
}

bool Stage::Eventually(const std::function<bool()>& holds, std::chrono::milliseconds time) {
  const auto deadline = SystemClock().Mono() + time;
  while (!holds()) {
    if (SystemClock().Mono() > deadline) return false;
    SystemClock().SleepFor(std::chrono::milliseconds(20), {});
  }
  return true;
}

bool Stage::IsReady(const std::string& kind_and_name) {
  const auto slash = kind_and_name.find('/');
  const auto answer = Api("GET", StrCat("/apis/patchbay.dev/v1/namespaces/default/", kind_and_name.substr(0, slash), "s/", kind_and_name.substr(slash + 1)));
  const auto object = ParseJson(answer.body);
  if (answer.status != 200 || !object.ok()) return false;
  const auto ready = FindCondition(*object, "Ready");
  return ready && ready->status == "True" && FindInt(*object, {"status", "observedGeneration"}) == GenerationOf(*object);
}

std::string Stage::database_url() const { return postgres_->connection(); }
std::string Stage::OperatorLog() const { return Read(folder_ + "/operator.log"); }

void OnSharedStage::SetUpTestSuite() {
  stage_ = new Stage;
  stage_->StartOperator();
}

void OnSharedStage::TearDownTestSuite() {
  delete stage_;
  stage_ = nullptr;
}

}  // namespace patchbay

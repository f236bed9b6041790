#include "harness/gateway/caddy_world.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>

#include "base/text.h"

namespace patchbay::driver {
namespace {

std::string MakeFolder() {
  std::string path = (std::filesystem::temp_directory_path() / "patchbay-caddy-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("cannot make a temporary folder");
  return path;
}

}  // namespace

CaddyWorld::CaddyWorld(bool by_name, bool shared)
    : shared_(shared), folder_(MakeFolder()), port_(dev::FreePort()), client_(http::NewCurlClient()) {
  Start();
  if (by_name) {
    auto answerer = DnsAnswerer::Listen("127.0.0.1", 0, SystemClock());
    if (!answerer.ok()) throw std::runtime_error(answerer.error().message);
    answerer_ = *std::move(answerer);
  }
  auto journal = CaddyJournal::Listen("127.0.0.1", 0);
  if (!journal.ok()) throw std::runtime_error(journal.error().message);
  journal_ = *std::move(journal);
  MakeGateway();
}

void CaddyWorld::MakeGateway() {
  CaddyOptions options;
  options.admin = caddy_->admin();
  options.installation = "test1234";
  options.listen = {shared_ ? "127.0.0.1:1" : StrCat("127.0.0.1:", port_)};
  options.server = server();
  options.shared = shared_;
  options.answerer = answerer_.get();
  options.journal = journal_.get();
  auto gateway = CaddyGateway::New(client_, options);
  if (!gateway.ok()) throw std::runtime_error(gateway.error().message);
  gateway_ = *std::move(gateway);
}

void CaddyWorld::ForgetEverything() {
  gateway_.reset();
  if (answerer_) answerer_->Set({});
  MakeGateway();
}

void CaddyWorld::Silence() {
  gateway_.reset();
  answerer_.reset();
}

CaddyWorld::~CaddyWorld() {
  Stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void CaddyWorld::Start() {
  dev::CaddyChildOptions options;
  options.folder = folder_;
  auto caddy = dev::CaddyChild::Start(*client_, options);
  // Without Caddy there is nothing to test against: that is a failure, not a reason to pass.
  if (!caddy.ok()) throw std::runtime_error(caddy.error().message);
  caddy_ = *std::move(caddy);
  if (shared_ && !caddy_->adopted())
    Put("/config/apps/http/servers/theirs",
        StrCat(R"({"automatic_https":{"disable":true},"listen":["127.0.0.1:)", port_,
               R"("],"routes":[{"handle":[{"body":"theirs","handler":"static_response"}],"match":[{"path":["/theirs"]}]}]})"));
}

CaddyAdmin CaddyWorld::admin() { return *CaddyAdmin::At(caddy_->admin(), *client_, std::chrono::seconds(20)); }

std::string CaddyWorld::Config(const std::string& path) {
  auto value = admin().Get(path);
  EXPECT_TRUE(value.ok()) << value.error().message;
  return value.ok() ? value->body : "";
}

void CaddyWorld::Put(const std::string& path, const std::string& json) {
  const auto put = admin().Change("PUT", path, json, "");
  EXPECT_TRUE(put.ok()) << put.error().message;
}

http::Answer CaddyWorld::Get(const std::string& path, const std::string& host, const http::Headers& headers,
                             const std::string& method) {
  http::Call call;
  call.method = method;
  call.url = StrCat("http://127.0.0.1:", port_, path);
  call.headers = headers;
  call.headers.Set("Connection", "close");
  if (!host.empty()) call.headers.Set("Host", host);
  auto answer = client_->Send(call);
  EXPECT_TRUE(answer.ok()) << answer.error().message;
  return answer.ok() ? *std::move(answer) : http::Answer{};
}

}  // namespace patchbay::driver

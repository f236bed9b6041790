// A real engine under the contract of runtime_contract.h.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/text.h"
#include "contract/runtime_contract.h"
#include "dev/child.h"
#include "driver/runtime/docker_runtime.h"
#include "harness/runtime/example_app.h"
#include "harness/runtime/test_engine.h"
#include "http/client.h"
#include "object/json.h"

namespace patchbay::driver {

// A Docker Engine that others may use too: every world is an installation of its own.
class DockerWorld : public RuntimeWorld {
 public:
  static std::unique_ptr<RuntimeWorld> Make() {
    const auto host = TestEngineHost();
    if (!host.ok()) {
      ADD_FAILURE() << host.error().message;
      return nullptr;
    }
    if (const auto image = EnsureExampleImage(PATCHBAY_SOURCE_DIR, *host); !image.ok()) {
      ADD_FAILURE() << image.error().message;
      return nullptr;
    }
    return std::make_unique<DockerWorld>(*host);
  }

  explicit DockerWorld(const std::string& host)
      : installation_(StrCat("contract-", getpid(), "-", ++worlds_)), endpoint_(host) {
    DockerOptions options;
    options.host = host;
    options.installation = installation_;
    runtime_ = *NewDockerRuntime(options, *http_);
  }
  ~DockerWorld() override {
    const auto left = runtime_->List();
    for (const auto& container : left.ok() ? *left : std::vector<Container>())
      EXPECT_TRUE(runtime_->Remove(container.id).ok());
    // A test may have had one claimed and removed.
    for (const auto& id : foreign_)
      if (runtime_->Inspect(id).ok()) Ask("DELETE", "/containers/" + id + "?force=1&v=1", Json());
  }

  Runtime& runtime() override { return *runtime_; }
  std::string image() override { return kExampleImage; }
  std::string TagImage(const std::string& stem) override {
    Ask("POST", StrCat("/images/", kExampleImage, "/tag?repo=", Name(stem), "&tag=latest"), Json());
    return Name(stem) + ":latest";
  }
  std::string unreachable_image() override { return "127.0.0.1:1/none:1"; }
  std::string MakeForeign(const std::string& name, const std::map<std::string, std::string>& labels) override {
    const Json made = Ask("POST", "/containers/create?name=" + name, {{"Image", kExampleImage}, {"Labels", labels}});
    foreign_.push_back(FindString(made, {"Id"}));
    Ask("POST", "/containers/" + foreign_.back() + "/start", Json());
    return foreign_.back();
  }
  void EndForeign(const std::string& id) override { Ask("POST", "/containers/" + id + "/kill", Json()); }
  std::string Name(const std::string& stem) override { return StrCat("patchbay-", installation_, "-", stem); }
  int HostPort() override {
    if (port_ == 0) port_ = dev::FreePort();
    return port_;
  }
  std::shared_ptr<void> Occupy(int port) override {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    EXPECT_EQ(bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener, 1), 0);
    return {nullptr, [listener](void*) { close(listener); }};
  }

  // Without our own code in between.
  Json Ask(const std::string& method, const std::string& target, const Json& body) {
    http::Call call;
    call.method = method;
    const bool is_socket = endpoint_.starts_with("unix://");
    call.unix_socket = is_socket ? endpoint_.substr(7) : "";
    call.url = StrCat(is_socket ? "http://engine" : "http://" + endpoint_.substr(6), target);
    call.headers.Set("Content-Type", "application/json");
    if (!body.is_null()) call.body = DumpJson(body);
    const auto answer = http_->Send(call);
    EXPECT_TRUE(answer.ok() && answer->status < 400) << method << " " << target;
    auto parsed = ParseJson(answer.ok() ? answer->body : "");
    return parsed.ok() ? *std::move(parsed) : Json();
  }

 private:
  inline static int worlds_ = 0;
  const std::string installation_;
  const std::string endpoint_;
  std::unique_ptr<http::HttpClient> http_ = http::NewCurlClient();
  std::unique_ptr<Runtime> runtime_;
  std::vector<std::string> foreign_;
  int port_ = 0;
};

}  // namespace patchbay::driver

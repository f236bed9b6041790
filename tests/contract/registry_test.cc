// Pulls from a registry that asks for a password: what a real engine makes of what we tell it. The registry is a few
// answers of the distribution API on 127.0.0.1, which engines take without TLS.
#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/guarded.h"
#include "contract/docker_world.h"
#include "driver/runtime/tar_writer.h"
#include "http/server.h"

namespace patchbay::driver {
namespace {

// Has one image, private/app:1, for ann alone.
class Registry {
 public:
  Registry() {
    TarWriter tar;
    EXPECT_TRUE(tar.AddFile("hello", "hello", 0444, {}).ok());
    layer_ = tar.Finish();
    config_ = DumpJson({{"architecture", "amd64"},
                        {"os", "linux"},
                        {"config", Json::object()},
                        {"rootfs", {{"type", "layers"}, {"diff_ids", {Digest(layer_)}}}}});
    manifest_ = DumpJson({{"schemaVersion", 2},
                          {"mediaType", kManifest},
                          {"config", Describe("application/vnd.docker.container.image.v1+json", config_)},
                          {"layers", {Describe("application/vnd.docker.image.rootfs.diff.tar", layer_)}}});
    http::ServerOptions options;
    options.listen = {"127.0.0.1:0"};
    server_ = *http::Server::Start(options, [this](std::shared_ptr<http::Exchange> exchange) {
      exchange->Reply(Answer(exchange->request()));
    });
  }
  std::string image() const { return server_->addresses().front() + "/private/app:1"; }
  void AskForPatience(bool patience) { *patience_.Lock() = patience; }
  int asked() const { return *asked_.Lock(); }  // requests with a name

 private:
  static constexpr const char* kManifest = "application/vnd.docker.distribution.manifest.v2+json";
  static std::string Digest(const std::string& text) { return "sha256:" + Sha256Hex(text); }
  static Json Describe(const char* type, const std::string& text) {
    return {{"mediaType", type}, {"size", text.size()}, {"digest", Digest(text)}};
  }
  static http::Response Blob(const std::string& text, const char* type) {
    auto response = http::Response::Text(200, text, type);
    response.headers.Set("Docker-Content-Digest", Digest(text));
    return response;
  }
  http::Response Answer(const http::Request& request) {
    if (*patience_.Lock())
      return http::Response::Text(429, R"({"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 7s"}]})", "application/json");
    if (request.headers.Get("Authorization") != "Basic " + EncodeBase64("ann:s3cret")) {
      auto response = http::Response::Text(401, R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]})",
                                           "application/json");
      response.headers.Set("WWW-Authenticate", "Basic realm=\"patchbay\"");
      return response;
    }
    ++*asked_.Lock();
    if (request.path == "/v2/") return http::Response::Text(200, "{}", "application/json");
    if (request.path.find("/manifests/") != std::string::npos) return Blob(manifest_, kManifest);
    if (request.path.ends_with(Digest(config_))) return Blob(config_, "application/octet-stream");
    if (request.path.ends_with(Digest(layer_))) return Blob(layer_, "application/octet-stream");
    return http::Response::Text(404, "{}", "application/json");
  }

  std::string layer_;
  std::string config_;
  std::string manifest_;
  Guarded<bool> patience_{false};
  mutable Guarded<int> asked_{0};
  std::unique_ptr<http::Server> server_;  // last: it stops first
};

class PrivateRegistry : public RuntimeContract {
 protected:
  void TearDown() override {
    if (world_ == nullptr) return;
    EXPECT_TRUE(runtime().RemoveImage(registry_.image()).ok());
  }
  RegistryLogin Login(const std::string& password) { return {"", "ann", password, "", ""}; }

  Registry registry_;
};

std::vector<RuntimeMaker> RealRuntimes() {
  if (MayLackEngine()) return {};
  return {{"docker", &DockerWorld::Make}};
}
INSTANTIATE_TEST_SUITE_P(Real, PrivateRegistry, testing::ValuesIn(RealRuntimes()),
                         [](const auto& entry) { return entry.param.name; });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PrivateRegistry);

TEST_P(PrivateRegistry, LetsInWhoHasThePassword) {
  const auto pulled = runtime().Pull(registry_.image(), Login("s3cret"));
  ASSERT_TRUE(pulled.ok()) << pulled.error().message;
  EXPECT_TRUE(*runtime().HasImage(registry_.image()));
  EXPECT_GT(registry_.asked(), 0);
}

TEST_P(PrivateRegistry, RefusesNobodyAndAWrongPassword) {
  for (const RegistryLogin& login : {RegistryLogin(), Login("guess")}) {
    const auto pulled = runtime().Pull(registry_.image(), login);
    ASSERT_FALSE(pulled.ok());
    EXPECT_EQ(pulled.error().code, Code::kForbidden) << pulled.error().message;
    EXPECT_EQ(pulled.error().message.find("guess"), std::string::npos);
  }
  EXPECT_EQ(registry_.asked(), 0);
}

TEST_P(PrivateRegistry, ThatAsksForPatienceIsUnderstood) {
  registry_.AskForPatience(true);
  const auto pulled = runtime().Pull(registry_.image(), Login("s3cret"));
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, Code::kTooManyRequests) << pulled.error().message;
  EXPECT_TRUE(pulled.error().retry_after);
}

TEST_P(PrivateRegistry, WhatAContainerWasMadeFromIsNotRemoved) {
  ASSERT_TRUE(runtime().Pull(registry_.image(), Login("s3cret")).ok());
  ContainerSpec spec;
  spec.name = world_->Name("holder");
  spec.image = registry_.image();
  spec.entrypoint = {"/hello"};
  spec.labels = {{kLabelSpecHash, "h"}};
  const auto id = runtime().Create(spec);  // never started: that is enough
  ASSERT_TRUE(id.ok()) << id.error().message;
  const auto removed = runtime().RemoveImage(registry_.image());
  ASSERT_FALSE(removed.ok());
  EXPECT_EQ(removed.error().code, Code::kConflict) << removed.error().message;
  const auto images = runtime().ListImages();
  ASSERT_TRUE(images.ok());
  const auto held = std::find_if(images->begin(), images->end(), [&](const Image& image) {
    return std::count(image.references.begin(), image.references.end(), registry_.image()) > 0;
  });
  ASSERT_NE(held, images->end());
  EXPECT_TRUE(held->used);
  ASSERT_TRUE(runtime().Remove(*id).ok());
}

}  // namespace
}  // namespace patchbay::driver

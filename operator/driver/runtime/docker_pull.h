// Pulls of images, one at a time for each image and login: who asks while one is under way shares its outcome.
// Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <string>

#include "base/guarded.h"
#include "base/result.h"
#include "driver/runtime/docker_client.h"
#include "driver/runtime/image_reference.h"

namespace patchbay::driver {

// The header X-Registry-Auth: base64url of the engine's AuthConfig. "" for nobody.
std::string EncodeLogin(const RegistryLogin& login);

class PullQueue {
 public:
  PullQueue(DockerClient& client, std::chrono::milliseconds quiet, std::chrono::milliseconds most)
      : client_(client), quiet_(quiet), most_(most) {}

  // Performs 'docker pull IMAGE'; blocks until pulled. Errors as Runtime::Pull's.
  Result<void> Pull(const std::string& image, const RegistryLogin& login);

 private:
  struct Flight {
    bool landed = false;
    Result<void> outcome;
  };
  Result<void> PullNow(const std::string& image, const ImageReference& reference, const RegistryLogin& login);

  DockerClient& client_;
  const std::chrono::milliseconds quiet_;
  const std::chrono::milliseconds most_;
  Guarded<std::map<std::string, std::shared_ptr<Flight>>> flights_;
  std::condition_variable landed_;
};

}  // namespace patchbay::driver

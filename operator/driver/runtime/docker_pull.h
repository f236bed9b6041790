// Pulls of images, one at a time for each image: who asks while one is under way shares its outcome. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <string>

#include "base/guarded.h"
#include "base/result.h"
#include "driver/runtime/docker_client.h"

namespace patchbay::driver {

class PullQueue {
 public:
  PullQueue(DockerClient& client, std::chrono::milliseconds quiet, std::chrono::milliseconds most)
      : client_(client), quiet_(quiet), most_(most) {}

  // Performs 'docker pull IMAGE'; blocks until pulled. Errors as Runtime::Pull's.
  Result<void> Pull(const std::string& image);

 private:
  struct Flight {
    bool landed = false;
    Result<void> outcome;
  };
  Result<void> PullNow(const std::string& image, const std::string& repository, const std::string& version);

  DockerClient& client_;
  const std::chrono::milliseconds quiet_;
  const std::chrono::milliseconds most_;
  Guarded<std::map<std::string, std::shared_ptr<Flight>>> flights_;
  std::condition_variable landed_;
};

}  // namespace patchbay::driver

// The container engine for this machine: the one that answers, or a private daemon as our child, whose containers live
// on when it ends (--live-restore) and are adopted when it starts again. Not thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "dev/child.h"
#include "http/client.h"

namespace patchbay::dev {

struct EngineOptions {
  std::string folder;  // of a private daemon: images and containers in it, docker.log, docker.sock
  bool may_start = true;
  bool only_private = false;                                                     // looks at no other engine
  std::vector<std::string> daemon_args = {};                                     // added to dockerd's
  std::vector<std::string> daemon_under = {};                                    // before it: {"unshare", "--net"}
  std::function<void(const std::string& line)> say = [](const std::string&) {};  // progress, for a person
};

class Engine {
 public:
  // The first that answers of DOCKER_HOST (when it is set, that one or none), the private daemon's socket in `folder`,
  // /var/run/docker.sock, $XDG_RUNTIME_DIR/podman/podman.sock, /run/podman/podman.sock. Else, when we are root, starts
  // dockerd. kUnavailable says what was tried and what to do.
  static Result<std::unique_ptr<Engine>> FindOrStart(EngineOptions options, http::HttpClient& http);
  ~Engine();  // Stop()
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  const std::string& host() const { return host_; }                // "unix:///var/run/docker.sock"
  const std::string& description() const { return description_; }  // "Docker Engine 20.10.24 (API 1.41)"
  bool is_private() const { return child_ != nullptr; }
  // A private daemon is our child and may die; another one's life is not ours to know: true.
  bool running() { return child_ == nullptr || child_->running(); }
  // Ends a private daemon, not its containers. Idempotent.
  void Stop();
  // Unmounts what the daemon left mounted in its folder, which could not be deleted otherwise. After Stop, when its
  // containers are gone. Does nothing to an engine that is not private.
  void Unmount();

 private:
  Engine(std::string host, std::string description, std::string folder, std::unique_ptr<Child> child)
      : host_(std::move(host)),
        description_(std::move(description)),
        folder_(std::move(folder)),
        child_(std::move(child)) {}
  static Result<std::unique_ptr<Engine>> Launch(const EngineOptions& options, http::HttpClient& http);

  const std::string host_;
  const std::string description_;
  const std::string folder_;  // of a private daemon
  std::unique_ptr<Child> child_;
};

}  // namespace patchbay::dev

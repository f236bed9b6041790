// The class behind NewDockerRuntime, for this room only. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <semaphore>
#include <set>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "driver/runtime/claims.h"
#include "driver/runtime/docker_client.h"
#include "driver/runtime/docker_pull.h"
#include "driver/runtime/docker_runtime.h"
#include "driver/runtime/port_probe.h"

namespace patchbay::driver {

class DockerRuntime : public Runtime {
 public:
  DockerRuntime(DockerOptions options, DockerEndpoint endpoint, http::HttpClient& http, Meter& meter, Clock& clock);

  Result<RuntimeVersion> Version() override { return client_.Negotiate(); }
  Result<std::vector<Container>> List() override;
  Result<std::vector<Container>> ListOf(const std::string& owner_uid) override;
  Result<Container> Inspect(const std::string& id_or_name) override;
  Result<std::vector<Container>> ListPublishing() override;
  bool IsHostPortTaken(const PortMapping& port) override { return here_ && IsPortBound(port); }
  Result<void> Claim(const std::string& owner_uid, const std::vector<Claimed>& containers) override;
  Result<std::string> Create(const ContainerSpec& spec) override;
  Result<void> Start(const std::string& id) override;
  Result<void> Stop(const std::string& id, std::chrono::seconds grace) override;
  Result<void> Remove(const std::string& id) override;
  Result<bool> HasImage(const std::string& image) override;
  Result<std::string> ImageId(const std::string& image) override;
  Result<void> Pull(const std::string& image, const RegistryLogin& login) override;
  Result<std::vector<Image>> ListImages() override;
  Result<void> RemoveImage(const std::string& reference) override;
  Result<int> Exec(const std::string& id, const std::vector<std::string>& command,
                   std::chrono::milliseconds timeout) override;
  Result<Usage> MeasureUsage(const std::string& id) override;
  Result<std::unique_ptr<RuntimeStream>> Logs(const std::string& id, const LogOptions& options,
                                              std::function<bool(bool stderr_line, std::string_view)> on_line,
                                              std::function<void(Result<void>)> on_end) override;
  Result<std::unique_ptr<RuntimeStream>> Watch(std::optional<WallTime> since,
                                               std::function<void(const RuntimeEvent&)> on_event,
                                               std::function<void(Result<void>)> on_end) override;

 private:
  Result<std::vector<Container>> ListFiltered(const Json& filters);
  Result<std::string> Adopt(const ContainerSpec& spec, const Error& conflict);
  Result<void> CopyFiles(const std::string& id, const ContainerSpec& spec);
  // kForbidden when it carries other marks than ours; kNotFound. Known ids cost no call.
  Result<void> CheckOurs(const std::string& id);
  Error ExplainPortConflict(const std::string& id, Error error);
  Result<void> AwaitRemoval(const std::string& id);
  bool IsOurs(const Container& container) const;
  Result<int> ReadExitCode(const std::string& exec_id, MonoTime deadline);

  const DockerOptions options_;
  const bool here_;  // the engine is on this host
  const std::shared_ptr<Claims> claims_;  // what a stream still asks
  DockerClient client_;
  PullQueue pulls_;
  std::counting_semaphore<> slots_;
  Guarded<std::set<std::string>> own_ids_;
};

}  // namespace patchbay::driver

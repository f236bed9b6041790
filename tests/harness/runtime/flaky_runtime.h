// Any Runtime with faults in front: see RuntimeFaults. Thread-safe.
#pragma once

#include <utility>

#include "driver/runtime/runtime.h"
#include "harness/runtime/runtime_faults.h"

namespace patchbay::driver {

class FlakyRuntime : public Runtime {
 public:
  explicit FlakyRuntime(Runtime& inner) : inner_(inner) {}
  RuntimeFaults& faults() { return faults_; }

  Result<RuntimeVersion> Version() override {
    return Through(RuntimeCall::kVersion, "", [&] { return inner_.Version(); });
  }
  Result<std::vector<Container>> List() override {
    return Through(RuntimeCall::kList, "", [&] { return inner_.List(); });
  }
  Result<std::vector<Container>> ListOf(const std::string& owner_uid) override {
    return Through(RuntimeCall::kList, owner_uid, [&] { return inner_.ListOf(owner_uid); });
  }
  Result<Container> Inspect(const std::string& id_or_name) override {
    return Through(RuntimeCall::kInspect, id_or_name, [&] { return inner_.Inspect(id_or_name); });
  }
  Result<std::vector<Container>> ListPublishing() override {
    return Through(RuntimeCall::kListPublishing, "", [&] { return inner_.ListPublishing(); });
  }
  bool IsHostPortTaken(const PortMapping& port) override { return inner_.IsHostPortTaken(port); }
  Result<std::string> ImageId(const std::string& image) override {
    return Through(RuntimeCall::kImageId, image, [&] { return inner_.ImageId(image); });
  }
  Result<void> Claim(const std::string& owner_uid, const std::vector<Claimed>& containers) override {
    return inner_.Claim(owner_uid, containers);
  }
  Result<std::string> Create(const ContainerSpec& spec) override {
    return Through(RuntimeCall::kCreate, spec.name, [&] { return inner_.Create(spec); });
  }
  Result<void> Start(const std::string& id) override {
    return Through(RuntimeCall::kStart, id, [&] { return inner_.Start(id); });
  }
  Result<void> Stop(const std::string& id, std::chrono::seconds grace) override {
    return Through(RuntimeCall::kStop, id, [&] { return inner_.Stop(id, grace); });
  }
  Result<void> Remove(const std::string& id) override {
    return Through(RuntimeCall::kRemove, id, [&] { return inner_.Remove(id); });
  }
  Result<bool> HasImage(const std::string& image) override {
    return Through(RuntimeCall::kHasImage, image, [&] { return inner_.HasImage(image); });
  }
  Result<void> Pull(const std::string& image, const RegistryLogin& login) override {
    return Through(RuntimeCall::kPull, image, [&] { return inner_.Pull(image, login); });
  }
  Result<std::vector<Image>> ListImages() override {
    return Through(RuntimeCall::kListImages, "", [&] { return inner_.ListImages(); });
  }
  Result<void> RemoveImage(const std::string& reference) override {
    return Through(RuntimeCall::kRemoveImage, reference, [&] { return inner_.RemoveImage(reference); });
  }
  Result<int> Exec(const std::string& id, const std::vector<std::string>& command,
                   std::chrono::milliseconds timeout) override {
    return Through(RuntimeCall::kExec, id, [&] { return inner_.Exec(id, command, timeout); });
  }
  Result<Usage> MeasureUsage(const std::string& id) override {
    return Through(RuntimeCall::kUsage, id, [&] { return inner_.MeasureUsage(id); });
  }
  Result<std::unique_ptr<RuntimeStream>> Logs(const std::string& id, const LogOptions& options,
                                              std::function<bool(bool, std::string_view)> on_line,
                                              std::function<void(Result<void>)> on_end) override {
    return Through(RuntimeCall::kLogs, id,
                   [&] { return inner_.Logs(id, options, std::move(on_line), std::move(on_end)); });
  }
  Result<std::unique_ptr<RuntimeStream>> Watch(std::optional<WallTime> since,
                                               std::function<void(const RuntimeEvent&)> on_event,
                                               std::function<void(Result<void>)> on_end) override {
    return Through(RuntimeCall::kWatch, "",
                   [&] { return inner_.Watch(since, std::move(on_event), std::move(on_end)); });
  }

 private:
  template <class Do>
  auto Through(RuntimeCall call, const std::string& subject, Do act) -> decltype(act()) {
    if (auto error = faults_.Enter(call, subject)) return *std::move(error);
    auto result = act();
    if (auto error = faults_.Leave(call)) return *std::move(error);
    return result;
  }

  Runtime& inner_;
  RuntimeFaults faults_;
};

}  // namespace patchbay::driver

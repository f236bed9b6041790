#include "controller/controller.h"

#include "controller/core.h"

namespace patchbay::controller {

Controllers::Controllers(Dependencies dependencies, Options options)
    : core_(std::make_unique<Core>(std::move(dependencies), options)) {}
Controllers::~Controllers() = default;

void Controllers::Start() { core_->Start(); }
void Controllers::Stop() { core_->Stop(); }
bool Controllers::Step() { return core_->Step(); }

int Controllers::Settle(int most) {
  int steps = 0;
  while (steps < most && Step()) ++steps;
  return steps;
}

Result<Json> Controllers::Plan(const std::vector<Json>& objects) const { return core_->Plan(objects); }

Result<void> Controllers::Logs(const LogQuery& query, const std::function<std::shared_ptr<http::Stream>()>& start) {
  return core_->Logs(query, start);
}

Result<std::vector<std::optional<UsageReport>>> Controllers::Usage(const std::vector<std::string>& container_ids) {
  return core_->Usage(container_ids);
}

std::vector<std::pair<std::string, std::string>> Controllers::Checks() const { return core_->Checks(); }

}  // namespace patchbay::controller

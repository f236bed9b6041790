#include "contract/runtime_contract.h"

#include "harness/runtime/example_app.h"
#include "harness/runtime/fake_runtime.h"

namespace patchbay::driver {
namespace {

class FakeRuntimeWorld : public RuntimeWorld {
 public:
  FakeRuntimeWorld() {
    fake_.Script(kExampleImage, PlayExampleApp);
    fake_.AddImage(kExampleImage);
    fake_.SetPullError(unreachable_image(), Error{Code::kUnavailable, "connection refused"});
  }
  Runtime& runtime() override { return fake_; }
  std::string image() override { return kExampleImage; }
  std::string unreachable_image() override { return "127.0.0.1:1/none:1"; }
  std::string MakeForeign(const std::string& name, const std::map<std::string, std::string>& labels) override {
    return fake_.AddForeign(name, labels);
  }
  std::string Name(const std::string& stem) override { return "patchbay-contract-" + stem; }
  int HostPort() override { return 18080; }

 private:
  FakeRuntime fake_;
};

INSTANTIATE_TEST_SUITE_P(Fake, RuntimeContract,
                         testing::Values(RuntimeMaker{"fake", [] { return std::make_unique<FakeRuntimeWorld>(); }}),
                         [](const auto& entry) { return entry.param.name; });

}  // namespace
}  // namespace patchbay::driver

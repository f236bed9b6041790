#include "harness/runtime/test_engine.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "base/guarded.h"
#include "base/text.h"
#include "dev/child.h"
#include "harness/runtime/example_app.h"

namespace patchbay::driver {
namespace {

std::string EnvironmentOf(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Lives until the process ends, so that a private daemon does.
struct Found {
  std::unique_ptr<http::HttpClient> http = http::NewCurlClient();
  Result<std::unique_ptr<dev::Engine>> engine = dev::Engine::FindOrStart(
      {.folder = (std::filesystem::temp_directory_path() / StrCat("patchbay-test-engine-", geteuid())).string()},
      *http);
};

}  // namespace

Result<std::string> TestEngineHost() {
  if (std::string host = EnvironmentOf("PATCHBAY_TEST_DOCKER_HOST"); !host.empty()) return host;
  static Found found;
  if (!found.engine.ok()) return found.engine.error();
  return (*found.engine)->host();
}

Result<void> EnsureExampleImage(const std::string& source_dir, const std::string& host) {
  static Guarded<std::map<std::string, Result<void>>> built;
  auto hosts = built.Lock();
  const auto known = hosts->find(host);
  if (known != hosts->end()) return known->second;
  const auto ran = dev::RunCommand({"sh", source_dir + "/examples/app/build.sh", kExampleImage, host});
  return hosts->emplace(host, ran.ok() ? Result<void>() : Result<void>(ran.error())).first->second;
}

bool MayLackEngine() { return EnvironmentOf("PATCHBAY_TEST_WITHOUT_ENGINE") == "1"; }

}  // namespace patchbay::driver

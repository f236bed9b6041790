// A real container engine for tests.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "dev/engine.h"
#include "http/client.h"

namespace patchbay::driver {

// PATCHBAY_TEST_DOCKER_HOST, else what dev::Engine finds or starts (a private daemon lives in the temporary folder and
// ends with the process). Found once a process. The Error says what to install.
Result<std::string> TestEngineHost();

// Builds kExampleImage (harness/runtime/example_app.h) into the engine at `host` through examples/app/build.sh of
// `source_dir`, once a process; quick when it is there.
Result<void> EnsureExampleImage(const std::string& source_dir, const std::string& host);

// PATCHBAY_TEST_WITHOUT_ENGINE=1: whoever runs the tests knows that there is none.
bool MayLackEngine();

}  // namespace patchbay::driver

// How FakeRuntime plays the example application (examples/app), as far as the contract asks for it, and how the real
// one is put into an engine.
#pragma once

#include <string>

#include "base/result.h"
#include "harness/runtime/fake_runtime.h"

namespace patchbay::driver {

inline constexpr const char* kExampleImage = "patchbay-example:latest";

// A container with args {"print", "3"} prints "line 1" to "line 3" and exits with 0; {"exit", "7"} exits with 7;
// otherwise it runs. Execs: {"/app", "exit", "7"}; {"/app", "verify", PATH, TEXT} is 0 when the file holds TEXT.
FakeBehaviour PlayExampleApp(const ContainerSpec& spec);

}  // namespace patchbay::driver

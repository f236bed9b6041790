// The kubeconfig that `patchbay dev` writes for kubectl, helm and our own commands.
#pragma once

#include <string>

#include "base/result.h"

namespace patchbay {

// Mode 0600, replaced in one step. `server` as clients say it: "http://127.0.0.1:6444".
Result<void> WriteKubeconfig(const std::string& path, const std::string& server);

}  // namespace patchbay

// What is applied once, to an empty database, and never again: what people change afterwards wins for ever. A ConfigMap
// patchbay-first-run in patchbay-system remembers it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace patchbay {

// True when this was the first run and `paths` were applied through the API at `server` (http://... or unix:...). False
// when there was a first run before, or there are objects already. `before` runs just before the first object is
// applied (empty: nothing to run). kUnavailable when the API does not answer.
Result<bool> ApplyFirstRun(const std::string& server, const std::string& token, const std::vector<std::string>& paths,
                           const std::function<Result<void>()>& before);

}  // namespace patchbay

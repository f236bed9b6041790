// What the Docker Engine API (and Podman's) says about containers, as this room's values. Pure; missing or strange
// members leave a field empty, they never fail: what is essential (the id) is checked.
#pragma once

#include <string>

#include "base/result.h"
#include "driver/runtime/runtime.h"
#include "object/json.h"

namespace patchbay::driver {

// One entry of GET /containers/json. kInternal without an id.
Result<Container> ReadListed(const Json& entry);
// GET /containers/ID/json. kInternal without an id.
Result<Container> ReadInspected(const Json& document);
// "sha256:...", however the engine writes it.
std::string ReadImageId(const std::string& id);
// One entry of GET /images/json. kInternal without an id.
Result<Image> ReadImage(const Json& entry);
// GET /containers/ID/stats. kConflict when it tells that nothing runs.
Result<Usage> ReadUsage(const Json& stats);

}  // namespace patchbay::driver

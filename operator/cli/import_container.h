// A container as the engine describes it, as a Plugin that another one of its kind could be made from. Pure.
#pragma once

#include <set>
#include <string>

#include "cli/imported.h"
#include "object/json.h"

namespace patchbay::cli {

// `container` and `image`: what the engine's inspect answers. What the image says itself is left out. With the adopt
// annotation when the container runs. `taken`: as MakeName.
Imported ImportContainer(const Json& container, const Json& image, const std::string& ns, std::set<std::string>& taken);

// Docker's own form of a health check ({"Test", "Interval", ...}, durations in nanoseconds) as a readiness probe; null
// for none.
Json MakeProbe(const Json& check, const std::vector<std::string>& shell);

}  // namespace patchbay::cli

// status.drift: in what the world deviates, and since when. Pure.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "controller/drift.h"
#include "object/json.h"

namespace patchbay::controller {

// "replicas[0].image is a, wanted is b"
std::string Print(const Deviation& deviation);
// The first, and how many more there are; "" when there is none.
std::string Summarize(const std::vector<Deviation>& drift);
// Each since it was first seen as it is now; `news` hears of those that are new.
void WriteDrift(Json& object, const std::vector<Deviation>& deviations, const std::string& now,
                const std::function<void(const Deviation&)>& news);

}  // namespace patchbay::controller

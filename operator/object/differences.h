// Where one JSON value is not another, leaf by leaf. Pure.
#pragma once

#include <string>
#include <vector>

#include "object/json.h"

namespace patchbay {

struct JsonDifference {
  std::string path;             // "handle[0].upstreams[1].dial"; "" for the whole
  const Json* left = nullptr;   // nullptr: not there. Views into what was compared
  const Json* right = nullptr;
};

// In the order of `left`, then what only `right` has. The order of an object's members does not matter; elements of
// arrays are compared by place.
std::vector<JsonDifference> FindDifferences(const Json& left, const Json& right);

}  // namespace patchbay

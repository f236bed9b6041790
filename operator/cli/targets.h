// TYPE, TYPE NAME..., TYPE/NAME ..., TYPE,TYPE, all: what a person names on the command line.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "schema/kind.h"

namespace patchbay::cli {

struct Target {
  const Kind* kind = nullptr;
  std::string name;  // "" for all of the kind
};

// kInvalid says which word is no kind and lists those there are.
Result<std::vector<Target>> ParseTargets(const std::vector<std::string>& words);
// As above, but every target must have a name, or a bare NAME means `default_kind`.
Result<std::vector<Target>> ParseNamedTargets(const std::vector<std::string>& words, const Kind* default_kind);

}  // namespace patchbay::cli

// Where the containers deviate from what a Plugin's spec asks for, field by field. Pure.
#pragma once

#include <string>
#include <vector>

#include "controller/desired.h"
#include "driver/runtime/runtime.h"

namespace patchbay::controller {

struct Deviation {
  std::string field;  // "replicas[0].image"
  std::string desired;
  std::string actual;
  friend bool operator==(const Deviation&, const Deviation&) = default;
};

// In order of field; empty when all is as wished. While a rollout is under way that is what it has still to do.
std::vector<Deviation> FindDrift(const Desired& desired, const std::vector<driver::Container>& containers);

// What others changed about a container of the desired revision, in place (`docker update`, `docker network disconnect`)
// or by making it anew under its name and marks (another tool's "edit container"): only another one puts it right.
// Fields without the replica; no value of an environment variable is told, for it may be secret.
std::vector<Deviation> FindAlterations(const Desired& desired, const driver::Container& container);

}  // namespace patchbay::controller

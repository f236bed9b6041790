// Manifests from files, folders and standard input, each object with the place it came from.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "object/yaml.h"
#include "schema/kind.h"

namespace patchbay::cli {

struct Manifest {
  Json object;
  std::string file;      // as the person gave it, "-" for standard input
  YamlDocument document;  // for marks
  const Kind* kind = nullptr;

  std::string Place() const;                         // "app.yaml:12:1"
  std::string Place(const std::string& field) const;  // of a field, or the nearest parent
};

// Reads every .yaml, .yml and .json of folders (deeper ones when `recursive`), in name order; "List" objects are
// opened. All faults of all files come back together in causes (field: place). Sets metadata.namespace to `ns` where
// absent; an explicit other one is kInvalid when `ns_forced`. Namespaces come first, then secrets and config maps, then
// plugins, webhooks, routes.
Result<std::vector<Manifest>> ReadManifests(const std::vector<std::string>& paths, bool recursive, const std::string& ns,
                                            bool ns_forced);

}  // namespace patchbay::cli

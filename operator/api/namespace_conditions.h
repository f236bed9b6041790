// What status.conditions of a namespace say while it ends, in the words of Kubernetes' namespace controller, so that
// `kubectl describe namespace` tells what still holds it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::api {

// What is left in a namespace.
class Remains {
 public:
  void Add(const Kind& kind, const Json& object);
  bool empty() const { return resources_.empty(); }
  // Writes the conditions into the namespace; times move only with a condition's status.
  void Tell(Json& ns, std::string_view now) const;

 private:
  std::map<std::string, std::int64_t> resources_;   // "plugins.patchbay.dev", "secrets.": how many
  std::map<std::string, std::int64_t> finalizers_;  // on how many objects
  std::map<std::string, std::int64_t> protected_;   // resources that may not be deleted: how many
};

}  // namespace patchbay::api

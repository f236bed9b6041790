// The objects that a command is about, and waiting for them.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::cli {

struct Named {
  const Kind* kind;
  std::string ns;
  std::string name;
  std::string Text() const;                              // "plugin.patchbay.dev/echo"
  std::string Path(const std::string& sub = "") const;   // in the API
};

// Named ones (a bare NAME is of `default_kind`, when given), or all of a kind (by selector).
Result<std::vector<Named>> Resolve(Session& session, const std::vector<std::string>& words, const std::string& selector,
                                   bool all, const Kind* default_kind);
// Until `test` gives true, looking again at every change (absent: nullptr); kTimeout after `timeout` (0: never).
Result<void> Await(Session& session, const Named& object, std::chrono::milliseconds timeout,
                   const std::function<bool(const Json* present)>& test);

}  // namespace patchbay::cli

#include "controller/obstacle.h"

#include "base/text.h"
#include "controller/adoption.h"

namespace patchbay::controller {

bool IsPortConflict(const Error& error) {
  return error.code == Code::kConflict && error.message.find("port") != std::string::npos;
}

Obstacle Explain(const Error& error) {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kTimeout:
      return {"EngineUnavailable", error.message, false, {}};
    case Code::kInDoubt:
      return {"InDoubt", error.message, false, {}};
    case Code::kConflict:
      return {IsPortConflict(error) ? "PortConflict" : "NameConflict", error.message, true, {}};
    default:
      return {"EngineRefused", error.message, true, {}};
  }
}

Obstacle Explain(const std::vector<Cause>& problems) {
  std::vector<std::string> lines;
  for (const Cause& cause : problems) lines.push_back(StrCat(cause.field, ": ", cause.message));
  if (problems.front().reason == kDependencyNotReady) return {kDependencyNotReady, Join(lines, "; "), false, {}};
  for (const char* adoption : {kAdoptionConflict, kAdoptionNotFound})
    if (problems.front().reason == adoption) return {adoption, Join(lines, "; "), true, {}};
  const bool missing = problems.front().reason == "FieldValueNotFound";
  // What is missing may be applied a moment later.
  return {missing ? "ReferenceNotFound" : "InvalidSpec", Join(lines, "; "), !missing, {}};
}

std::string DescribeEnd(const driver::Container& container) {
  if (container.oom_killed) return StrCat(container.name, " was killed: out of memory");
  const std::string why = container.error.empty() ? "" : StrCat(" (", container.error, ")");
  return StrCat(container.name, " ended with exit code ", container.exit_code, why);
}

}  // namespace patchbay::controller

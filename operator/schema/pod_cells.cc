#include "schema/pod_cells.h"

#include <algorithm>

#include "base/text.h"
#include "object/object.h"

namespace patchbay {
namespace {

const Json& ListOf(const Json& pod, std::initializer_list<std::string_view> path) {
  static const Json kNone = Json::array();
  const Json* list = Find(pod, path);
  return list != nullptr && list->is_array() ? *list : kNone;
}

const Json& ContainersOf(const Json& pod) { return ListOf(pod, {"status", "containerStatuses"}); }

std::string ShowReady(const Json& pod) {
  const Json& containers = ContainersOf(pod);
  const auto ready = std::count_if(containers.begin(), containers.end(), [](const Json& container) {
    return FindBool(container, {"ready"}) && Find(container, {"state", "running"}) != nullptr;
  });
  return StrCat(ready, "/", ListOf(pod, {"spec", "containers"}).size());
}

std::string ShowStatus(const Json& pod) {
  const std::string phase = FindString(pod, {"status", "phase"});
  std::string status = FindString(pod, {"status", "reason"}, phase);
  const Json& containers = ContainersOf(pod);
  for (auto it = containers.rbegin(); it != containers.rend(); ++it) {
    const std::string waiting = FindString(*it, {"state", "waiting", "reason"});
    const Json* ended = Find(*it, {"state", "terminated"});
    if (!waiting.empty()) status = waiting;
    else if (ended != nullptr)
      status = FindString(*ended, {"reason"}, StrCat("ExitCode:", FindInt(*ended, {"exitCode"})));
  }
  const bool over = phase == "Succeeded" || phase == "Failed";
  return IsDeleting(pod) && !over ? "Terminating" : status;
}

std::string ShowRestarts(const Json& pod, WallTime now) {
  std::int64_t restarts = 0;
  std::optional<WallTime> last;
  for (const Json& container : ContainersOf(pod)) {
    restarts += FindInt(container, {"restartCount"});
    const auto ended = ParseTime(FindString(container, {"lastState", "terminated", "finishedAt"}));
    if (ended && (!last || *ended > *last)) last = ended;
  }
  if (restarts == 0 || !last) return StrCat(restarts);
  const auto ago = std::chrono::duration_cast<std::chrono::seconds>(now - *last);
  return StrCat(restarts, " (", FormatAge(std::max(std::chrono::seconds(0), ago)), " ago)");
}

}  // namespace

std::string PodCell(std::string_view format, const Json& pod, WallTime now) {
  if (format == "pod-ready") return ShowReady(pod);
  if (format == "pod-status") return ShowStatus(pod);
  return ShowRestarts(pod, now);
}

}  // namespace patchbay

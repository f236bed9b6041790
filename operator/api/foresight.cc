#include "api/foresight.h"

#include <utility>

#include "base/text.h"
#include "object/key.h"

namespace patchbay::api {
namespace {

constexpr std::size_t kMostLines = 24;  // headers are no place for a novel: `patchbay plan` tells all

std::vector<std::string> LinesOf(const Json& plan) {
  std::vector<std::string> lines;
  std::size_t number = 0;
  const Json* entries = Find(plan, {"objects"});
  if (entries == nullptr || !entries->is_array()) return lines;
  for (const Json& entry : *entries) {
    if (FindString(entry, {"kind"}) == "Container") continue;  // orphans: none of this object's
    if (const std::string error = FindString(entry, {"error"}); !error.empty()) lines.push_back(StrCat("plan: blocked: ", error));
    if (const std::string note = FindString(entry, {"note"}); !note.empty()) lines.push_back(StrCat("plan: note: ", note));
    const Json* actions = Find(entry, {"actions"});
    if (actions == nullptr || !actions->is_array()) continue;
    for (const Json& action : *actions)
      lines.push_back(StrCat("plan: ", ++number, ". ", FindString(action, {"action"}), " ", FindString(action, {"target"}), " (",
                             FindString(action, {"reason"}), ")"));
  }
  if (lines.size() <= kMostLines) return lines;
  const std::size_t more = lines.size() - (kMostLines - 1);
  lines.resize(kMostLines - 1);
  lines.push_back(StrCat("plan: and ", more, " more; `patchbay plan -f FILE` tells all"));
  return lines;
}

}  // namespace

bool Foresight::Sees(const Kind& kind) const {
  return backstage_.plan && (kind.Resource() == kPlugins || kind.Resource() == kRoutes);
}

void Foresight::Tell(Json object, std::function<void(std::vector<std::string>)> told) const {
  const bool taken = threads_.Run([this, object = std::move(object), told] {
    const Result<Json> plan = backstage_.plan({object});
    told(plan.ok() ? LinesOf(*plan) : std::vector{StrCat("plan: not known: ", plan.error().message)});
  });
  if (!taken) told({"plan: not made: too much is under way"});
}

}  // namespace patchbay::api

#include "controller/drift_status.h"

#include <utility>

#include "base/text.h"
#include "controller/conditions.h"

namespace patchbay::controller {

std::string Print(const Deviation& deviation) {
  return StrCat(deviation.field, " is ", deviation.actual, ", wanted is ", deviation.desired);
}

std::string Summarize(const std::vector<Deviation>& drift) {
  if (drift.empty()) return "";
  return StrCat(Print(drift.front()), drift.size() > 1 ? StrCat(", and ", drift.size() - 1, " more") : "");
}

void WriteDrift(Json& object, const std::vector<Deviation>& deviations, const std::string& now,
                const std::function<void(const Deviation&)>& news) {
  const Json* before = Find(object, {"status", "drift"});
  Json drift = Json::array();
  for (const Deviation& deviation : deviations) {
    std::string since;
    if (before != nullptr)
      for (const Json& old : *before)
        if (FindString(old, {"field"}) == deviation.field && FindString(old, {"actual"}) == deviation.actual)
          since = FindString(old, {"firstSeen"});
    if (since.empty()) news(deviation);
    drift.push_back({{"field", deviation.field}, {"desired", deviation.desired}, {"actual", deviation.actual},
                     {"firstSeen", since.empty() ? now : since}});
  }
  SetStatus(object, "drift", drift.empty() ? Json() : std::move(drift));
}

}  // namespace patchbay::controller

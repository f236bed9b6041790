#include "api/last_applied.h"

#include "schema/merge.h"

namespace patchbay::api {

FieldSet FieldsOfLastApplied(const Kind& kind, const Json& live) {
  const std::string text = FindString(live, {"metadata", "annotations", kLastApplied});
  if (text.empty()) return {};
  const Result<Json> parsed = ParseJson(text);
  if (!parsed.ok() || FindString(*parsed, {"apiVersion"}) != kind.ApiVersion()) return {};
  if (!CheckApplicable(kind, *parsed).empty()) return {};
  const Comparison change = Compare(kind, *parsed, live);
  const FieldSet changed = Union(Union(change.modified, change.added), change.removed);
  return Difference(AppliedFields(kind, *parsed), changed);
}

void RefreshLastApplied(const Json& config, Json& object) {
  Json* annotation = Find(object, {"metadata", "annotations", kLastApplied});
  if (annotation == nullptr || !annotation->is_string() || annotation->get_ref<const std::string&>().empty()) return;
  Json applied = config;
  if (Json* annotations = Find(applied, {"metadata", "annotations"});
      annotations != nullptr && annotations->is_object()) {
    annotations->erase(std::string(kLastApplied));
    if (annotations->empty()) applied["metadata"].erase("annotations");
  }
  // Members by name, as kubectl writes them.
  *annotation = nlohmann::json(applied).dump() + "\n";
}

}  // namespace patchbay::api

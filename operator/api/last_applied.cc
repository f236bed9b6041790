#include "api/last_applied.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "schema/merge.h"

namespace patchbay::api {
namespace {

// Members by name, as Go writes them.
Json Sorted(const Json& value) {
  if (value.is_array()) {
    Json list = Json::array();
    for (const Json& item : value) list.push_back(Sorted(item));
    return list;
  }
  if (!value.is_object()) return value;
  std::vector<const std::string*> names;
  for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) names.push_back(&name);
  std::sort(names.begin(), names.end(), [](const std::string* a, const std::string* b) { return *a < *b; });
  const MemberIndex members(value);
  Json object = Json::object();
  for (const std::string* name : names) {
    object.get_ref<Json::object_t&>().emplace_back(*name, Sorted(*members.Find(*name)));
  }
  return object;
}

}  // namespace

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
  *annotation = DumpJson(Sorted(applied)) + "\n";
}

}  // namespace patchbay::api

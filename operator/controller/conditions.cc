#include "controller/conditions.h"

#include "base/text.h"

namespace patchbay::controller {

void SetStanding(Json& object, const Standing& standing, std::int64_t generation, std::string_view now) {
  using Way = Standing::Way;
  const auto set = [&](const char* type, const char* status, const std::string& reason, const std::string& message) {
    SetCondition(object, {type, status, reason, message}, generation, now);
  };
  const bool ready = standing.way == Way::kReady;
  const bool stalled = standing.way == Way::kStalled;
  const char* word = ready ? "True" : standing.way == Way::kUnknown ? "Unknown" : "False";
  set("Ready", word, standing.reason, standing.message);
  if (ready || stalled) set("Reconciling", "False", standing.reason, "");
  else set("Reconciling", "True", standing.reason, standing.message);
  if (stalled) set("Stalled", "True", standing.reason, standing.message);
  else set("Stalled", "False", ready ? standing.reason : "Progressing", "");
  SetStatus(object, "observedGeneration", generation);
}

void SetEffective(Json& object, const std::vector<std::string>& idle_fields, std::int64_t generation,
                  std::string_view now) {
  if (idle_fields.empty())
    return SetCondition(object, {"Effective", "True", "AllFieldsActedOn", ""}, generation, now);
  const std::string message = StrCat("set, but without effect in this version: ", Join(idle_fields, ", "));
  SetCondition(object, {"Effective", "False", "FieldsNotActedOn", message}, generation, now);
}

bool AddFinalizer(Json& object, std::string_view finalizer) {
  Json& list = object["metadata"]["finalizers"];
  if (!list.is_array()) list = Json::array();
  for (const Json& entry : list)
    if (entry == finalizer) return false;
  list.push_back(finalizer);
  return true;
}

bool DropFinalizer(Json& object, std::string_view finalizer) {
  Json* list = Find(object, {"metadata", "finalizers"});
  if (list == nullptr || !list->is_array()) return false;
  Json rest = Json::array();
  for (const Json& entry : *list)
    if (entry != finalizer) rest.push_back(entry);
  if (rest.size() == list->size()) return false;
  if (rest.empty()) object["metadata"].erase("finalizers");
  else *list = std::move(rest);
  return true;
}

void SetStatus(Json& object, const char* field, Json value) {
  Json& status = object["status"];
  if (!status.is_object()) status = Json::object();
  if (value.is_null()) status.erase(field);
  else status[field] = std::move(value);
}

}  // namespace patchbay::controller

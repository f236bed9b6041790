#include "cache/message.h"

namespace patchbay::cache {
namespace {

Json Describe(const Key& key, const Json& object) {
  Json out = {{"apiVersion", FindString(object, {"apiVersion"})}, {"kind", FindString(object, {"kind"})}};
  if (!key.ns.empty()) out["namespace"] = key.ns;
  out["name"] = key.name;
  out["uid"] = UidOf(object);
  out["generation"] = GenerationOf(object);
  const Json* labels = Find(object, {"metadata", "labels"});
  if (labels != nullptr && labels->is_object() && !labels->empty()) out["labels"] = *labels;
  return out;
}

Json Summarise(const Json& object) {
  Json out = Json::object();
  for (const char* field : {"phase", "replicas", "readyReplicas", "observedGeneration"})
    if (const Json* value = Find(object, {"status", field}); value != nullptr && value->is_primitive())
      out[field] = *value;
  if (const auto ready = FindCondition(object, "Ready")) out["ready"] = ready->status;
  return out;
}

}  // namespace

std::string WebhookPayload(const std::string& topic, const Key& key, const Json& object, const EventNote* note,
                           WallTime now) {
  Json payload = {{"type", topic}, {"timestamp", FormatMicroTime(now)}};
  Json& data = payload["data"];
  data["object"] = Describe(key, object);
  if (note != nullptr) data["reason"] = note->reason;
  if (note != nullptr) data["message"] = note->message;
  if (Json status = Summarise(object); !status.empty()) data["status"] = std::move(status);
  std::string text = DumpJson(payload);
  if (text.size() <= kMostPayload) return text;
  data["object"].erase("labels");
  text = DumpJson(payload);
  if (text.size() <= kMostPayload) return text;
  data.erase("message");
  return DumpJson(payload);
}

}  // namespace patchbay::cache

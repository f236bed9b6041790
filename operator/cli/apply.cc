#include "cli/apply.h"

#include "base/text.h"
#include "object/object.h"

namespace patchbay::cli {
namespace {

Json WithoutLastApplied(Json object) {
  Json* annotations = Find(object, {"metadata", "annotations"});
  if (annotations == nullptr || !annotations->is_object()) return object;
  annotations->erase(kLastApplied);
  if (annotations->empty()) object["metadata"].erase("annotations");
  return object;
}

// Changes and additions of `wanted` over `live`.
Json Additions(const Json& wanted, const Json& live) {
  Json patch = Json::object();
  for (const auto& [name, value] : wanted.items()) {
    const auto present = live.is_object() ? live.find(name) : live.end();
    const bool absent = !live.is_object() || present == live.end();
    if (!absent && value.is_object() && present->is_object()) {
      Json deeper = Additions(value, *present);
      if (!deeper.empty()) patch[name] = std::move(deeper);
    } else if (absent ? !value.is_null() : *present != value) {
      patch[name] = value;
    }
  }
  return patch;
}

// Nulls for what `last` had and `wanted` has not, where `live` still has it.
void AddRemovals(const Json& last, const Json& wanted, const Json& live, Json& patch) {
  for (const auto& [name, value] : last.items()) {
    if (!live.is_object() || !live.contains(name)) continue;
    const bool kept = wanted.is_object() && wanted.contains(name);
    if (!kept) {
      patch[name] = nullptr;
    } else if (value.is_object() && wanted[name].is_object()) {
      Json deeper = patch.contains(name) ? patch[name] : Json::object();
      if (!deeper.is_object()) continue;
      AddRemovals(value, wanted[name], live[name], deeper);
      if (!deeper.empty()) patch[name] = std::move(deeper);
    }
  }
}

}  // namespace

Json WithLastApplied(const Json& manifest) {
  Json bare = WithoutLastApplied(manifest);
  const std::string text = DumpJson(bare) + "\n";
  bare["metadata"]["annotations"][kLastApplied] = text;
  return bare;
}

Json ThreeWayPatch(const Json& manifest, const Json& live) {
  const Json wanted = WithLastApplied(manifest);
  Json patch = Additions(wanted, live);
  const std::string last_text = FindString(live, {"metadata", "annotations", kLastApplied});
  const auto last = ParseJson(last_text);
  if (last.ok() && last->is_object()) AddRemovals(*last, WithoutLastApplied(manifest), live, patch);
  return patch;
}

}  // namespace patchbay::cli

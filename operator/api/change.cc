#include "api/change.h"

#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "object/object.h"
#include "object/patch.h"

namespace patchbay::api {
namespace {

std::string Topic(const Kind& kind, std::string_view what) { return StrCat(Lower(kind.kind), ".", what); }

void Tell(const Kind& kind, std::string reason, std::string message, std::string_view topic, cache::Intent& intent) {
  if (!kind.tended) return;  // only stored and served: no story of its own
  intent.events.push_back({false, std::move(reason), std::move(message)});
  if (!topic.empty()) intent.topics.push_back(Topic(kind, topic));
}

Key KeyOf(const Kind& kind, const Json& object) { return {kind.Resource(), NamespaceOf(object), NameOf(object)}; }

// "image, replicas": the members of spec that differ.
std::string ChangedFields(const Json& before, const Json& after) {
  const Json* old_spec = Find(before, {"spec"});
  const Json* new_spec = Find(after, {"spec"});
  if (!old_spec || !new_spec || !old_spec->is_object() || !new_spec->is_object()) return "spec";
  std::vector<std::string> names;
  const Json difference = MergeDiff(*old_spec, *new_spec);
  for (const auto& [name, value] : difference.items()) names.push_back(name);
  return names.empty() ? "spec" : Join(names, ", ");
}

}  // namespace

cache::Intent MakeCreate(const Kind& kind, Json object) {
  cache::Intent intent;
  intent.key = KeyOf(kind, object);
  intent.expected = 0;
  Tell(kind, "Created", StrCat(kind.kind, " ", NameOf(object), " was created"), "created", intent);
  intent.object = std::move(object);
  return intent;
}

cache::Intent MakeUpdate(const Kind& kind, const cache::Entry& current, const Json& before, Json object) {
  cache::Intent intent;
  intent.key = current.key;
  intent.expected = current.revision;
  if (GenerationOf(object) != GenerationOf(before)) {
    std::string message = StrCat("Generation ", GenerationOf(object), " changes ", ChangedFields(before, object));
    Tell(kind, "Updated", std::move(message), "updated", intent);
  }
  intent.object = std::move(object);
  return intent;
}

cache::Intent MakeDoomed(const Kind& kind, const cache::Entry& current, Json object, std::string_view now) {
  cache::Intent intent;
  intent.key = current.key;
  intent.expected = current.revision;
  Json& metadata = object["metadata"];
  metadata["deletionTimestamp"] = now;
  metadata["deletionGracePeriodSeconds"] = 0;
  if (GenerationOf(object) > 0) metadata["generation"] = GenerationOf(object) + 1;
  Tell(kind, "Deleting", StrCat("Waiting for ", Join(FinalizersOf(object), ", ")), "", intent);
  intent.object = std::move(object);
  return intent;
}

cache::Intent MakeDelete(const Kind& kind, const cache::Entry& current, Json object) {
  cache::Intent intent;
  intent.key = current.key;
  intent.op = store::Write::Op::kDelete;
  intent.expected = current.revision;
  Tell(kind, "Deleted", StrCat(kind.kind, " ", NameOf(object), " was deleted"), "deleted", intent);
  intent.object = std::move(object);
  return intent;
}

}  // namespace patchbay::api

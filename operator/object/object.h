// The one written form of an object: JSON that begins {"apiVersion":..,"kind":..,"metadata":{. The body the store keeps
// has no resourceVersion; the bytes that clients get have it as the first member of metadata.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "object/json.h"
#include "object/key.h"

namespace patchbay {

using Labels = std::map<std::string, std::string>;
using Bytes = std::shared_ptr<const std::string>;

// Readers of metadata. Absent or of another type: empty, 0, nothing.
std::string NameOf(const Json& object);
std::string NamespaceOf(const Json& object);
std::string UidOf(const Json& object);
Revision RevisionOf(const Json& object);  // metadata.resourceVersion; 0 when absent or not a number
std::int64_t GenerationOf(const Json& object);
Labels LabelsOf(const Json& object);
Labels AnnotationsOf(const Json& object);
std::vector<std::string> FinalizersOf(const Json& object);
bool IsDeleting(const Json& object);  // metadata.deletionTimestamp is set

// Canonical order (apiVersion, kind, metadata, spec, then the rest, status last; name, namespace, uid, generation
// first in metadata), resourceVersion removed.
// REQUIRES: object is a JSON object with apiVersion and kind.
std::string EncodeBody(Json object);
// The bytes for clients: `body` with "resourceVersion":"<revision>" put in. Linear, no parsing.
// REQUIRES: body came from EncodeBody.
std::string SpliceRevision(std::string_view body, Revision revision);

// One condition of status.conditions, Kubernetes' metav1.Condition.
struct Condition {
  std::string type;
  std::string status;  // "True", "False", "Unknown"
  std::string reason;  // CamelCase
  std::string message;
};
// Puts it in, or replaces the one of its type; lastTransitionTime moves only when status changes. Creates
// status.conditions as needed. `now` is RFC 3339.
void SetCondition(Json& object, const Condition& condition, std::int64_t observed_generation, std::string_view now);
std::optional<Condition> FindCondition(const Json& object, std::string_view type);

}  // namespace patchbay

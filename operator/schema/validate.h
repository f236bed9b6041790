// A kind's structural schema at work. Pure; thread-safe. Order of use on a write: Prune, ApplyDefaults,
// Validate.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay {

// Removes what the schema does not name (x-kubernetes-preserve-unknown-fields is honoured; apiVersion, kind and
// metadata are not touched) and returns the paths removed, "spec.nosuch", in document order.
std::vector<std::string> Prune(const Kind& kind, Json& object);

// Puts defaults where a value is absent, into nested objects and list items too.
void ApplyDefaults(const Kind& kind, Json& object);

// Every rule broken, in Kubernetes' words and cause reasons (FieldValueRequired, FieldValueInvalid,
// FieldValueNotSupported, FieldValueTypeInvalid, FieldValueTooLong, FieldValueDuplicate...). Empty when valid.
// Covers type, nullable, enum, pattern (re2), format, min/max, exclusive, multipleOf, length, items, properties,
// required, additionalProperties, list types and map keys, int-or-string.
// `before`: what stands as it stood there is not judged again, as in Kubernetes ("ratcheting").
std::vector<Cause> Validate(const Kind& kind, const Json& object, const Json* before = nullptr);

// metadata: name or generateName, labels, annotations (256 KiB), finalizers, ownerReferences, namespace against scope.
std::vector<Cause> ValidateMetadata(const Kind& kind, const Json& object);

// 'Plugin.patchbay.dev "echo" is invalid: spec.image: Required value' with all causes; kInvalid.
Error InvalidObject(const Kind& kind, std::string_view name, std::vector<Cause> causes);

}  // namespace patchbay

// Bodies into objects of a kind, strictly: what a schema does not know or says twice is found. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/failure.h"
#include "api/media.h"
#include "api/options.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay::api {

// Everything that is not an error under fieldValidation=Warn: 'unknown field "spec.nosuch"'.
using Findings = std::vector<std::string>;

struct Decoded {
  Json object;        // of the kind, without what the schema does not know
  Findings findings;  // empty under Ignore and Strict
};

// A body that is a whole object (POST, PUT). 400, 413, 415 or 422 as Kubernetes has it.
Answer<Decoded> DecodeObject(const Kind& kind, std::string_view body, std::string_view content_type,
                             FieldValidation fields);

// A body that is a patch: any JSON value, with the duplicate fields found.
Answer<Decoded> DecodePatch(std::string_view body);

// Drops from `object` what its kind does not know, adds it to `findings` and judges them all: 400 under Strict.
Answer<void> DropUnknown(const Kind& kind, FieldValidation fields, Json& object, Findings& findings);

// 'Plugin in version "v1" cannot be handled as a Plugin: <why>'
Failure CannotHandle(const Kind& kind, std::string_view why);

// Bytes of the cache as a value: they passed the limits on their way in.
Json ParseStored(std::string_view bytes);
// The same for what is to be written again: the fields that managers own stay text (ParseOwnedJson).
Json ParseOwned(std::string_view bytes);

}  // namespace patchbay::api

// What server-side apply asks of a kind's schema: which fields an object has, in what two objects differ, and how one
// is put onto the other. Lists of the types map and set and objects are taken apart, atomic ones and scalars are
// leaves; what is under x-kubernetes-preserve-unknown-fields goes by its values: objects are taken apart, lists are
// leaves. metadata is Kubernetes' ObjectMeta. The algorithm is sigs.k8s.io/structured-merge-diff's, version 4. Pure;
// thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "object/fields.h"
#include "object/json.h"
#include "schema/kind.h"

namespace patchbay {

// The fields that somebody who applies `object` wants: leaves, list items, and the members that the schema does not
// name.
FieldSet AppliedFields(const Kind& kind, const Json& object);
// Every field there is, as if all of it had just been added; apiVersion, kind and, unless `status`, status aside.
FieldSet EveryField(const Kind& kind, const Json& object, bool status);
FieldSet EveryFieldOf(const Kind& kind, std::string_view member, const Json& value);
// Both of one top-level member, put behind `out` as the text of its FieldsV1, which costs a tenth of the set.
void AppendAppliedFields(const Kind& kind, std::string_view member, const Json& value, std::string& out);
void AppendEveryField(const Kind& kind, std::string_view member, const Json& value, std::string& out);

struct Comparison {
  FieldSet added = {};
  FieldSet modified = {};
  FieldSet removed = {};
  bool same() const { return added.empty() && modified.empty() && removed.empty(); }
};
Comparison Compare(const Kind& kind, const Json& before, const Json& after);

// `live` with `applied` in it. A merged list has the applied items in their order, and those of `live` alone where they
// were: live A B C and applied X B give A X B C.
Json Merge(const Kind& kind, const Json& live, const Json& applied);

// `object` without these fields; what becomes empty by that goes too.
Json RemoveFields(const Kind& kind, const Json& object, const FieldSet& fields);

// With the members that the schema names on the way to each path: whoever has spec.probe.port has spec.probe.
FieldSet WithNamedFields(const Kind& kind, const FieldSet& fields);

// Why `object` cannot be applied, in Kubernetes' words: '.spec.nosuch: field not declared in schema'. Empty when it
// can.
std::vector<std::string> CheckApplicable(const Kind& kind, const Json& object);

}  // namespace patchbay

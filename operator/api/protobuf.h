// Bodies as Kubernetes' typed clients send them: application/vnd.kubernetes.protobuf. The four bytes "k8s\0", then
// runtime.Unknown {1 {1 apiVersion, 2 kind}, 2 the object, 3 content encoding, 4 content type}. Pure; thread-safe.
#pragma once

#include <string_view>

#include "api/failure.h"
#include "object/json.h"

namespace patchbay::api {

// The value that the same object in JSON would have given, with apiVersion and kind; fields that our tables do not
// name are left out, as Kubernetes leaves out what it does not know. 400 for bytes that are no such message, 413 over
// the limit of request bodies, 415 for a message of a kind that has no protobuf form here. Linear in the body.
Answer<Json> DecodeProtobuf(std::string_view body);

}  // namespace patchbay::api

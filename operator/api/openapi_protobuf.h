// The /openapi/v2 document as older kubectl asks for it: the protobuf message openapi.v2.Document. Pure; thread-safe.
#pragma once

#include <string>

#include "object/json.h"

namespace patchbay::api {

// A Swagger 2.0 document in protobuf. Field numbers: gnostic's openapiv2/OpenAPIv2.proto. Members that the message has
// no field for are left out, "x-..." become vendor extensions with their value in YAML, as Kubernetes writes them.
std::string EncodeOpenApiV2(const Json& document);

}  // namespace patchbay::api

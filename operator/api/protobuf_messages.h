// The protobuf messages of the built-in kinds as clients send them: field numbers and JSON names, from Kubernetes'
// generated.proto files (api/core/v1, api/coordination/v1, api/authorization/v1, api/authentication/v1,
// apimachinery/meta/v1). Constant.
#pragma once

#include <span>
#include <string_view>

namespace patchbay::api {

struct ProtobufMessage;

enum class ProtobufType {
  kText,      // left out when empty, as Kubernetes leaves it out of JSON
  kOptional,  // text that says something when empty
  kBytes,     // base64 in JSON
  kInteger,
  kCount,  // an integer, left out when 0
  kBool,
  kTime,       // {1 seconds, 2 nanos}, to the second; left out when empty
  kMicroTime,  // the same, to the microsecond
  kJson,       // {1 bytes of JSON}
  kMessage,    // left out when empty
  kTexts,      // repeated
  kMessages,   // repeated
  kTextMap,
  kBytesMap,
  kTextsMap,  // to {1 repeated text}
};

struct ProtobufField {
  int number;
  std::string_view name;  // in JSON
  ProtobufType type;
  const ProtobufMessage* message = nullptr;  // of kMessage and kMessages
};

// Messages nest only as deep as these tables do: none holds itself.
struct ProtobufMessage {
  std::span<const ProtobufField> fields;
};

// nullptr: not a message we know. DeleteOptions belongs to every group.
const ProtobufMessage* FindProtobufMessage(std::string_view api_version, std::string_view kind);

}  // namespace patchbay::api

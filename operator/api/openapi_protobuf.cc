#include "api/openapi_protobuf.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "object/yaml.h"

namespace patchbay::api {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

struct Message;

enum class Form {
  kText,
  kTexts,  // repeated; one text stands for a list of one
  kBool,
  kInteger,
  kDouble,
  kAny,  // {2 YAML}
  kAnys,
  kMessage,
  kMessages,
  kNamed,         // an object: repeated {1 key, 2 message}
  kResponses,     // the same with {2 {1 message}}
  kSchemaOrBool,  // {1 schema} or {2 bool}
  kParameters,    // repeated {1 {1 body, or 2 {3 query, or 4 path}}}
};

struct Field {
  std::string_view name;  // in JSON
  int number;
  Form form = Form::kText;
  const Message* message = nullptr;
  int inner = 0;  // not 0: the value is this field of a message that has nothing else
};

struct Message {
  std::span<const Field> fields;
  int extensions = 0;  // vendor_extension; 0: none
};

using enum Form;

extern const Message kSchema;
constexpr std::array kSchemaFields = {Field{"$ref", 1},
                                      Field{"format", 2},
                                      Field{"title", 3},
                                      Field{"description", 4},
                                      Field{"default", 5, kAny},
                                      Field{"multipleOf", 6, kDouble},
                                      Field{"maximum", 7, kDouble},
                                      Field{"exclusiveMaximum", 8, kBool},
                                      Field{"minimum", 9, kDouble},
                                      Field{"exclusiveMinimum", 10, kBool},
                                      Field{"maxLength", 11, kInteger},
                                      Field{"minLength", 12, kInteger},
                                      Field{"pattern", 13},
                                      Field{"maxItems", 14, kInteger},
                                      Field{"minItems", 15, kInteger},
                                      Field{"uniqueItems", 16, kBool},
                                      Field{"maxProperties", 17, kInteger},
                                      Field{"minProperties", 18, kInteger},
                                      Field{"required", 19, kTexts},
                                      Field{"enum", 20, kAnys},
                                      Field{"additionalProperties", 21, kSchemaOrBool},
                                      Field{"type", 22, kTexts, nullptr, 1},
                                      Field{"items", 23, kMessage, &kSchema, 1},
                                      Field{"allOf", 24, kMessages, &kSchema},
                                      Field{"properties", 25, kNamed, &kSchema, 1},
                                      Field{"readOnly", 27, kBool},
                                      Field{"example", 30, kAny}};
const Message kSchema{kSchemaFields, 31};

constexpr std::array kBodyFields = {Field{"description", 1}, Field{"name", 2}, Field{"in", 3},
                                    Field{"required", 4, kBool}, Field{"schema", 5, kMessage, &kSchema}};
constexpr Message kBody{kBodyFields, 6};
constexpr std::array kQueryFields = {Field{"required", 1, kBool},
                                     Field{"in", 2},
                                     Field{"description", 3},
                                     Field{"name", 4},
                                     Field{"type", 6},
                                     Field{"format", 7},
                                     Field{"uniqueItems", 20, kBool}};
constexpr Message kQuery{kQueryFields, 23};
constexpr std::array kPathFields = {Field{"required", 1, kBool},
                                    Field{"in", 2},
                                    Field{"description", 3},
                                    Field{"name", 4},
                                    Field{"type", 5},
                                    Field{"format", 6},
                                    Field{"uniqueItems", 19, kBool}};
constexpr Message kPath{kPathFields, 22};

constexpr std::array kResponseFields = {Field{"description", 1}, Field{"schema", 2, kMessage, &kSchema, 1}};
constexpr Message kResponse{kResponseFields, 5};
constexpr std::array kOperationFields = {Field{"tags", 1, kTexts},
                                         Field{"summary", 2},
                                         Field{"description", 3},
                                         Field{"operationId", 5},
                                         Field{"produces", 6, kTexts},
                                         Field{"consumes", 7, kTexts},
                                         Field{"parameters", 8, kParameters},
                                         Field{"responses", 9, kResponses, &kResponse, 1},
                                         Field{"deprecated", 11, kBool}};
constexpr Message kOperation{kOperationFields, 13};
constexpr std::array kPathItemFields = {
    Field{"get", 2, kMessage, &kOperation},   Field{"put", 3, kMessage, &kOperation},
    Field{"post", 4, kMessage, &kOperation},  Field{"delete", 5, kMessage, &kOperation},
    Field{"patch", 8, kMessage, &kOperation}, Field{"parameters", 9, kParameters}};
constexpr Message kPathItem{kPathItemFields, 10};

constexpr std::array kAboutFields = {Field{"title", 1}, Field{"version", 2}, Field{"description", 3}};
constexpr Message kAbout{kAboutFields, 7};
constexpr std::array kDocumentFields = {Field{"swagger", 1}, Field{"info", 2, kMessage, &kAbout},
                                        Field{"paths", 8, kNamed, &kPathItem, 2},
                                        Field{"definitions", 9, kNamed, &kSchema, 1}};
constexpr Message kDocument{kDocumentFields, 16};

void PutTag(std::string& out, int number, WireFormatLite::WireType type) {
  std::array<std::uint8_t, 5> bytes;
  const auto* end = CodedOutputStream::WriteTagToArray(WireFormatLite::MakeTag(number, type), bytes.data());
  out.append(bytes.cbegin(), end);
}

void PutNumber(std::string& out, int number, std::uint64_t value) {
  if (value == 0) return;
  PutTag(out, number, WireFormatLite::WIRETYPE_VARINT);
  std::array<std::uint8_t, 10> bytes;
  const auto* end = CodedOutputStream::WriteVarint64ToArray(value, bytes.data());
  out.append(bytes.cbegin(), end);
}

void PutDouble(std::string& out, int number, double value) {
  if (value == 0) return;
  std::array<std::uint8_t, 16> bytes;
  const auto* end = WireFormatLite::WriteDoubleToArray(number, value, bytes.data());
  out.append(bytes.cbegin(), end);
}

void PutBytes(std::string& out, int number, std::string_view bytes) {
  PutTag(out, number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
  std::array<std::uint8_t, 5> size;
  const auto* end = CodedOutputStream::WriteVarint32ToArray(static_cast<std::uint32_t>(bytes.size()), size.data());
  out.append(size.cbegin(), end);
  out.append(bytes);
}

void PutText(std::string& out, int number, const Json& value) {
  if (value.is_string()) PutBytes(out, number, value.get_ref<const std::string&>());
}

void PutTexts(std::string& out, int number, const Json& value) {
  if (!value.is_array()) return PutText(out, number, value);
  for (const Json& item : value) PutText(out, number, item);
}

void PutAny(std::string& out, int number, const Json& value) {
  std::string any;
  PutBytes(any, 2, DumpYaml(value));
  PutBytes(out, number, any);
}

std::string Write(const Message& message, const Json& value);

void PutNamed(std::string& out, const Field& field, const Json& object) {
  for (const auto& [key, value] : object.items()) {
    std::string content = Write(*field.message, value);
    if (field.form == kResponses) {
      std::string response;
      PutBytes(response, 1, content);
      content = std::move(response);
    }
    std::string named;
    PutBytes(named, 1, key);
    PutBytes(named, 2, content);
    PutBytes(out, field.inner, named);
  }
}

std::string WriteParameter(const Json& parameter) {
  const std::string in = FindString(parameter, {"in"});
  std::string out;
  if (in == "body") {
    PutBytes(out, 1, Write(kBody, parameter));
    return out;
  }
  std::string other;
  if (in == "path") {
    PutBytes(other, 4, Write(kPath, parameter));
  } else {
    PutBytes(other, 3, Write(kQuery, parameter));
  }
  PutBytes(out, 2, other);
  return out;
}

void PutParameters(std::string& out, int number, const Json& parameters) {
  for (const Json& parameter : parameters) {
    std::string item;
    PutBytes(item, 1, WriteParameter(parameter));
    PutBytes(out, number, item);
  }
}

void PutSchemaOrBool(std::string& out, int number, const Json& value) {
  std::string content;
  if (value.is_boolean()) {
    PutNumber(content, 2, value.get<bool>() ? 1 : 0);
  } else {
    PutBytes(content, 1, Write(kSchema, value));
  }
  PutBytes(out, number, content);
}

void PutScalar(std::string& out, const Field& field, int number, const Json& value) {
  if (field.form == kText) return PutText(out, number, value);
  if (field.form == kBool && value.is_boolean()) return PutNumber(out, number, value.get<bool>() ? 1 : 0);
  if (field.form == kInteger && value.is_number_integer()) {
    return PutNumber(out, number, static_cast<std::uint64_t>(value.get<std::int64_t>()));
  }
  if (field.form == kDouble && value.is_number()) PutDouble(out, number, value.get<double>());
}

void PutValue(std::string& out, const Field& field, int number, const Json& value) {
  switch (field.form) {
    case kTexts: return PutTexts(out, number, value);
    case kAny: return PutAny(out, number, value);
    case kAnys:
      for (const Json& item : value) PutAny(out, number, item);
      return;
    case kMessage: return PutBytes(out, number, Write(*field.message, value));
    case kMessages:
      for (const Json& item : value) PutBytes(out, number, Write(*field.message, item));
      return;
    case kNamed:
    case kResponses: return PutNamed(out, field, value);
    case kSchemaOrBool: return PutSchemaOrBool(out, number, value);
    case kParameters: return PutParameters(out, number, value);
    default: return PutScalar(out, field, number, value);
  }
}

void PutField(std::string& out, const Field& field, const Json& value) {
  if (field.inner == 0) return PutValue(out, field, field.number, value);
  std::string content;
  PutValue(content, field, field.inner, value);
  PutBytes(out, field.number, content);
}

std::string Write(const Message& message, const Json& value) {
  std::string out;
  for (const Field& field : message.fields) {
    if (const Json* member = Find(value, {field.name})) PutField(out, field, *member);
  }
  if (message.extensions == 0 || !value.is_object()) return out;
  for (const auto& [key, member] : value.items()) {
    if (!key.starts_with("x-")) continue;
    std::string named;
    PutBytes(named, 1, key);
    PutAny(named, 2, member);
    PutBytes(out, message.extensions, named);
  }
  return out;
}

}  // namespace

std::string EncodeOpenApiV2(const Json& document) { return Write(kDocument, document); }

}  // namespace patchbay::api

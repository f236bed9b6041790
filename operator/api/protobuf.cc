#include "api/protobuf.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "api/protobuf_messages.h"
#include "base/clock.h"
#include "base/text.h"

namespace patchbay::api {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using Wire = WireFormatLite::WireType;

constexpr std::string_view kMagic{"k8s\0", 4};
constexpr std::int64_t kMostSeconds = 9'223'372'035;   // what WallTime can hold, before and after 1970
constexpr std::int64_t kZeroTime = -62'135'596'800;  // the beginning of the year 1: Go's word for no time
const JsonLimits kLimits;

// What a map's keys and values are until the field is complete: members of a Json are a list, slow to look into.
using MapField = std::map<std::string, Json>;

class Decoder {
 public:
  explicit Decoder(std::string_view bytes)
      : input_(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size())) {}

  // False: `fault` says why.
  bool ReadMessage(const ProtobufMessage& message, Json& out);
  const std::string& fault() const { return fault_; }

 private:
  bool ReadField(const ProtobufField& field, Json& out, std::map<int, MapField>& maps);
  bool ReadNumber(const ProtobufField& field, Json& out);
  bool ReadNested(const ProtobufField& field, Json& out);
  bool ReadTime(Json& out, bool micro);
  bool ReadJson(Json& out);
  bool ReadEntry(ProtobufType type, MapField& map);
  bool ReadText(std::string& out, bool utf8);
  bool ReadTexts(Json& out);
  bool SkipField(std::uint32_t tag);
  bool CountValue();
  bool Refuse(std::string why);

  // Reads length-delimited content with `read`, which must use it up.
  template <class Read>
  bool Within(const Read& read) {
    int size = 0;
    if (!input_.ReadVarintSizeAsInt(&size) || size > Left()) return Refuse("a length goes beyond its message");
    const CodedInputStream::Limit outer = input_.PushLimit(size);
    if (!read()) return false;
    if (Left() != 0) return Refuse("a message does not end where it should");
    input_.PopLimit(outer);
    return true;
  }
  // Calls `field(number, tag)` for each field up to the end of what Within() opened.
  template <class Field>
  bool ForEach(const Field& field) {
    while (Left() > 0) {
      const std::uint32_t tag = input_.ReadTag();
      if (tag == 0 || WireFormatLite::GetTagFieldNumber(tag) == 0) return Refuse("a tag cannot be read");
      if (!field(WireFormatLite::GetTagFieldNumber(tag), tag)) return false;
    }
    return true;
  }
  int Left() const {
    const int limited = input_.BytesUntilLimit();
    return limited >= 0 ? limited : input_.BytesUntilTotalBytesLimit();
  }

  CodedInputStream input_;
  std::size_t values_ = 0;
  std::string fault_;
};

bool Decoder::Refuse(std::string why) {
  if (fault_.empty()) fault_ = std::move(why);
  return false;
}

bool Decoder::CountValue() { return ++values_ <= kLimits.values || Refuse("too many values"); }

bool Decoder::ReadText(std::string& out, bool utf8) {
  int size = 0;
  if (!input_.ReadVarintSizeAsInt(&size) || size > Left() || !input_.ReadString(&out, size)) {
    return Refuse("a length goes beyond its message");
  }
  if (utf8 && (!IsUtf8(out) || out.find('\0') != std::string::npos)) return Refuse("a text is not valid UTF-8");
  return CountValue();
}

// Groups are refused: no client of Kubernetes writes them, and they nest without end.
bool Decoder::SkipField(std::uint32_t tag) {
  const Wire wire = WireFormatLite::GetTagWireType(tag);
  if (wire == WireFormatLite::WIRETYPE_START_GROUP || wire == WireFormatLite::WIRETYPE_END_GROUP) {
    return Refuse("groups are not understood");
  }
  return WireFormatLite::SkipField(&input_, tag) || Refuse("a field is cut short");
}

Wire WireOf(ProtobufType type) {
  const bool varint = type == ProtobufType::kInteger || type == ProtobufType::kCount || type == ProtobufType::kBool;
  return varint ? WireFormatLite::WIRETYPE_VARINT : WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
}

const ProtobufField* FindField(const ProtobufMessage& message, int number) {
  for (const ProtobufField& field : message.fields) {
    if (field.number == number) return &field;
  }
  return nullptr;
}

bool Decoder::ReadMessage(const ProtobufMessage& message, Json& out) {
  if (!CountValue()) return false;
  if (!out.is_object()) out = Json::object();
  std::map<int, MapField> maps;
  const bool read = ForEach([&](int number, std::uint32_t tag) {
    const ProtobufField* field = FindField(message, number);
    if (!field) return SkipField(tag);
    if (WireFormatLite::GetTagWireType(tag) != WireOf(field->type)) {
      return Refuse(StrCat("field ", number, " (", field->name, ") has a wrong wire type"));
    }
    return ReadField(*field, out, maps);
  });
  if (!read) return false;
  for (auto& [number, map] : maps) {
    Json& object = out[std::string(FindField(message, number)->name)];
    object = Json::object();
    for (auto& [key, value] : map) object.get_ref<Json::object_t&>().emplace_back(key, std::move(value));
  }
  return true;
}

bool Decoder::ReadField(const ProtobufField& field, Json& out, std::map<int, MapField>& maps) {
  const std::string name(field.name);
  switch (field.type) {
    case ProtobufType::kText:
    case ProtobufType::kOptional:
    case ProtobufType::kBytes: {
      const bool bytes = field.type == ProtobufType::kBytes;
      std::string text;
      if (!ReadText(text, !bytes)) return false;
      if (text.empty() && field.type == ProtobufType::kText) out.erase(name);
      else out[name] = bytes ? EncodeBase64(text) : std::move(text);
      return true;
    }
    case ProtobufType::kTexts: {
      std::string text;
      if (!ReadText(text, true)) return false;
      out[name].push_back(std::move(text));
      return true;
    }
    case ProtobufType::kTextMap:
    case ProtobufType::kBytesMap:
    case ProtobufType::kTextsMap:
      return ReadEntry(field.type, maps[field.number]);
    case ProtobufType::kInteger:
    case ProtobufType::kCount:
    case ProtobufType::kBool:
      return ReadNumber(field, out);
    default:
      return ReadNested(field, out);
  }
}

bool Decoder::ReadNumber(const ProtobufField& field, Json& out) {
  std::uint64_t number = 0;
  if (!input_.ReadVarint64(&number)) return Refuse("a number is cut short");
  const std::string name(field.name);
  if (field.type == ProtobufType::kBool) out[name] = number != 0;
  else if (field.type == ProtobufType::kCount && number == 0) out.erase(name);
  else out[name] = static_cast<std::int64_t>(number);
  return CountValue();
}

bool Decoder::ReadNested(const ProtobufField& field, Json& out) {
  const std::string name(field.name);
  Json value;
  const bool repeated = field.type == ProtobufType::kMessages;
  if (const auto found = out.find(name); !repeated && found != out.end()) value = std::move(*found);
  const bool read = Within([&] {
    if (field.type == ProtobufType::kTime || field.type == ProtobufType::kMicroTime) {
      return ReadTime(value, field.type == ProtobufType::kMicroTime);
    }
    return field.type == ProtobufType::kJson ? ReadJson(value) : ReadMessage(*field.message, value);
  });
  if (!read) return false;
  if (repeated) out[name].push_back(std::move(value));
  else if (value.is_null() || (value.is_object() && value.empty())) out.erase(name);
  else out[name] = std::move(value);
  return true;
}

bool Decoder::ReadTime(Json& out, bool micro) {
  std::uint64_t parts[2] = {0, 0};
  bool given = false;
  const bool read = ForEach([&](int number, std::uint32_t tag) {
    if (number > 2) return SkipField(tag);
    given = true;
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_VARINT) {
      return Refuse("a time has a wrong wire type");
    }
    return input_.ReadVarint64(&parts[number - 1]) || Refuse("a time is cut short");
  });
  if (!read) return false;
  const auto seconds = static_cast<std::int64_t>(parts[0]);
  const auto nanos = static_cast<std::int64_t>(parts[1]);
  if (!given || seconds == kZeroTime) return CountValue();
  if (seconds < -kMostSeconds || seconds > kMostSeconds || nanos < 0 || nanos >= 1'000'000'000) {
    return Refuse("a time is out of range");
  }
  const WallTime time{std::chrono::seconds(seconds) + std::chrono::nanoseconds(micro ? nanos : 0)};
  out = micro ? FormatMicroTime(time) : FormatTime(time);
  return CountValue();
}

bool Decoder::ReadJson(Json& out) {
  std::string text;
  const bool read = ForEach([&](int number, std::uint32_t tag) {
    if (number != 1) return SkipField(tag);
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      return Refuse("raw JSON has a wrong wire type");
    }
    return ReadText(text, true);
  });
  if (!read || text.empty()) return read;
  Result<Json> parsed = ParseJson(text);
  if (!parsed.ok()) return Refuse(parsed.error().message);
  out = *std::move(parsed);
  return true;
}

bool Decoder::ReadTexts(Json& out) {
  out = Json::array();
  return Within([&] {
    return ForEach([&](int number, std::uint32_t tag) {
      if (number != 1) return SkipField(tag);
      if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
        return Refuse("a text has a wrong wire type");
      }
      std::string text;
      if (!ReadText(text, true)) return false;
      out.push_back(std::move(text));
      return true;
    });
  });
}

bool Decoder::ReadEntry(ProtobufType type, MapField& map) {
  std::string key;
  std::string text;
  Json texts = Json::array();
  const bool read = Within([&] {
    return ForEach([&](int number, std::uint32_t tag) {
      if (number > 2) return SkipField(tag);
      if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
        return Refuse("a map's entry has a wrong wire type");
      }
      if (number == 1) return ReadText(key, true);
      return type == ProtobufType::kTextsMap ? ReadTexts(texts) : ReadText(text, type == ProtobufType::kTextMap);
    });
  });
  if (!read || !CountValue()) return false;
  Json& value = map[std::move(key)];
  if (type == ProtobufType::kTextsMap) value = std::move(texts);
  else value = type == ProtobufType::kBytesMap ? EncodeBase64(text) : std::move(text);
  return true;
}

// runtime.Unknown and its TypeMeta, by the same means.
constexpr ProtobufField kTypeFields[] = {{1, "apiVersion", ProtobufType::kText}, {2, "kind", ProtobufType::kText}};
constexpr ProtobufMessage kType{kTypeFields};
// The object's bytes are found as a view: they are not copied.
struct Envelope {
  Json type = Json::object();
  std::string_view object;
  bool encoded = false;
};

Failure NoMessage(std::string_view why) {
  return BadRequest(StrCat("couldn't get version/kind; protobuf error: ", why));
}

// The fields of Unknown are few and all length-delimited.
Answer<Envelope> OpenEnvelope(std::string_view bytes) {
  Envelope envelope;
  CodedInputStream input(reinterpret_cast<const std::uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
  while (input.CurrentPosition() < static_cast<int>(bytes.size())) {
    const std::uint32_t tag = input.ReadTag();
    int size = 0;
    if (tag == 0 || WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED ||
        !input.ReadVarintSizeAsInt(&size) || size > static_cast<int>(bytes.size()) - input.CurrentPosition()) {
      return NoMessage("the envelope cannot be read");
    }
    const std::string_view content = bytes.substr(static_cast<std::size_t>(input.CurrentPosition()),
                                                  static_cast<std::size_t>(size));
    if (!input.Skip(size)) return NoMessage("the envelope is cut short");
    const int number = WireFormatLite::GetTagFieldNumber(tag);
    if (number == 2) envelope.object = content;
    if (number == 3) envelope.encoded = !content.empty();
    if (number != 1) continue;
    Decoder decoder(content);
    if (!decoder.ReadMessage(kType, envelope.type)) return NoMessage(decoder.fault());
  }
  return envelope;
}

}  // namespace

Answer<Json> DecodeProtobuf(std::string_view body) {
  if (body.size() > kLimits.bytes) {
    return FromError({Code::kTooLarge, StrCat("limit is ", kLimits.bytes)}, nullptr, "");
  }
  if (!body.starts_with(kMagic)) return NoMessage("the body does not begin with the bytes of Kubernetes' protobuf");
  PATCHBAY_TRY(Envelope envelope, OpenEnvelope(body.substr(kMagic.size())));
  if (envelope.encoded) return NoMessage("an encoded object is not understood");
  const ProtobufMessage* message =
      FindProtobufMessage(FindString(envelope.type, {"apiVersion"}), FindString(envelope.type, {"kind"}));
  if (!message) return UnsupportedMedia("application/json, application/yaml");
  Decoder decoder(envelope.object);
  Json object = std::move(envelope.type);
  if (!decoder.ReadMessage(*message, object)) return NoMessage(decoder.fault());
  return object;
}

}  // namespace patchbay::api

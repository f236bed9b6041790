#include "api/media.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <vector>

#include "base/text.h"

namespace patchbay::api {
namespace {

// The name with "@" is the older one; clients say either.
constexpr std::string_view kOpenApiProtobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
constexpr std::string_view kOpenApiOldProtobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

struct MediaRange {
  std::string type;  // "application/json"
  std::map<std::string, std::string> parameters;
  double quality = 1;
};

MediaRange ParseRange(std::string_view text) {
  MediaRange range;
  const std::vector<std::string> parts = Split(text, ';');
  range.type = Lower(Trim(parts[0]));
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string_view part = Trim(parts[i]);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) continue;
    range.parameters[Lower(Trim(part.substr(0, equals)))] = std::string(Trim(part.substr(equals + 1)));
  }
  if (auto q = range.parameters.find("q"); q != range.parameters.end()) {
    range.quality = std::strtod(q->second.c_str(), nullptr);
  }
  return range;
}

std::vector<MediaRange> ParseAccept(std::string_view accept) {
  std::vector<MediaRange> ranges;
  for (const std::string& part : Split(accept, ',')) {
    if (!Trim(part).empty()) ranges.push_back(ParseRange(part));
  }
  std::erase_if(ranges, [](const MediaRange& range) { return range.quality <= 0; });
  std::stable_sort(ranges.begin(), ranges.end(),
                   [](const MediaRange& a, const MediaRange& b) { return a.quality > b.quality; });
  return ranges;
}

std::string Parameter(const MediaRange& range, const std::string& name) {
  auto found = range.parameters.find(name);
  return found == range.parameters.end() ? "" : found->second;
}

std::optional<Encoding> EncodingOf(std::string_view type) {
  if (type == "*/*" || type == "application/*" || type == "application/json") return Encoding::kJson;
  if (type == "application/yaml") return Encoding::kYaml;
  return std::nullopt;
}

std::optional<Form> FormOf(const MediaRange& range) {
  Form form;
  const std::optional<Encoding> encoding = EncodingOf(range.type);
  if (!encoding) return std::nullopt;
  form.encoding = *encoding;
  const std::string as = Parameter(range, "as");
  if (as.empty()) return form;
  if (Parameter(range, "g") != "meta.k8s.io") return std::nullopt;
  form.meta_version = Parameter(range, "v");
  if (form.meta_version != "v1" && form.meta_version != "v1beta1") return std::nullopt;
  if (as == "Table") {
    form.shape = Shape::kTable;
  } else if (as == "PartialObjectMetadata" || as == "PartialObjectMetadataList") {
    form.shape = Shape::kPartial;
  } else {
    return std::nullopt;
  }
  return form;
}

Answer<RowObject> RowObjectOf(std::string_view word) {
  if (word.empty() || word == "Metadata") return RowObject::kMetadata;
  if (word == "Object") return RowObject::kObject;
  if (word == "None") return RowObject::kNone;
  return BadRequest(StrCat("Unable to convert to Table as requested: includeObject: Invalid value: ", QuoteJson(word),
                           ": must be 'Metadata', 'Object', 'None', or empty"));
}

Answer<Form> BestForm(std::string_view accept) {
  if (accept.empty() || accept == "application/json" || accept == "*/*" || accept == "application/json, */*") {
    return Form{};
  }
  for (const MediaRange& range : ParseAccept(accept)) {
    if (std::optional<Form> form = FormOf(range)) return *std::move(form);
  }
  return NotAcceptable();
}

}  // namespace

Answer<Form> ChooseForm(const http::Request& request) {
  PATCHBAY_TRY(Form form, BestForm(request.headers.Get("Accept")));
  if (form.shape == Shape::kTable) {
    PATCHBAY_TRY(form.row_object, RowObjectOf(request.query.Get("includeObject")));
  }
  const std::string_view pretty = request.query.Get("pretty");
  form.pretty = request.query.Has("pretty") && pretty != "false" && pretty != "0";
  return form;
}

Answer<std::string> ChooseDiscovery(std::string_view accept) {
  if (accept.empty()) return std::string();
  for (const MediaRange& range : ParseAccept(accept)) {
    if (EncodingOf(range.type) != Encoding::kJson) continue;
    const std::string as = Parameter(range, "as");
    if (as.empty()) return std::string();
    const std::string version = Parameter(range, "v");
    if (as == "APIGroupDiscoveryList" && Parameter(range, "g") == "apidiscovery.k8s.io" &&
        (version == "v2" || version == "v2beta1")) {
      return version;
    }
  }
  return NotAcceptable();
}

Answer<Writing> ChooseOpenApi(std::string_view accept, bool protobuf) {
  if (accept.empty()) return Writing::kJson;
  for (const MediaRange& range : ParseAccept(accept)) {
    if (EncodingOf(range.type) == Encoding::kJson) return Writing::kJson;
    if (protobuf && (range.type == kOpenApiProtobuf || range.type == kOpenApiOldProtobuf)) {
      return Writing::kProtobuf;
    }
  }
  return NotAcceptable();
}

BodyType BodyTypeOf(std::string_view content_type) {
  const std::string type = Lower(Trim(content_type.substr(0, content_type.find(';'))));
  if (type.empty() || type == "application/json") return BodyType::kJson;
  if (type == "application/yaml") return BodyType::kYaml;
  if (type == "application/merge-patch+json") return BodyType::kMergePatch;
  if (type == "application/json-patch+json") return BodyType::kJsonPatch;
  if (type == "application/strategic-merge-patch+json") return BodyType::kStrategicPatch;
  if (type == "application/apply-patch+yaml" || type == "application/apply-patch+json") return BodyType::kApplyPatch;
  if (type == "application/vnd.kubernetes.protobuf") return BodyType::kProtobuf;
  return BodyType::kUnknown;
}

}  // namespace patchbay::api
